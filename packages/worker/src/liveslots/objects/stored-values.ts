/**
 * Decodes what rows hold, and says plainly when a durable kind is missing that a row refers to.
 *
 * Until every durable kind of the vat is defined again, a row may hold instances of a kind that has
 * no behaviour yet. Reading *those* values throws; other values of the same row can be read, as if
 * each were stored apart. Once `allClaimed` was called, nothing is checked any more.
 */
import { rowKind } from '@heirloom/store/keys';
import type { Body, Slots } from '../../protocol/passables.js';
import { durableRef, parseVRef } from '../../protocol/refs.js';
import type { VRef } from '../../protocol/refs.js';
import { isRecord } from '../../values.js';
import { failNotDurable } from '../contract/author-advice.js';
import type { LiveslotsContext } from '../contract/context.js';
import { q } from '../contract/fail.js';
import { FIRST_USER_KIND } from '../rows/counters.js';
import { listOf } from '../rows/decoded.js';
import { unpackRow } from '../rows/frames.js';

/** Stands for a value that cannot be had before some kind is defined. */
export class Unavailable {
  readonly #decode: () => unknown;

  /** Asks no proxy. */
  static isOn(value: unknown): value is Unavailable {
    return isRecord(value) && #decode in value;
  }

  constructor(decode: () => unknown) {
    this.#decode = decode;
  }

  /** The value, once the kinds that it mentions are defined. Throws before that. */
  value(): unknown {
    return this.#decode();
  }
}

const KIND_OF_HANDLES = 1;

export class StoredValues {
  readonly #context: LiveslotsContext;
  readonly #isDefined: (kind: number) => boolean;
  #areAllClaimed = false;

  constructor(context: LiveslotsContext, isDefined: (kind: number) => boolean) {
    this.#context = context;
    this.#isDefined = isDefined;
  }

  allClaimed(): void {
    this.#areAllClaimed = true;
  }

  /** Throws an Error if `slots` mention an instance of a kind that is not defined. */
  decode(body: Body, slots: Slots): unknown {
    if (!this.#areAllClaimed) for (const slot of slots) this.assertDefined(slot);
    return this.#context.codec.decode(body, slots);
  }

  /** The value of one reference that a row holds. */
  valueOf(vref: VRef): object {
    if (!this.#areAllClaimed) this.assertDefined(vref);
    return this.#context.references.valueOf(vref);
  }

  /** Decodes an array. Its members that cannot be had are `Unavailable`. */
  decodeFields(body: Body, slots: Slots): readonly unknown[] {
    const { codec } = this.#context;
    const isWhole =
      this.#areAllClaimed || slots.every(slot => this.#undefinedKindOf(slot) === undefined);
    if (isWhole) return listOf(codec, body, slots);
    const standIns = new Set<VRef>();
    const available = slots.map(slot => {
      const kind = this.#undefinedKindOf(slot);
      if (kind === undefined) return slot;
      // A handle can be made again without its kind being defined.
      const standIn = durableRef(KIND_OF_HANDLES, kind);
      standIns.add(standIn);
      return standIn;
    });
    const fields = listOf(codec, body, available);
    return fields.map((field, i) => {
      if (!codec.encode(field).slots.some(slot => standIns.has(slot))) return field;
      return new Unavailable(() => listOf(this, body, slots)[i]);
    });
  }

  assertDefined(slot: VRef): void {
    const kind = this.#undefinedKindOf(slot);
    if (kind === undefined) return;
    const bytes = this.#context.rows.get(rowKind(kind));
    const tag =
      bytes === undefined ? '?' : this.#context.codec.decode(unpackRow('kind', bytes)[0], []);
    const why = `no kind info for ${kind} (${String(tag)})`;
    const hint = 'check deserialize preceding kind definitions';
    throw Error(`failed to reanimate ${String(q(`Alleged: ${String(tag)}`))}: ${why}; ${hint}`, {
      cause: Error(`${why}; ${hint}`),
    });
  }

  #undefinedKindOf(slot: VRef): number | undefined {
    if (!slot.startsWith('o+d')) return undefined;
    const parsed = parseVRef(slot);
    if (parsed?.type !== 'durable' || parsed.kind < FIRST_USER_KIND) return undefined;
    return this.#isDefined(parsed.kind) ? undefined : parsed.kind;
  }
}

/** The index of the first of `slots` that is not durable, else -1. */
export const firstNotDurable = (context: LiveslotsContext, slots: Slots): number =>
  slots.findIndex(slot => !context.references.isDurable(slot));

/** Throws what `fail` throws for the first of `slots` that is not durable, if there is one. */
export const assertDurable = (
  context: LiveslotsContext,
  slots: Slots,
  fail: (slot: string) => never,
): void => {
  const slot = firstNotDurable(context, slots);
  const vref = slots[slot];
  if (vref !== undefined) failNotDurable(vref, () => fail(String(slot)));
};
