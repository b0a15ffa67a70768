/**
 * How deep the calls of vat code nest: the counter, for woven code (call-depth.ts) and for natives
 * that vat code can nest in each other (counted-natives.ts).
 *
 * Invariants: the depth at which a crank faults is a matter of the script alone, never of V8's
 * stack, which holds many times as much (rules.md#h4); once a crank has nested too deep, every
 * further call of woven code throws, so that code which catches that ends all the same. Code of the
 * image calls natives, too, more or less often by what its caches hold: so natives may nest some
 * calls deeper than vat code, and go on behind a fault.
 */
import { CALL_DEPTH_MAX } from '../protocol/limits.js';

const RangeErrorOf = RangeError;

/** The image calls no native in a native so often. */
const NATIVE_DEPTH_MAX = CALL_DEPTH_MAX + 100;

let depth = 0;
let depthMax = CALL_DEPTH_MAX;
let tell = (): void => undefined;

const exceeded = (): never => {
  depthMax = -1;
  tell();
  throw RangeErrorOf(`calls nest more than ${CALL_DEPTH_MAX} deep`);
};

/** Counts in; gives the depth before. */
export const enter = (): number => {
  const before = depth;
  if (before >= depthMax) exceeded();
  depth = before + 1;
  return before;
};

/** The same for a native, or for data in data that a native works on. */
export const enterNative = (): number => {
  const before = depth;
  if (before >= NATIVE_DEPTH_MAX) exceeded();
  depth = before + 1;
  return before;
};

export const leave = (before: number): void => {
  depth = before;
};

export const leaveWaited = (before: number): void => {
  // Otherwise something else has continued the function, from another depth.
  if (depth === before + 1) depth = before;
};

export const resume = (before: number): number => (depth === before + 1 ? before : enter());

/** Is called when a crank has nested too deep. */
export const onExceeded = (told: () => void): void => {
  tell = told;
};

/** A crank begins. */
export const beginCounting = (): void => {
  depth = 0;
  depthMax = CALL_DEPTH_MAX;
};

/** Data that nests deeper than calls do may not be walked by a native that calls itself. */
export const checkDataDepth = (dataDepth: number): void => {
  if (depth + dataDepth >= NATIVE_DEPTH_MAX) exceeded();
};
