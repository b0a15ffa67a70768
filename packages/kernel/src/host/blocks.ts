/** What a host says at the beginning of a block: an input, before any wave of the block. */
import { checkFields } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import { silentInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { blockTime, setBlockTime, TIME_MAX } from '../services/clock.js';

export interface BeginBlock {
  /** Checked: one past the last durable block. */
  readonly height?: number;
  /** In units of the host, a natural number; never less than that of the block before. */
  readonly time?: number | bigint;
}

const checkTime = (core: KernelCore, given: number | bigint): number => {
  const time = Number(given);
  if (!Number.isSafeInteger(time) || time < 0 || time > TIME_MAX) {
    throw new KernelError('BAD_ARGUMENT', `block time must be a natural number: ${given}`);
  }
  const before = blockTime(core.state);
  if (time >= before) return time;
  throw new KernelError('BAD_ARGUMENT', `block time cannot go back: ${time} after ${before}`);
};

/**
 * `atOnce`: the host owns its blocks, so the input is taken now; else it is taken where the next
 * block begins, after those that may be on their way.
 *
 * Errors: KernelError BAD_ARGUMENT; the input is not taken.
 */
export const blockInput = (
  core: KernelCore,
  block: BeginBlock,
  { atOnce }: { readonly atOnce: boolean },
): Input<void> => {
  checkFields('beginBlock', block, ['height', 'time']);
  const { height, time: given } = block;
  if (height !== undefined && height !== core.height + 1) {
    const next = core.height + 1;
    throw new KernelError('BAD_ARGUMENT', `beginBlock: the next block is ${next}, not ${height}`);
  }
  if (atOnce && core.wavesInBlock > 0) {
    throw new KernelError('BAD_ARGUMENT', 'beginBlock: the block has begun; commit it first');
  }
  if (given === undefined) return silentInput(() => undefined);
  const time = checkTime(core, given);
  return silentInput(() => setBlockTime(core.state, Math.max(time, blockTime(core.state))));
};
