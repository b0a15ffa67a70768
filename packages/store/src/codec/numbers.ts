/**
 * Spells numbers, lengths and magnitudes: each in its one shortest form.
 *
 * Shape: functions write at `at`, where enough bytes are free, and return where the next byte goes.
 */
import * as f from './format.js';

const { isSafeInteger } = Number;
const { floor } = Math;

const NAN_HIGH_WORD = 0x7ff8_0000;

/** Safe integers as integers (-0 as 0), every other number as float64, one NaN. */
export function writeNumber(view: DataView, at: number, value: number): number {
  if (isSafeInteger(value)) {
    return value >= 0 ? writeNatural(view, at, value) : writeNegative(view, at, value);
  }
  view.setUint8(at, f.TAG_FLOAT64);
  if (value !== value) {
    view.setUint32(at + 1, NAN_HIGH_WORD);
    view.setUint32(at + 5, 0);
  } else {
    view.setFloat64(at + 1, value);
  }
  return at + 9;
}

function writeNatural(view: DataView, at: number, value: number): number {
  if (value < 0x80) {
    view.setUint8(at, value);
    return at + 1;
  }
  if (value <= f.U8_MAX) {
    view.setUint8(at, f.TAG_UINT8);
    view.setUint8(at + 1, value);
    return at + 2;
  }
  if (value <= f.U16_MAX) {
    view.setUint8(at, f.TAG_UINT16);
    view.setUint16(at + 1, value);
    return at + 3;
  }
  if (value <= f.U32_MAX) {
    view.setUint8(at, f.TAG_UINT32);
    view.setUint32(at + 1, value);
    return at + 5;
  }
  view.setUint8(at, f.TAG_UINT64);
  view.setUint32(at + 1, floor(value / f.U32_RANGE));
  view.setUint32(at + 5, value);
  return at + 9;
}

function writeNegative(view: DataView, at: number, value: number): number {
  if (value >= -0x20) {
    view.setInt8(at, value);
    return at + 1;
  }
  if (value >= -0x80) {
    view.setUint8(at, f.TAG_INT8);
    view.setInt8(at + 1, value);
    return at + 2;
  }
  if (value >= -0x8000) {
    view.setUint8(at, f.TAG_INT16);
    view.setInt16(at + 1, value);
    return at + 3;
  }
  if (value >= -0x8000_0000) {
    view.setUint8(at, f.TAG_INT32);
    view.setInt32(at + 1, value);
    return at + 5;
  }
  view.setUint8(at, f.TAG_INT64);
  view.setInt32(at + 1, floor(value / f.U32_RANGE));
  view.setUint32(at + 5, value);
  return at + 9;
}

/** A lead byte and a length: `tag8` is the first of three successive lead bytes. */
export function writeLength(view: DataView, at: number, tag8: number, length: number): number {
  if (length <= f.U8_MAX) {
    view.setUint8(at, tag8);
    view.setUint8(at + 1, length);
    return at + 2;
  }
  if (length <= f.U16_MAX) {
    view.setUint8(at, tag8 + 1);
    view.setUint16(at + 1, length);
    return at + 3;
  }
  view.setUint8(at, tag8 + 2);
  view.setUint32(at + 1, length);
  return at + 5;
}

export function writeArrayHeader(view: DataView, at: number, count: number): number {
  if (count <= f.FIXARRAY_COUNT_MAX) {
    view.setUint8(at, f.TAG_FIXARRAY | count);
    return at + 1;
  }
  if (count <= f.U16_MAX) {
    view.setUint8(at, f.TAG_ARRAY16);
    view.setUint16(at + 1, count);
    return at + 3;
  }
  view.setUint8(at, f.TAG_ARRAY32);
  view.setUint32(at + 1, count);
  return at + 5;
}

/** The reference to slot `index`: a whole extension. */
export function writeReference(view: DataView, at: number, index: number): number {
  view.setUint8(at + 1, f.EXT_REFERENCE);
  if (index <= f.U8_MAX) {
    view.setUint8(at, f.TAG_FIXEXT1);
    view.setUint8(at + 2, index);
    return at + 3;
  }
  if (index <= f.U16_MAX) {
    view.setUint8(at, f.TAG_FIXEXT2);
    view.setUint16(at + 2, index);
    return at + 4;
  }
  view.setUint8(at, f.TAG_FIXEXT4);
  view.setUint32(at + 2, index);
  return at + 6;
}

/** The magnitude of a safe bigint, big-endian, without leading zero; nothing for 0. */
export function writeMagnitude(view: DataView, at: number, value: number): number {
  let end = at;
  for (let rest = value; rest >= 1; rest /= 256) {
    end += 1;
  }
  let rest = value;
  for (let next = end - 1; next >= at; next -= 1) {
    view.setUint8(next, rest);
    rest = floor(rest / 256);
  }
  return end;
}

/** The lead byte of an extension of exactly `length` bytes, 0 if there is none. */
export function fixedExtTag(length: number): number {
  switch (length) {
    case 1:
      return f.TAG_FIXEXT1;
    case 2:
      return f.TAG_FIXEXT2;
    case 4:
      return f.TAG_FIXEXT4;
    case 8:
      return f.TAG_FIXEXT8;
    case 16:
      return f.TAG_FIXEXT16;
    default:
      return 0;
  }
}
