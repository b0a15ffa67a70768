/**
 * How much a vat does in one wave: when its cranks have become heavy, the rest of its part is held
 * back for the next wave. Worker and kernel count the same, each by itself (rules.md#w9).
 */
import { Delivery } from './opcodes.js';

/** An image whose text has this holds back what is left of a part: older ones run all of it. */
export const PARTS_MARK = 'heirloom image: parts have an end';

/** Weight of a vat's cranks in one wave, after which no other message of the wave is run. */
export const PART_WEIGHT_MAX = 2 ** 21;
/** Syscalls that a crank has for nothing: an ordinary one sends and settles no more. */
const SYSCALLS_FREE = 4;
/** What each of the others weighs: as much as takes the kernel about as long as so many bytes. */
const SYSCALL_WEIGHT = 4_096;

/** What a crank counts for: the bytes of its packed form, and syscalls beyond the ordinary. */
export const crankWeight = (bytes: number, syscalls: number): number =>
  bytes + Math.max(0, syscalls - SYSCALLS_FREE) * SYSCALL_WEIGHT;

/** What a reference, resolution or interface weighs: it gets a name, and loses it again. */
const MENTION_WEIGHT = 2_048;

/**
 * What the parameter `crankWeightMax` is compared with. `bytes`: of the packed crank; whoever has
 * not packed it yet may give less. `mentions`: references, resolutions and interfaces in it.
 */
export const limitedWeight = (bytes: number, syscalls: number, mentions: number): number =>
  crankWeight(bytes, syscalls) + mentions * MENTION_WEIGHT;

export const tooHeavy = (weightMax: number): string =>
  `a crank of a message or a notify weighs at most ${weightMax} (parameter crankWeightMax)`;

/** A delivery is a list of fewer than 16: one byte; its opcode follows. */
const OPCODE_AT = 1;

/** What comes before all else in a wave is never held back: the plan has taken it off its table. */
const ALWAYS_RUN: readonly (number | undefined)[] = [
  Delivery.dropExports,
  Delivery.retireExports,
  Delivery.retireImports,
  Delivery.reap,
];

/** Does `crankWeightMax` hold for its crank? Not for what the kernel, or an upgrade, asks for. */
export const hasWeightMax = (delivery: Uint8Array): boolean =>
  delivery[OPCODE_AT] === Delivery.message || delivery[OPCODE_AT] === Delivery.notify;

/** Is a delivery left for the next wave, after cranks of such a weight in this one? */
export const isHeldBack = (weight: number, delivery: Uint8Array): boolean =>
  weight >= PART_WEIGHT_MAX && !ALWAYS_RUN.includes(delivery[OPCODE_AT]);
