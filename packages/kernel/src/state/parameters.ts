/**
 * Consensus parameters: fixed when a store is created, the same on every replica, part of `meta`.
 *
 * What is not here (threads, spare workers, logs) changes no outcome.
 */
import type { Height } from '@heirloom/store';
import { frameCodec } from './frame-codec.js';

/** Who decides what is garbage: see docs/gc.md. */
export const GC_MODES = ['engine', 'consensus'] as const;
export type GcMode = (typeof GC_MODES)[number];

export interface KernelParameters {
  /**
   * `engine`: V8, at reaps, recorded. `consensus`: nothing in RAM is let go before an upgrade
   * (rules.md#o2).
   */
  readonly gc: GcMode;
  /** Items of the run queue in one wave, at most. */
  readonly waveLimit: number;
  /** Bytes of packed deliveries after which a wave is full. */
  readonly waveBytesMax: number;
  /**
   * Rows of ended incarnations and vats that one wave removes, and of shared spaces that it moves,
   * at most.
   */
  readonly cleanupRowsMax: number;
  /** Deliveries to a vat after which it is reaped (engine mode). */
  readonly reapInterval: number;
  /** References in garbage deliveries to a vat after which it is reaped (engine mode). */
  readonly reapKrefs: number;
  /** Rows that one sweep works off, at most. */
  readonly sweepRowsMax: number;
  /**
   * Incarnations whose number is a multiple find stored things that only hold each other, in their
   * sweeps; 0: only when `collectCycles` asks.
   */
  readonly cycleInterval: number;
  /** The hashes of blocks whose height is a multiple contain the state root; 0: none does. */
  readonly stateRootInterval: number;
  /** Messages that wait on one unresolved promise: the result of the next one is rejected. */
  readonly promiseQueueMax: number;
  /** Vats that run: the creation of the next one fails. */
  readonly vatsMax: number;
  /**
   * What one crank of a message or a notify may weigh, in bytes (worker/src/protocol/parts.ts):
   * a heavier one ends its vat. 0: as heavy as the limits of every store let it be.
   */
  readonly crankWeightMax: number;
}

/**
 * A vat's part of a wave is one row of the transcript (16 MiB): the bytes after which a wave is
 * full, and one more delivery of 10 MB with its references, must fit.
 */
export const WAVE_BYTES_MOST = 4 * 2 ** 20;

/**
 * Rows that one wave moves or removes are changed at a stretch; what a sweep changes is one crank,
 * which may write 1,000,000 rows.
 */
const STEP_ROWS_MOST = 100_000;

/** What may not be as large as one likes. */
export const MOSTS: Partial<Record<keyof KernelParameters, number>> = {
  waveBytesMax: WAVE_BYTES_MOST,
  cleanupRowsMax: STEP_ROWS_MOST,
  sweepRowsMax: STEP_ROWS_MOST,
};

export const DEFAULT_PARAMETERS: KernelParameters = {
  gc: 'engine',
  waveLimit: 1024,
  waveBytesMax: WAVE_BYTES_MOST,
  cleanupRowsMax: 1024,
  reapInterval: 10_000,
  reapKrefs: 1000,
  sweepRowsMax: 1024,
  cycleInterval: 10,
  stateRootInterval: 0,
  promiseQueueMax: 10_000,
  vatsMax: 1000,
  crankWeightMax: 0,
};

/**
 * In the order of the stored row: a new one comes last, and changes the schema, unless rows without
 * it are read as those of stores that do not have it.
 */
export const COUNTS = [
  'waveLimit',
  'waveBytesMax',
  'cleanupRowsMax',
  'reapInterval',
  'reapKrefs',
  'sweepRowsMax',
  'stateRootInterval',
  'promiseQueueMax',
  'vatsMax',
  'cycleInterval',
  'crankWeightMax',
] as const;

/** Is the state root to be in the hash of the block? */
export const isSealed = (height: Height, parameters: KernelParameters): boolean => {
  const { stateRootInterval } = parameters;
  return stateRootInterval > 0 && height % stateRootInterval === 0;
};

/** The row is shorter without the last one: so are rows that are older than that is. */
const ARITIES = [COUNTS.length, 1 + COUNTS.length];

/** Errors of `decode`: HostError STORE_CORRUPT for a row with another number of parameters. */
const codec = frameCodec<KernelParameters, readonly [GcMode, ...number[]]>(
  'the parameters',
  ARITIES,
  parameters => {
    const stored = parameters.crankWeightMax === 0 ? COUNTS.slice(0, -1) : COUNTS;
    return [parameters.gc, ...stored.map(name => parameters[name])];
  },
  ([gc, ...counts]) => ({
    ...DEFAULT_PARAMETERS,
    gc,
    ...Object.fromEntries(counts.map((count, i) => [COUNTS[i], count])),
  }),
);
export const packParameters = codec.encode;
export const unpackParameters = codec.decode;
