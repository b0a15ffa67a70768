/**
 * What an upgrade that is carried out tells its host of what it breaks: as much of the warnings of
 * a dry run as is known by the way (docs/upgrade/dry-run.md says which).
 *
 * Invariants: it is told to the host alone, and nothing of it is in the state; it changes no table;
 * its work is bounded, however much the vat has.
 */
import { keyFromBytes, rowVat, type BinaryKey, type Steps } from '@heirloom/store';
import {
  describeKind,
  describeKindNumbers,
  readCrank,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import type { CrankEffects } from '../../merge/syscalls.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { KRef } from '../../state/krefs.js';
import { runningVats } from '../../state/running-vats.js';
import type { VatCode } from '../../state/schema.js';
import { abandonedExports } from '../abandoned-exports.js';
import { described, kindRowOf } from '../dry-run-kinds.js';
import type { VatPromises } from '../termination.js';
import { raisedVersions } from './kinds.js';
import { parametersLeftOut } from './left-out.js';
import { lostAnswers, lostExports, lostNames, unheardAnswers } from './losses.js';
import { madeAnew } from './start-deeds.js';
import { sorted, type UpgradeWarning } from './warning.js';

/** How far exports and promises are counted. */
const LOOKED_AT_MAX = 1_000;
const KINDS_LOOKED_AT_MAX = 256;
/** C-lists that are looked into for who holds what is lost. */
const HOLDERS_ASKED_MAX = 2_000;
/** The run queue is what an upgrade under load has much of. */
const SOURCES = { asksMethods: false, alarmsMax: LOOKED_AT_MAX };
/** A start whose crank is larger is not read for what it has made. */
const CRANK_BYTES_READ_MAX = 2 ** 18;

type KindRows = ReadonlyMap<number, Uint8Array>;

/** What was known before the start. */
interface Foreseen {
  readonly warnings: readonly UpgradeWarning[];
  readonly kinds: KindRows;
}

/** Of the first kinds, by their numbers: a vat in the midst of a block has many other rows. */
const kindRowsOf = (state: KernelState, vat: VatNumber): KindRows => {
  const { spaces } = state.vats.need(vat);
  const found = new Map<number, Uint8Array>();
  const counters = state.rows.has(spaces, rowVat()) ? state.rows.need(spaces, rowVat()) : undefined;
  const numbers = counters && described(describeKindNumbers, counters);
  if (numbers === undefined) return found;
  const end = Math.min(numbers.end, numbers.first + KINDS_LOOKED_AT_MAX);
  for (let kind = numbers.first; kind < end; kind += 1) {
    const row = kindRowOf(state, spaces, kind);
    if (row !== undefined) found.set(kind, row);
  }
  return found;
};

/** Of how many exports the holders are looked for. */
const askedOf = (state: KernelState, vrefs: readonly VRef[]): number =>
  vrefs.length === 0 ? 0 : Math.floor(HOLDERS_ASKED_MAX / runningVats(state).length);

/** Before anything of the upgrade is done. */
export function* foreseeing(
  state: KernelState,
  vat: VatNumber,
  next: Pick<VatCode, 'parameters' | 'slots'>,
  { promises, rejected }: VatPromises,
): Steps<Foreseen> {
  const first = (krefs: readonly KRef[]): readonly KRef[] => krefs.slice(0, LOOKED_AT_MAX);
  const vrefs = abandonedExports(state, vat, LOOKED_AT_MAX);
  const asked = { inAll: askedOf(state, vrefs), ofEach: 0 };
  const warnings = [
    ...(yield* lostExports(state, vat, vrefs, asked)),
    ...(yield* unheardAnswers(state, vat, first(promises), SOURCES)),
    ...(yield* lostAnswers(state, vat, first(rejected))),
    ...(yield* parametersLeftOut(state, vat, next)),
  ];
  return { warnings, kinds: kindRowsOf(state, vat) };
}

const raisedIn = (before: KindRows, after: KindRows): UpgradeWarning[] => {
  const raised = [...before].flatMap(([kind, row]) => {
    const rowAfter = after.get(kind);
    if (rowAfter === undefined || Buffer.compare(row, rowAfter) === 0) return [];
    const [from, to] = [described(describeKind, row), described(describeKind, rowAfter)];
    if (from === undefined || to === undefined || to.version <= from.version) return [];
    return [{ kind: from.tag, from: from.version, to: to.version }];
  });
  return raisedVersions(raised);
};

const rowsOf = (packed: Uint8Array): (readonly [BinaryKey, Uint8Array | null])[] => {
  if (packed.length > CRANK_BYTES_READ_MAX) return [];
  const [, , writes] = readCrank(packed);
  return writes.map(([key, value]) => [keyFromBytes(key), value]);
};

/** The crank of the start has been merged. */
export const noticed = (
  state: KernelState,
  vat: VatNumber,
  { warnings, kinds }: Foreseen,
  { effects, packed }: { readonly effects: CrankEffects; readonly packed: Uint8Array },
): UpgradeWarning[] =>
  sorted([
    ...warnings,
    ...lostNames(effects.abandonedNames),
    ...madeAnew(state, vat, rowsOf(packed)),
    ...raisedIn(kinds, kindRowsOf(state, vat)),
  ]);
