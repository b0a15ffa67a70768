import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockHash, NO_HASH, orderRows } from './block-hash.js';
import { keyBytes, keyFromBytes } from './keys.js';
import { TABLE_NAMES, type RowChange } from './types.js';

/** The definition, with no regard to cost. */
function naiveHash(previous: Uint8Array, changes: readonly RowChange[]): Uint8Array {
  const u32 = (n: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n);
    return bytes;
  };
  const place = (row: RowChange): number => TABLE_NAMES.indexOf(row.table);
  const sorted = [...changes].sort((a, b) =>
    place(a) - place(b) || Buffer.compare(keyBytes(a.key), keyBytes(b.key)));
  const parts: Uint8Array[] = [previous];
  for (const row of sorted) {
    parts.push(Buffer.of(place(row)), u32(row.key.length), keyBytes(row.key));
    if (row.value === undefined) parts.push(u32(0xffffffff));
    else parts.push(u32(row.value.length), row.value);
  }
  return Uint8Array.from(createHash('sha256').update(Buffer.concat(parts)).digest());
}

const key = fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => keyFromBytes(bytes));
const size = fc.oneof(fc.nat(40), fc.constantFrom(65_535, 65_536, 65_537, 262_144, 300_000));
const value = fc.option(
  fc.tuple(size, fc.nat(255)).map(([length, fill]) => new Uint8Array(length).fill(fill)),
  { nil: undefined },
);
const changes = fc.uniqueArray(
  fc.record({ table: fc.constantFrom(...TABLE_NAMES), key, value }),
  { maxLength: 40, selector: (row) => `${row.table}/${row.key}` },
);

test('blockHash: any block in any order -> as the naive model', () => {
  const previous = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(fc.property(previous, changes, fc.gen(), (before, rows, gen) => {
    const expected = naiveHash(before, rows);
    expect(blockHash(before, orderRows(rows))).toEqual(expected);
    const order = new Map(rows.map((row) => [row, gen(fc.nat)]));
    const shuffled = [...rows].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    expect(blockHash(before, orderRows(shuffled))).toEqual(expected);
  }), { numRuns: 60 });
});

test('blockHash: more rows than a chunk holds -> as the naive model', () => {
  const rows: RowChange[] = Array.from({ length: 20_000 }, (_, n) => ({
    table: 'vatstore',
    key: `k${n}`,
    value: n % 7 === 0 ? undefined : new Uint8Array(n % 90).fill(n),
  }));
  expect(blockHash(NO_HASH, orderRows(rows))).toEqual(naiveHash(NO_HASH, rows));
});

test('blockHash: neighbours that differ only in where bytes stand -> different hashes', () => {
  const hash = (...rows: RowChange[]): string =>
    Buffer.from(blockHash(NO_HASH, orderRows(rows))).toString('hex');
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const hashes = [
    hash({ table: 'meta', key: 'a', value: bytes('bc') }),
    hash({ table: 'meta', key: 'ab', value: bytes('c') }),
    hash({ table: 'kernel', key: 'a', value: bytes('bc') }),
    hash({ table: 'meta', key: 'a', value: bytes('') }),
    hash({ table: 'meta', key: 'a', value: undefined }),
    hash(),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('orderRows: a row twice, an empty, long or wide key -> assertion', () => {
  const row = (key: string): RowChange => ({ table: 'meta', key, value: new Uint8Array(1) });
  expect(() => orderRows([row('a'), row('b'), row('a')])).toThrow(/twice/);
  expect(() => orderRows([row('')])).toThrow(/key length/);
  expect(() => orderRows([row('x'.repeat(1979))])).toThrow(/key length/);
  expect(() => orderRows([row('\u0100')])).toThrow(RangeError);
  const big = { ...row('a'), value: new Uint8Array(16 * 1024 * 1024) };
  expect(() => orderRows([big])).toThrow(/too big/);
});
