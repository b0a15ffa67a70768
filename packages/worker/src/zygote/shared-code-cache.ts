/**
 * V8's code cache of one script in memory that the threads of a process share: the first thread
 * that has run the script fills it, those that start later compile nothing.
 */

/** Threefold what the script of a thread needs on Node 20. */
const ROOM_BYTES = 512 * 1024;
/** The state and the cache's length, in 32 bits each. */
const HEAD_BYTES = 8;

const EMPTY = 0;
const BEING_FILLED = 1;
const FILLED = 2;

const headOf = (room: SharedArrayBuffer): Int32Array => new Int32Array(room, 0, 2);

export const makeCodeCacheRoom = (bytes = ROOM_BYTES): SharedArrayBuffer =>
  new SharedArrayBuffer(HEAD_BYTES + bytes);

/** A copy: V8 takes no shared memory. Undefined as long as no thread has filled it. */
export const readCodeCache = (room: SharedArrayBuffer): Buffer | undefined => {
  const head = headOf(room);
  if (Atomics.load(head, 0) !== FILLED) return undefined;
  return Buffer.from(new Uint8Array(room, HEAD_BYTES, head[1]));
};

/** Keeps what `produce` gives, unless another thread does already or the room is too small. */
export const fillCodeCache = (room: SharedArrayBuffer, produce: () => Uint8Array): void => {
  const head = headOf(room);
  if (Atomics.compareExchange(head, 0, EMPTY, BEING_FILLED) !== EMPTY) return;
  const codeCache = produce();
  if (codeCache.length > room.byteLength - HEAD_BYTES) return;
  new Uint8Array(room, HEAD_BYTES).set(codeCache);
  head[1] = codeCache.length;
  Atomics.store(head, 0, FILLED);
};
