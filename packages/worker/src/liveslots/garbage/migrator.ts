/**
 * The migrate delivery: stored states of older versions are migrated in bounded steps, whether
 * anybody touches them or not (rules.md#g4).
 *
 * Invariants: what cannot be migrated is reported and stays as it is; where the steps stand is a
 * function of the deliveries, so that it may stand in RAM. A migration shows vat code what a row
 * refers to. The kernel therefore asks for none while sweeps are due: what only condemned rows hold
 * must not come back to RAM.
 */
import type { BinaryKey } from '@heirloom/store';
import { prefixEnd, readU48, rowObjectPrefix } from '@heirloom/store/keys';
import { asciiText } from '../../protocol/ascii-text.js';
import type { FailedMigration, MigrationReport } from '../../protocol/from-worker.js';
import {
  MIGRATION_BYTES_MAX,
  MIGRATION_FAILURES_MAX,
  MIGRATION_REASON_CHARS_MAX,
} from '../../protocol/limits.js';
import { asciiTag } from '../../protocol/revocation.js';
import { read, recordOf } from '../kinds/instances.js';
import type { Kind } from '../kinds/kind.js';
import type { Core } from '../objects/core.js';
import { rowAt } from '../rows/frames.js';

const TABLE_AND_KIND_BYTES = 5;

/** One delivery's work. */
interface Step {
  readonly rowsMax: number;
  rows: number;
  bytes: number;
  migrated: number;
  readonly failed: FailedMigration[];
}

const isOver = ({ rowsMax, rows, bytes, failed }: Step): boolean =>
  rows >= rowsMax || bytes >= MIGRATION_BYTES_MAX || failed.length >= MIGRATION_FAILURES_MAX;

export class Migrator {
  readonly #core: Core;
  /** The last row that was looked at; undefined: none yet. */
  #cursor: BinaryKey | undefined;
  #hasRun = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** This incarnation has had migrate deliveries. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Looks at up to `rowsMax` rows more; at the first again if `isFirst`. */
  migrate(rowsMax: number, isFirst: boolean): MigrationReport {
    this.#hasRun = true;
    if (isFirst) this.#cursor = undefined;
    const step: Step = { rowsMax, rows: 0, bytes: 0, migrated: 0, failed: [] };
    const kinds = this.#kinds();
    let more = false;
    for (const kind of kinds) {
      more = this.#migrateKind(kind, step);
      if (more) break;
    }
    const [done, total] = this.#progress(kinds);
    return [more, step.migrated, more ? done : total, total, step.failed];
  }

  /** The kinds that have versions, in order of their rows. */
  #kinds(): Kind[] {
    const { definedKinds, dismissals } = this.#core;
    return [...definedKinds.values()]
      .filter(({ number, version }) => version > 0 && !dismissals.has(number))
      .sort((a, b) => a.number - b.number);
  }

  /** True if the step is over before the kind is. */
  #migrateKind(kind: Kind, step: Step): boolean {
    const { rows } = this.#core.context;
    const prefix = rowObjectPrefix(kind.number);
    const end = prefixEnd(prefix);
    let cursor = this.#cursor !== undefined && this.#cursor > prefix ? this.#cursor : prefix;
    for (;;) {
      const key = rows.nextKey(cursor, end);
      if (key === undefined) return false;
      if (isOver(step)) return true;
      step.rows += 1;
      this.#migrateRow(kind, key, step);
      this.#cursor = cursor = key;
    }
  }

  #migrateRow(kind: Kind, key: BinaryKey, step: Step): void {
    const row = rowAt('object', this.#core.context.rows, key);
    const [version, , , , , , body] = row;
    // A dead thing without a state is on its way out (cycles.ts).
    if (version === kind.version || body?.length === 0) return;
    const instance = readU48(key, TABLE_AND_KIND_BYTES);
    const reading = read(recordOf(kind, instance));
    if (reading.type === 'migrated') {
      step.migrated += 1;
      step.bytes += reading.bytes;
    } else if (reading.type === 'failed') {
      const reason = asciiText(reading.migration.reason, MIGRATION_REASON_CHARS_MAX);
      step.failed.push([kind.number, instance, version, asciiTag(kind.tag), reason]);
    }
  }

  /** Of the instances ever made: how many lie up to the cursor, how many there are. */
  #progress(kinds: readonly Kind[]): [done: number, total: number] {
    let done = 0;
    let total = 0;
    for (const kind of kinds) {
      const made = kind.nextInstance - 1;
      const prefix = rowObjectPrefix(kind.number);
      total += made;
      if (this.#cursor === undefined || this.#cursor <= prefix) continue;
      done += this.#cursor < prefixEnd(prefix) ? readU48(this.#cursor, TABLE_AND_KIND_BYTES) : made;
    }
    return [done, total];
  }
}
