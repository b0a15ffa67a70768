/**
 * The own properties of records and tagged values: which may stand there, in which order.
 */
import { Refusal } from './refusal.js';

const { defineProperty, getOwnPropertyDescriptor } = Object;

const PASS_STYLE = Symbol.for('passStyle');
const TO_STRING_TAG: symbol = Symbol.toStringTag;
const TAGGED_KEYS_COUNT = 3;

/** Sorts in place by UTF-16 units. Most records are small and many are sorted already. */
export function sortNames(names: string[]): void {
  let before = '';
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i] ?? '';
    if (before > name) {
      names.sort();
      return;
    }
    before = name;
  }
}

interface TaggedParts {
  readonly tag: string;
  readonly payload: PropertyDescriptor;
}

/**
 * The parts of an object with symbol-named properties that inherits from `Object.prototype`.
 * Throws a Refusal unless it is what pass-style's `makeTagged` makes.
 */
export function readTagged(value: object, keys: readonly PropertyKey[]): TaggedParts {
  const style = getOwnPropertyDescriptor(value, PASS_STYLE);
  if (style === undefined) {
    throw new Refusal('Records can only have string-named properties: (an object)');
  }
  if (style.value !== 'tagged' || style.enumerable === true) {
    throw new Refusal('Unrecognized PassStyle: (an object)');
  }
  const tag = getOwnPropertyDescriptor(value, TO_STRING_TAG);
  if (typeof tag?.value !== 'string' || tag.enumerable === true) {
    throw new Refusal('A [Symbol.toStringTag]-named property must be a string: (an object)');
  }
  const payload = getOwnPropertyDescriptor(value, 'payload');
  if (payload === undefined || keys.length !== TAGGED_KEYS_COUNT) {
    throw new Refusal('Unexpected properties on tagged record (an object)');
  }
  return { tag: tag.value, payload };
}

/** As pass-style's `makeTagged`, not hardened yet. */
export function makeTagged(tag: string, payload: unknown): object {
  const tagged = {};
  defineData(tagged, PASS_STYLE, 'tagged', false);
  defineData(tagged, TO_STRING_TAG, tag, false);
  defineData(tagged, 'payload', payload, true);
  return tagged;
}

/** Defines an own property, whatever the prototype has under that name. */
export function defineData(
  object: object,
  key: PropertyKey,
  value: unknown,
  enumerable: boolean,
): void {
  defineProperty(object, key, { value, writable: true, enumerable, configurable: true });
}
