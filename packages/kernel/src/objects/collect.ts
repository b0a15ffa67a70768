/**
 * Garbage between vats (docs/gc.md): what vats are to be told of it, and what they say of it.
 *
 * Invariants: what a vat is to be told is a row until it is told, and is checked again when the
 * wave that would tell it starts. freeing.ts says who is to be told, at the end of a wave.
 */
import assert from 'node:assert/strict';
import type { Steps } from '@heirloom/store';
import {
  parseVRef,
  ROOT_VREF,
  storedVRef,
  VatFault,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { collectOf } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { NOBODY_OWNS, REVOKED } from '../state/parties.js';
import { Reach, VatState } from '../state/schema.js';
import {
  getObject,
  release,
  releaseReachable,
  releaseRecognizable,
  setExported,
} from './counts.js';
import { orphan, ownerOf } from './orphans.js';

/** In the order in which a vat is told. */
export const CollectAction = { dropExport: 0, retireExport: 1, retireImport: 2 } as const;
export type CollectAction = (typeof CollectAction)[keyof typeof CollectAction];
const isAction = (n: number): n is CollectAction =>
  n >= CollectAction.dropExport && n <= CollectAction.retireImport;

const actionKey = (vat: VatNumber, action: CollectAction, kref: KRef): string =>
  `${vat}/${action}/${kref}`;

/** What one vat is to be told, all of one action, in kref order. */
export interface CollectBatch {
  readonly vat: VatNumber;
  readonly action: CollectAction;
  readonly krefs: KRef[];
}

export const mark = (state: KernelState, vat: VatNumber, action: CollectAction, kref: KRef): void =>
  state.collect.set(actionKey(vat, action, kref), true);

/** Is the vat to be told of it and has not been? */
export const isMarked = (
  state: KernelState,
  vat: VatNumber,
  action: CollectAction,
  kref: KRef,
): boolean => state.collect.get(actionKey(vat, action, kref)) !== undefined;

/** Does what a vat was to be told still hold? */
const isDue = (state: KernelState, { vat, action }: CollectBatch, kref: KRef): boolean => {
  if (state.vats.get(vat)?.state !== VatState.running) return false;
  const row = state.objects.get(kref);
  if (row === undefined) return false;
  const [owner, , reachable, recognizable, exported] = row;
  // Of what died with an incarnation its successor knows nothing.
  const isOwn = ownerOf(state, kref) === vat;
  const isOrphan = owner === NOBODY_OWNS || owner === REVOKED;
  switch (action) {
    case CollectAction.dropExport:
      return isOwn && reachable === 0 && exported === Reach.reachable;
    case CollectAction.retireExport:
      return isOwn && reachable === 0 && recognizable === 0;
    case CollectAction.retireImport:
      return isOrphan && state.clist(vat).byKRef.get(kref) !== undefined;
    default:
      throw TypeError(`unknown action ${String(action satisfies never)}`);
  }
};

/**
 * Takes what vats are to be told off the table, at most `limit`; what holds no longer goes, and
 * what is for `deferred` and for stranded vats stays.
 */
export function* takingCollectBatches(
  state: KernelState,
  limit: number,
  deferred: ReadonlySet<VatNumber>,
): Steps<CollectBatch[]> {
  const batches = new Map<string, CollectBatch>();
  const keys: string[] = [];
  for (const range of state.collectRanges) {
    keys.push(...state.collect.keys(range, limit - keys.length));
  }
  for (const key of keys) {
    const [vat, action, kref] = collectOf(key);
    if (!isAction(action)) assert.fail(`unknown action ${action}`);
    if (deferred.has(vat)) continue;
    state.collect.delete(key);
    yield;
    const name = `${vat}/${action}`;
    const batch = batches.get(name) ?? { vat, action, krefs: [] };
    if (!isDue(state, batch, kref)) continue;
    batch.krefs.push(kref);
    batches.set(name, batch);
  }
  return [...batches.values()];
}

/** The vat has been told: its crank is merged. */
export function* applyingCollectBatch(
  state: KernelState,
  { vat, action, krefs }: CollectBatch,
): Steps<void> {
  for (const kref of krefs) {
    switch (action) {
      case CollectAction.dropExport:
        setExported(state, kref, Reach.recognizable);
        break;
      case CollectAction.retireExport:
        state.clist(vat).byVRef.delete(storedVRef(getObject(state, kref)[1]));
        state.objects.delete(kref);
        break;
      case CollectAction.retireImport:
        forgetImport(state, vat, kref);
        break;
      default:
        throw TypeError(`unknown action ${String(action satisfies never)}`);
    }
    yield;
  }
}

const forgetImport = (state: KernelState, vat: VatNumber, kref: KRef): void => {
  const { byKRef, byVRef } = state.clist(vat);
  const entry = byKRef.get(kref);
  if (entry === undefined) return;
  const [vref, reach] = entry;
  byKRef.delete(kref);
  byVRef.delete(vref);
  if (reach === Reach.reachable) release(state, kref);
  else if (reach === Reach.recognizable) releaseRecognizable(state, kref);
};

const known = (state: KernelState, vat: VatNumber, vref: VRef): KRef => {
  const kref = state.clist(vat).byVRef.get(vref);
  if (kref === undefined || isPromiseKRef(kref)) {
    throw new VatFault('BAD_REFERENCE', `the vat has no object ${vref}`);
  }
  return kref;
};

/** Syscall: the vat no longer reaches imports, but may recognise them. */
export const dropImports = (state: KernelState, vat: VatNumber, vrefs: readonly VRef[]): void => {
  for (const vref of vrefs) {
    const kref = known(state, vat, vref);
    const entry = state.clist(vat).byKRef.get(kref);
    if (entry === undefined) throw new VatFault('BAD_REFERENCE', `${vref} is no import`);
    if (entry[1] !== Reach.reachable) continue; // a second drop is harmless
    state.clist(vat).byKRef.set(kref, [vref, Reach.recognizable]);
    releaseReachable(state, kref);
  }
};

/** Syscall: the vat no longer recognises imports that it has dropped. */
export const retireImports = (
  state: KernelState,
  vat: VatNumber,
  vrefs: readonly VRef[],
  isNamedInWave: (kref: KRef) => boolean,
): void => {
  for (const vref of vrefs) {
    const kref = known(state, vat, vref);
    const entry = state.clist(vat).byKRef.get(kref);
    if (entry === undefined) throw new VatFault('BAD_REFERENCE', `${vref} is no import`);
    if (entry[1] === Reach.reachable) {
      throw new VatFault('BAD_REFERENCE', `syscall.retireImports but ${vref} is still reachable`);
    }
    // A delivery of this wave already names it so: the name stays for that delivery.
    if (!isNamedInWave(kref)) forgetImport(state, vat, kref);
  }
};

/** Syscall: the vat's own objects are no more; only recognizers are left to be told. */
export const retireExports = (state: KernelState, vat: VatNumber, vrefs: readonly VRef[]): void => {
  for (const vref of vrefs) {
    const kref = known(state, vat, vref);
    const [owner, , reachable, recognizable, exported, spelled] = getObject(state, kref);
    if (owner !== vat) throw new VatFault('BAD_REFERENCE', `${vref} is no export of the vat`);
    if (reachable > 0 || exported === Reach.reachable) {
      throw new VatFault('BAD_REFERENCE', `syscall.retireExports but ${vref} is still reachable`);
    }
    state.clist(vat).byVRef.delete(vref);
    state.objects.set(kref, [NOBODY_OWNS, vref, 0, recognizable, Reach.recognizable, spelled]);
    state.maybeFree.add(kref);
  }
};

const isNamed = (vref: VRef): boolean => parseVRef(vref)?.type === 'named';

/** Syscall: the vat gives exports up; whoever reaches them keeps a name without an owner. */
export const abandonExports = (
  state: KernelState,
  vat: VatNumber,
  vrefs: readonly VRef[],
): void => {
  for (const vref of vrefs) {
    // Of a named export that nobody was given, or knows any more, the kernel has no entry.
    if (isNamed(vref) && state.clist(vat).byVRef.get(vref) === undefined) continue;
    const kref = known(state, vat, vref);
    assert(vref !== ROOT_VREF, 'the caller has refused the root');
    const [owner] = getObject(state, kref);
    if (owner !== vat) throw new VatFault('BAD_REFERENCE', `${vref} is no export of the vat`);
    state.clist(vat).byVRef.delete(vref);
    orphan(state, kref);
  }
};
