/**
 * How collection keys are spelled in rows, so that the order of rows is endo's rank order.
 *
 * A key's text is endo's `encodePassable` in the legacy ordered format; a remotable's is `r`, its
 * ten-digit ordinal in this collection, `:`, its vref. The text stands in the row key as CESU-8,
 * which keeps the order of UTF-16 code units under memcmp. Invariant: encoding and decoding are
 * inverse, also for strings that are no well-formed UTF-16.
 */
import { makeDecodePassable, makeEncodePassable } from '@endo/marshal';
import type { BinaryKey } from '@heirloom/store';
import type { VRef } from '../../protocol/refs.js';
import { Fail } from '../contract/fail.js';
import { vrefIn } from '../rows/decoded.js';

/** In UTF-16 units of the text; a key's text is shorter. */
const KEY_TEXT_LENGTH_MAX = 220;
const ORDINAL_DIGITS = 10;
/** The ordinal of no key: the first is 1. */
export const NO_ORDINAL = 0;

const NOT_ASCII = /[^\x00-\x7f]/;
const char = String.fromCharCode;

const cesu8Of = (unit: number): string => {
  if (unit < 0x80) return char(unit);
  if (unit < 0x800) return char(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
  return char(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
};

/** One to three bytes for each UTF-16 unit, surrogates too. */
export const toCesu8 = (text: string): BinaryKey => {
  if (!NOT_ASCII.test(text)) return text;
  let key = '';
  for (let i = 0; i < text.length; i += 1) key += cesu8Of(text.charCodeAt(i));
  return key;
};

export const fromCesu8 = (key: BinaryKey): string => {
  if (!NOT_ASCII.test(key)) return key;
  let text = '';
  for (let i = 0; i < key.length; i += 1) {
    const first = key.charCodeAt(i);
    let unit = first;
    if (first >= 0xc0) {
      i += 1;
      unit = ((first & 0x1f) << 6) | (key.charCodeAt(i) & 0x3f);
    }
    if (first >= 0xe0) {
      i += 1;
      unit = ((unit & 0x3ff) << 6) | (key.charCodeAt(i) & 0x3f);
    }
    text += char(unit);
  }
  return text;
};

/** The text of a remotable key. */
export const remotableKeyText = (ordinal: number, vref: VRef): string =>
  `r${String(ordinal).padStart(ORDINAL_DIGITS, '0')}:${vref}`;

export const isRemotableKeyText = (text: string): boolean => text.charCodeAt(0) === 0x72;

export const vrefOfKeyText = (text: string): VRef => vrefIn(text, ORDINAL_DIGITS + 2);

type KeyEncoder = (key: unknown) => string;
type EncodeRemotable = (remotable: object) => string;

/** Endo's encoder asks for the pass style first, and so takes any value. */
const keyEncoder = (encodeRemotable: EncodeRemotable): KeyEncoder =>
  makeEncodePassable({ encodeRemotable }) as KeyEncoder;

const encodePrimitive = keyEncoder(remotable => Fail`no ordinal for ${remotable}`);

const decodePrimitive: (text: string) => unknown = makeDecodePassable({
  decodeRemotable: text => Fail`${text} is no primitive key`,
});

/** The row key, behind the collection's prefix, of a key that is no remotable. */
export const primitiveKey = (key: unknown): BinaryKey => {
  const text = typeof key === 'string' ? `s${key}` : encodePrimitive(key);
  if (text.length >= KEY_TEXT_LENGTH_MAX) Fail`key too large`;
  return toCesu8(text);
};

/** The value of a text that `primitiveKey` spelled. */
export const primitiveOf = (text: string): unknown =>
  text.charCodeAt(0) === 0x73 ? text.slice(1) : decodePrimitive(text);

/** An encoder for covers of patterns, which may mention remotables. */
export const makeCoverEncoder = (
  ordinalOf: (remotable: object) => { readonly ordinal: number; readonly vref: VRef },
): KeyEncoder =>
  keyEncoder(remotable => {
    const { ordinal, vref } = ordinalOf(remotable);
    return remotableKeyText(ordinal, vref);
  });
