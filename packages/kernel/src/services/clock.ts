/**
 * Block time, and promises that settle at one. The only clock that vats can have.
 *
 * Time is what the host says at the beginning of a block: an input like others, never less than
 * before. Units are the host's business.
 */
import type { Steps } from '@heirloom/store';
import { kernelData } from '../objects/kernel-data.js';
import { answering, takeResult } from '../objects/replies.js';
import { alarmTimeOf, ranges, waiterOf } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { DEFERRED, naturalArgument, Refusal, type KernelMethods } from './calls.js';

/** Times are stored in 48 bits. */
export const TIME_MAX = 2 ** 48 - 1;

export const blockTime = (state: KernelState): number => state.services.count('blockTime') ?? 0;

const timeData = (time: number) => ({ rejected: false, ...kernelData(BigInt(time)) });

/** The time of a new block: alarms up to it settle with it, earliest first. */
export const setBlockTime = (state: KernelState, time: number): void => {
  state.services.setCount('blockTime', time);
  state.defer(waking(state, time));
};

function* waking(state: KernelState, time: number): Steps<void> {
  const { alarms } = state.services;
  const due: string[] = [];
  for (const key of alarms.scan(ranges.alarms)) {
    if (alarmTimeOf(key) > time) break;
    due.push(key);
    yield;
  }
  for (const key of due) {
    alarms.delete(key);
    yield* answering(state, waiterOf(key), timeData(time));
    yield;
  }
}

export const CLOCK_METHODS: KernelMethods = {
  getTime: ({ state }) => BigInt(blockTime(state)),
  /** Fulfils with the time of the first block that is not before `time`; at once if this is. */
  wakeAt: call => {
    const { state, result } = call;
    const time = naturalArgument(call, 0, 'time');
    if (time > BigInt(TIME_MAX)) throw new Refusal(RangeError(`no time is past ${TIME_MAX}`));
    if (time <= BigInt(blockTime(state))) return BigInt(blockTime(state));
    if (result === undefined) return DEFERRED;
    takeResult(state, result);
    state.services.alarms.create(`${Number(time)} ${result}`, true);
    return DEFERRED;
  },
};
