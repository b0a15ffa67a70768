/** Natives of the host get no more than they hold, however they are asked (docs/limits.md). */
import { describe, expect, test } from 'vitest';
import { DECODED_BYTES_MAX, ENCODED_CHARS_MAX, URL_CHARS_MAX } from '../protocol/limits.js';
import { TextDecoder, TextEncoder } from './text-codecs.js';
import { VatUrl } from './vat-url.js';

const GIANT = 'x'.repeat(2 ** 28);
const HREF = 'http://a/';

describe('URL:', () => {
  const PARTS = ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname'];
  test.each([...PARTS, 'search', 'hash', 'href'])('%s of giant length -> RangeError', name => {
    const url = new VatUrl(HREF);
    expect(() => Reflect.set(url, name, GIANT)).toThrow(RangeError);
    expect(url.href).toBe(HREF);
  });

  test('a giant text, a giant base -> RangeError; it cannot be parsed', () => {
    expect(() => new VatUrl(`${HREF}#${GIANT}`)).toThrow(RangeError);
    expect(() => new VatUrl('b', `${HREF}${GIANT}`)).toThrow(RangeError);
    expect(VatUrl.canParse(`${HREF}#${GIANT}`)).toBe(false);
    expect(VatUrl.canParse('b', `${HREF}${GIANT}`)).toBe(false);
  });

  test('as long as may be, all that is escaped -> parsed', () => {
    const text = `${HREF}?`.padEnd(URL_CHARS_MAX, '\u20ac');
    const url = new VatUrl(text);
    for (const name of ['pathname', 'search', 'hash', 'username', 'password']) {
      Reflect.set(url, name, '\u20ac'.repeat(URL_CHARS_MAX));
    }
    expect(url.href.length).toBeGreaterThan(5 * 9 * (URL_CHARS_MAX - 20));
    expect(new VatUrl('b', HREF).href).toBe(`${HREF}b`);
    expect(VatUrl.canParse(text)).toBe(true);
  });
});

describe('text codecs:', () => {
  test('a giant text -> RangeError', () => {
    const encoder = new TextEncoder();
    expect(() => encoder.encode(GIANT)).toThrow(RangeError);
    expect(() => encoder.encodeInto(GIANT, new Uint8Array(4))).toThrow(RangeError);
    expect(encoder.encode('x'.repeat(ENCODED_CHARS_MAX)).length).toBe(ENCODED_CHARS_MAX);
  });

  test('giant bytes, whatever they say of their length -> RangeError', () => {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(DECODED_BYTES_MAX + 1);
    Object.defineProperty(bytes, 'byteLength', { value: 1 });
    const { buffer } = bytes;
    Object.defineProperty(buffer, 'byteLength', { value: 1 });
    for (const given of [bytes, buffer, new DataView(buffer)]) {
      expect(() => decoder.decode(given)).toThrow(RangeError);
    }
    expect(decoder.decode(bytes.subarray(1)).length).toBe(DECODED_BYTES_MAX);
  });
});
