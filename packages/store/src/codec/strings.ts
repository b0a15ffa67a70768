/**
 * Strings outside plain UTF-8: CESU-8 for ill-formed UTF-16, and a table of short strings.
 *
 * CESU-8 spells every UTF-16 unit by itself in one to three bytes, so that any string survives.
 * The table gives back one internalised string for equal short bytes: names of methods and
 * properties come again and again, and a lookup by an internalised string is cheap. It is a cache
 * of bounded size that never changes an answer.
 */
import type { Buffer } from 'node:buffer';

const { fromCharCode } = String;

/** Strings up to this many bytes go through the table. */
export const SHORT_STRING_BYTES_MAX = 24;
const SHORT_STRINGS_COUNT = 2048;

const shortStrings: string[] = new Array<string>(SHORT_STRINGS_COUNT).fill('');

/**
 * The ASCII string at `bytes[start..start + length]`, `length <= SHORT_STRING_BYTES_MAX`; undefined
 * if some byte is not ASCII. The caller has checked the bounds.
 */
export function shortAsciiString(
  bytes: Uint8Array,
  start: number,
  length: number,
): string | undefined {
  const end = start + length;
  let hash = length;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === undefined || byte > 0x7f) {
      return undefined;
    }
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const index = (hash ^ (hash >>> 11)) & (SHORT_STRINGS_COUNT - 1);
  const candidate = shortStrings[index];
  if (candidate?.length === length && equalsAscii(candidate, bytes, start)) {
    return candidate;
  }
  let text = '';
  for (let at = start; at < end; at += 1) {
    text += fromCharCode(bytes[at] ?? 0);
  }
  shortStrings[index] = text;
  return text;
}

function equalsAscii(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) !== bytes[start + i]) {
      return false;
    }
  }
  return true;
}

/** The length of `text` in CESU-8. */
export function cesu8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  }
  return length;
}

/** Writes `text` at `at`, where `cesu8Length(text)` bytes are free. */
export function writeCesu8(view: DataView, at: number, text: string): void {
  let next = at;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      view.setUint8(next, unit);
      next += 1;
    } else if (unit < 0x800) {
      view.setUint8(next, 0xc0 | (unit >> 6));
      view.setUint8(next + 1, 0x80 | (unit & 0x3f));
      next += 2;
    } else {
      view.setUint8(next, 0xe0 | (unit >> 12));
      view.setUint8(next + 1, 0x80 | ((unit >> 6) & 0x3f));
      view.setUint8(next + 2, 0x80 | (unit & 0x3f));
      next += 3;
    }
  }
}

/** How many bytes the unit takes that begins with `lead`, 0 if none does. */
function cesu8Width(lead: number): number {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xc2 && lead < 0xe0) {
    return 2;
  }
  return lead >= 0xe0 && lead < 0xf0 ? 3 : 0;
}

/** How many UTF-16 units are joined at a time: a bound on the arguments of one call. */
const CESU8_CHUNK_UNITS = 4096;

/** The string at `bytes[start..end]`; undefined unless every unit is in its shortest form. */
export function readCesu8(bytes: Uint8Array, start: number, end: number): string | undefined {
  const chunks: string[] = [];
  let units: number[] = [];
  let at = start;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    const width = cesu8Width(lead);
    if (width === 0 || at + width > end) {
      return undefined;
    }
    let unit = width === 1 ? lead : width === 2 ? lead & 0x1f : lead & 0x0f;
    for (let i = 1; i < width; i += 1) {
      const byte = bytes[at + i] ?? 0;
      if ((byte & 0xc0) !== 0x80) {
        return undefined;
      }
      unit = (unit << 6) | (byte & 0x3f);
    }
    if (width === 3 && unit < 0x800) {
      return undefined;
    }
    units.push(unit);
    if (units.length === CESU8_CHUNK_UNITS) {
      chunks.push(fromCharCode(...units));
      units = [];
    }
    at += width;
  }
  chunks.push(fromCharCode(...units));
  return chunks.join('');
}

/** UTF-8 of a well-formed string through `buffer`, a view of the bytes that `view` writes to. */
export function writeUtf8(buffer: Buffer, at: number, text: string, length: number): void {
  const written = buffer.write(text, at, length);
  if (written !== length) {
    throw new Error(`wrote ${written} of ${length} bytes of UTF-8`);
  }
}
