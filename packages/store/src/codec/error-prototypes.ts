/**
 * The eight standard errors: their prototypes, names and constructors. Runs no traps, no getters.
 */
import { types } from 'node:util';

const { isProxy } = types;
const { getPrototypeOf } = Object;

const PROTOTYPE_CHAIN_MAX = 1_000;

type SimpleErrorConstructor = new (message: string) => Error;

/** Named here: under SES the constructor `Error` may itself have another name. */
const CONSTRUCTORS: readonly (readonly [name: string, constructor: SimpleErrorConstructor])[] = [
  ['Error', Error],
  ['EvalError', EvalError],
  ['RangeError', RangeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
  ['TypeError', TypeError],
  ['URIError', URIError],
];

export const standardNameOf = new Map<object, string>([
  [AggregateError.prototype, 'AggregateError'],
]);
export const constructorOf = new Map<string, SimpleErrorConstructor>();
for (const [name, constructor] of CONSTRUCTORS) {
  standardNameOf.set(constructor.prototype, name);
  constructorOf.set(name, constructor);
}

/** Whether `name` belongs to one of the eight standard constructors. */
export function isStandardErrorName(name: string): boolean {
  return constructorOf.has(name) || name === 'AggregateError';
}

/** Whether `value` inherits directly from a standard error prototype. Runs no traps. */
export function isErrorObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isProxy(value)) {
    return false;
  }
  return isErrorPrototype(getPrototypeOf(value));
}

export function isErrorPrototype(proto: object | null): boolean {
  return proto !== null && standardNameOf.has(proto);
}

/** Whether `value` inherits from a standard error prototype at any distance. Runs no traps. */
export function isErrorLike(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return nearestStandardPrototype(value) !== undefined;
}

export function nearestStandardPrototype(value: object): object | undefined {
  let link: object | null = value;
  for (let i = 0; link !== null && !isProxy(link) && i < PROTOTYPE_CHAIN_MAX; i += 1) {
    if (standardNameOf.has(link)) {
      return link;
    }
    link = getPrototypeOf(link);
  }
  return undefined;
}
