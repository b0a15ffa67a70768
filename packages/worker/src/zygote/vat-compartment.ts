/**
 * The compartment of a vat, and the `Compartment` that its code gets.
 *
 * Globals: SES's universal intrinsics (harden, HandledPromise, UTC Date, TextEncoder, TextDecoder
 * among them), our `Float32Array`, `Float64Array`, `JSON`, `Proxy` and `Reflect`, `assert`,
 * `console`, `URL`, and what liveslots adds. None is defined as undefined: libraries decide by
 * `'VatData' in globalThis`.
 *
 * Invariant (rules.md#h4): whatever is evaluated in a compartment of vat code, at any depth and by
 * any way, is woven (weave/weave.ts): the transform is the last that the compartment has, and what
 * it would be left out for is taken from the options of `evaluate`.
 *
 * Invariant (rules.md#o1): every compartment that vat code makes, at any depth, sees the same
 * WeakMap, WeakSet and passStyleOf as the vat; they are set after construction, so options cannot
 * replace them before code runs. SES makes a raw `Compartment` for each compartment; it is always
 * replaced.
 */
import { check } from '../check.js';
import type { LogSink, VatCompartment } from '../contracts/vat-environment.js';
import { getterOf, isObject, type Properties } from '../values.js';
import { addWovenGlobals, expectWoven, weaveSource } from './call-depth.js';
import { checkedFunction } from './checked-function.js';
import { countedJson } from './counted-json.js';
import { countedReflect } from './counted-reflect.js';
import { floatArrays } from './float-arrays.js';
import { hardening } from './harden.js';
import { dateFor, whileLoading } from './loading.js';
import type { ErrorDetails } from './format-value.js';
import { vatProxy } from './proxy-levels.js';
import { makeVatConsole } from './vat-console.js';
import { VatUrl } from './vat-url.js';

const { harden } = hardening;
const { apply, construct, ownKeys } = Reflect;
const { defineProperty, entries, hasOwn } = Object;

type Globals = Readonly<Record<PropertyKey, unknown>>;
interface CompartmentOptions {
  readonly [option: string]: unknown;
  readonly __shimTransforms__?: readonly unknown[];
}
/** Of SES's constructor: one bag of options, or globals, modules and the other options. */
type CompartmentArgs = readonly (CompartmentOptions | null | undefined)[];

const PASS_STYLE_OF = Symbol.for('@endo passStyleOf');
const INHERITED: readonly PropertyKey[] = ['WeakMap', 'WeakSet', PASS_STYLE_OF];

/** As universal as SES's intrinsics are, unless a compartment is given others. */
const floats = entries(floatArrays);

/** What vats have in the place of an intrinsic, which the image keeps for itself. */
const COUNTED = [
  ['JSON', JSON, countedJson],
  ['Proxy', Proxy, vatProxy],
  ['Reflect', Reflect, countedReflect],
] as const;

const StartCompartment = Compartment;
const { assert } = globalThis;
const globalThisGetter = getterOf(StartCompartment.prototype, 'globalThis');

/** The real global object, whatever a subclass says. */
const globalOf = (compartment: object): Properties => {
  const globals = apply(globalThisGetter, compartment, []);
  check(isObject(globals), 'a compartment has a global object');
  return globals;
};

const setGlobal = (target: object, key: PropertyKey, value: unknown): void => {
  const attributes = { writable: true, enumerable: false, configurable: true };
  defineProperty(target, key, { value, ...attributes });
};

const dressGlobal = (compartment: object, inherited: Globals): void => {
  const globals = globalOf(compartment);
  addWovenGlobals(globals, harden);
  for (const key of ownKeys(inherited)) setGlobal(globals, key, inherited[key]);
  setGlobal(globals, 'Date', dateFor(globals['Date']));
  const { Function: given } = globals;
  if (given !== undefined) setGlobal(globals, 'Function', checkedFunction(given));
  for (const [name, native, ours] of COUNTED) {
    if (globals[name] === native) setGlobal(globals, name, ours);
  }
  for (const [name, value] of floats) if (!hasOwn(globals, name)) setGlobal(globals, name, value);
  const own = globals['Compartment'];
  // Vat code may have withheld it from its child, or given something of its own.
  if (typeof own !== 'function') return;
  setGlobal(globals, 'Compartment', wrapCompartment(own, inherited));
};

/**
 * The arguments of SES's constructor, old style or new, as one bag of options in which ours is the
 * last transform, of modules too.
 */
const withWeaving = (args: CompartmentArgs): CompartmentOptions => {
  const [first, modules, more] = args;
  const isBag = args.length === 1 && typeof first === 'object' && first !== null;
  const options: CompartmentOptions =
    isBag && '__options__' in first
      ? { ...first }
      : { ...more, globals: first ?? {}, modules: modules ?? {}, __options__: true };
  return { ...options, __shimTransforms__: [...(options.__shimTransforms__ ?? []), weaveSource] };
};

const wrapCompartment = (Inner: Function, inherited: Globals): object => {
  function Compartment(this: object, ...args: CompartmentArgs): object {
    if (new.target === undefined) {
      throw new TypeError("Class constructor Compartment cannot be invoked without 'new'");
    }
    const woven = [withWeaving(args)];
    const child: object = construct(Inner, woven, new.target);
    dressGlobal(child, inherited);
    return child;
  }
  Compartment.prototype = Inner.prototype;
  return harden(Compartment);
};

/** A compartment's `eval` is its own, so `eval(x)` is `(0, eval)(x)`. SES refuses it by default. */
const AS_INDIRECT = { __rejectSomeDirectEvalExpressions__: false };

/** See `VatEnvironment.makeCompartment`. `details`: of errors, for the console's lines. */
export const makeVatCompartment = (
  globals: Globals,
  log: LogSink,
  details?: ErrorDetails,
): VatCompartment => {
  const all: Record<PropertyKey, unknown> = {
    assert,
    console: makeVatConsole(log, details),
    URL: VatUrl,
  };
  const inherited: Record<PropertyKey, unknown> = {};
  for (const key of ownKeys(globals)) {
    const value = globals[key];
    if (value === undefined) continue;
    all[key] = value;
    if (INHERITED.includes(key)) inherited[key] = value;
  }
  const compartment = new StartCompartment(withWeaving([{ globals: all, __options__: true }]));
  dressGlobal(compartment, inherited);
  return {
    evaluate: source => {
      expectWoven(source);
      const tell = (text: string): void => log('info', text);
      return whileLoading(() => compartment.evaluate(source, AS_INDIRECT), tell);
    },
  };
};

// SES leaves parts of its `assert` unfrozen: children would share them.
harden(assert);
harden(VatUrl);
harden(floatArrays);
for (const [, , ours] of COUNTED) harden(ours);
