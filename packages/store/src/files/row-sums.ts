/**
 * The checksum that stands beside every value in LMDB's file, and nowhere else:
 *
 *   c1 ‖ CRC-32 u32, big-endian ‖ value
 *
 * Rows, hashes, snapshots and exports know values alone: environment.ts puts the five bytes on and
 * takes them off, so they are this host's, and no layout of the tables (docs/tables.md).
 *
 * The CRC begins with a number made of table and key, so a value that stands under another key does
 * not fit either. No value of ours begins with c1 (it begins no frame, no UTF-8 text, no row header
 * and no tombstone) but a block hash or a code cache may: a release before checksums has written
 * those without one.
 */
import assert from 'node:assert/strict';
import * as zlib from 'node:zlib';
import { partOf } from '../codec/native-bytes.js';
import { TABLE_NAMES, type BinaryKey, type TableName } from '../types.js';

/** In Node since 20.15; `@types/node` has none. */
const crc32: unknown = Reflect.get(zlib, 'crc32');
assert(typeof crc32 === 'function', 'node:zlib has no crc32: Node 20.15 or later is needed');

const MARK = 0xc1;
export const SUM_BYTES = 5;

/** FNV-1a over the place of the table and the bytes of the key. */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const BASES = new Map(TABLE_NAMES.map((table, place) => [table, BASIS ^ (place + 1)]));

const firstSum = (table: TableName, key: BinaryKey): number => {
  let sum = BASES.get(table) ?? BASIS;
  for (let i = 0; i < key.length; i += 1) sum = Math.imul(sum ^ key.charCodeAt(i), PRIME);
  return sum >>> 0;
};

/** Writes what stands before a value; `into` has room for it. */
export const putSum = (
  table: TableName, key: BinaryKey, value: Uint8Array, into: Buffer,
): void => {
  into[0] = MARK;
  into.writeUInt32BE(crc32(value, firstSum(table, key)), 1);
};

export const hasSum = (stored: Uint8Array): boolean =>
  stored[0] === MARK && stored.length >= SUM_BYTES;

/** The value of a stored row that has a checksum, as a view. Undefined: the two do not fit. */
export const summedValue = (
  table: TableName, key: BinaryKey, stored: Uint8Array,
): Uint8Array | undefined => {
  const value = partOf(stored, SUM_BYTES);
  const sum = crc32(value, firstSum(table, key));
  const fits =
    stored[1] === sum >>> 24 && stored[2] === ((sum >>> 16) & 0xff) &&
    stored[3] === ((sum >>> 8) & 0xff) && stored[4] === (sum & 0xff);
  return fits ? value : undefined;
};
