/** What a host says at the beginning of a block: an input, before any wave of the block. */
import { checkFields } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { BlockDriver } from '../core/block-driver.js';
import { silentInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { blockTime, setBlockTime, TIME_MAX } from '../services/clock.js';

export interface BeginBlock {
  /** Checked: one past the last durable block. */
  readonly height?: number;
  /** In units of the host, a natural number; never less than that of the block before. */
  readonly time?: number | bigint;
}

const bad = (why: string): never => {
  throw new KernelError('BAD_ARGUMENT', why);
};

const checkTime = (given: number | bigint): number => {
  const time = Number(given);
  if (!Number.isSafeInteger(time) || time < 0 || time > TIME_MAX) {
    bad(`block time must be a natural number: ${given}`);
  }
  return time;
};

/**
 * Where the host owns its blocks, the input is taken now; else it is taken where the next block
 * begins, after those that may be on their way.
 *
 * Errors: KernelError BAD_ARGUMENT; the input is not taken.
 */
export const blockInput = (
  core: KernelCore,
  { isAuto, isBusy }: Pick<BlockDriver, 'isAuto' | 'isBusy'>,
  block: BeginBlock,
): Input<void> => {
  checkFields('beginBlock', block, ['height', 'time']);
  if (isBusy && !isAuto) bad('beginBlock: a run or a commit is in progress');
  const { height, time: given } = block;
  const time = given === undefined ? undefined : checkTime(given);
  const check = (): void => {
    if (height !== undefined && height !== core.height + 1) {
      const next = core.height + 1;
      bad(`beginBlock: the next block is ${next}, not ${height}`);
    }
    if (!isAuto && core.wavesInBlock > 0) bad('beginBlock: the block has begun; commit it first');
    const before = blockTime(core.state);
    if (time === undefined || time >= before) return;
    bad(`block time cannot go back: ${time} after ${before}`);
  };
  const apply = (): void => {
    if (time !== undefined) setBlockTime(core.state, time);
  };
  return silentInput(apply, { check });
};

/** Hex. Errors: KernelError BAD_ARGUMENT when there is no such block. */
export const blockHashAt = (core: KernelCore, height: number): string =>
  core.hashAt(height) ?? bad(`there is no block ${height}; the last is ${core.height}`);
