/**
 * What the codec asks of its surroundings, and what it gives back.
 */

/**
 * In a vat worker liveslots implements these; on the host, the kernel's own stand-ins do. `Slot` is
 * the text that names a reference there.
 */
export interface PassableHooks<Slot extends string = string> {
  /**
   * The vref for an object that crosses by reference (remotable, presence, representative,
   * promise); undefined if `value` is none. May throw, may encode and decode other values.
   * Asked only of frozen objects that are no proxies, and never of arrays, errors, byte arrays and
   * objects that inherit directly from `Object.prototype`: endo passes none of these by reference.
   */
  slotOf(value: object): Slot | undefined;
  /** The value for a slot when decoding. Asked once per slot, in order of first mention. */
  valueOf(slot: Slot): unknown;
  /** Whether the value is hardened. A host that encodes its own plain data answers true. */
  isHardened(value: object): boolean;
  /** Freezes and marks a fresh container whose members are all hardened. */
  bornHardened<T extends object>(value: T): T;
  /** Left out in vats: there a byte array is an immutable ArrayBuffer and nothing else. */
  readonly byteArrays?: ByteArrays;
}

/** Objects that stand for byte arrays, besides immutable ArrayBuffers. */
export interface ByteArrays {
  /** The bytes of `value`, to be copied; undefined if it is none of them. */
  bytesOf(value: object): Uint8Array | undefined;
  /** What decoding gives. `bytes` is a buffer of its own. */
  make(bytes: Uint8Array): object;
}

export interface EncodedPassable<Slot extends string = string> {
  /** Exactly the canonical bytes, in a buffer of their own. */
  readonly body: Uint8Array;
  /** The references that the body mentions, each once, in order of first mention. */
  readonly slots: readonly Slot[];
}
