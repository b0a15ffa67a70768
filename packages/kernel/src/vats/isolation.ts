/**
 * Which kind of worker each vat has: this host's choice, kept in `local`, in no hash (rules.md#h2).
 *
 * A vat has the kind that was chosen when it was created, else the kernel's; a suspect has a
 * careful process whatever was chosen (rules.md#h3).
 */
import { DamageError, localKey, type ReadView, type RowChange } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { readRow } from '../state/damage.js';
import { single } from '../state/frame-codec.js';
import { ISOLATIONS, type Isolation, type WorkerKind } from './channel.js';

const KEY = localKey('isolation');
const codec = single<readonly (readonly [VatNumber, number])[]>('how vats are isolated');

export class IsolationChoices {
  readonly #usual: Isolation;
  readonly #chosen = new Map<VatNumber, Isolation>();
  readonly #suspects: ReadonlySet<VatNumber>;
  #hasChanged = false;

  constructor(store: ReadView, usual: Isolation, suspects: Iterable<VatNumber>) {
    this.#usual = usual;
    this.#suspects = new Set(suspects);
    for (const [vat, ordinal] of readRow(store, 'local', KEY, codec) ?? []) {
      const isolation = ISOLATIONS[ordinal];
      if (isolation === undefined) {
        const why = `there is no isolation ${ordinal}`;
        throw new DamageError({ table: 'local', key: KEY, why });
      }
      this.#chosen.set(vat, isolation);
    }
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
    into.push({ table: 'local', key: KEY, value: codec.encode(pairs) });
  }
}
