/**
 * The canonical codec of passables: one spelling per value, one value per spelling.
 *
 * The same class serves vat workers (locked down by ses, values of hostile code) and the host.
 * Hooks may use the codec again while it works: a nested call gets a writer of its own.
 */
import { ByteWriter } from './byte-writer.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { DEFAULT_PASSABLE_LIMITS } from './format.js';
import type { PassableLimits } from './format.js';
import type { EncodedPassable, PassableHooks } from './hooks.js';
import type { Steps } from '../steps/stepwise.js';
import { Refusal } from './refusal.js';

export class PassableCodec<Slot extends string = string> {
  readonly #hooks: PassableHooks<Slot>;
  readonly #limits: PassableLimits;
  /** The writer that no call uses at present. */
  #idleWriter: ByteWriter | undefined;

  constructor(hooks: PassableHooks<Slot>, limits: PassableLimits = DEFAULT_PASSABLE_LIMITS) {
    this.#hooks = hooks;
    this.#limits = limits;
  }

  /**
   * Encodes a hardened passable.
   *
   * Errors: TypeError, in endo's words and with the place, for what is not passable; RangeError
   * `syscall capdata too large` past `bodyBytesMax` or `slotsMax`; RangeError that names
   * `nestingMax` past it, so also for cyclic data.
   */
  encode(value: unknown): EncodedPassable<Slot> {
    return this.#run((encoder) => encoder.encode(value));
  }

  /**
   * As `encode`, but an error at the root is encoded even if it is not passable: by its name and
   * message and whichever of cause and errors are passable. So endo's marshal treats every root;
   * a promise is settled with what a method returned or threw.
   */
  encodeSettlement(value: unknown): EncodedPassable<Slot> {
    try {
      return this.encode(value);
    } catch (error) {
      if (!(error instanceof TypeError)) {
        throw error;
      }
      return this.#run((encoder) => {
        if (!encoder.encodeSalvaged(value)) {
          throw error;
        }
      });
    }
  }

  /**
   * Decodes to a fresh, born-hardened value.
   *
   * Errors: TypeError for bytes or slots that `encode` would not give back; RangeError past a
   * limit; whatever `valueOf` throws.
   */
  decode(body: Uint8Array, slots: readonly Slot[]): unknown {
    return new Decoder(this.#hooks, this.#limits, body, slots).decode();
  }

  /** The same in steps: data of ten megabytes may be millions of values. */
  decoding(body: Uint8Array, slots: readonly Slot[]): Steps<unknown> {
    return new Decoder(this.#hooks, this.#limits, body, slots).decoding();
  }

  #run(write: (encoder: Encoder<Slot>) => void): EncodedPassable<Slot> {
    const writer = this.#idleWriter ?? new ByteWriter(this.#limits);
    this.#idleWriter = undefined;
    try {
      const encoder = new Encoder(this.#hooks, this.#limits, writer);
      write(encoder);
      return { body: writer.finish(), slots: encoder.slots };
    } catch (error) {
      throw error instanceof Refusal ? error.toTypeError() : error;
    } finally {
      writer.reset();
      this.#idleWriter = writer;
    }
  }
}
