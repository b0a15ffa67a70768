/**
 * What an author can do about an error that says no more than what is wrong: told in notes, which
 * show in traces alone. No vat sees them and nothing hashes them, so the messages stay as they are.
 *
 * No code of a vat runs for it.
 */
import { types } from 'node:util';
import { refusedValue } from '@heirloom/store/codec';
import { isPromiseRef, type VRef } from '../../protocol/refs.js';
import { isInstance } from '../../values.js';
import { noteCallSite } from './call-sites.js';
import { noteAbout, noteText } from './fail.js';

const { isDate, isMap, isProxy, isRegExp, isSet } = types;
const { isView } = ArrayBuffer;
const ArrayBufferOf = ArrayBuffer;

/** Of what cannot be passed. Float arrays of vats are proxies, and known to be views. */
const insteadOf = (value: object): string => {
  if (isView(value)) {
    return (
      'a typed array cannot be passed or stored: copy its numbers, Array.from(array), or its ' +
      'bytes, array.buffer.sliceToImmutable()'
    );
  }
  if (isProxy(value)) return 'a proxy cannot be passed or stored: copy what is behind it';
  if (typeof value === 'function') {
    return "a function cannot be passed or stored: make it a Far one, Far('name', function)";
  }
  if (isMap(value) || isSet(value)) {
    const [what, name] = isMap(value) ? ['map', 'Map'] : ['set', 'Set'];
    return (
      `a ${what} of JavaScript cannot be passed or stored: copy its entries, [...${what}], or ` +
      `use makeCopy${name} of @endo/patterns; to keep one, VatData.makeScalarBig${name}Store`
    );
  }
  if (isDate(value)) return 'a date cannot be passed or stored: pass its time, date.getTime()';
  if (isRegExp(value)) return 'a pattern cannot be passed or stored: pass its text, regexp.source';
  if (isInstance(value, ArrayBufferOf)) {
    return 'a buffer that can change cannot be passed or stored: use buffer.sliceToImmutable()';
  }
  return (
    'what is not plain data is passed by reference, if it is declared: give its methods to ' +
    "Far('name', methods) or to a kind; or copy its fields, { ...object }"
  );
};

/** `error`: thrown for a value that was to be encoded. */
export const noteRefused = (error: unknown): void => {
  if (!isInstance(error, Error) || !noteCallSite(error)) return;
  const value = refusedValue(error);
  if (value !== undefined) noteAbout(error, value, insteadOf(value));
};

/** By what a reference that is not durable names. */
const durableInstead = (vref: VRef): string => {
  if (isPromiseRef(vref)) {
    return 'a promise: store what it settles to, or watch it with VatData.watchPromise';
  }
  return vref.startsWith('o+v')
    ? 'virtual: define its kind with defineDurableKind or prepareExoClass; make a collection ' +
        'with { durable: true }'
    : 'an object of the heap (of Far or makeExo): make it an instance of a durable kind, by ' +
        'defineDurableKind or prepareExoClass';
};

/** Throws what `fail` throws, and tells `text` of it. */
const failWith = (text: string, fail: () => never): never => {
  try {
    return fail();
  } catch (error) {
    if (isInstance(error, Error) && noteCallSite(error)) noteText(error, text);
    throw error;
  }
};

/** Throws what `fail` throws, since what is durable was to mention `vref`. */
export const failNotDurable = (vref: VRef, fail: () => never): never => {
  const ends = 'what is durable may not mention what ends with an incarnation. This is';
  return failWith(`${ends} ${durableInstead(vref)}`, fail);
};

/** Of a key, in characters. */
const KEY_SHOWN_MAX = 100;

/** Throws what `fail` throws, since baggage has no such key: vats are not told which. */
export const failNotInBaggage = (key: unknown, fail: () => never): never => {
  if (typeof key !== 'string') return fail();
  const name = JSON.stringify(key.slice(0, KEY_SHOWN_MAX));
  return failWith(
    `baggage has no key ${name}: no start has put it there, or one has taken it out. Code of a ` +
      `later release asks baggage.has(${name}) first, at each start`,
    fail,
  );
};

/** Throws what `fail` throws, since buildRootObject returned `value`. */
export const failNotRoot = (value: unknown, fail: () => never): never => {
  const returned = value === undefined ? 'it returned nothing; end it with' : 'end it with';
  return failWith(`${returned}: return Far('root', { ...methods })`, fail);
};
