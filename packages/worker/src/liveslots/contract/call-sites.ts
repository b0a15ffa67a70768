/**
 * Where vat code has called what threw an error of ours. V8 keeps the ten innermost frames of an
 * error, and for such an error these may all be ours; more of them are taken where we notice, since
 * for every error that vat code makes more would cost what it cannot pay (docs/observability.md).
 *
 * For traces alone: no vat sees it.
 */
import { types } from 'node:util';

/** What is told of a place. */
export type SiteText = (site: Error | undefined) => string;

const { isNativeError } = types;
const ErrorOf: ErrorConstructor = Error;

/** Frames of ours and of the author's. */
const FRAMES_MAX = 50;

/** Of a delivery: vat code that catches more than that is not to pay for what nobody reads. */
const TOLD_MAX = 100;

/** Of a start: what more of them cost would be more than a start may. */
const START_SITES_MAX = 1_000;

const sites = new WeakMap<object, Error>();
let told = 0;
let startSitesLeft = 0;
/** Of what a start makes. They hold what their frames do, and go with the next delivery. */
const startSites = new Map<string, Error>();

/** A delivery begins; `notesStart`: that of a start, and it will be asked where it made things. */
export const beginTelling = (notesStart = false): void => {
  told = 0;
  startSitesLeft = notesStart ? START_SITES_MAX : 0;
  startSites.clear();
};

/** An error with the frames of ours and of the author's. */
const deepError = (): Error => {
  const { stackTraceLimit } = ErrorOf;
  ErrorOf.stackTraceLimit = FRAMES_MAX;
  try {
    return new ErrorOf();
  } finally {
    ErrorOf.stackTraceLimit = stackTraceLimit;
  }
};

/** Is the place of one thing more told, that a start does? */
export const takesStartSite = (): boolean => {
  startSitesLeft -= 1;
  return startSitesLeft >= 0;
};

/** A start makes something: where, if it is the first of that name, for who tries an upgrade. */
export const noteStartSite = (what: string): void => {
  if (startSitesLeft <= 0 || startSites.has(what) || !takesStartSite()) return;
  const site = deepError();
  sites.set(site, site);
  startSites.set(what, site);
};

/** By name. Empty behind the start, and where nobody will ask. */
export const notedStartSites = (): ReadonlyMap<string, Error> => startSites;

/**
 * To be called where `error` passes a function of ours that vat code has called. False: nothing
 * more is told of this delivery's errors.
 */
export const noteCallSite = (error: Error): boolean => {
  if (told >= TOLD_MAX) return false;
  told += 1;
  if (!isNativeError(error) || sites.has(error)) return true;
  sites.set(error, deepError());
  return true;
};

/** An error that has the frames of the call. */
export const callSiteOf = (error: object): Error | undefined => sites.get(error);
