/**
 * V8's code cache of one script in memory that the threads of a process share: the first thread
 * that has run the script fills it, those that start later compile nothing.
 *
 * Where it stays empty (the cache is too large, or the thread died while it filled it), every
 * thread compiles for itself: that takes longer, and changes nothing else.
 */
import { ownBytes } from './shared-bytes.js';

/** Threefold what the script of a thread needs on Node 20. */
const ROOM_BYTES = 512 * 1024;

/** Before the cache: its length, in 32 bits, or one of these. */
const LENGTH_BYTES = 4;
const EMPTY = 0;
const TAKEN = -1;

const lengthOf = (room: SharedArrayBuffer): Int32Array => new Int32Array(room, 0, 1);

export const makeCodeCacheRoom = (bytes = ROOM_BYTES): SharedArrayBuffer =>
  new SharedArrayBuffer(LENGTH_BYTES + bytes);

/** Undefined as long as no thread has filled it. */
export const readCodeCache = (room: SharedArrayBuffer): Buffer | undefined => {
  const length = Atomics.load(lengthOf(room), 0);
  return length > 0 ? ownBytes(room, LENGTH_BYTES, length) : undefined;
};

/** Keeps what `produce` gives, unless another thread does already or the room is too small. */
export const fillCodeCache = (room: SharedArrayBuffer, produce: () => Uint8Array): void => {
  const length = lengthOf(room);
  if (Atomics.compareExchange(length, 0, EMPTY, TAKEN) !== EMPTY) return;
  const codeCache = produce();
  if (codeCache.length > room.byteLength - LENGTH_BYTES) return;
  new Uint8Array(room, LENGTH_BYTES).set(codeCache);
  Atomics.store(length, 0, codeCache.length);
};
