/**
 * How deep the calls of vat code nest, and what V8 throws for want of stack or memory: the half of
 * weave/weave.ts that runs in the vat's thread.
 *
 * Invariants: the depth at which a crank faults is a matter of the script alone, never of V8's
 * stack, which holds many times as much (rules.md#h4); once a crank has nested too deep, every
 * further call of it throws, so that code which catches that ends all the same; what V8 throws
 * because this host has no stack or no memory left is no outcome of a crank, whatever vat code does
 * with it: engine-errors.ts tells which errors those are. Vat code cannot reach the counter: `take`
 * gives it to a woven script, once, as the first thing that this does after it has been made. So a
 * script is woven only when nothing can refuse it any more: neither SES, by its patterns, nor V8.
 */
import { Script } from 'node:vm';
import { CALL_DEPTH_MAX } from '../protocol/limits.js';
import { isRefused } from '../weave/evasion.js';
import { RESERVED_PREFIX, TAKE_NAME, takesCalls, weave, WOVEN_NAMES } from '../weave/weave.js';
import type { CallDepth, CallDepthObserver } from '../contracts/vat-environment.js';
import { lookAtCaught, watchEngineErrors } from './engine-errors.js';

const { defineProperty } = Object;

/** V8 describes what it could not use by the code that gave it: without ours, as this. */
const WITHOUT_NAME = '(intermediate value)';
const OUR_CODE = [
  /\$heirloom_(?:wait|waited)(?:\(\.\.\.\))? is not a function or its return value(?= is not )/g,
  /\$heirloom_(?:wait|waited)\(\.\.\.\)/g,
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
  lookAtCaught(error);
  return error;
};

watchEngineErrors({
  hostFailed: error => observer?.hostFailed(error),
  passed: (error, message) => {
    if (message.includes(RESERVED_PREFIX)) tellPlainly(error, message);
  },
});

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

/** As where a compartment evaluates; V8 looks at functions, too, that nobody has called. */
const parse = (script: string): void => {
  try {
    new Script(`'use strict';${script}`);
  } catch (error) {
    // Made anew: Node shows its own stack in this one.
    throw error instanceof SyntaxError ? SyntaxError(error.message) : error;
  }
};

/** Errors: SyntaxError, whoever refuses it. */
const checkedScript = (source: string): string => {
  const script = weave(source);
  if (isRefused(script)) throw SyntaxError('a script of a vat has no import() and no <!--');
  parse(script);
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
