/**
 * Data that the kernel itself puts into promises, and the little it may know of a vat's data.
 *
 * The kernel never decodes a body, with exceptions that need no trust: whether a resolution is one
 * bare reference (that decides where messages go), what is said to the kernel's own objects, and
 * the texts of errors.
 */
import { HOST_BYTE_ARRAYS, PassableCodec, type Steps } from '@heirloom/store';
import { storedKRef, type KRef } from '../state/krefs.js';
import type { Settlement } from './router.js';

/** A reference inside data that the kernel makes. */
export class SlotMark {
  readonly kref: KRef;

  constructor(kref: KRef) {
    this.kref = kref;
    Object.freeze(this);
  }
}

const codec = new PassableCodec({
  slotOf: value => (value instanceof SlotMark ? String(value.kref) : undefined),
  valueOf: slot => new SlotMark(storedKRef(slot)),
  isHardened: () => true,
  bornHardened: value => Object.freeze(value),
  // What the host has loaded must not show in the text of an error.
  byteArrays: HOST_BYTE_ARRAYS,
});

export interface KernelData {
  readonly body: Uint8Array;
  readonly slots: readonly KRef[];
}

/** Encodes data of the kernel's own; `SlotMark`s become references. */
export const kernelData = (value: unknown): KernelData => {
  const { body, slots } = codec.encode(value);
  return { body, slots: slots.map(slot => storedKRef(slot)) };
};

/**
 * Decodes data that vats made for an object of the kernel's own; references become `SlotMark`s.
 *
 * Errors: TypeError or RangeError for bytes that are no data.
 */
export const decodeKernelData = ({ body, slots }: KernelData): unknown =>
  codec.decode(body, slots.map(String));

/** Data of more bytes is decoded in steps. */
const LONG_DATA_BYTES = 64 * 1024;

/** What `codec` makes of it; of much data in steps. Errors: those of `PassableCodec.decode`. */
export function* decodingBy(
  codec: Pick<PassableCodec, 'decode' | 'decoding'>,
  { body, slots }: KernelData,
): Steps<unknown> {
  const names = slots.map(String);
  return body.length < LONG_DATA_BYTES
    ? codec.decode(body, names)
    : yield* codec.decoding(body, names);
}

/** As `decodeKernelData`; of much data in steps. */
export const decodingKernelData = (data: KernelData): Steps<unknown> => decodingBy(codec, data);

/** Of more bytes no text is made. */
const TEXT_DATA_BYTES_MAX = 256 * 1024;

export const isTooLongForText = (body: Uint8Array): boolean => body.length > TEXT_DATA_BYTES_MAX;

/** What stands in its place. */
export const longData = ({ length }: Uint8Array): string => `(data of ${length} bytes)`;

/** For the texts of errors and logs only. */
export const describeData = (data: KernelData): string => {
  if (isTooLongForText(data.body)) return longData(data.body);
  try {
    return String(decodeKernelData(data));
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return '(no data)';
    throw error;
  }
};

const SOLE_REFERENCE = Buffer.from(kernelData(new SlotMark(storedKRef(0))).body);

/** The reference that `body` is, if it is nothing else. */
export const soleReference = (body: Uint8Array, slots: readonly KRef[]): KRef | undefined =>
  slots.length === 1 && SOLE_REFERENCE.equals(body) ? slots[0] : undefined;

export const rejection = (reason: unknown): Settlement => ({
  rejected: true,
  ...kernelData(reason),
});

export const VAT_TERMINATED: Settlement = rejection(Error('vat terminated'));

/** The reason for a message that was sent to a promise fulfilled with data. */
export const dataNotCallable = (methargs: Uint8Array, slots: readonly KRef[]): KernelData => {
  const name = methodName(methargs, slots);
  const method = typeof name === 'string' ? ` ${name}` : '';
  return kernelData(TypeError(`data is not callable, has no method${method}`));
};

/** Bytes of a message that is read for the name of its method. */
const NAMED_MESSAGE_BYTES_MAX = 100_000;

/** For texts only: what a vat made up may be no canonical data at all. */
export const methodName = (methargs: Uint8Array, slots: readonly KRef[]): unknown => {
  if (methargs.length > NAMED_MESSAGE_BYTES_MAX) return undefined;
  try {
    return Object(codec.decode(methargs, slots.map(String)))[0];
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
};

/** What a promise is rejected with when its decider's vat is upgraded (docs/upgrade.md). */
export const disconnection = (upgradeMessage: string, incarnationNumber: number): Settlement =>
  rejection({ name: 'vatUpgraded', upgradeMessage, incarnationNumber });
