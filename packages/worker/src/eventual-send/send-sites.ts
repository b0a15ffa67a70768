/**
 * Where a send was made that cannot come to anything: its error is made in a later turn, where no
 * caller is left. For traces alone.
 */
import { types } from 'node:util';

const { isNativeError, isProxy } = types;
const { getPrototypeOf } = Object;
const ErrorOf = Error;
const PLAIN: readonly (object | null)[] = [
  ...[Object.prototype, Array.prototype, Promise.prototype],
  null,
];

const sites = new WeakMap<object, Error>();

/** An error that has the frames of this call. */
export const hereAndNow = (): Error => new ErrorOf();

/** Such an argument is no data, and no object that can be passed: it was not hardened before. */
export const isDoubtful = (arg: unknown): boolean => {
  if (typeof arg === 'function') return true;
  if (typeof arg !== 'object' || arg === null || isProxy(arg)) return false;
  return !PLAIN.includes(getPrototypeOf(arg));
};

/** `error` is what became of the send that was made there. */
export const madeAt = (error: unknown, site: Error | undefined): void => {
  if (site !== undefined && isNativeError(error)) sites.set(error, site);
};

const sendSites = new WeakMap<object, Error>();

/** `send` is made here. */
export const sentHere = (send: object): void => {
  sendSites.set(send, hereAndNow());
};

export const siteOfSend = (send: object): Error | undefined => sendSites.get(send);

export const siteOf = (error: object): Error | undefined => sites.get(error);
