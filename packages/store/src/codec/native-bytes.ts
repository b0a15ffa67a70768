/**
 * Byte arrays by the constructor of the engine, for the hot paths.
 *
 * In a realm of vats packages/worker/src/zygote/buffer-constructors.ts puts a function of ours into
 * the place of `Uint8Array`, and `subarray` and `slice` ask for it as the species. That module
 * imports this one, so that the constructor is taken before.
 */
const BytesOf = Uint8Array;

export const makeBytes = (length: number): Uint8Array => new BytesOf(length);

/** Bytes that another array holds, from `start` to `end`, which lie in it: no copy. */
export const partOf = (bytes: Uint8Array, start: number, end = bytes.length): Uint8Array =>
  new BytesOf(bytes.buffer, bytes.byteOffset + start, end - start);

/** A copy of them, in a buffer of its own. */
export const copyOf = (bytes: Uint8Array, start: number, end: number): Uint8Array => {
  const copy = new BytesOf(end - start);
  copy.set(partOf(bytes, start, end));
  return copy;
};
