/**
 * What an engine shows to vat code, as digests: two engines whose observations by one image are
 * equal run the vats of a store alike (docs/engines.md).
 *
 * An observation looks at one thing, say at what strings become in upper case; its digest is the
 * beginning of the sha256 of what it saw, hex. The order is that of the image. Observations of two
 * images say nothing about each other.
 */
export type Observation = readonly [name: string, digest: string];
export type Observations = readonly Observation[];

/** An image whose text has this can be asked what the engine shows: older ones cannot. */
export const OBSERVATIONS_MARK = 'heirloom image: observations';

const NAME = /^[a-z0-9.-]{1,40}$/;
const DIGEST = /^[0-9a-f]{16}$/;
const OBSERVATIONS_MAX = 200;

const isObservation = (value: unknown): value is Observation => {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, digest]: unknown[] = value;
  if (typeof name !== 'string' || typeof digest !== 'string') return false;
  return NAME.test(name) && DIGEST.test(digest);
};

/** Is it what a worker answers to `observe`? */
export const isObservations = (value: unknown): value is Observations =>
  Array.isArray(value) && value.length <= OBSERVATIONS_MAX && value.every(isObservation);

/** The names of what is not the same in both, or in one of them only; `ours` come first. */
export const differingObservations = (ours: Observations, theirs: Observations): string[] => {
  const [own, other] = [new Map(ours), new Map(theirs)];
  const names = new Set([...own.keys(), ...other.keys()]);
  return [...names].filter(name => own.get(name) !== other.get(name));
};
