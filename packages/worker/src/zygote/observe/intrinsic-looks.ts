/**
 * Observations of what there is: every object that can be reached from the globals of a vat, its
 * properties in their order, their attributes, names and lengths of functions.
 *
 * What is reached from one global counts for the group of that global, if none before it reaches
 * it. A group has a digest of its own, so that one sees where something is new.
 */
import { required } from '@heirloom/store/types';
import { check } from '../../check.js';
import { isObject } from '../../values.js';
import { shown, type Look } from './sight.js';
import { evaluateScript } from './vat-scripts.js';

/** Globals by group, in the order in which they are walked; the rest is of the last group. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  objects: ['Object', 'Function', 'Reflect', 'Proxy', 'Boolean'],
  arrays: ['Array', 'Iterator', 'AsyncIterator'],
  texts: ['String', 'Symbol', 'RegExp', 'JSON', 'escape', 'unescape', 'encodeURI', 'decodeURI'],
  numbers: ['Number', 'BigInt', 'Math', 'Date', 'Temporal', 'Intl'],
  collections: ['Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry'],
  bytes: ['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Uint8Array', 'Int8Array', 'Atomics'],
  errors: ['Error', 'TypeError', 'AggregateError', 'SuppressedError'],
};
const OTHERS = 'others';

const attributesOf = (property: PropertyDescriptor): string => {
  const kind = 'value' in property ? 'value' : 'accessor';
  const { writable = false, enumerable = false, configurable = false } = property;
  return `${kind} ${Number(writable)}${Number(enumerable)}${Number(configurable)}`;
};

const lineOf = (key: PropertyKey, property: PropertyDescriptor): string => {
  const { value }: { value?: unknown } = property;
  const is = isObject(value) ? typeof value : shown(value);
  return `${String(key)} ${attributesOf(property)} ${is}`;
};

/** Sees `root` and what it leads to, breadth first, but for what has been `found` before. */
const walk = (root: object, found: Set<object>): string[] => {
  const seen: string[] = [];
  const ahead: object[] = [];
  const add = (value: unknown): void => {
    if (!isObject(value) || found.has(value)) return;
    found.add(value);
    ahead.push(value);
  };
  add(root);
  for (let at = 0; at < ahead.length; at += 1) {
    const object = required(ahead[at], 'the next object of a walk');
    seen.push(typeof object);
    for (const key of Reflect.ownKeys(object)) {
      const property = required(Reflect.getOwnPropertyDescriptor(object, key), 'a property');
      seen.push(lineOf(key, property));
      for (const part of [property.value, property.get, property.set]) add(part);
    }
    add(Reflect.getPrototypeOf(object));
  }
  return seen;
};

/** By group. */
type Walked = ReadonlyMap<string, readonly string[]>;

const walkAll = (): Walked => {
  const globals = evaluateScript('globalThis');
  check(isObject(globals), 'a compartment has a global object');
  const found = new Set<object>();
  const named = new Set<PropertyKey>(['globalThis']);
  const seen = new Map<string, string[]>();
  const see = (group: string, names: readonly PropertyKey[]): void => {
    const lines = names.flatMap(name => {
      named.add(name);
      const value: unknown = Reflect.get(globals, name);
      const steps = isObject(value) ? walk(value, found) : [];
      return [`${String(name)} ${typeof value}`, ...steps];
    });
    seen.set(group, lines);
  };
  for (const [group, names] of Object.entries(GROUPS)) see(group, names);
  see(OTHERS, Reflect.ownKeys(globals).filter(name => !named.has(name)));
  return seen;
};

let walked: Walked | undefined;

const groupLook = (group: string): Look => ({
  name: `intrinsics.${group}`,
  look(sight) {
    walked ??= walkAll();
    for (const line of walked.get(group) ?? []) sight.text(line);
  },
});

export const intrinsicLooks: readonly Look[] = [...Object.keys(GROUPS), OTHERS].map(groupLook);
