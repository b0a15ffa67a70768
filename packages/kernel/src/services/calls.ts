/**
 * One message to a kernel object: what its methods are given, and how they refuse.
 *
 * Arguments are vats' data: every one is checked before it is used. What is refused leaves nothing
 * behind but the rejection.
 */
import { getPromise } from '../objects/counts.js';
import { SlotMark, soleReference } from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState, settledBody } from '../state/schema.js';
import type { KernelObjectRow } from '../state/service-tables.js';

export interface KernelCall<Row extends KernelObjectRow = KernelObjectRow> {
  readonly state: KernelState;
  readonly kref: KRef;
  readonly row: Row;
  readonly args: readonly unknown[];
  /** Undefined when nobody wants to know. */
  readonly result: KRef | undefined;
}

/** What a method returns that has seen to it that the result settles, now or later. */
export const DEFERRED = Symbol('deferred');

/** What a method returns whose result is more than a value. */
export class Answered {
  readonly settlement: Settlement;

  constructor(settlement: Settlement) {
    this.settlement = settlement;
  }
}

/** Carries out a call: the value of the result, `Answered` or DEFERRED. */
export type KernelMethod<Row extends KernelObjectRow = KernelObjectRow> = (
  call: KernelCall<Row>,
) => unknown;
export type KernelMethods<Row extends KernelObjectRow = KernelObjectRow> = Readonly<
  Record<string, KernelMethod<Row>>
>;

/** The call is undone; its result is rejected with `reason`. */
export class Refusal extends Error {
  readonly reason: Error;

  constructor(reason: Error) {
    super(reason.message);
    this.reason = reason;
  }
}

export const refuseCall = (message: string): never => {
  throw new Refusal(Error(message));
};

/** A copy record. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !(Symbol.toStringTag in value);

/** A promise that has settled to an object already stands for the object. */
export const settledReference = (state: KernelState, value: unknown): unknown => {
  if (!(value instanceof SlotMark) || !isPromiseKRef(value.kref)) return value;
  const row = getPromise(state, value.kref);
  if (row.state !== PromiseState.fulfilled) return value;
  const sole = soleReference(settledBody(row), row.slots);
  return sole === undefined ? value : new SlotMark(sole);
};

/** For error texts. */
export const describeArgument = (value: unknown): string => {
  if (value instanceof SlotMark) return isPromiseKRef(value.kref) ? 'a promise' : 'an object';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'object' && value !== null ? 'data' : String(value);
};

export const textArgument = (call: KernelCall, index: number, name: string): string => {
  const value = call.args[index];
  if (typeof value !== 'string') {
    throw new Refusal(TypeError(`${name} must be a string, not ${describeArgument(value)}`));
  }
  return value;
};

/** A natural number as a bigint. */
export const naturalArgument = (call: KernelCall, index: number, name: string): bigint => {
  const value = call.args[index];
  if (typeof value !== 'bigint' || value < 0n) {
    const what = `${name} must be a natural bigint, not ${describeArgument(value)}`;
    throw new Refusal(TypeError(what));
  }
  return value;
};
