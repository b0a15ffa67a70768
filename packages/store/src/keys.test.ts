import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as keys from './keys.js';

const compare = (a: number, b: number): number => Math.sign(a - b);
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const hex = (key: string): string => keys.keyBytes(key).toString('hex');
const binary = fc.uint8Array({ maxLength: 12 }).map((bytes) => keys.keyFromBytes(bytes));

describe('keys: integers', () => {
  const widths = [
    { name: 'u8', build: keys.u8, read: keys.readU8, max: 2 ** 8 - 1 },
    { name: 'u32', build: keys.u32, read: keys.readU32, max: 2 ** 32 - 1 },
    { name: 'u48', build: keys.u48, read: keys.readU48, max: 2 ** 48 - 1 },
  ];
  test.each(widths)('$name: any two integers -> order kept, read back', (width) => {
    const integer = fc.integer({ min: 0, max: width.max });
    fc.assert(fc.property(integer, integer, (a, b) => {
      expect(compareText(width.build(a), width.build(b))).toBe(compare(a, b));
      expect(width.read(`x${width.build(a)}`, 1)).toBe(a);
    }));
    expect(width.read(width.build(width.max), 0)).toBe(width.max);
  });
  test.each(widths)('$name: out of range -> RangeError', ({ build, max }) => {
    for (const bad of [-1, max + 1, 0.5, NaN, Infinity, -Infinity]) {
      expect(() => build(bad)).toThrow(RangeError);
    }
  });
  test('reading past the end -> RangeError', () => {
    expect(() => keys.readU48('\x00\x00', 0)).toThrow(RangeError);
  });
});

describe('keys: bytes', () => {
  test('any binary string -> bytes and back, same order', () => {
    fc.assert(fc.property(binary, binary, (a, b) => {
      expect(keys.keyFromBytes(keys.keyBytes(a))).toBe(a);
      const order = Buffer.compare(keys.keyBytes(a), keys.keyBytes(b));
      expect(compareText(a, b)).toBe(order);
    }));
  });
  test('a unit past 255 -> RangeError', () => {
    expect(() => keys.keyBytes('\u0100')).toThrow(RangeError);
  });
  test('prefixEnd: any prefix -> above all keys with it, and nothing between', () => {
    fc.assert(fc.property(binary, binary, binary, (prefix, rest, other) => {
      const end = keys.prefixEnd(prefix);
      expect(prefix + rest < end).toBe(true);
      if (other >= prefix && other < end) expect(other.startsWith(prefix)).toBe(true);
    }));
    expect(keys.prefixEnd('a\xff\xff')).toBe('b');
    expect(keys.prefixEnd('')).toBe(keys.TABLE_END);
    expect(keys.prefixEnd('\xff')).toBe(keys.TABLE_END);
  });
});

test('keys: the rows of docs/tables.md -> these bytes', () => {
  const spelled: readonly (readonly [string, string])[] = [
    [keys.metaKey('height'), Buffer.from('height').toString('hex')],
    [keys.countersKey(), '01'],
    [keys.objectKey(258), '10000000000102'],
    [keys.promiseKey(1), '11000000000001'],
    [keys.promiseQueueKey(1, 2), '12000000000001000000000002'],
    [keys.runQueueKey(3), '20000000000003'],
    [keys.vatKey(4), '3000000004'],
    [keys.vatCountersKey(4), '3100000004'],
    [keys.clistVrefKey(1, 'o-5'), '40000000016f2d35'],
    [keys.clistKrefKey(1, keys.KREF_PROMISE, 2), '410000000101000000000002'],
    [keys.vatNameKey('é'), '50c3a9'],
    [keys.pinKey(keys.KREF_OBJECT, 2), '6000000000000002'],
    [keys.boundNameKey('é'), '63c3a9'],
    [keys.remainderKey(1, 2), '800000000100000002'],
    [keys.hostObjectKey('é'), 'a0c3a9'],
    [keys.hostCallKey(2), 'a1000000000002'],
    [keys.kernelObjectKey(2), 'a2000000000002'],
    [keys.waitKey('vat/1', 2), 'a37661742f3100000000000002'],
    [keys.alarmKey(1, 2), 'a4000000000001000000000002'],
    [keys.bundleCapKey('b1'), 'a56231'],
    [keys.bundleNameKey('bank'), 'a662616e6b'],
    [keys.countKey('time'), 'a774696d65'],
    [keys.vatstoreKey(7, keys.rowVat()), '0000000701'],
    [keys.preimageKey(1, 2, 7, keys.rowVat()), '00000001000000020000000701'],
    [keys.transcriptKey(1, 2, 3), '0000000100000002000000000003'],
    [keys.bundleScriptKey('x', 'y'), Buffer.from('s/x/y').toString('hex')],
    [keys.blockKey(9), '000000000009'],
    [keys.rowKind(10), '100000000a'],
    [keys.rowKindNext(10), '110000000a'],
    [keys.rowObject(10, 1), '200000000a000000000001'],
    [keys.rowObjectState(10, 1), '210000000a000000000001'],
    [keys.rowCollection(4), '30000000000004'],
    [keys.rowCollectionCounts(4), '31000000000004'],
    [keys.rowEntry(4, 'sx'), '320000000000047378'],
    [keys.rowRefEntry(4, 'o-5'), '330000000000046f2d35'],
    [keys.rowImportRef(5), '40000000000005'],
    [keys.rowRecognizer('o-5', 4), '506f2d3500000000000004'],
    [keys.rowZero(1, 'o-5'), '60000000016f2d35'],
    [keys.virtualRow(1, keys.rowObject(10, 1)), 'a0000000010000000a000000000001'],
    [keys.virtualRow(1, keys.rowEntry(4, 'sx')), 'b2000000010000000000047378'],
  ];
  for (const [key, expected] of spelled) expect(hex(key)).toBe(expected);
  expect(new Set(spelled.map(([key]) => key)).size).toBe(spelled.length);
});

test('keys: text that would be ambiguous -> RangeError', () => {
  expect(() => keys.rowRecognizer('o-5\x00', 1)).toThrow(RangeError);
  expect(() => keys.clistVrefKey(1, '')).toThrow(RangeError);
  expect(() => keys.clistVrefKey(1, 'o é')).toThrow(RangeError);
  expect(() => keys.vatNameKey('\ud800')).toThrow(RangeError);
  expect(() => keys.virtualRow(1, keys.rowKind(1))).toThrow(RangeError);
});
