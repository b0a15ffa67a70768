/**
 * Canonical bytes of passables in this vat, for rows and for the wire.
 *
 * The two differ in what becomes of a promise that has no vref yet: a row may be read at any time
 * while the incarnation lasts, so the promise is kept for as long as a row holds its name; on the
 * wire the kernel learns of it, and of how it settles, from the syscalls that follow.
 */
import { PassableCodec } from '@heirloom/store/codec';
import type { Hardening } from '../../contracts/hardening.js';
import type { Body, Slots } from '../../protocol/passables.js';
import type { VRef } from '../../protocol/refs.js';
import { noteRefused } from '../contract/author-advice.js';
import type { Encoded, ValueCodec } from '../contract/context.js';
import type { PromiseTable } from './promise-table.js';

interface SlotTable {
  slotOf(value: object): VRef | undefined;
  valueOf(vref: VRef): object;
  exportMark(): number;
  /** What `slotOf` exported since `mark` was not mentioned after all. */
  forgetExports(mark: number): void;
}

interface VatCodecOptions {
  readonly hardening: Hardening;
  readonly slots: SlotTable;
  readonly promises: PromiseTable;
}

export class VatCodec implements ValueCodec {
  readonly #codec: PassableCodec<VRef>;
  readonly #slots: SlotTable;
  readonly #promises: PromiseTable;

  constructor({ hardening, slots, promises }: VatCodecOptions) {
    this.#slots = slots;
    this.#promises = promises;
    this.#codec = new PassableCodec({
      slotOf: value => slots.slotOf(value),
      valueOf: slot => slots.valueOf(slot),
      isHardened: value => hardening.isHardened(value),
      bornHardened: value => hardening.bornHardened(value),
    });
  }

  /** For rows. What a row comes to hold of it, the ledger is told. */
  encode(value: unknown): Encoded {
    return this.#encode(() => this.#codec.encode(value));
  }

  /** For syscalls, which the caller makes in the same turn (see `PromiseTable.takeUntold`). */
  encodeForWire(value: unknown): Encoded {
    return this.#encode(() => this.#codec.encode(value));
  }

  /** For a promise's settlement: as `encodeForWire`, but an error need not be passable as it is. */
  encodeSettlement(value: unknown): Encoded {
    return this.#encode(() => this.#codec.encodeSettlement(value));
  }

  decode(body: Body, slots: Slots): unknown {
    return this.#codec.decode(body, slots);
  }

  #encode(encode: () => Encoded): Encoded {
    const promiseMark = this.#promises.untoldMark();
    const exportMark = this.#slots.exportMark();
    try {
      return encode();
    } catch (error) {
      this.#promises.forgetUntold(promiseMark);
      this.#slots.forgetExports(exportMark);
      noteRefused(error);
      throw error;
    }
  }
}
