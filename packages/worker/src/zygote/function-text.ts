/**
 * `Function.prototype.toString`: a function of vat code shows the text that its author has written,
 * without what the weaver has added. What it shows can be evaluated again.
 *
 * It is there before `ses`, which puts its own function around it.
 */
import { unmarked } from '../weave/marks.js';

const { apply } = Reflect;

/** Errors: V8's TypeError for what is no function. */
export const installFunctionText = (): void => {
  const native: () => string = Function.prototype.toString;
  const { toString } = {
    toString(this: unknown): string {
      const text: string = apply(native, this, []);
      return unmarked(text);
    },
  };
  Object.defineProperty(Function.prototype, 'toString', { value: toString });
};
