/**
 * How much a vat does in one wave: when its cranks have become large, the rest of its part is held
 * back for the next wave. Worker and kernel count the same bytes, each by itself (rules.md#w9).
 */
import { Delivery } from './opcodes.js';

/** An image whose text has this holds back what is left of a part: older ones run all of it. */
export const PARTS_MARK = 'heirloom image: parts have an end';

/** Bytes of a vat's packed cranks in one wave, after which no other message of the wave is run. */
export const PART_BYTES_MAX = 2 ** 21;

/** A delivery is a list of fewer than 16: one byte; its opcode follows. */
const OPCODE_AT = 1;

/** What comes before all else in a wave is never held back: the plan has taken it off its table. */
const ALWAYS_RUN: readonly (number | undefined)[] = [
  Delivery.dropExports,
  Delivery.retireExports,
  Delivery.retireImports,
  Delivery.reap,
];

/** Is a delivery left for the next wave, after cranks of so many bytes in this one? */
export const isHeldBack = (bytes: number, delivery: Uint8Array): boolean =>
  bytes >= PART_BYTES_MAX && !ALWAYS_RUN.includes(delivery[OPCODE_AT]);
