/**
 * `Function.prototype.toString`: a function of vat code shows the text that its author has written,
 * without what the weaver has added. What it shows can be evaluated again. What stands in the place
 * of a native shows as that (native-text.ts).
 *
 * It is there before `ses`, which puts its own function around it.
 */
import { unmarked } from '../weave/marks.js';

const { apply } = Reflect;

/** Errors: V8's TypeError for what is no function. */
export const installFunctionText = (): void => {
  const shown: () => string = Function.prototype.toString;
  const { toString } = {
    toString(this: unknown): string {
      const text: string = apply(shown, this, []);
      return unmarked(text);
    },
  };
  Object.defineProperty(Function.prototype, 'toString', { value: toString });
};
