/**
 * A look at the head of LMDB's data file before LMDB maps it.
 *
 * LMDB trusts the file: reading a page past its end kills the process with SIGBUS. So the newest of
 * the two meta pages must be there, carry LMDB's magic, and name roots that lie within the file.
 * Damage further down shows as a HostError STORE_CORRUPT where LMDB notices it.
 *
 * Layout (lmdb-js 3, LMDB data format 2, little-endian), per meta page: header 24 ‖ magic u32 ‖
 * version u32 ‖ address u64 ‖ map size u64 ‖ two trees of 48 bytes, the first of which begins with
 * the page size u32 and each of which ends with its root page u64 ‖ last page u64 ‖ txn id u64.
 */
import fs from 'node:fs';
import { HostError } from '../host-error.js';

const MAGIC = 0xbeefc0de;
const HEADER_BYTES = 24;
const MAGIC_AT = HEADER_BYTES;
const PAGE_SIZE_AT = HEADER_BYTES + 24;
const FREE_ROOT_AT = PAGE_SIZE_AT + 40;
const MAIN_ROOT_AT = FREE_ROOT_AT + 48;
const TXN_ID_AT = MAIN_ROOT_AT + 16;
const META_BYTES = TXN_ID_AT + 8;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;
const NO_PAGE = 2n ** 64n - 1n;

interface MetaPage {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly transaction: bigint;
}

function readMeta(fd: number, at: number): MetaPage | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (fs.readSync(fd, bytes, 0, META_BYTES, at) < META_BYTES) return undefined;
  if (bytes.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  return {
    pageBytes: bytes.readUInt32LE(PAGE_SIZE_AT),
    roots: [bytes.readBigUInt64LE(FREE_ROOT_AT), bytes.readBigUInt64LE(MAIN_ROOT_AT)],
    transaction: bytes.readBigUInt64LE(TXN_ID_AT),
  };
}

function findDamage(fd: number): string | undefined {
  const first = readMeta(fd, 0);
  if (first === undefined) return 'it does not begin like one';
  const { pageBytes } = first;
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return 'its page size is absurd';
  const second = readMeta(fd, pageBytes);
  if (second === undefined) return 'its second page is damaged';
  const newest = second.transaction > first.transaction ? second : first;
  const pages = BigInt(Math.floor(fs.fstatSync(fd).size / pageBytes));
  const cut = newest.roots.some((root) => root !== NO_PAGE && root >= pages);
  return cut ? 'its end is missing' : undefined;
}

/** Errors: HostError STORE_CORRUPT. Reads only. */
export function assertDataFile(file: string): void {
  const fd = fs.openSync(file, 'r');
  try {
    const damage = findDamage(fd);
    if (damage === undefined) return;
    throw new HostError(
      'STORE_CORRUPT',
      `${file} is no readable data file: ${damage}. Restore it from a backup; nothing was changed.`,
    );
  } finally {
    fs.closeSync(fd);
  }
}
