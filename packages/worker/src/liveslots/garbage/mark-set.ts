/** Which things were reached: bits by kind and instance, in chunks that are made when needed. */

const CHUNK_BITS = 2 ** 15;
const WORD_BITS = 32;

export class MarkSet {
  readonly #chunks = new Map<string, Uint32Array>();

  /** False if it was there. */
  add(kind: number, instance: number): boolean {
    const chunk = this.#chunkOf(kind, instance);
    const at = (instance % CHUNK_BITS) >>> 5;
    const bit = 1 << (instance % WORD_BITS);
    const word = chunk[at] ?? 0;
    if ((word & bit) !== 0) return false;
    chunk[at] = word | bit;
    return true;
  }

  has(kind: number, instance: number): boolean {
    const chunk = this.#chunks.get(keyOf(kind, instance));
    if (chunk === undefined) return false;
    const word = chunk[(instance % CHUNK_BITS) >>> 5] ?? 0;
    return (word & (1 << (instance % WORD_BITS))) !== 0;
  }

  #chunkOf(kind: number, instance: number): Uint32Array {
    const key = keyOf(kind, instance);
    let chunk = this.#chunks.get(key);
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_BITS / WORD_BITS);
      this.#chunks.set(key, chunk);
    }
    return chunk;
  }
}

const keyOf = (kind: number, instance: number): string =>
  `${kind}/${Math.floor(instance / CHUNK_BITS)}`;
