/** Bytes in memory that the threads of a process share. */

/** A copy that every thread can read. */
export const sharedBytes = (bytes: Uint8Array): SharedArrayBuffer => {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
};

/** A copy of one's own: neither V8 nor Node takes shared memory for sources and code caches. */
export const ownBytes = (shared: SharedArrayBuffer, offset = 0, length?: number): Buffer =>
  Buffer.from(new Uint8Array(shared, offset, length));
