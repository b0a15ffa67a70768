/**
 * Puts constructors of ours into the place of `Error` and its kind: they make what the engine's
 * make, and brand it (engine-errors.ts).
 *
 * Theory of operation. Vat code sees the engine's: names, lengths, prototypes, texts, the order in
 * which `new.target` is asked. So each is a bound function of a proxy of the engine's constructor:
 * neither has a `this` of its own to make, for which a plain function would ask `new.target` once
 * more, and a bound function that is frozen says so as any other function does.
 *
 * A module of side effects; it must be evaluated before `ses`, and before every module that takes
 * an error constructor when it is loaded. Traces: the trap is one frame of ours on top, so V8 keeps
 * one more (error-details.ts leaves it out again).
 */
import { branded } from './engine-errors.js';
import { showAsNative } from './native-text.js';

const { construct, defineProperty, getOwnPropertyDescriptor, ownKeys, setPrototypeOf } = Reflect;
const { bind } = Function.prototype;

type Native = Function & { readonly prototype: object };

const NAMES = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'SuppressedError',
] as const;

const NativeError = Error;
/** What V8 would keep without us. */
export const STACK_FRAMES = NativeError.stackTraceLimit;

/** V8 reads these of its own constructor, and so does Node. */
const forward = (name: PropertyKey): PropertyDescriptor => ({
  get: (): unknown => Reflect.get(NativeError, name),
  set: (value: unknown): void => void Reflect.set(NativeError, name, value),
  enumerable: true,
  configurable: true,
});

const constructorFor = (native: Native): Native => {
  const proxy: Function = new Proxy(native, {
    apply: (_target, _self, args) => branded(construct(native, args, native)),
    construct: (_target, args, target) =>
      branded(construct(native, args, target === proxy ? native : target)),
  });
  const ours: Native = Reflect.apply(bind, proxy, []);
  for (const key of ownKeys(native)) {
    const descriptor = getOwnPropertyDescriptor(native, key);
    if (descriptor !== undefined) defineProperty(ours, key, descriptor);
  }
  return ours;
};

const globals: object = globalThis;
let ErrorOfOurs: Native | undefined;
for (const name of NAMES) {
  const descriptor = getOwnPropertyDescriptor(globals, name);
  if (descriptor === undefined) continue;
  const native: Native = descriptor.value;
  const ours = constructorFor(native);
  if (ErrorOfOurs === undefined) {
    ErrorOfOurs = ours;
    for (const key of ['stackTraceLimit', 'prepareStackTrace']) {
      defineProperty(ours, key, forward(key));
    }
  } else setPrototypeOf(ours, ErrorOfOurs);
  const { constructor } = Object.getOwnPropertyDescriptors(native.prototype);
  defineProperty(native.prototype, 'constructor', { ...constructor, value: ours });
  showAsNative(ours, name);
  defineProperty(globals, name, { ...descriptor, value: ours });
}
NativeError.stackTraceLimit = STACK_FRAMES + 1;
