/**
 * How deep the calls of vat code nest, and what V8 throws for want of stack or memory: the half of
 * weave/weave.ts that runs in the vat's thread. The counter is depth-counter.ts.
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
import { isRefused } from '../weave/evasion.js';
import { RESERVED_PREFIX, TAKE_NAME, takesCalls, weave, WOVEN_NAMES } from '../weave/weave.js';
import type { CallDepth, CallDepthObserver } from '../contracts/vat-environment.js';
import { lookAtCaught, watchEngineErrors } from './engine-errors.js';
import { beginCounting, enter, leave, leaveWaited, onExceeded, resume } from './depth-counter.js';

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

let observer: CallDepthObserver | undefined;

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
    leave(before);
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
    onExceeded(() => given.exceeded());
  },
  begin() {
    isAwaited = false;
    beginCounting();
  },
};
