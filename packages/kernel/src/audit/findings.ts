/** What an audit found wrong, in words; bounded, so that a ruined store does not fill memory. */

/** Which invariant does not hold. */
export type AuditRule =
  /** A stored reference count is not the number of holders. */
  | 'count'
  /** The two ways of a c-list disagree, or name what is not there. */
  | 'c-list'
  /** An object's owner does not have it, or is no vat. */
  | 'owner'
  | 'promise'
  | 'queue'
  | 'vat'
  /** Transcripts, pre-images or rows that belong to no vat or leave a gap. */
  | 'history'
  /** Nobody reaches an object, and nobody is to be told. */
  | 'garbage'
  /** The rows of a vat disagree with each other, or with the kernel's tables. */
  | 'rows'
  | 'table';

export interface AuditFinding {
  readonly rule: AuditRule;
  readonly text: string;
}

/** Findings kept with their words; the others are only counted. */
const FINDINGS_MAX = 200;

export class Findings {
  readonly #kept: AuditFinding[] = [];
  #count = 0;

  add(rule: AuditRule, text: string): void {
    this.#count += 1;
    if (this.#kept.length < FINDINGS_MAX) this.#kept.push({ rule, text });
  }

  /** Adds a finding unless `holds`. */
  expect(holds: boolean, rule: AuditRule, text: () => string): void {
    if (!holds) this.add(rule, text());
  }

  get kept(): readonly AuditFinding[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }
}
