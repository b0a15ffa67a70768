/**
 * Upgrades: one crank of leftovers and startVat, which is kept or undone as a whole (rules.md#u1).
 *
 * Invariant: an upgrade that fails leaves the predecessor's worker untouched, heap and all.
 */
import {
  nextIncarnation,
  vatIdOf,
  type BundleId,
  type Incarnation,
  type VatNumber,
} from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import { releaseAll } from '../objects/counts.js';
import { describeData, disconnection, kernelData, rejection } from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { howOf, type UpgradeItem } from '../state/queue-items.js';
import { restartCount } from '../state/refresh-count.js';
import { runningVats } from '../state/running-vats.js';
import { VatState, type VatCode, type VatRow } from '../state/schema.js';
import { givenBundle, UpgradeCode, UpgradeMode } from '../state/upgrade-options.js';
import { adoptionAnswer } from './engine-adoption.js';
import { isRefreshDue } from './refresh.js';
import { needsStart, notRunning, replayUpgrade } from './replay-upgrade.js';
import {
  abandoningPromises,
  gatheringAll,
  noteEnded,
  watchesIn,
  type VatPromises,
} from './termination.js';
import {
  startVat,
  type LifecycleContext,
  type Moment,
  type Started,
  type StartObserver,
} from './vat-start.js';
import { UpgradeNotes } from './warnings/at-upgrade.js';

/** What a vat is upgraded to. */
export interface Successor extends VatCode {
  /** Absent: as before. */
  readonly previous?: VatCode | null;
  /** Of the object that the predecessor's promises are rejected with. */
  readonly message: string;
  /** It gets its predecessors' estate. */
  readonly emergency?: boolean;
}

/** What an upgrade makes of a vat's code. */
interface CodeChange {
  readonly code: Omit<Successor, 'message' | 'emergency'>;
  /** References of parameters that nothing returns to any more. */
  readonly letGo: readonly KRef[];
}

/** Undefined: there is no code to return to. */
const codeChange = (
  row: VatRow,
  item: UpgradeItem,
): CodeChange | undefined => {
  const { bundleId, body: parameters, slots } = item;
  const { previous } = row;
  const { code } = howOf(item);
  const present: VatCode = { bundleId: row.bundleId, parameters: row.parameters, slots: row.slots };
  switch (code) {
    case UpgradeCode.given:
      return {
        code: { bundleId: givenBundle(bundleId), parameters, slots, previous: present },
        letGo: previous === null ? [] : previous.slots,
      };
    case UpgradeCode.previous:
      if (previous === null) return undefined;
      return { code: { ...previous, previous: present }, letGo: [] };
    case UpgradeCode.present:
    case UpgradeCode.refresh:
    case UpgradeCode.engine:
      return { code: { ...present, previous }, letGo: [] };
    default:
      throw TypeError(`unknown code ${String(code satisfies never)}`);
  }
};

/** The bundle that an upgrade would start now; undefined if it would start none. */
export const bundleOf = (state: KernelState, item: UpgradeItem): BundleId | undefined => {
  if (howOf(item).code === UpgradeCode.given) return givenBundle(item.bundleId);
  const row = state.vats.get(item.vat);
  return row === undefined ? undefined : codeChange(row, item)?.code.bundleId;
};

/** What whoever carries out an upgrade has gathered for it. */
interface KnownBefore {
  readonly promises: VatPromises;
  readonly observer: StartObserver;
}

/** What became of the crank of an upgrade. */
interface StartedSuccessor extends Started {
  readonly incarnation: Incarnation;
  /** How many promises that the vat decided were rejected. */
  readonly rejectedPromises: number;
}

/**
 * The one crank of an upgrade: leftovers and startVat. Whoever calls it undoes it as a whole, or
 * makes the worker the vat's own.
 */
export const startSuccessor = async (
  context: LifecycleContext,
  vat: VatNumber,
  { message, emergency = false, ...code }: Successor,
  moment: Moment,
  known?: KnownBefore,
): Promise<StartedSuccessor> => {
  const { clock, state } = context;
  const before = state.vats.need(vat);
  const incarnation = nextIncarnation(before.incarnation);
  noteEnded(state, vat, false);
  const kept = watchesIn(state, before.spaces);
  const reason = disconnection(message, before.incarnation);
  const abandoning = abandoningPromises(state, vat, reason, kept, known?.promises);
  const rejectedPromises = await inTurns(abandoning, clock);
  const imageId = context.imageId();
  state.vats.set(vat, { ...before, ...code, incarnation, imageId });
  const started = await startVat(context, vat, moment, emergency, known?.observer);
  return { ...started, incarnation, rejectedPromises };
};

/** What the requester gets, without what there is none of. */
const answerOf = ({ incarnation, rejectedPromises, verdict }: StartedSuccessor): Settlement => {
  const names = verdict.ok ? verdict.effects.abandonedNames : [];
  return {
    rejected: false,
    ...kernelData({
      incarnationNumber: incarnation,
      ...(names.length > 0 ? { abandonedNames: names } : {}),
      ...(rejectedPromises > 0 ? { rejectedPromises } : {}),
    }),
  };
};

/** Of the last of its items, what the requester of an adoption gets; of the others nobody asks. */
const engineAnswer = (state: KernelState): Settlement =>
  state.stranded.someUntried
    ? { rejected: false, ...kernelData(undefined) }
    : adoptionAnswer(state, runningVats(state).length);

/** Carries out an upgrade. Returns what its requester is told. */
export const upgradeVat = async (
  context: LifecycleContext,
  item: UpgradeItem,
  moment: Moment,
): Promise<Settlement> => {
  const { state, online, pager, clock } = context;
  const { vat, slots } = item;
  const vatId = vatIdOf(vat);
  const before = state.vats.get(vat);
  if (before?.state !== VatState.running) {
    releaseAll(state, slots);
    return rejection(notRunning(vat));
  }
  const began = clock.nowMs();
  const { mode, code, emergency } = howOf(item);
  if (mode === UpgradeMode.replay) {
    if (state.stranded.has(vat)) {
      releaseAll(state, slots);
      return rejection(needsStart(vat));
    }
    const answer = await replayUpgrade(context, vat, givenBundle(item.bundleId), moment);
    const { incarnation } = before;
    const milliseconds = clock.nowMs() - began;
    context.onUpgrade({ vatId, incarnation, succeeded: !answer.rejected, milliseconds });
    return answer;
  }
  const isRefresh = code === UpgradeCode.refresh;
  if (isRefresh && !isRefreshDue(state, vat)) return rejection(Error('no refresh is due'));
  const change = codeChange(before, item);
  if (change === undefined) {
    return rejection(Error(`vat ${vatId} has had no other code to return to`));
  }
  const mark = state.mark();
  const { letGo } = change;
  const next = { ...change.code, message: item.message, emergency };
  const promises = await inTurns(gatheringAll(state, vat), clock);
  const notes = new UpgradeNotes(state, vat);
  await inTurns(notes.foreseeing(promises), clock);
  const known = { promises, observer: notes.observing(before, next) };
  const started = await startSuccessor(context, vat, next, moment, known);
  const { worker, verdict, incarnation, arrivedMs } = started;
  const report = { vatId, incarnation };
  if (verdict.ok) {
    releaseAll(state, letGo);
    online.install(vat, worker);
    pager.began(vat);
    state.endStranding(vat);
    const warnings = notes.told(verdict.effects);
    const milliseconds = clock.nowMs() - began;
    context.onUpgrade({ ...report, succeeded: true, milliseconds }, warnings);
    return code === UpgradeCode.engine ? engineAnswer(state) : answerOf(started);
  }
  online.discard(worker);
  state.journal.rollback(mark);
  releaseAll(state, slots);
  const isStranded = state.stranded.has(vat);
  if (isStranded) state.stranded.strand(vat, describeData(verdict.reason));
  if (isRefresh) {
    restartCount(state, vat, before.options.refresh);
    context.onFault(vatId, 'REFRESH_FAILED', verdict.reason.body);
  } else if (code === UpgradeCode.engine) {
    context.onFault(vatId, 'STRANDED', verdict.reason.body);
  } else context.onFailedStart(vatId, `UPGRADE_FAILED, ${verdict.code}`, verdict.reason.body);
  const ended = clock.nowMs();
  const times = { milliseconds: ended - began, resumeMs: ended - arrivedMs };
  context.onUpgrade({ ...report, succeeded: false, ...times });
  if (code === UpgradeCode.engine) return engineAnswer(state);
  return { rejected: true, ...verdict.reason };
};
