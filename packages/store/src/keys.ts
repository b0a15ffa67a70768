/**
 * The one module that spells storage keys (docs/tables.md).
 *
 * A key is a *binary string*: one UTF-16 unit per byte, 0..255. Integers are big-endian and of
 * fixed width, so string order, byte order (memcmp) and numeric order agree.
 *
 * Invariants: every integer is checked against its width, every text part against its alphabet, so
 * that no two different inputs spell the same key. Imports nothing at run time: the zygote image
 * carries it.
 */
import type { BinaryKey } from './types.js';

/** The longest key that LMDB takes with pages of 4 KiB. */
export const KEY_BYTES_MAX = 1978;

/** At or above every key of a table: the `end` of a scan to the end. No row has this key. */
export const TABLE_END: BinaryKey = '\xff'.repeat(KEY_BYTES_MAX);

const U32_RANGE = 2 ** 32;
const U48_MAX = 2 ** 48 - 1;
const char = String.fromCharCode;

function refuse(what: string, value: unknown): never {
  throw new RangeError(`Storage key: ${what} expected, got ${String(value)}`);
}

export function u8(n: number): BinaryKey {
  if ((n & 0xff) !== n) refuse('u8', n);
  return char(n);
}

export function u32(n: number): BinaryKey {
  if (n >>> 0 !== n) refuse('u32', n);
  return char(n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff);
}

export function u48(n: number): BinaryKey {
  if (!Number.isSafeInteger(n) || n < 0 || n > U48_MAX) refuse('u48', n);
  const high = Math.floor(n / U32_RANGE);
  return char(
    high >>> 8, high & 0xff, (n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff,
  );
}

function assertHas(key: BinaryKey, offset: number, width: number): void {
  if (offset < 0 || key.length < offset + width) refuse(`${width} bytes at ${offset}`, key.length);
}

export function readU8(key: BinaryKey, offset: number): number {
  assertHas(key, offset, 1);
  return key.charCodeAt(offset);
}

export function readU32(key: BinaryKey, offset: number): number {
  assertHas(key, offset, 4);
  const high = (key.charCodeAt(offset) << 8) | key.charCodeAt(offset + 1);
  const low = (key.charCodeAt(offset + 2) << 8) | key.charCodeAt(offset + 3);
  return high * 0x10000 + low;
}

export function readU48(key: BinaryKey, offset: number): number {
  assertHas(key, offset, 6);
  const high = (key.charCodeAt(offset) << 8) | key.charCodeAt(offset + 1);
  return high * U32_RANGE + readU32(key, offset + 2);
}

/** The bytes that a key stands for, as a fresh buffer. */
export function keyBytes(key: BinaryKey): Buffer {
  assertBinary(key);
  return Buffer.from(key, 'latin1');
}

/** The key that stands for the bytes. */
export function keyFromBytes(bytes: Uint8Array): BinaryKey {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

const NOT_BINARY = /[^\x00-\xff]/;
const NOT_ASCII = /[^\x21-\x7e]/;

/** Throws a RangeError unless every unit of the key is a byte. */
export function assertBinary(key: BinaryKey): void {
  if (NOT_BINARY.test(key)) refuse('binary string', JSON.stringify(key));
}

/** Text in keys is visible ASCII: no blank, and no 00, which ends a vref in a recognizer key. */
function ascii(text: string): BinaryKey {
  if (text === '' || NOT_ASCII.test(text)) refuse('visible ASCII', JSON.stringify(text));
  return text;
}

/**
 * The smallest key greater than every key that begins with `prefix`; `TABLE_END` when there is
 * none (the empty prefix, and one of `ff` only).
 */
export function prefixEnd(prefix: BinaryKey): BinaryKey {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length -= 1;
  if (length === 0) return TABLE_END;
  return prefix.slice(0, length - 1) + char(prefix.charCodeAt(length - 1) + 1);
}

// meta, transcript, bundles, images, blocks, local

export type MetaName = 'schema' | 'parameters' | 'engine' | 'image' | 'height' | 'lastInput';

export const metaKey = (name: MetaName): BinaryKey => name;
export const localKey = (name: string): BinaryKey => ascii(name);
/** Stands in a store whose rows all have checksums: they have since it was made. */
export const SUMS_KEY = localKey('sums');
export const blockKey = (height: number): BinaryKey => u48(height);
export const imageKey = (imageId: string): BinaryKey => ascii(imageId);
export const BUNDLE_SOURCE_PREFIX: BinaryKey = 'b/';
export const bundleSourceKey = (bundleId: string): BinaryKey =>
  BUNDLE_SOURCE_PREFIX + ascii(bundleId);
export const bundleScriptPrefix = (bundleId: string): BinaryKey => `s/${ascii(bundleId)}/`;
export const bundleScriptKey = (bundleId: string, imageId: string): BinaryKey =>
  bundleScriptPrefix(bundleId) + ascii(imageId);
export const transcriptPrefix = (vat: number, incarnation: number): BinaryKey =>
  u32(vat) + u32(incarnation);
export const transcriptKey = (vat: number, incarnation: number, position: number): BinaryKey =>
  u32(vat) + u32(incarnation) + u48(position);

// vatstore and preimage: a row key stands behind the space

export const spacePrefix = (space: number): BinaryKey => u32(space);
export const vatstoreKey = (space: number, row: BinaryKey): BinaryKey => u32(space) + row;
export const preimagePrefix = (vat: number, incarnation: number): BinaryKey =>
  u32(vat) + u32(incarnation);
export const preimageSpacePrefix = (vat: number, incarnation: number, space: number): BinaryKey =>
  u32(vat) + u32(incarnation) + u32(space);
export const preimageKey = (
  vat: number, incarnation: number, space: number, row: BinaryKey,
): BinaryKey => preimageSpacePrefix(vat, incarnation, space) + row;

// kernel

export const OBJECT_PREFIX: BinaryKey = '\x10';
export const PROMISE_PREFIX: BinaryKey = '\x11';
export const PROMISE_QUEUE_PREFIX: BinaryKey = '\x12';
export const RUN_QUEUE_PREFIX: BinaryKey = '\x20';
export const VAT_PREFIX: BinaryKey = '\x30';
export const VAT_COUNTERS_PREFIX: BinaryKey = '\x31';
export const SPACE_USERS_PREFIX: BinaryKey = '\x32';
export const STRANDED_PREFIX: BinaryKey = '\x33';
export const SPACE_COPY_PREFIX: BinaryKey = '\x34';
export const CLIST_VREF_PREFIX: BinaryKey = '\x40';
export const CLIST_KREF_PREFIX: BinaryKey = '\x41';
export const VAT_NAME_PREFIX: BinaryKey = '\x50';
export const PIN_PREFIX: BinaryKey = '\x60';
export const HOST_RESULT_PREFIX: BinaryKey = '\x61';
export const COLLECT_PREFIX: BinaryKey = '\x62';
export const BOUND_NAME_PREFIX: BinaryKey = '\x63';
export const PARKED_PREFIX: BinaryKey = '\x64';
export const REMAINDER_PREFIX: BinaryKey = '\x80';
export const DISMISSAL_PREFIX: BinaryKey = '\x81';
export const DUE_PREFIX: BinaryKey = '\x82';
export const SUSPECT_PREFIX: BinaryKey = '\x83';
export const TANGLE_PREFIX: BinaryKey = '\x84';
export const HOST_OBJECT_PREFIX: BinaryKey = '\xa0';
export const HOST_CALL_PREFIX: BinaryKey = '\xa1';
export const KERNEL_OBJECT_PREFIX: BinaryKey = '\xa2';
export const WAIT_PREFIX: BinaryKey = '\xa3';
export const ALARM_PREFIX: BinaryKey = '\xa4';
export const BUNDLE_CAP_PREFIX: BinaryKey = '\xa5';
export const BUNDLE_NAME_PREFIX: BinaryKey = '\xa6';
export const COUNT_PREFIX: BinaryKey = '\xa7';

/** The kind of a kref in keys. */
export const KREF_OBJECT = 0;
export const KREF_PROMISE = 1;
export type KRefKind = typeof KREF_OBJECT | typeof KREF_PROMISE;

function krefKind(kind: KRefKind): BinaryKey {
  if (kind !== KREF_OBJECT && kind !== KREF_PROMISE) refuse('kref kind', kind);
  return char(kind);
}

export const countersKey = (): BinaryKey => '\x01';
export const objectKey = (object: number): BinaryKey => OBJECT_PREFIX + u48(object);
export const promiseKey = (promise: number): BinaryKey => PROMISE_PREFIX + u48(promise);
export const promiseQueuePrefix = (promise: number): BinaryKey =>
  PROMISE_QUEUE_PREFIX + u48(promise);
export const promiseQueueKey = (promise: number, ordinal: number): BinaryKey =>
  promiseQueuePrefix(promise) + u48(ordinal);
export const runQueueKey = (ordinal: number): BinaryKey => RUN_QUEUE_PREFIX + u48(ordinal);
export const vatKey = (vat: number): BinaryKey => VAT_PREFIX + u32(vat);
export const vatCountersKey = (vat: number): BinaryKey => VAT_COUNTERS_PREFIX + u32(vat);
/** How many vats list a space, where it is more than one. */
export const spaceUsersKey = (space: number): BinaryKey => SPACE_USERS_PREFIX + u32(space);
/** A space that becomes a copy of the one below it. */
export const spaceCopyKey = (space: number): BinaryKey => SPACE_COPY_PREFIX + u32(space);
/** A vat that gets nothing until code of it starts. */
export const strandedKey = (vat: number): BinaryKey => STRANDED_PREFIX + u32(vat);
/** vref → kref. */
export const clistVrefPrefix = (vat: number): BinaryKey => CLIST_VREF_PREFIX + u32(vat);
export const clistVrefKey = (vat: number, vref: string): BinaryKey =>
  clistVrefPrefix(vat) + ascii(vref);
/** kref → vref. */
export const clistKrefPrefix = (vat: number): BinaryKey => CLIST_KREF_PREFIX + u32(vat);
export const clistKrefKindPrefix = (vat: number, kind: KRefKind): BinaryKey =>
  clistKrefPrefix(vat) + krefKind(kind);
export const clistKrefKey = (vat: number, kind: KRefKind, n: number): BinaryKey =>
  clistKrefKindPrefix(vat, kind) + u48(n);
/** Vat names are UTF-8 in the key; an ill-formed string has no key. */
export function vatNameKey(name: string): BinaryKey {
  if (name === '' || !name.isWellFormed()) refuse('well-formed vat name', JSON.stringify(name));
  return VAT_NAME_PREFIX + Buffer.from(name, 'utf8').toString('latin1');
}
export const pinKey = (kind: KRefKind, n: number): BinaryKey =>
  PIN_PREFIX + krefKind(kind) + u48(n);
export const hostResultKey = (input: number): BinaryKey => HOST_RESULT_PREFIX + u48(input);
/** An item that was taken off the run queue and waits for a stranded vat. */
export const parkedPrefix = (vat: number): BinaryKey => PARKED_PREFIX + u32(vat);
export const parkedKey = (vat: number, ordinal: number): BinaryKey =>
  parkedPrefix(vat) + u48(ordinal);
/** What a vat is to be told of the reachability of objects: see docs/gc.md. */
export const collectPrefix = (vat: number): BinaryKey => COLLECT_PREFIX + u32(vat);
/** Something that a vat is to be told of the reachability of an object: see docs/gc.md. */
export const collectKey = (vat: number, action: number, object: number): BinaryKey =>
  collectPrefix(vat) + u8(action) + u48(object);
/** Names that hosts and vat code give are UTF-8 in the key, as those of vats. */
function utf8Name(name: string): BinaryKey {
  if (name === '' || !name.isWellFormed()) refuse('well-formed name', JSON.stringify(name));
  return Buffer.from(name, 'utf8').toString('latin1');
}
/** The name that a key has from `offset` on. */
export const textOfKey = (key: BinaryKey, offset: number): string =>
  Buffer.from(key.slice(offset), 'latin1').toString('utf8');
/** A name that the host has bound to a reference. */
export const boundNameKey = (name: string): BinaryKey => BOUND_NAME_PREFIX + utf8Name(name);
export const hostObjectKey = (name: string): BinaryKey =>
  HOST_OBJECT_PREFIX + utf8Name(name);
/** A call of a host object that the host has not answered. */
export const hostCallKey = (call: number): BinaryKey => HOST_CALL_PREFIX + u48(call);
export const kernelObjectKey = (object: number): BinaryKey => KERNEL_OBJECT_PREFIX + u48(object);
/** A promise that the kernel settles when something comes about, by what that is. */
export const waitPrefix = (subject: string): BinaryKey => `${WAIT_PREFIX}${ascii(subject)}\x00`;
export const waitKey = (subject: string, promise: number): BinaryKey =>
  waitPrefix(subject) + u48(promise);
/** A promise that the kernel settles at a block time. */
export const alarmKey = (time: number, promise: number): BinaryKey =>
  ALARM_PREFIX + u48(time) + u48(promise);
export const bundleCapKey = (bundleId: string): BinaryKey =>
  BUNDLE_CAP_PREFIX + ascii(bundleId);
export const bundleNameKey = (name: string): BinaryKey =>
  BUNDLE_NAME_PREFIX + utf8Name(name);
export const countKey = (name: string): BinaryKey => COUNT_PREFIX + ascii(name);
/** A dismissed kind of which the kernel's tables still name exports. */
export const dismissalKey = (vat: number, kind: number): BinaryKey =>
  DISMISSAL_PREFIX + u32(vat) + u32(kind);
/** Something whose counts the kernel has still to look at. */
export const dueKey = (kind: KRefKind, n: number): BinaryKey =>
  DUE_PREFIX + krefKind(kind) + u48(n);
/** A promise that may be held by nothing but what it holds. */
export const suspectKey = (promise: number): BinaryKey => SUSPECT_PREFIX + u48(promise);
/** The search among such promises that goes on in the next wave. */
export const tangleKey = (): BinaryKey => `${TANGLE_PREFIX}\x00`;
export const remainderKey = (vat: number, incarnation: number): BinaryKey =>
  REMAINDER_PREFIX + u32(vat) + u32(incarnation);

// row keys within a space

export const rowVat = (): BinaryKey => '\x01';
export const rowNextExport = (): BinaryKey => '\x02';
/** The kind of the resolvers of durable promises. */
export const rowResolverKind = (): BinaryKey => '\x03';
/** Of a vat that began as a fork. */
export const rowFork = (): BinaryKey => '\x04';
export const ROW_KIND_PREFIX: BinaryKey = '\x10';
export const rowKind = (kind: number): BinaryKey => ROW_KIND_PREFIX + u32(kind);
export const rowKindNext = (kind: number): BinaryKey => `\x11${u32(kind)}`;
/** Names that vat code gives are UTF-8 in the key. */
export const ROW_KIND_NAME_PREFIX: BinaryKey = '\x12';
export const rowKindName = (name: string): BinaryKey => ROW_KIND_NAME_PREFIX + utf8Name(name);
export const ROW_EXPORT_NAME_PREFIX: BinaryKey = '\x13';
export const rowExportName = (name: string): BinaryKey => ROW_EXPORT_NAME_PREFIX + utf8Name(name);
/** Kinds that the vat has dismissed. */
export const ROW_DISMISSED_PREFIX: BinaryKey = '\x14';
export const rowDismissed = (kind: number): BinaryKey => ROW_DISMISSED_PREFIX + u32(kind);
export const ROW_OBJECT_PREFIX: BinaryKey = '\x20';
export const rowObjectPrefix = (kind: number): BinaryKey => ROW_OBJECT_PREFIX + u32(kind);
export const rowObject = (kind: number, instance: number): BinaryKey =>
  rowObjectPrefix(kind) + u48(instance);
export const rowObjectState = (kind: number, instance: number): BinaryKey =>
  `\x21${u32(kind)}${u48(instance)}`;
export const ROW_COLLECTION_PREFIX: BinaryKey = '\x30';
export const rowCollection = (cid: number): BinaryKey => ROW_COLLECTION_PREFIX + u48(cid);
export const rowCollectionCounts = (cid: number): BinaryKey => `\x31${u48(cid)}`;
export const rowEntryPrefix = (cid: number): BinaryKey => `\x32${u48(cid)}`;
/** `encodedKey` is a binary string already: the CESU-8 of the encoded passable. */
export const rowEntry = (cid: number, encodedKey: BinaryKey): BinaryKey =>
  rowEntryPrefix(cid) + encodedKey;
export const rowRefEntryPrefix = (cid: number): BinaryKey => `\x33${u48(cid)}`;
export const rowRefEntry = (cid: number, vref: string): BinaryKey =>
  rowRefEntryPrefix(cid) + ascii(vref);
export const rowImportRef = (n: number): BinaryKey => `\x40${u48(n)}`;
/** The 00 keeps `o-1` from being a prefix of `o-10`. */
export const rowRecognizerPrefix = (vref: string): BinaryKey => `\x50${ascii(vref)}\x00`;
export const rowRecognizer = (vref: string, cid: number): BinaryKey =>
  rowRecognizerPrefix(vref) + u48(cid);
export const ROW_ZERO_PREFIX: BinaryKey = '\x60';
export const rowZeroPrefix = (incarnation: number): BinaryKey =>
  ROW_ZERO_PREFIX + u32(incarnation);
export const rowZero = (incarnation: number, baseRef: string): BinaryKey =>
  rowZeroPrefix(incarnation) + ascii(baseRef);

/** The watches of a promise, by the vat's name for it: the kernel looks for the key alone. */
export const ROW_WATCH_PREFIX: BinaryKey = '\x70';
export const rowWatch = (vpid: string): BinaryKey => ROW_WATCH_PREFIX + ascii(vpid);
/** The one watcher that `providePromiseWatcher` made of a kind. */
export const ROW_WATCHER_PREFIX: BinaryKey = '\x71';
export const rowWatcher = (kind: number): BinaryKey => ROW_WATCHER_PREFIX + u32(kind);

/**
 * A promise that the vat decides and that outlives its incarnations, by the vat's name for it: the
 * kernel looks for the key alone.
 */
export const ROW_DURABLE_PROMISE_PREFIX: BinaryKey = '\x72';
export const rowDurablePromise = (vpid: string): BinaryKey =>
  ROW_DURABLE_PROMISE_PREFIX + ascii(vpid);

const VIRTUAL_OFFSET = 0x80;

/**
 * The merely-virtual counterpart of a durable row key (or prefix) of table 20, 21, 30-33 or 50:
 * table `+80`, then the incarnation that owns it, then the same fields.
 */
export function virtualRow(incarnation: number, durable: BinaryKey): BinaryKey {
  const table = readU8(durable, 0);
  if (!VIRTUAL_TABLES.includes(table + VIRTUAL_OFFSET)) {
    refuse('row of table 20, 21, 30-33 or 50', table);
  }
  return char(table + VIRTUAL_OFFSET) + u32(incarnation) + durable.slice(1);
}

const VIRTUAL_COUNT_TABLE = 0xc0;

/** How many merely-virtual rows of an incarnation hold a durable object or an import. */
export const rowVirtualCount = (incarnation: number, baseRef: string): BinaryKey =>
  char(VIRTUAL_COUNT_TABLE) + u32(incarnation) + ascii(baseRef);

/** The virtual tables, in key order: what an ended incarnation has to have swept. */
export const VIRTUAL_TABLES: readonly number[] = [
  0xa0, 0xa1, 0xb0, 0xb1, 0xb2, 0xb3, VIRTUAL_COUNT_TABLE, 0xd0,
];

/** All rows of one virtual table that an incarnation owns. */
export function virtualTablePrefix(table: number, incarnation: number): BinaryKey {
  if (!VIRTUAL_TABLES.includes(table)) refuse('virtual table', table);
  return char(table) + u32(incarnation);
}
