/**
 * Lets objects that inherit from a prototype of errors have, by assignment, what it has itself, as
 * SES's `overrideTaming` does for most of what is assigned: classes written as functions assign
 * `constructor` and `name` (`X.prototype = new RangeError(); X.prototype.constructor = X`).
 *
 * To be called between SES's repairs and its hardening. Not for typed arrays and other intrinsics
 * by whose `constructor` V8 knows that nobody has changed it, and is quicker.
 */
import { isObject } from '../values.js';

const { defineProperty } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const TypeErrorOf = TypeError;

const CLASSES = [
  AggregateError,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];
const ASSIGNED = ['constructor', 'message', 'name', 'toString'];

const enableOverride = (prototype: object, key: string): void => {
  const descriptor = getOwnPropertyDescriptor(prototype, key);
  if (descriptor === undefined || !('value' in descriptor)) return;
  const value: unknown = descriptor.value;
  const accessor: object = {
    get [key](): unknown {
      return value;
    },
    set [key](given: unknown) {
      const attributes = { value: given, writable: true, enumerable: true, configurable: true };
      const isInheriting = isObject(this) && this !== prototype;
      if (!isInheriting || !defineProperty(this, key, attributes)) {
        throw TypeErrorOf(`Cannot assign to read only property '${key}'`);
      }
    },
  };
  const made = getOwnPropertyDescriptor(accessor, key) ?? {};
  // As SES has it: whoever hardens the accessor finds the value.
  if (made.get !== undefined) defineProperty(made.get, 'originalValue', { value });
  defineProperty(prototype, key, { ...made, enumerable: descriptor.enumerable === true });
};

export const enableOverrides = (): void => {
  for (const { prototype } of CLASSES) for (const key of ASSIGNED) enableOverride(prototype, key);
};
