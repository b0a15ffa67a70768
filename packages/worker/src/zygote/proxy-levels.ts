/**
 * `Proxy` for vats: a proxy stands before at most so many others, as its target, its handler or a
 * prototype of these, for V8 calls itself from one to the next.
 *
 * Invariant: how many they are is known when a proxy is made, and stays: a prototype that is a
 * proxy, or has one, is given to an object as this is made, or never. Traps are calls of vat code.
 */
import { types } from 'node:util';
import { PROXY_LEVELS_MAX } from '../protocol/limits.js';
import { isObject } from '../values.js';
import { showAsNative } from './function-text.js';

const { apply, construct, defineProperty } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { bind } = Function.prototype;
const { isProxy } = types;
const { get: getLevel, set: setLevel } = WeakMap.prototype;
const { max } = Math;
const NativeProxy = Proxy;
const { revocable: nativeRevocable } = Proxy;
const RangeErrorOf = RangeError;
const TypeErrorOf = TypeError;
/** In the prototype chain of nearly everything, and no proxy is behind them. */
const ROOTS: readonly unknown[] = [Object.prototype, Function.prototype, null];

/** Of proxies that stand before others; those that stand before none are of the first. */
const levels = new WeakMap<object, number>();

/** Of the first proxy among `value` and its prototypes; 0 if there is none. */
const levelOf = (value: unknown): number => {
  let layer = value;
  while (isObject(layer)) {
    if (isProxy(layer)) return Number(apply(getLevel, levels, [layer]) ?? 1);
    layer = getPrototypeOf(layer);
    if (layer === ROOTS[0] || layer === ROOTS[1]) return 0;
  }
  return 0;
};

/** Errors: RangeError for what is a proxy, or has one among its prototypes. */
export const checkPrototype = (prototype: unknown): void => {
  if (levelOf(prototype) === 0) return;
  throw RangeErrorOf('an object that is there cannot get a proxy as its prototype');
};

/** Errors: RangeError if it would stand before too many. */
const levelBefore = (target: unknown, handler: unknown): number => {
  const level = max(levelOf(target), levelOf(handler)) + 1;
  if (level > PROXY_LEVELS_MAX) {
    throw RangeErrorOf(`a proxy stands before at most ${PROXY_LEVELS_MAX} others`);
  }
  return level;
};

const noted = (proxy: object, level: number): void => {
  if (level > 1) apply(setLevel, levels, [proxy, level]);
};

function VatProxy(target: unknown, handler: unknown): object {
  if (new.target === undefined) throw TypeErrorOf("Constructor Proxy requires 'new'");
  const level = levelBefore(target, handler);
  const proxy: object = construct(NativeProxy, [target, handler]);
  noted(proxy, level);
  return proxy;
}

/** Bound: `Proxy` has no prototype. */
export const vatProxy: Function = apply(bind, VatProxy, [undefined]);

const { revocable } = {
  revocable(target: unknown, handler: unknown): object {
    const level = levelBefore(target, handler);
    const made: { readonly proxy: object } = apply(nativeRevocable, NativeProxy, [target, handler]);
    noted(made.proxy, level);
    return made;
  },
};
showAsNative(revocable, nativeRevocable);
showAsNative(vatProxy, NativeProxy);
const hidden = { writable: true, enumerable: false, configurable: true };
defineProperty(vatProxy, 'revocable', { value: revocable, ...hidden });

/** `Object.setPrototypeOf` and the setter of `__proto__`. Call once, before `ses`. */
export const installPrototypeChecks = (): void => {
  const { setPrototypeOf: native } = Object;
  const { setPrototypeOf } = {
    setPrototypeOf(target: unknown, prototype: unknown): unknown {
      checkPrototype(prototype);
      return apply(native, Object, [target, prototype]);
    },
  };
  showAsNative(setPrototypeOf, native);
  defineProperty(Object, 'setPrototypeOf', { value: setPrototypeOf, ...hidden });
  const accessor = getOwnPropertyDescriptor(Object.prototype, '__proto__');
  const setter = accessor?.set;
  if (setter === undefined) return;
  const { set } = {
    set(this: unknown, prototype: unknown): unknown {
      checkPrototype(prototype);
      return apply(setter, this, [prototype]);
    },
  };
  showAsNative(set, setter);
  defineProperty(Object.prototype, '__proto__', { ...accessor, set });
};
