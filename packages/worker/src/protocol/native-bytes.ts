/**
 * Byte arrays by the constructor of the engine, for the hot path.
 *
 * In a realm of vats zygote/buffer-constructors.ts puts a function of ours into the place of
 * `Uint8Array`, and `subarray` and `slice` ask for it as the species. That module imports this one:
 * so the constructor is taken before.
 */
const BytesOf = Uint8Array;

export const makeBytes = (length: number): Uint8Array => new BytesOf(length);

/** Bytes that another buffer holds, from `start` to `end`: as `subarray`, no copy. */
export const partOf = (bytes: Uint8Array, start: number, end = bytes.length): Uint8Array =>
  new BytesOf(bytes.buffer, bytes.byteOffset + start, end - start);
