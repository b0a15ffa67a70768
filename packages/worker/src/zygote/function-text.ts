/**
 * `Function.prototype.toString`: a function of vat code shows the text that its author has written,
 * without what the weaver has added. What it shows can be evaluated again. What stands in the place
 * of a native shows as that.
 *
 * It is there before `ses`, which puts its own function around it.
 */
import { unmarked } from '../weave/marks.js';

const { apply } = Reflect;
const { defineProperty } = Object;
const nativeText: () => string = Function.prototype.toString;
const { get, set } = WeakMap.prototype;

const texts = new WeakMap<Function, string>();

/** Gives `made` what shows of `native`: name, length and text. */
export const showAsNative = (made: Function, native: Function): void => {
  for (const key of ['length', 'name'] as const) {
    defineProperty(made, key, { value: native[key], configurable: true });
  }
  apply(set, texts, [made, apply(nativeText, native, [])]);
};

/** Errors: V8's TypeError for what is no function. */
export const installFunctionText = (): void => {
  const { toString } = {
    toString(this: unknown): string {
      const text: string = apply(nativeText, this, []);
      const shown: unknown = apply(get, texts, [this]);
      return typeof shown === 'string' ? shown : unmarked(text);
    },
  };
  Object.defineProperty(Function.prototype, 'toString', { value: toString });
};
