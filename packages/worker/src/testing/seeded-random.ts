/** Numbers that look random and follow from a text alone: the same in every process. */

const FNV_PRIME = 16_777_619;
const FNV_OFFSET = 2_166_136_261;

export class SeededRandom {
  #state: number;

  constructor(seed: string) {
    this.#state = SeededRandom.hash(seed);
  }

  /** 32 bits (FNV-1a of the UTF-16 units). */
  static hash(text: string): number {
    let hash = FNV_OFFSET;
    for (let i = 0; i < text.length; i += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
    }
    return hash >>> 0;
  }

  /** From 0 to `limit` - 1 (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
