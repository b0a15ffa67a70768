/**
 * Meters: what a vat may still do (docs/decisions/041).
 *
 * A crank of a metered vat costs 1, and 1 for each syscall, each row that it writes and each full
 * KiB of all that: logical things, the same on every replica. Reaps, sweeps and other deliveries of
 * garbage cost nothing. Any number of vats may share a meter; a vat that it is too empty for ends.
 */
import assert from 'node:assert/strict';
import type { Steps } from '@heirloom/store';
import { VatFault, type CrankTuple } from '@heirloom/worker';
import { kernelData } from '../objects/kernel-data.js';
import { makeKernelObject } from '../objects/kernel-objects.js';
import { waitFor, waitSubject, waking } from '../objects/replies.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KernelObject, type KernelObjectOf } from '../state/service-tables.js';
import {
  DEFERRED,
  naturalArgument,
  Refusal,
  type KernelCall,
  type KernelMethods,
} from './calls.js';

type MeterRow = KernelObjectOf<typeof KernelObject.meter>;

const METER_BYTES = 1024;
/** Digits that a meter may have. */
const METER_MAX = 10n ** 30n;
const UNDERFLOW = 'meter underflow, vat terminated';

export const crankCost = ([, syscalls, rows]: CrankTuple, packedBytes: number): bigint =>
  BigInt(1 + syscalls.length + rows.length + Math.floor(packedBytes / METER_BYTES));

const meterRow = (state: KernelState, meter: KRef): MeterRow => {
  const row = state.services.kernelObjects.need(meter);
  if (row[0] !== KernelObject.meter) assert.fail('a meter has the row of one');
  return row;
};

const setRemaining = (
  state: KernelState,
  meter: KRef,
  [kind, , threshold]: MeterRow,
  remaining: bigint,
): void => state.services.kernelObjects.set(meter, [kind, String(remaining), threshold]);

/** Less is left; who waits for the threshold is told when it is crossed. */
function* lessening(
  state: KernelState,
  meter: KRef,
  row: MeterRow,
  remaining: bigint,
): Steps<void> {
  const [, before, threshold] = row;
  setRemaining(state, meter, row, remaining);
  const crosses = before !== null && BigInt(before) >= BigInt(threshold);
  if (!crosses || remaining >= BigInt(threshold)) return;
  const told = { rejected: false, ...kernelData(remaining) };
  yield* waking(state, waitSubject.threshold(meter), told);
}

/** Errors: VatFault METER_UNDERFLOW; the caller undoes the crank. */
export function* charging(state: KernelState, meter: KRef, cost: bigint): Steps<void> {
  const row = meterRow(state, meter);
  if (row[1] === null) return;
  const remaining = BigInt(row[1]) - cost;
  if (remaining < 0n) throw new VatFault('METER_UNDERFLOW', UNDERFLOW);
  yield* lessening(state, meter, row, remaining);
}

/** A crank that was too dear takes what was left. */
export function* draining(state: KernelState, meter: KRef): Steps<void> {
  const row = meterRow(state, meter);
  if (row[1] !== null) yield* lessening(state, meter, row, 0n);
}

const checkSize = (value: bigint): bigint => {
  if (value >= METER_MAX) throw new Refusal(RangeError('a meter holds less than 10 ** 30'));
  return value;
};

export const makeMeter = (call: KernelCall): KRef => {
  const remaining = checkSize(naturalArgument(call, 0, 'remaining'));
  const threshold = checkSize(naturalArgument(call, 1, 'threshold'));
  const row = [KernelObject.meter, String(remaining), String(threshold)] as const;
  return makeKernelObject(call.state, row);
};

export const makeUnlimitedMeter = (call: KernelCall): KRef =>
  makeKernelObject(call.state, [KernelObject.meter, null, '0']);

export const METER_METHODS: KernelMethods<MeterRow> = {
  get: ({ row: [, remaining, threshold] }) => ({
    remaining: remaining === null ? 'unlimited' : BigInt(remaining),
    threshold: BigInt(threshold),
  }),
  addRemaining: call => {
    const { state, kref, row } = call;
    const delta = naturalArgument(call, 0, 'delta');
    if (row[1] !== null) setRemaining(state, kref, row, checkSize(BigInt(row[1]) + delta));
    return undefined;
  },
  setThreshold: call => {
    const [kind, remaining] = call.row;
    const threshold = checkSize(naturalArgument(call, 0, 'threshold'));
    call.state.services.kernelObjects.set(call.kref, [kind, remaining, String(threshold)]);
    return undefined;
  },
  /** Fulfils with what is left when that has next fallen below the threshold. */
  whenBelowThreshold: ({ state, kref, result }) => {
    if (result !== undefined) waitFor(state, waitSubject.threshold(kref), result);
    return DEFERRED;
  },
};
