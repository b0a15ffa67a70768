/**
 * The codes of vat faults: rules that every replica checks alike (rules.md#h2, docs/limits.md). A
 * fault undoes the crank and ends the vat, or fails the upgrade.
 */
export const FAULT_CODES = [
  /** `buildRootObject` threw, never settled, or returned no remotable. */
  'START_FAILED',
  /** A handler of `vatPowers.onFork` threw, or did not settle. */
  'FORK_FAILED',
  /** The bundle has no `buildRootObject`. */
  'NO_BUILD_ROOT_OBJECT',
  /** The bundle's own evaluation threw, a syntax error included. */
  'EVALUATION_FAILED',
  /** A durable kind of the predecessor was not defined again, or not compatibly. */
  'KIND_UNCLAIMED',
  'KIND_MISMATCH',
  /** `vatPowers.exitVatWithFailure`. */
  'EXIT_FAILURE',
  /** A reference the vat does not have, does not own, or may not use so. */
  'BAD_REFERENCE',
  /** A message of the wrong shape. */
  'BAD_SYSCALL',
  /** Settling a promise that the vat does not decide. */
  'NOT_DECIDER',
  /** A named limit was passed. */
  'LIMIT',
  /** A delivery named an object that the vat no longer has. */
  'BAD_DELIVERY',
  /** The meter of the vat holds less than the crank costs. */
  'METER_UNDERFLOW',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** A rule of the protocol that a vat broke. Caught at the crank boundary and turned to a value. */
export class VatFault extends Error {
  override readonly name = 'VatFault';
  readonly code: FaultCode;
  readonly #isFault = true;

  /** Runs no code of whoever has thrown `error`, and takes nothing for a fault that is none. */
  static isOn(error: unknown): error is VatFault {
    return typeof error === 'object' && error !== null && #isFault in error;
  }

  constructor(code: FaultCode, message: string) {
    super(message);
    this.code = code;
  }
}
