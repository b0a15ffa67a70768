/**
 * What the engine of this process shows to vat code, and whether a store can be opened under it.
 *
 * Reads a snapshot, beside a running kernel or without one; changes nothing, and looks anew, also
 * where a kernel would remember.
 */
import { openReader } from '@heirloom/store';
import { differingObservations, readImage, type Observations } from '@heirloom/worker';
import { KernelError } from '../base/kernel-errors.js';
import { hostEngine, observeBy, type Engine } from '../code/host-engine.js';
import { storedScript, type ImageSource } from '../code/images.js';
import { engineOf } from '../core/engine-fit.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { knownEngines, storedEngine, type StoreEngine } from '../state/store-meta.js';

export interface EngineOptions {
  /** A store: its image looks, and what it needs is compared. Default: the release's image. */
  readonly directory?: string;
  /** All that is looked at, which takes up to 20 s; default: a choice that takes 0.2 s. */
  readonly whole?: boolean;
  /** Told how many observations of a whole look have been made. */
  readonly progress?: (made: number) => void;
}

export interface EngineReport {
  /** V8, ICU, Unicode and architecture. */
  readonly name: string;
  /** The name and the release of Node. */
  readonly build: string;
  /** Of the image that has looked, sha256, hex. */
  readonly imageId: string;
  readonly whole: boolean;
  /** Names and digests, in a fixed order; null: the image is older than observations. */
  readonly observations: Observations | null;
  /** Of the store that was named; null: none was. */
  readonly store: {
    readonly engine: StoreEngine;
    /** Builds that are known to that host to show what the store needs. */
    readonly knownEngines: readonly string[];
    readonly fits: boolean;
    /** Why it does not fit; null if it does. */
    readonly why: string | null;
    /** Names of observations that differ from what the store needs. */
    readonly differing: readonly string[];
  } | null;
}

type StorePart = NonNullable<EngineReport['store']>;

interface Looked {
  readonly image: ImageSource;
  readonly store: StorePart | null;
}

/** Looks now, whatever the build or the store remembers. */
const LOOKING: Engine = { ...hostEngine, observe: image => observeBy(image) };

/** The image that is to look: of a store, the one whose observations it has. */
const lookAtStore = async (directory: string): Promise<Looked> => {
  const reader = openReader({ directory, readersMax: READERS_MAX, olderSchemas: true });
  try {
    const snapshot = reader.begin();
    try {
      const engine = storedEngine(snapshot);
      const image = 'imageId' in engine ? storedScript(snapshot, engine.imageId) : readImage();
      const fit = await engineOf(snapshot, LOOKING, { looksAgain: true });
      const { why, differing } = fit.fits ? { why: null, differing: [] } : fit;
      const known = knownEngines(snapshot);
      return { image, store: { engine, knownEngines: known, fits: fit.fits, why, differing } };
    } finally {
      snapshot.done();
    }
  } finally {
    await reader.close();
  }
};

/**
 * Looks at the engine of this process, and at what a store needs of it.
 *
 * Errors: HostError NOT_A_STORE, STORE_CORRUPT, WORKER_DIED.
 */
export const reportEngine = async (options: EngineOptions = {}): Promise<EngineReport> => {
  const { directory, whole = false, progress = () => undefined } = options;
  const { image, store } =
    directory === undefined ? { image: readImage(), store: null } : await lookAtStore(directory);
  const observations = await observeBy(image, { whole, progress });
  const { name, build } = hostEngine;
  return { name, build, imageId: image.id, whole, observations: observations ?? null, store };
};

/** The observations of two reports that differ, by name. Errors: KernelError BAD_ARGUMENT. */
export const compareEngines = (ours: EngineReport, theirs: EngineReport): string[] => {
  if (ours.imageId !== theirs.imageId || ours.whole !== theirs.whole) {
    const rule = 'reports can be compared if one image has looked, and at the same';
    throw new KernelError('BAD_ARGUMENT', `${rule}: both with --whole, or both without`);
  }
  return differingObservations(ours.observations ?? [], theirs.observations ?? []);
};
