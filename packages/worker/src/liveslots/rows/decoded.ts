/**
 * What liveslots itself has put into the canonical bytes of a row: tags, labels, names of facets
 * and of properties, and the lists that data of vat code stands in.
 *
 * What is read was written by us: shapes are asserted, not repaired.
 */
import { check } from '../../check.js';
import type { Body, Slots } from '../../protocol/passables.js';
import { storedVRef, type VRef } from '../../protocol/refs.js';
import type { ValueCodec } from '../contract/context.js';

type Decoder = Pick<ValueCodec, 'decode'>;

const isText = (value: unknown): value is string => typeof value === 'string';

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

const isListOfNames = (value: unknown): value is readonly (readonly string[])[] =>
  Array.isArray(value) && value.every(isNames);

export const textOf = (codec: Decoder, body: Body): string => {
  const text = codec.decode(body, []);
  check(isText(text), 'a stored text');
  return text;
};

export const namesOf = (codec: Decoder, body: Body): readonly string[] => {
  const names = codec.decode(body, []);
  check(isNames(names), 'stored names');
  return names;
};

/** Names of the properties of each layout. */
export const layoutNamesOf = (codec: Decoder, body: Body): readonly (readonly string[])[] => {
  const layouts = codec.decode(body, []);
  check(isListOfNames(layouts), 'stored layouts');
  return layouts;
};

/** The vref with which the text of a key, or of a slot, ends: a row names nothing else. */
export const vrefIn = (text: string, at = 0): VRef => storedVRef(text.slice(at));

/** A list of data of vat code, about which nothing is known. */
export const listOf = (codec: Decoder, body: Body, slots: Slots): readonly unknown[] => {
  const list = codec.decode(body, slots);
  check(Array.isArray(list), 'a stored list');
  return list;
};
