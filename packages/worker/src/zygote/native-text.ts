/**
 * `Function.prototype.toString` of functions that stand in the place of the engine's: the text that
 * the engine's had. Must be evaluated before `ses` and before function-text.ts.
 */
const { apply } = Reflect;
const native: () => string = Function.prototype.toString;

/** Before `ses`, and so before vat code: nobody else can change a weak map's methods. */
const texts = new WeakMap<object, string>();
const { get, set } = texts;

/** From now on its text is that of a function of the engine. */
export const showAsNative = (made: Function, name: string): void => {
  apply(set, texts, [made, `function ${name}() { [native code] }`]);
};

const { toString } = {
  toString(this: unknown): string {
    const text: string = apply(native, this, []);
    return apply(get, texts, [this]) ?? text;
  },
};
Object.defineProperty(Function.prototype, 'toString', { value: toString });
showAsNative(toString, 'toString');
