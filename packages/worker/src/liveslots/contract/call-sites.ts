/**
 * Where vat code has called what threw an error of ours. V8 keeps the ten innermost frames of an
 * error, and for such an error these may all be ours; more of them are taken where we notice, since
 * for every error that vat code makes more would cost what it cannot pay (docs/observability.md).
 *
 * For traces alone: no vat sees it.
 */
import { types } from 'node:util';

const { isNativeError } = types;
const ErrorOf: ErrorConstructor = Error;

/** Frames of ours and of the author's. */
const FRAMES_MAX = 50;

/** Of a delivery: vat code that catches more than that is not to pay for what nobody reads. */
const TOLD_MAX = 100;

const sites = new WeakMap<object, Error>();
let told = 0;

/** A delivery begins. */
export const beginTelling = (): void => {
  told = 0;
};

/**
 * To be called where `error` passes a function of ours that vat code has called. False: nothing
 * more is told of this delivery's errors.
 */
export const noteCallSite = (error: Error): boolean => {
  if (told >= TOLD_MAX) return false;
  told += 1;
  if (!isNativeError(error) || sites.has(error)) return true;
  const { stackTraceLimit } = ErrorOf;
  ErrorOf.stackTraceLimit = FRAMES_MAX;
  try {
    sites.set(error, new ErrorOf());
  } finally {
    ErrorOf.stackTraceLimit = stackTraceLimit;
  }
  return true;
};

/** An error that has the frames of the call. */
export const callSiteOf = (error: object): Error | undefined => sites.get(error);
