/**
 * What one observation has seen, on its way to a digest: texts, and numbers bit by bit.
 *
 * A text counts with its length, so that two ways to cut one up differ.
 */
import { createHash } from 'node:crypto';

const DIGEST_CHARS = 16;
const NUMBER_BYTES = 8;
const NUMBERS_MAX = 1024;
const TEXTS_MAX = 1024;

/** What vat code can tell of a value that is no object; of an object its text. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}`;
  return Object.is(value, -0) ? '-0' : String(value);
};

/** What somebody who catches it reads. */
const caught = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : `thrown ${shown(error)}`;

/** What `run` gives or throws, as a text. */
export const outcomeOf = (run: () => unknown): string => {
  try {
    return shown(run());
  } catch (error) {
    return caught(error);
  }
};

export class Sight {
  readonly #hash = createHash('sha256');
  readonly #numbers = Buffer.alloc(NUMBERS_MAX * NUMBER_BYTES);
  readonly #view = new DataView(this.#numbers.buffer, this.#numbers.byteOffset);
  #count = 0;
  #texts: string[] = [];

  text(text: string): void {
    if (this.#count > 0) this.#flush();
    this.#texts.push(`${text.length}:${text}`);
    if (this.#texts.length === TEXTS_MAX) this.#flush();
  }

  /** Every NaN counts as the same: what can be seen of one is an observation of its own. */
  number(number: number): void {
    if (this.#texts.length > 0) this.#flush();
    this.#view.setFloat64(this.#count * NUMBER_BYTES, number);
    this.#count += 1;
    if (this.#count === NUMBERS_MAX) this.#flush();
  }

  /** What `run` gives or throws. */
  outcome(run: () => unknown): void {
    this.text(outcomeOf(run));
  }

  #flush(): void {
    this.#hash.update(this.#numbers.subarray(0, this.#count * NUMBER_BYTES));
    // Halves of surrogate pairs count as what they are.
    this.#hash.update(Buffer.from(this.#texts.join(''), 'utf16le'));
    this.#count = 0;
    this.#texts = [];
  }

  digest(): string {
    this.#flush();
    return this.#hash.digest('hex').slice(0, DIGEST_CHARS);
  }
}

interface LookOptions {
  /** All that there is to see, and not only the quick choice. */
  readonly whole: boolean;
}

/** One observation. */
export interface Look {
  readonly name: string;
  look(sight: Sight, options: LookOptions): void | Promise<void>;
}

/** The same numbers every time: a linear congruential generator, 32 bits. */
export const sequence = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
};
