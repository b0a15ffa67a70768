/**
 * The compartment of a vat, and the `Compartment` that its code gets.
 *
 * Globals: SES's universal intrinsics (harden, HandledPromise, UTC Date, TextEncoder, TextDecoder
 * among them), `assert`, `console`, `URL`, and what liveslots adds. No global is defined as
 * undefined: `'VatData' in globalThis` decides in libraries.
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
import type { LogSink, VatCompartment } from '../contracts/vat-environment.js';
import { addWovenGlobals, expectWoven, weaveSource } from './call-depth.js';
import { hardening } from './harden.js';
import { makeVatConsole } from './vat-console.js';
import { VatUrl } from './vat-url.js';

const { harden } = hardening;
const { apply, construct, ownKeys } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;

type Globals = Readonly<Record<PropertyKey, unknown>>;
interface CompartmentOptions {
  readonly [option: string]: unknown;
  readonly __shimTransforms__?: readonly unknown[];
}
type CompartmentConstructor = new (...args: unknown[]) => VatCompartment;

const PASS_STYLE_OF = Symbol.for('@endo passStyleOf');
const INHERITED: readonly PropertyKey[] = ['WeakMap', 'WeakSet', 'Date', PASS_STYLE_OF];

const startRealm = globalThis as unknown as {
  readonly Compartment: CompartmentConstructor;
  readonly assert: unknown;
};
const StartCompartment = startRealm.Compartment;
const globalThisGetter = getOwnPropertyDescriptor(
  StartCompartment.prototype as object,
  'globalThis',
)!.get!;

/** The real global object, whatever a subclass says. */
const globalOf = (compartment: object): Record<PropertyKey, unknown> =>
  apply(globalThisGetter, compartment, []) as Record<PropertyKey, unknown>;

const setGlobal = (target: object, key: PropertyKey, value: unknown): void => {
  const attributes = { writable: true, enumerable: false, configurable: true };
  defineProperty(target, key, { value, ...attributes });
};

const dressGlobal = (compartment: object, inherited: Globals): void => {
  const globals = globalOf(compartment);
  addWovenGlobals(globals, harden);
  for (const key of ownKeys(inherited)) {
    setGlobal(globals, key, (inherited as Record<PropertyKey, unknown>)[key]);
  }
  const own = globals['Compartment'];
  // Vat code may have withheld it from its child, or given something of its own.
  if (typeof own !== 'function') return;
  setGlobal(globals, 'Compartment', wrapCompartment(own as CompartmentConstructor, inherited));
};

/**
 * The arguments of SES's constructor, old style or new, as one bag of options in which ours is the
 * last transform, of modules too.
 */
const withWeaving = (args: readonly unknown[]): object => {
  const [first, modules, more] = args as readonly (CompartmentOptions | null | undefined)[];
  const isBag = args.length === 1 && typeof first === 'object' && first !== null;
  const options: CompartmentOptions =
    isBag && '__options__' in first
      ? { ...first }
      : { ...more, globals: first ?? {}, modules: modules ?? {}, __options__: true };
  return { ...options, __shimTransforms__: [...(options.__shimTransforms__ ?? []), weaveSource] };
};

const wrapCompartment = (
  Inner: CompartmentConstructor,
  inherited: Globals,
): CompartmentConstructor => {
  function Compartment(this: object, ...args: unknown[]): object {
    const newTarget = new.target as unknown;
    if (newTarget === undefined) {
      throw new TypeError("Class constructor Compartment cannot be invoked without 'new'");
    }
    const woven = [withWeaving(args)];
    const child = construct(Inner, woven, newTarget as NewableFunction) as object;
    dressGlobal(child, inherited);
    return child;
  }
  Compartment.prototype = Inner.prototype as object;
  return harden(Compartment as unknown as CompartmentConstructor);
};

/** See `VatEnvironment.makeCompartment`. */
export const makeVatCompartment = (globals: Globals, log: LogSink): VatCompartment => {
  const all: Record<PropertyKey, unknown> = {
    assert: startRealm.assert,
    console: makeVatConsole(log),
    URL: VatUrl,
  };
  const inherited: Record<PropertyKey, unknown> = {};
  for (const key of ownKeys(globals)) {
    const value = (globals as Record<PropertyKey, unknown>)[key];
    if (value === undefined) continue;
    all[key] = value;
    if (INHERITED.includes(key)) inherited[key] = value;
  }
  const compartment = new StartCompartment(withWeaving([{ globals: all, __options__: true }]));
  dressGlobal(compartment, inherited);
  return {
    evaluate: source => {
      expectWoven(source);
      return compartment.evaluate(source);
    },
  };
};

// SES leaves parts of its `assert` unfrozen: children would share them.
harden(startRealm.assert);
harden(VatUrl);
