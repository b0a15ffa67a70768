/**
 * V8's code cache of one script in memory that the threads of a process share: the first thread
 * that has run the script fills it, those that start later compile nothing.
 *
 * Its checksum is compared before V8 sees it, for V8 trusts what it is given: threads share the
 * memory with vat code that may have got out. Where it stays empty (the cache is too large, or
 * the thread died while it filled it) or does not fit, every thread compiles for itself: that takes
 * longer, and changes nothing else.
 */
import { transcriptCheck } from '../protocol/transcript.js';
import { ownBytes } from './shared-bytes.js';

/** Threefold what the script of a thread needs on Node 20. */
const ROOM_BYTES = 512 * 1024;

/** Before the cache: its length, in 32 bits, or one of these; then its CRC-32. */
const HEAD_BYTES = 8;
const EMPTY = 0;
const TAKEN = -1;

const lengthOf = (room: SharedArrayBuffer): Int32Array => new Int32Array(room, 0, 1);
const sumOf = (room: SharedArrayBuffer): Uint32Array => new Uint32Array(room, 4, 1);

export const makeCodeCacheRoom = (bytes = ROOM_BYTES): SharedArrayBuffer =>
  new SharedArrayBuffer(HEAD_BYTES + bytes);

/** Undefined as long as no thread has filled it, and if it is not what that thread has made. */
export const readCodeCache = (room: SharedArrayBuffer): Buffer | undefined => {
  const length = Atomics.load(lengthOf(room), 0);
  if (length <= 0 || length > room.byteLength - HEAD_BYTES) return undefined;
  const codeCache = ownBytes(room, HEAD_BYTES, length);
  return transcriptCheck(codeCache) === sumOf(room)[0] ? codeCache : undefined;
};

/** Keeps what `produce` gives, unless another thread does already or the room is too small. */
export const fillCodeCache = (room: SharedArrayBuffer, produce: () => Uint8Array): void => {
  const length = lengthOf(room);
  if (Atomics.compareExchange(length, 0, EMPTY, TAKEN) !== EMPTY) return;
  const codeCache = produce();
  if (codeCache.length > room.byteLength - HEAD_BYTES) return;
  new Uint8Array(room, HEAD_BYTES).set(codeCache);
  sumOf(room)[0] = transcriptCheck(codeCache);
  Atomics.store(length, 0, codeCache.length);
};
