/**
 * How long does anybody wait for a vat that floods?
 *
 * In a kernel that owns its blocks one vat does one thing for ever, as much of it as it may. All
 * the while the host calls a vat that has no part in it, and one vat calls another, at a fixed
 * pace, whether or not the calls before have been answered: a pause of a second shows in every call
 * that was made in it.
 */
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import {
  bundleVat,
  openKernel,
  type Kernel,
  type KernelParameters,
  type VatReference,
} from '@heirloom/kernel';
import { percentile } from '@heirloom/kernel/statistics';
import type { Bench, BenchIo } from './bench.js';
import type { Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { rounded } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const SIZES = {
  warmUp: { what: 'how long a flood lasts before that', quick: 1, full: 5, unit: 'seconds' },
  seconds: { what: 'how long there are calls', quick: 2, full: 30, unit: 'seconds' },
  pace: { what: 'from one call of each kind to the next', quick: 50, full: 50, unit: 'ms' },
} satisfies Sizes;

type FairnessOptions = SizesOf<typeof SIZES>;

const VAT = fileURLToPath(new URL('../vats/vat-flood.js', import.meta.url));
const NAMES = ['flood', 'other', 'idle', 'asker'] as const;

type Roots = Readonly<Record<(typeof NAMES)[number], VatReference>>;

/** A method of the vat that floods, and what it is given. */
type Flood = (roots: Roots) => readonly [method: string, ...args: unknown[]];

const FLOODS: Readonly<Record<string, Flood>> = {
  'nothing': () => ['echo', 0],
  'a call, again when it is answered': ({ other }) => ['circle', other],
  'a call of itself, likewise': ({ other, flood }) => ['circleBack', other, flood],
  '1,000 calls at once, likewise': ({ other }) => ['messages', other, 1_000],
  '10,000 calls at once, likewise': ({ other }) => ['messages', other, 10_000],
  '90,000 messages at once, likewise': ({ other }) => ['messages', other, 90_000],
  'messages to itself, each of which sends 100': ({ other, flood }) =>
    ['cascade', other, flood, 100],
  'messages of 9 MB, six at once': ({ other }) => ['giants', other, 6, 9_000_000],
  '10,000 messages on a promise that settles': ({ other }) => ['queued', other, 10_000],
  'rows of 9 MB, five in each crank': ({ other, flood }) => ['rows', other, flood, 5, 9_000_000],
  '10,000 references, made and dropped': ({ other }) => ['references', other, 10_000],
  '100 promises that hold each other, dropped': ({ other }) => ['meshes', other, 100],
};

/** Of a store whose vats are strangers' (docs/limits.md). */
const BOUNDED: Partial<KernelParameters> = { crankWeightMax: 2 ** 20, promiseQueueMax: 1_000 };

/** The same in cranks that are about as heavy as they may be there. */
const BOUNDED_FLOODS: Readonly<Record<string, Flood>> = {
  '240 calls at once': ({ other }) => ['messages', other, 240],
  'messages to itself, each of which sends 120': ({ other, flood }) =>
    ['cascade', other, flood, 120],
  'messages of 1 MB': ({ other }) => ['giants', other, 1, 1_000_000],
  '120 messages on a promise that settles': ({ other }) => ['queued', other, 120],
  'rows of 1 MB': ({ other, flood }) => ['rows', other, flood, 1, 1_000_000],
  '240 references, made and dropped': ({ other }) => ['references', other, 240],
  '20 promises that hold each other, dropped': ({ other }) => ['meshes', other, 20],
};

interface Case {
  readonly name: string;
  readonly flood: Flood;
  readonly parameters: Partial<KernelParameters>;
}

const CASES: readonly Case[] = [
  ...Object.entries(FLOODS).map(([name, flood]) => ({ name, flood, parameters: {} })),
  ...Object.entries(BOUNDED_FLOODS).map(([name, flood]) => ({
    name: `bounded: ${name}`,
    flood,
    parameters: BOUNDED,
  })),
];

const rootsOf = (kernel: Kernel): Roots => ({
  flood: kernel.vat('flood').root,
  other: kernel.vat('other').root,
  idle: kernel.vat('idle').root,
  asker: kernel.vat('asker').root,
});

interface Waits {
  readonly host: number[];
  readonly vats: number[];
}

/** Calls at a pace until the time is over; resolves when all of them are answered. */
const callAtPace = async (
  kernel: Kernel,
  { seconds, pace }: FairnessOptions,
): Promise<Waits> => {
  const { idle, asker } = rootsOf(kernel);
  const waits: Waits = { host: [], vats: [] };
  const timed = async (list: number[], call: Promise<unknown>): Promise<void> => {
    const began = performance.now();
    await call;
    list.push(performance.now() - began);
  };
  const end = performance.now() + seconds * 1_000;
  const calls: Promise<void>[] = [];
  while (performance.now() < end) {
    calls.push(timed(waits.host, kernel.call(idle, 'echo', [1])));
    calls.push(timed(waits.vats, kernel.call(asker, 'ask', [idle, 2])));
    await wait(pace);
  }
  await Promise.all(calls);
  return waits;
};

const measure = async (
  directory: string,
  bundle: Awaited<ReturnType<typeof bundleVat>>,
  { flood, parameters }: Case,
  options: FairnessOptions,
): Promise<Waits> => {
  const kernel = await openKernel({ directory, parameters, log: () => undefined });
  try {
    const bundleId = await kernel.installBundle(bundle);
    for (const name of NAMES) await kernel.createVat({ name, bundleId });
    const roots = rootsOf(kernel);
    const [method, ...args] = flood(roots);
    kernel.call(roots.flood, method, args).catch(() => undefined);
    await wait(options.warmUp * 1_000);
    const waits = await callAtPace(kernel, options);
    // Throws where the flood has been ended: then there was nothing to wait for.
    await kernel.terminateVat(kernel.vat('flood').vatId);
    return waits;
  } finally {
    await kernel.close();
  }
};

const figures = (waits: readonly number[]): number[] =>
  [50, 95, 100].map(part => rounded(percentile(waits, part)));

export const fairnessBench: Bench = {
  name: 'fairness',
  summary: 'how long others wait for a vat that floods',

  sizes: SIZES,
  seconds: { quick: 85, full: 830 },

  async run(options: FairnessOptions, io: BenchIo): Promise<Report> {
    const bundle = await bundleVat(VAT);
    const progress = io.progress('floods', CASES.length);
    const rows: [string, ...number[]][] = [];
    try {
      for (const one of CASES) {
        const waits = await inTemporaryDirectory('fairness', directory =>
          measure(directory, bundle, one, options),
        );
        rows.push([one.name, ...figures(waits.host), ...figures(waits.vats)]);
        progress.advance(1);
      }
    } finally {
      progress.stop();
    }
    return {
      title: `ms to an answer while a vat floods, a call every ${options.pace} ms`,
      head: ['the flood', 'host p50', 'p95', 'max', 'between vats p50', 'p95', 'max'],
      rows,
      record: {
        ...{ bench: 'fairness', ...options },
        floods: Object.fromEntries(rows.map(([name, ...times]) => [name, times])),
      },
    };
  },
};
