/**
 * Errors as data: name, message, cause, errors. No stack crosses.
 *
 * What is a passable error follows pass-style 1.8 (`error.js`): it inherits directly from a
 * standard error prototype; own string-named properties are at most `message` (required), `stack`,
 * `cause` and `errors`, none enumerable, all data. An error of another name is not passable, but
 * may be settled with: it arrives as endo's marshal makes it, an `Error` named `Error`, and is
 * encoded as that, so that bytes have one value.
 * A decoded error's own `stack` is '', as in a realm with errorTaming 'safe'.
 */
import { types } from 'node:util';
import {
  constructorOf,
  isErrorLike,
  isErrorObject,
  isStandardErrorName,
  nearestStandardPrototype,
  standardNameOf,
} from './error-prototypes.js';
import { Refusal, describe, quote } from './refusal.js';

const { isProxy } = types;
const { isArray } = Array;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { deleteProperty, get, ownKeys } = Reflect;

const PASS_STYLE = Symbol.for('passStyle');

/** V8 from 12 gives errors an own accessor `stack`; hardening makes it data, a host need not. */
const stackGetter = getOwnPropertyDescriptor(new Error('sample'), 'stack')?.get;

export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly cause: object | undefined;
  readonly errors: readonly unknown[] | undefined;
}

/** The fields of an error that `isErrorObject` accepts. Throws a Refusal if it is not passable. */
export function readError(error: object): ErrorFields {
  const name = standardNameOf.get(getPrototypeOf(error));
  if (name === undefined) {
    throw new TypeError('an error inherits directly from a standard prototype');
  }
  let message: string | undefined;
  let cause: object | undefined;
  let errors: readonly unknown[] | undefined;
  for (const key of ownKeys(error)) {
    const descriptor = getOwnPropertyDescriptor(error, key);
    if (descriptor === undefined) {
      continue;
    }
    if (typeof key === 'symbol') {
      checkErrorSymbol(key, descriptor);
      continue;
    }
    const value = errorPropertyValue(key, descriptor);
    switch (key) {
      case 'message':
        message = requireText(key, value);
        break;
      case 'stack':
        requireText(key, value);
        break;
      case 'cause':
        requireError(value);
        cause = value;
        break;
      case 'errors':
        errors = requireArray(key, value);
        break;
      default:
        throw new Refusal(`Passable Error has extra unpassed property ${quote(key)}`);
    }
  }
  if (message === undefined) {
    throw new Refusal('Passable Error must have an own "message" string property: (an object)');
  }
  return { name, message, cause, errors };
}

/** Symbol-named properties are dropped, as in pass-style, but for a claim to be something else. */
function checkErrorSymbol(key: symbol, { get, value }: PropertyDescriptor): void {
  if (key === PASS_STYLE && (get !== undefined || (value !== undefined && value !== 'error'))) {
    throw new Refusal('Unrecognized PassStyle on an error');
  }
}

/** The value of one own property, which must be hidden and data. */
function errorPropertyValue(key: string, descriptor: PropertyDescriptor): unknown {
  if (descriptor.enumerable === true) {
    throw new Refusal(`${must(key)} not be enumerable: (an object)`);
  }
  if (descriptor.writable === undefined) {
    if (key === 'stack' && descriptor.get === stackGetter && stackGetter !== undefined) {
      return '';
    }
    throw new Refusal(`${must(key)} be a data property: (an object)`);
  }
  return descriptor.value;
}

function must(key: string): string {
  return `Passable Error ${quote(key)} own property must`;
}

function requireText(key: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new Refusal(`${must(key)} be a string: (a ${typeof value})`);
  }
  return value;
}

function requireArray(key: string, value: unknown): readonly unknown[] {
  if (!isObject(value) || isProxy(value) || !isArray(value)) {
    throw new Refusal(`${must(key)} be a copyArray: (a ${typeof value})`);
  }
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Refuses what is no error, or only inherits from one at a distance. */
export function requireError(value: unknown): asserts value is object {
  if (isErrorObject(value)) {
    return;
  }
  if (isErrorLike(value)) {
    throw new Refusal(
      'Passable Error must inherit from an error class .prototype: (an object)',
    );
  }
  const shown = typeof value === 'function' || isObject(value) ? describe(value) : typeof value;
  throw new Refusal(`Error expected: ${shown}`);
}

/** What accessors have given. */
const givenMessages = new WeakMap<object, string>();

/** What an accessor gave for the message of `error` when it was asked. */
export function givenMessage(error: object): string | undefined {
  return givenMessages.get(error);
}

/**
 * Asks the accessor, own or inherited, that an error has for its message, as endo's marshal does:
 * it runs code of a vat, which no walk over a value may do. Ask before the error is hardened: it
 * may want to keep its text. What it throws is no message.
 */
export function askMessage(error: unknown): void {
  if (!isObject(error) || givenMessages.has(error)) {
    return;
  }
  const proto = nearestStandardPrototype(error);
  if (proto === undefined || nearestDescriptor(error, 'message', proto)?.get === undefined) {
    return;
  }
  try {
    const message: unknown = get(error, 'message');
    if (typeof message === 'string') {
      givenMessages.set(error, message);
    }
  } catch {
    // It has none to give.
  }
}

function nearestDescriptor(
  error: object,
  key: string,
  end: object,
): PropertyDescriptor | undefined {
  let link: object | null = error;
  while (link !== null && link !== end) {
    const descriptor = getOwnPropertyDescriptor(link, key);
    if (descriptor !== undefined) {
      return descriptor;
    }
    link = getPrototypeOf(link);
  }
  return undefined;
}

/**
 * What can be told of an error that is not passable: the nearest data properties `name` (a standard
 * one, else `Error`) and `message` up to the standard prototype, and its own `cause` and `errors`
 * unchecked; a message that an accessor gave counts as well. Undefined for what is no error at all.
 */
export function salvageError(error: unknown): ErrorFields | undefined {
  if (!isObject(error)) {
    return undefined;
  }
  const proto = nearestStandardPrototype(error);
  if (proto === undefined) {
    return undefined;
  }
  const own = (key: string): unknown => getOwnPropertyDescriptor(error, key)?.value;
  const cause = own('cause');
  const errors = own('errors');
  const name = nearestString(error, 'name', proto) ?? standardNameOf.get(proto) ?? 'Error';
  return {
    name: isStandardErrorName(name) ? name : 'Error',
    message: givenMessages.get(error) ?? nearestString(error, 'message', proto) ?? '',
    cause: isErrorObject(cause) ? cause : undefined,
    errors: isObject(errors) && !isProxy(errors) && isArray(errors) ? errors : undefined,
  };
}

function nearestString(error: object, key: string, end: object): string | undefined {
  let link: object | null = error;
  while (link !== null && link !== end) {
    const value: unknown = getOwnPropertyDescriptor(link, key)?.value;
    if (typeof value === 'string') {
      return value;
    }
    link = getPrototypeOf(link);
  }
  return undefined;
}

/** A fresh error, not hardened yet. `cause` and the elements of `errors` are hardened errors. */
export function makeError(fields: ErrorFields): Error {
  const { name, message, cause, errors } = fields;
  const constructor = constructorOf.get(name) ?? Error;
  const isAggregate = name === 'AggregateError';
  const error = isAggregate ? new AggregateError([], message) : new constructor(message);
  defineHidden(error, 'stack', '');
  if (cause !== undefined) {
    defineHidden(error, 'cause', cause);
  }
  if (errors !== undefined) {
    defineHidden(error, 'errors', errors);
  } else if (isAggregate) {
    deleteProperty(error, 'errors');
  }
  return error;
}

function defineHidden(error: Error, key: string, value: unknown): void {
  defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}
