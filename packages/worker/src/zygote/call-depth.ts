/**
 * How deep the calls of vat code nest, and what V8 throws for want of stack or memory: the half of
 * weave/weave.ts that runs in the vat's thread.
 *
 * Invariants: the depth at which a crank faults is a matter of the script alone, never of V8's
 * stack, which holds many times as much (rules.md#h4); once a crank has nested too deep, every
 * further call of it throws, so that code which catches that ends all the same; what V8 throws
 * because this host has no stack or no memory left is no outcome of a crank, whatever vat code does
 * with it. Vat code cannot reach the counter: `take` gives it to a woven script, once, as the first
 * thing that this does after it has been made. So a script is woven only when nothing can refuse it
 * any more: neither SES, by its patterns, nor V8.
 */
import { types } from 'node:util';
import { Script } from 'node:vm';
import { CALL_DEPTH_MAX } from '../protocol/limits.js';
import { isRefused } from '../weave/evasion.js';
import { RESERVED_PREFIX, TAKE_NAME, takesCalls, weave, WOVEN_NAMES } from '../weave/weave.js';
import type { CallDepth, CallDepthObserver } from '../contracts/vat-environment.js';
import { makeWovenCalls } from './woven-calls.js';

const { isNativeError } = types;
const { defineProperty, getOwnPropertyDescriptor } = Object;

/** How V8 says that this host has no more, at the end of a message. */
const WANTS = [
  'Maximum call stack size exceeded',
  'Stack overflow',
  'Array buffer allocation failed',
  'Out of memory',
];
/** Longer ones quote a regular expression; its text may be anything. */
const QUOTED_CHARS_MAX = 1_000_000;

const isHostsWant = (message: string): boolean =>
  message.length <= QUOTED_CHARS_MAX && WANTS.some(want => message.endsWith(want));

/** V8 describes what it could not use by the code that gave it: without ours, as this. */
const WITHOUT_NAME = '(intermediate value)';
const OUR_CODE = [
  /\$heirloom_\w+(?:\(\.\.\.\))? is not a function or its return value(?= is not )/g,
  /\$heirloom_\w+\(\.\.\.\)/g,
  /\$heirloom_error(?=' as it is )/g,
];

/** An error of V8's tells of the author's code alone. */
const tellPlainly = (error: Error, message: string): void => {
  const plain = OUR_CODE.reduce((text, ours) => text.replace(ours, WITHOUT_NAME), message);
  if (plain !== message) Reflect.defineProperty(error, 'message', { value: plain });
};

let depth = 0;
let depthMax = CALL_DEPTH_MAX;
let observer: CallDepthObserver | undefined;

const exceeded = (): never => {
  depthMax = -1;
  if (observer !== undefined) observer.exceeded();
  throw RangeError(`calls nest more than ${CALL_DEPTH_MAX} deep`);
};

const enter = (): number => {
  const before = depth;
  if (before >= depthMax) exceeded();
  depth = before + 1;
  return before;
};

const leave = (before: number): void => {
  depth = before;
};

const leaveWaited = (before: number): void => {
  // Otherwise something else has continued the function, from another depth.
  if (depth === before + 1) depth = before;
};

const resume = (before: number): number => (depth === before + 1 ? before : enter());

const caught = <T>(error: T): T => {
  if (!isNativeError(error)) return error;
  const message: unknown = getOwnPropertyDescriptor(error, 'message')?.value;
  if (typeof message !== 'string') return error;
  if (isHostsWant(message)) observer?.hostFailed(error);
  if (message.includes(RESERVED_PREFIX)) tellPlainly(error, message);
  return error;
};

/** By the names that woven code uses. */
const CALLS: Readonly<Record<string, unknown>> = Object.freeze({
  __proto__: null,
  [WOVEN_NAMES.enter]: enter,
  [WOVEN_NAMES.leave]: leave,
  [WOVEN_NAMES.leaveWaited]: leaveWaited,
  [WOVEN_NAMES.wait]: <T>(value: T, before: number): T => {
    depth = before;
    return value;
  },
  [WOVEN_NAMES.waited]: <T>(value: T): T => value,
  [WOVEN_NAMES.resume]: resume,
  [WOVEN_NAMES.caught]: caught,
  [WOVEN_NAMES.stamped]: (value: object): void => observer?.stamped(value),
  ...makeWovenCalls({ enter, leave, caught }),
});

/** A woven script has been made, and takes next what it calls. */
let isAwaited = false;

const take = (): typeof CALLS => {
  if (!isAwaited) throw TypeError(`${TAKE_NAME} is for woven code alone`);
  isAwaited = false;
  return CALLS;
};

/** Gives a compartment's global object, before any code runs in it, what woven code needs. */
export const addWovenGlobals = (globals: object, harden: <T>(value: T) => T): void => {
  const fixed = { writable: false, enumerable: false, configurable: false };
  defineProperty(globals, TAKE_NAME, { value: harden(take), ...fixed });
};

let woven: string | undefined;

/**
 * A refusal that carries its text alone: acorn's has objects whose prototype all compartments
 * share, in V8's Node shows its own stack.
 */
const madeAnew = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw error instanceof SyntaxError ? SyntaxError(error.message) : error;
  }
};

/** Errors: SyntaxError, whoever refuses it. */
const checkedScript = (source: string): string => {
  const script = madeAnew(() => weave(source));
  if (isRefused(script)) throw SyntaxError('a script of a vat has no import() and no <!--');
  // As where a compartment evaluates; V8 looks at functions, too, that nobody has called.
  madeAnew(() => new Script(`'use strict';${script}`));
  return script;
};

/** The transform of every compartment: whatever vat code evaluates is woven, once. */
export const weaveSource = (source: string): string => {
  const script = source === woven ? source : checkedScript(source);
  woven = undefined;
  isAwaited = takesCalls(script);
  return script;
};

/** The next evaluation is of a script that `installBundle` has woven. */
export const expectWoven = (script: string): void => {
  woven = script;
};

export const callDepth: CallDepth = {
  watch(given) {
    observer = given;
  },
  begin() {
    isAwaited = false;
    depth = 0;
    depthMax = CALL_DEPTH_MAX;
  },
};
