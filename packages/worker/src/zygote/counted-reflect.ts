/**
 * `Reflect` for vats: its functions count as calls (depth-counter.ts), and arguments that come in a
 * list are bounded (counted-natives.ts).
 */
import { argumentsOf, counted } from './counted-natives.js';
import { inPlaceOf } from './in-place-of.js';
import { checkPrototype } from './proxy-levels.js';

const { apply, construct, setPrototypeOf } = Reflect;

const OTHERS = ['defineProperty', 'deleteProperty', 'get', 'getOwnPropertyDescriptor'] as const;
const MORE = ['getPrototypeOf', 'has', 'isExtensible', 'ownKeys', 'preventExtensions'] as const;

const methods: Record<string, Function> = {
  apply: counted((target: unknown, thisArg: unknown, list: unknown): unknown =>
    apply(apply, undefined, [target, thisArg, argumentsOf(list)]),
  ),
  construct: counted((target: unknown, list: unknown, ...newTarget: readonly unknown[]): unknown =>
    apply(construct, undefined, [target, argumentsOf(list), ...newTarget]),
  ),
  setPrototypeOf: counted((target: unknown, prototype: unknown): unknown => {
    checkPrototype(prototype);
    return apply(setPrototypeOf, undefined, [target, prototype]);
  }),
  set: counted(Reflect.set),
};
for (const name of [...OTHERS, ...MORE]) methods[name] = counted(Reflect[name]);

export const countedReflect = inPlaceOf(Reflect, methods);
