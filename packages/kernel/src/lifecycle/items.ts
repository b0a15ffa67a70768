/**
 * Lifecycle items are carried out when the merge reaches them, on the tables as they then are
 * (rules.md#u1).
 *
 * A creation or an upgrade is one crank: what it does to the tables before startVat, and startVat,
 * are merged or undone together. An upgrade that fails leaves the predecessor's worker untouched.
 */
import {
  FIRST_INCARNATION,
  ROOT_VREF,
  spaceOf,
  vatIdOf,
  type BundleId,
  type ImageId,
  type VatNumber,
} from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import { release, releaseAll } from '../objects/counts.js';
import { kernelData, rejection, SlotMark, type KernelData } from '../objects/kernel-data.js';
import { makeObject, settling, type Settlement } from '../objects/router.js';
import { creationAnswer } from '../services/vat-admin.js';
import { STATIC_VAT } from '../state/kept-options.js';
import type { KernelState } from '../state/kernel-state.js';
import {
  howOf,
  ItemType,
  type CreateItem,
  type LifecycleItem,
  type TerminateItem,
} from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import { FIRST_VAT_COUNTERS, VatState, type VatRow } from '../state/schema.js';
import { UpgradeMode } from '../state/upgrade-options.js';
import { carryOutDryRun } from './dry-run.js';
import { forkVat } from './fork.js';
import { notRunning } from './replay-upgrade.js';
import { endingVat } from './termination.js';
import { bundleOf, upgradeVat } from './upgrade.js';
import { startVat, type LifecycleContext, type Moment } from './vat-start.js';

interface StartingCode {
  readonly vat: VatNumber;
  readonly bundleId: BundleId;
  /** Undefined: the image of new incarnations. */
  readonly imageId?: ImageId | undefined;
}

const createVat = async (
  context: LifecycleContext,
  item: CreateItem,
  moment: Moment,
): Promise<Settlement> => {
  const { state, online, pager } = context;
  const { vat, name, bundleId, body: parameters, slots, options = STATIC_VAT } = item;
  const mark = state.mark();
  const refuse = (reason: KernelData): Settlement => {
    releaseAll(state, slots);
    if (options.meter !== null) release(state, options.meter);
    return { rejected: true, ...reason };
  };
  if (!options.dynamic && state.names.get(name) !== undefined) {
    return refuse(kernelData(Error(`vat name ${JSON.stringify(name)} is taken`)));
  }
  if (runningVats(state).length >= context.limits.vatsMax) {
    return refuse(kernelData(Error(`there are ${context.limits.vatsMax} vats already`)));
  }
  const row: VatRow = {
    name,
    state: VatState.running,
    incarnation: FIRST_INCARNATION,
    bundleId,
    imageId: context.imageId(),
    parameters,
    slots,
    spaces: [spaceOf(vat)],
    options,
    dismissed: [],
    previous: null,
  };
  state.vats.create(vat, row);
  state.vatCounters.create(vat, FIRST_VAT_COUNTERS);
  if (!options.dynamic) state.names.set(name, vat);
  const root = makeObject(state, vat, ROOT_VREF);
  const { worker, verdict } = await startVat(context, vat, moment);
  if (verdict.ok) {
    online.install(vat, worker);
    pager.began(vat);
    const answer = options.dynamic
      ? creationAnswer(state, vat, root)
      : kernelData({ root: new SlotMark(root), vatId: vatIdOf(vat) });
    return { rejected: false, ...answer };
  }
  online.discard(worker);
  context.onFailedStart(vatIdOf(vat), verdict.code, verdict.reason.body);
  state.journal.rollback(mark);
  return refuse(verdict.reason);
};

const terminateVat = async (
  context: LifecycleContext,
  item: TerminateItem,
): Promise<Settlement> => {
  const { clock, state, online } = context;
  const { body, slots } = item;
  if (state.vats.get(item.vat)?.state !== VatState.running) {
    releaseAll(state, slots);
    return rejection(notRunning(item.vat));
  }
  await inTurns(endingVat(state, item.vat, { rejected: true, body, slots }), clock);
  releaseAll(state, slots);
  online.remove(item.vat);
  return { rejected: false, ...kernelData(undefined) };
};

/** The vat that an item would start, and its code; undefined if it would start none. */
const startingCode = (state: KernelState, item: LifecycleItem): StartingCode | undefined => {
  const { vat } = item;
  const row = state.vats.get(vat);
  switch (item.type) {
    case ItemType.create:
    case ItemType.dryRun:
      return { vat, bundleId: item.bundleId };
    case ItemType.upgrade: {
      const bundleId = bundleOf(state, item);
      if (bundleId === undefined) return undefined;
      // A replay is on the vat's own image.
      const isReplay = howOf(item).mode === UpgradeMode.replay;
      return { vat, bundleId, imageId: isReplay ? row?.imageId : undefined };
    }
    case ItemType.fork:
      return row && { vat: item.child, bundleId: row.bundleId, imageId: row.imageId };
    case ItemType.terminate:
      return undefined;
    default:
      throw TypeError(`unknown lifecycle item ${String(item satisfies never)}`);
  }
};

/** Waits until the threads that a wave's creations and upgrades will take are ready for them. */
export const reserveWorkers = async (
  context: LifecycleContext,
  items: readonly LifecycleItem[],
): Promise<void> => {
  const needed = items.flatMap(item => {
    const code = startingCode(context.state, item);
    if (code === undefined) return [];
    const { vat, bundleId, imageId } = code;
    return [{ vat, script: context.scriptOf(bundleId, imageId) }];
  });
  await context.online.reserve(needed);
};

const resultOf = (
  context: LifecycleContext,
  item: LifecycleItem,
  moment: Moment,
): Settlement | Promise<Settlement> => {
  switch (item.type) {
    case ItemType.create:
      return createVat(context, item, moment);
    case ItemType.upgrade:
      return upgradeVat(context, item, moment);
    case ItemType.dryRun:
      return carryOutDryRun(context, item, moment);
    case ItemType.terminate:
      return terminateVat(context, item);
    case ItemType.fork:
      return forkVat(context, item, moment);
    default:
      throw TypeError(`unknown lifecycle item ${String(item satisfies never)}`);
  }
};

/** Carries out one lifecycle item. Its result is decided by the kernel and always settled. */
export const carryOut = async (
  context: LifecycleContext,
  item: LifecycleItem,
  moment: Moment,
): Promise<void> => {
  const { state } = context;
  const settlement = await resultOf(context, item, moment);
  await inTurns(settling(state, item.result, settlement), context.clock);
  release(state, item.result);
};
