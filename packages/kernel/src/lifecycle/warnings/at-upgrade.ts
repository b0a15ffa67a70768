/**
 * What an upgrade that is carried out tells its host of what it breaks: as much of the warnings of
 * a dry run as is known by the way (docs/upgrade/dry-run.md says which).
 *
 * Invariants: it is told to the host alone, and nothing of it is in the state; it changes no table;
 * its work is bounded, however much the vat has.
 */
import {
  keyFromBytes,
  readU32,
  ROW_KIND_PREFIX,
  type BinaryKey,
  type Steps,
} from '@heirloom/store';
import { describeKind, readCrank, type VatNumber } from '@heirloom/worker';
import type { CrankEffects } from '../../merge/syscalls.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { KRef } from '../../state/krefs.js';
import type { VatCode, VatRow } from '../../state/schema.js';
import { abandonedExports } from '../abandoned-exports.js';
import { described, kindRowOf, type RaisedVersion } from '../dry-run-kinds.js';
import type { VatPromises } from '../termination.js';
import type { StartObserver } from '../vat-start.js';
import { raisedVersions } from './kinds.js';
import { parametersLeftOut } from './left-out.js';
import { lostAnswers, lostExports, lostNames, unheardAnswers } from './losses.js';
import { madeAnew } from './start-deeds.js';
import { sorted, type UpgradeWarning } from './warning.js';

/** How far exports and promises are counted. */
const LOOKED_AT_MAX = 1_000;
/** C-lists that are looked into for who holds what is lost. */
const HOLDERS_ASKED_MAX = 2_000;
/** The run queue is what an upgrade under load has much of. */
const SOURCES = { asksMethods: false, alarmsMax: LOOKED_AT_MAX };
/** A start whose crank is larger is not read for what it has made. */
const CRANK_BYTES_READ_MAX = 2 ** 18;

type WrittenRows = readonly (readonly [BinaryKey, Uint8Array | null])[];

const rowsOf = (packed: Uint8Array): WrittenRows => {
  if (packed.length > CRANK_BYTES_READ_MAX) return [];
  const [, , writes] = readCrank(packed);
  return writes.map(([key, value]) => [keyFromBytes(key), value]);
};

const first = (krefs: readonly KRef[]): readonly KRef[] => krefs.slice(0, LOOKED_AT_MAX);

/** What one upgrade tells, gathered while it is carried out. */
export class UpgradeNotes {
  readonly #state: KernelState;
  readonly #vat: VatNumber;
  readonly #found: UpgradeWarning[] = [];
  #rows: WrittenRows = [];

  constructor(state: KernelState, vat: VatNumber) {
    this.#state = state;
    this.#vat = vat;
  }

  /** Before anything of the upgrade is done: what it takes from the tables. */
  *foreseeing({ promises, rejected }: VatPromises): Steps<void> {
    const [state, vat] = [this.#state, this.#vat];
    this.#found.push(...(yield* unheardAnswers(state, vat, first(promises), SOURCES)));
    this.#found.push(...(yield* lostAnswers(state, vat, first(rejected))));
  }

  /** The rest, while the start runs in its thread. `before`: the row of the vat as it was. */
  observing(before: VatRow, next: Pick<VatCode, 'parameters' | 'slots'>): StartObserver {
    return {
      meanwhile: () => this.#comparing(before, next),
      arrived: packed => this.#arrived(packed),
    };
  }

  *#comparing(before: VatRow, next: Pick<VatCode, 'parameters' | 'slots'>): Steps<void> {
    const [state, vat] = [this.#state, this.#vat];
    const vrefs = abandonedExports(state, vat, LOOKED_AT_MAX, before.incarnation);
    if (vrefs.length > 0) {
      const asked = { lookups: HOLDERS_ASKED_MAX, ofEach: 0 };
      this.#found.push(...(yield* lostExports(state, vat, vrefs, asked)));
    }
    this.#found.push(...(yield* parametersLeftOut(state, vat, before, next)));
  }

  #arrived(packed: Uint8Array): void {
    this.#rows = described(rowsOf, packed) ?? [];
    const raised = this.#rows.flatMap(([key, row]): RaisedVersion[] => {
      if (row === null || !key.startsWith(ROW_KIND_PREFIX)) return [];
      const { spaces } = this.#state.vats.need(this.#vat);
      const rowBefore = kindRowOf(this.#state, spaces, readU32(key, ROW_KIND_PREFIX.length));
      const before = rowBefore && described(describeKind, rowBefore);
      const after = described(describeKind, row);
      if (before === undefined || after === undefined) return [];
      const { tag: kind, version: from } = before;
      return after.version > from ? [{ kind, from, to: after.version }] : [];
    });
    this.#found.push(...raisedVersions(raised));
  }

  /** The crank has been merged: everything there is, worst first. */
  told({ abandonedNames }: Pick<CrankEffects, 'abandonedNames'>): UpgradeWarning[] {
    const made = madeAnew(this.#state, this.#vat, this.#rows);
    const all = [...this.#found, ...lostNames(abandonedNames), ...made];
    return all.length === 0 ? all : sorted(all);
  }
}
