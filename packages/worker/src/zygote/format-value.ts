/**
 * Values of vat code as text for logs, without running any of that code.
 *
 * No getter, proxy trap, toString or toJSON is called: own data properties are read through their
 * descriptors, proxies are not entered. Bounded in depth, in entries and in length.
 */
import { types } from 'node:util';
import { isObject } from '../values.js';

const { isMap, isPromise, isProxy, isSet, isTypedArray } = types;

const DEPTH_MAX = 3;
const ENTRIES_MAX = 50;
const TEXT_LENGTH_MAX = 10_000;

/** Lockdown makes accessors of some data properties; their getters bear the value. */
const originalValue = (getter: unknown): unknown =>
  typeof getter === 'function' && !isProxy(getter)
    ? Object.getOwnPropertyDescriptor(getter, 'originalValue')?.value
    : undefined;

/** An own or inherited data property; `undefined` for accessors and behind a proxy. */
const dataProperty = (value: object, key: PropertyKey): unknown => {
  let layer: object | null = value;
  for (let i = 0; layer !== null && i < ENTRIES_MAX; i += 1) {
    if (isProxy(layer)) return undefined;
    const descriptor = Object.getOwnPropertyDescriptor(layer, key);
    if (descriptor !== undefined) {
      return 'value' in descriptor ? descriptor.value : originalValue(descriptor.get);
    }
    layer = Object.getPrototypeOf(layer);
  }
  return undefined;
};

const textProperty = (value: object, key: PropertyKey): string => {
  const property = dataProperty(value, key);
  return typeof property === 'string' ? property : '';
};

const formatPrimitive = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  return String(value);
};

const formatError = (error: Error, depth: number): string => {
  const name = textProperty(error, 'name');
  const message = textProperty(error, 'message');
  const cause = Object.getOwnPropertyDescriptor(error, 'cause');
  const text = message === '' ? name : `${name || 'Error'}: ${message}`;
  return cause === undefined ? text : `${text} [cause: ${format(cause.value, depth + 1)}]`;
};

const formatEntry = (value: object, key: string | symbol, depth: number): string => {
  const descriptor = Object.getOwnPropertyDescriptor(value, key);
  if (descriptor === undefined) return '';
  if (!('value' in descriptor)) return '[accessor]';
  return format(descriptor.value, depth + 1);
};

const formatEntries = (value: object, depth: number): string => {
  const isList = Array.isArray(value);
  const keys = Reflect.ownKeys(value).filter(key => {
    if (isList && key === 'length') return false;
    return Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  const entries = keys.slice(0, ENTRIES_MAX).map(key => {
    const text = formatEntry(value, key, depth);
    return isList ? text : `${String(key)}: ${text}`;
  });
  if (keys.length > ENTRIES_MAX) entries.push(`... ${keys.length - ENTRIES_MAX} more`);
  if (isList) return `[${entries.join(', ')}]`;
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
};

const format = (value: unknown, depth: number): string => {
  if (!isObject(value)) return formatPrimitive(value);
  if (isProxy(value)) return '[Proxy]';
  if (typeof value === 'function') return `[Function ${textProperty(value, 'name')}]`;
  if (types.isNativeError(value)) return formatError(value, depth);
  const tag = textProperty(value, Symbol.toStringTag);
  if (isPromise(value)) return '[Promise]';
  if (isTypedArray(value)) return '[typed array]';
  if (isMap(value)) return '[Map]';
  if (isSet(value)) return '[Set]';
  if (types.isDate(value)) return '[Date]';
  const label = tag === '' ? '' : `[${tag}] `;
  if (depth >= DEPTH_MAX) return label === '' ? '[Object]' : label.trimEnd();
  return label + formatEntries(value, depth);
};

const clip = (text: string): string =>
  text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text;

export const formatValue = (value: unknown): string => clip(format(value, 0));

/** The arguments of a console call as one line; strings stand for themselves. */
export const formatLine = (values: readonly unknown[]): string =>
  clip(values.map(value => (typeof value === 'string' ? value : format(value, 0))).join(' '));
