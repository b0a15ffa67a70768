/**
 * What a value of vat code is, as far as the language itself says, and what we put on it.
 *
 * Predicates of the hot path. To read a property of what they have narrowed may run vat code.
 */
import { types } from 'node:util';

const { isProxy } = types;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/**
 * `value instanceof kind`. A proxy's trap, which is vat code, may throw: then it is no such thing.
 */
export const isInstance = <T>(
  value: unknown,
  kind: abstract new (...given: never[]) => T,
): value is T => {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
};

/** Anything that has properties: every object and every function, whoever made it. */
export type Properties = Readonly<Record<PropertyKey, unknown>>;

export const isObject = (value: unknown): value is Properties =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** An object that cannot be called. */
export const isRecord = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null;

/** The getter of an accessor of which the language, or SES, says that it is there. */
export const getterOf = (holder: object, name: PropertyKey): (() => unknown) => {
  const getter = Object.getOwnPropertyDescriptor(holder, name)?.get;
  if (getter === undefined) throw Error(`no accessor ${String(name)}`);
  return getter;
};

/** `value[name]`: primitives have properties, too. Throws TypeError for null and undefined. */
export const propertyOf = (value: unknown, name: PropertyKey): unknown =>
  (value as Properties)[name];

/** An own or inherited property, without running vat code: undefined where a proxy answers. */
export const quietDescriptor = (
  value: object,
  name: PropertyKey,
): PropertyDescriptor | undefined => {
  let layer: unknown = value;
  while (isObject(layer) && !isProxy(layer)) {
    const descriptor = getOwnPropertyDescriptor(layer, name);
    if (descriptor !== undefined) return descriptor;
    layer = getPrototypeOf(layer);
  }
  return undefined;
};

/** What `value[name]` is without running vat code: undefined for an accessor, too. */
export const quietProperty = (value: object, name: PropertyKey): unknown =>
  quietDescriptor(value, name)?.value;

/** A return-override base: its subclasses stamp private fields on objects that exist already. */
export class Stamped {
  constructor(target: object) {
    return target;
  }
}

/** Gives an object of ours a property, also under the one name whose assignment makes none. */
export const defineOwn = <T>(object: Record<PropertyKey, T>, name: PropertyKey, value: T): void => {
  if (name !== '__proto__') object[name] = value;
  else {
    const attributes = { writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, name, { value, ...attributes });
  }
};
