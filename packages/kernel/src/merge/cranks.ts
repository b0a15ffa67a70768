/**
 * Merging one crank into the tables: all of it, or none.
 *
 * What the item itself does (its counts leave the queue, the vat gets its names, the result's
 * decider) is applied before the crank's own syscalls (rules.md#w1) and stays when the crank fails.
 * So a `VatFault` may be thrown within `mergeCrank` only: in `acceptMessage` nothing is a vat's
 * fault, and whatever is thrown there stops the kernel.
 */
import {
  atOnce,
  keyFromBytes,
  required,
  ROW_EXPORT_NAME_PREFIX,
  textOfKey,
  type Steps,
} from '@heirloom/store';
import {
  NAMED_EXPORTS_MAX,
  VatFault,
  type CrankReport,
  type CrankTuple,
  type RowWrite,
  type Spaces,
  type VatNumber,
} from '@heirloom/worker';
import { activate, activateResult, type Speaker } from '../objects/clist.js';
import { getPromise, isFew, release, releaseAll, releasingAll } from '../objects/counts.js';
import { kernelData, type KernelData } from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import type { Mark } from '../state/journal.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { QueuedMessage } from '../state/queue-items.js';
import type { RowWriter } from '../state/row-table.js';
import { readCrank, readingCrank } from './crank-reader.js';
import { execute, hasParts, partsOf, type CrankEffects, type CrankRights } from './syscalls.js';

/** Whose crank it is, where its rows go, what it may do. */
export interface CrankContext extends Speaker {
  readonly spaces: Spaces;
  readonly rights: CrankRights;
  /** Has the crank paid for. Throws VatFault METER_UNDERFLOW. */
  readonly charge?: ((crank: CrankTuple, packedBytes: number) => Steps<void>) | undefined;
}

/** An ordinary crank. */
export const NO_RIGHTS: CrankRights = {
  collects: false,
  migrates: false,
  weightMax: Infinity,
  isNamedInWave: () => false,
};
/** startVat. */
export const LIFECYCLE_RIGHTS: CrankRights = { ...NO_RIGHTS, collects: true };
/** A migrate delivery. */
export const MIGRATION_RIGHTS: CrankRights = { ...NO_RIGHTS, migrates: true };

/** How a crank ended: what it asks for, or why it counts for nothing. */
export type Verdict =
  | { readonly ok: true; readonly effects: CrankEffects; readonly report: CrankReport }
  | { readonly ok: false; readonly code: string; readonly reason: KernelData };

/** A message leaves the queue for its vat. Gives the steps that are left, if it takes many. */
export const acceptMessage = (
  state: KernelState,
  vat: VatNumber,
  message: QueuedMessage,
): Steps<void> | undefined => {
  const { target, slots, result } = message;
  if (!isFew(slots)) return acceptingMessage(state, vat, message);
  for (const kref of slots) activate(state, vat, kref);
  if (result !== undefined) activateResult(state, vat, result);
  release(state, target);
  releaseAll(state, slots);
  return undefined;
};

function* acceptingMessage(
  state: KernelState,
  vat: VatNumber,
  { target, slots, result }: QueuedMessage,
): Steps<void> {
  for (const kref of slots) {
    activate(state, vat, kref);
    yield;
  }
  if (result !== undefined) activateResult(state, vat, result);
  release(state, target);
  yield* releasingAll(state, slots);
}

/** What a notify tells of. */
export interface ToldPromises {
  /** The promise of the notify first; others in order of mention. */
  readonly krefs: readonly KRef[];
  /** What the vat is told of the promise in place of its data; then it is told of no other. */
  readonly instead?: Settlement;
}

/**
 * A notify leaves the queue: the vat gets the data of the whole batch. Gives the steps that are
 * left, if it takes many.
 */
export const acceptNotify = (
  state: KernelState,
  vat: VatNumber,
  promise: KRef,
  batch: ToldPromises,
): Steps<void> | undefined => {
  const { krefs, instead } = batch;
  const { slots } = instead ?? getPromise(state, promise);
  if (krefs.length > 1 || !isFew(slots)) return acceptingNotify(state, vat, promise, batch);
  activate(state, vat, promise);
  for (const slot of slots) activate(state, vat, slot);
  release(state, promise);
  return undefined;
};

function* acceptingNotify(
  state: KernelState,
  vat: VatNumber,
  promise: KRef,
  { krefs, instead }: ToldPromises,
): Steps<void> {
  for (const kref of krefs) {
    activate(state, vat, kref);
    for (const slot of (instead ?? getPromise(state, kref)).slots) {
      activate(state, vat, slot);
      yield;
    }
  }
  release(state, promise);
}

/** Of a row's value: as much as takes as long as an ordinary step. */
const ROW_STEP_BYTES = 65_536;
/** What has been there may have been large: it is read, and counted. */
const ROW_GONE_STEPS = 4;
const stepsOfRow = ([, value]: RowWrite): number =>
  value === null ? ROW_GONE_STEPS : 1 + value.length / ROW_STEP_BYTES;

/** A crank that asks for so few steps is applied at a stretch: to count them costs more. */
const SHORT_STEPS = 32;
/** One of so few bytes is read at a stretch. */
const SHORT_CRANK_BYTES = 4_096;

const isShort = ([, syscalls, rows]: CrankTuple): boolean => {
  let steps = syscalls.length;
  for (const row of rows) steps += stepsOfRow(row);
  return steps <= SHORT_STEPS;
};

const noEffects = (): CrankEffects => ({
  retired: [],
  kept: [],
  abandonedNames: [],
  exit: undefined,
});

const checkOutcome = ([outcome]: CrankTuple): void => {
  if (outcome !== null) throw new RaisedFault(outcome[0], outcome[1]);
};

const checkExit = ({ exit }: CrankEffects): void => {
  if (exit?.isFailure === true) throw new RaisedFault('EXIT_FAILURE', exitReason(exit).body);
};

const writerOf = (state: KernelState, { vat, incarnation, spaces }: CrankContext): RowWriter => ({
  vat,
  incarnation,
  spaces,
  own: state.spaceLists.ownOf(spaces),
});

const writeRow = (
  state: KernelState,
  writer: RowWriter,
  effects: CrankEffects,
  [bytes, value]: RowWrite,
): void => {
  const key = keyFromBytes(bytes);
  // Names are given up by no other crank than startVat.
  if (value === null && key.startsWith(ROW_EXPORT_NAME_PREFIX)) {
    noteAbandoned(effects, state.rows.has(writer.spaces, key), key);
  }
  state.rows.write(writer, key, value);
};

/** A crank that is being merged. */
interface Merging {
  readonly state: KernelState;
  readonly context: CrankContext;
  readonly crank: CrankTuple;
  readonly effects: CrankEffects;
}

/** Applies a crank in steps: `rest`, then its syscalls from the `first` on, then its rows. */
function* applying(merging: Merging, first = 0, rest?: Steps<void>): Steps<void> {
  const { state, context, crank, effects } = merging;
  const [, syscalls, rows] = crank;
  if (rest !== undefined) yield* rest;
  for (let i = first; i < syscalls.length; i += 1) {
    for (const part of partsOf(required(syscalls[i], 'a syscall'))) {
      const more = execute(state, context, context.rights, effects, part);
      if (more !== undefined) yield* more;
      yield;
    }
  }
  checkExit(effects);
  const writer = writerOf(state, context);
  for (const row of rows) {
    writeRow(state, writer, effects, row);
    yield stepsOfRow(row);
  }
}

/** Applies a short crank. Gives the steps that are left, if it takes many. */
const startApplying = (merging: Merging): Steps<void> | undefined => {
  const { state, context, crank, effects } = merging;
  const [, syscalls, rows] = crank;
  if (!isShort(crank)) return applying(merging);
  for (let i = 0; i < syscalls.length; i += 1) {
    const syscall = required(syscalls[i], 'a syscall');
    if (hasParts(syscall)) return applying(merging, i);
    const rest = execute(state, context, context.rights, effects, syscall);
    if (rest !== undefined) return applying(merging, i + 1, rest);
  }
  checkExit(effects);
  if (rows.length === 0) return undefined;
  const writer = writerOf(state, context);
  for (const row of rows) writeRow(state, writer, effects, row);
  return undefined;
};

const noteAbandoned = ({ abandonedNames }: CrankEffects, isThere: boolean, key: string): void => {
  if (isThere) abandonedNames.push(textOfKey(key, ROW_EXPORT_NAME_PREFIX.length));
  if (abandonedNames.length > NAMED_EXPORTS_MAX) throw new VatFault('LIMIT', 'too many names');
};

/** Why a vat exited, for those who are not part of its crank: references go with the crank. */
export const exitReason = ({ body, slots }: NonNullable<CrankEffects['exit']>): KernelData =>
  slots.length === 0
    ? { body, slots: [] }
    : kernelData(Error('the vat exited with a reason that mentions references'));

/** A fault that the worker itself raised: it comes with its own words. */
class RaisedFault extends Error {
  readonly code: string;
  readonly body: Uint8Array;

  constructor(code: string, body: Uint8Array) {
    super(code);
    this.code = code;
    this.body = body;
  }
}

/** Undoes a crank and says why. Throws what is no vat's fault. */
function* undoing(state: KernelState, mark: Mark, error: unknown): Steps<Verdict> {
  yield* state.journal.rollingBack(mark);
  if (error instanceof RaisedFault) {
    return { ok: false, code: error.code, reason: { body: error.body, slots: [] } };
  }
  if (error instanceof VatFault) {
    return { ok: false, code: error.code, reason: kernelData(Error(error.message)) };
  }
  throw error;
}

/** Merges a crank in steps, or undoes it, as far as the mark, and says why. */
export function* mergingCrank(
  state: KernelState,
  context: CrankContext,
  packed: Uint8Array,
  mark = state.mark(),
): Steps<Verdict> {
  try {
    const crank = yield* readingCrank(packed, context.rights);
    if (context.charge !== undefined) yield* context.charge(crank, packed.length);
    checkOutcome(crank);
    const effects = noEffects();
    yield* applying({ state, context, crank, effects });
    return { ok: true, effects, report: crank[3] };
  } catch (error) {
    return yield* undoing(state, mark, error);
  }
}

/** What is left of a crank that was taken for a short one. */
function* mergingRest(
  { state, crank, effects }: Merging,
  mark: Mark,
  rest: Steps<void>,
): Steps<Verdict> {
  try {
    yield* rest;
    return { ok: true, effects, report: crank[3] };
  } catch (error) {
    return yield* undoing(state, mark, error);
  }
}

/** Merges a crank at a stretch if it is short. Else it gives the steps. */
export const startMerging = (
  state: KernelState,
  context: CrankContext,
  packed: Uint8Array,
): Verdict | Steps<Verdict> => {
  const mark = state.mark();
  const isLong = packed.length > SHORT_CRANK_BYTES || context.charge !== undefined;
  if (isLong) return mergingCrank(state, context, packed, mark);
  try {
    const crank = readCrank(packed, context.rights);
    checkOutcome(crank);
    const effects = noEffects();
    const merging = { state, context, crank, effects };
    const rest = startApplying(merging);
    if (rest !== undefined) return mergingRest(merging, mark, rest);
    return { ok: true, effects, report: crank[3] };
  } catch (error) {
    return undoing(state, mark, error);
  }
};

/** The same at a stretch. */
export const mergeCrank = (
  state: KernelState,
  context: CrankContext,
  packed: Uint8Array,
): Verdict => {
  const merging = startMerging(state, context, packed);
  return 'ok' in merging ? merging : atOnce(merging);
};
