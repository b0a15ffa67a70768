/**
 * Which kind of worker each vat has: this host's choice, kept in `local`, in no hash (rules.md#h2).
 *
 * A vat has the kind that was chosen when it was created, else the kernel's; a suspect has a
 * careful process whatever was chosen (rules.md#h3).
 */
import { localKey, packFrame, unpackFrame, type ReadView, type RowChange } from '@heirloom/store';
import type { VatNumber } from '../state/schema.js';
import { ISOLATIONS, type Isolation, type WorkerKind } from './zygotes.js';

const KEY = localKey('isolation');

export class IsolationChoices {
  readonly #usual: Isolation;
  readonly #chosen = new Map<VatNumber, Isolation>();
  readonly #suspects: ReadonlySet<VatNumber>;
  #hasChanged = false;

  constructor(store: ReadView, usual: Isolation, suspects: Iterable<VatNumber>) {
    this.#usual = usual;
    this.#suspects = new Set(suspects);
    const stored = store.get('local', KEY);
    if (stored === undefined) return;
    const [pairs] = unpackFrame(stored) as unknown as [readonly [VatNumber, number][]];
    for (const [vat, ordinal] of pairs) this.#chosen.set(vat, ISOLATIONS[ordinal]!);
  }

  /** What a vat that is yet to be created would have. */
  kindFor(isolation: Isolation | undefined): WorkerKind {
    return isolation ?? this.#usual;
  }

  kindOf(vat: VatNumber): WorkerKind {
    return this.#suspects.has(vat) ? 'careful' : this.kindFor(this.#chosen.get(vat));
  }

  choose(vat: VatNumber, isolation: Isolation): void {
    this.#chosen.set(vat, isolation);
    this.#hasChanged = true;
  }

  /** The vat has ended; its number is not used again. */
  forget(vat: VatNumber): void {
    if (this.#chosen.delete(vat)) this.#hasChanged = true;
  }

  /** The row to be written with the next block, outside its hash. */
  changes(into: RowChange[]): void {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    const pairs = [...this.#chosen]
      .sort(([a], [b]) => a - b)
      .map(([vat, isolation]) => [vat, ISOLATIONS.indexOf(isolation)] as const);
    into.push({ table: 'local', key: KEY, value: packFrame([pairs]) });
  }
}
