/**
 * The bundler's thread, as the host calls it. Loading the bundler takes seconds of CPU time, a
 * bundle a fraction of one: the thread stays for a while after a job, and keeps no process alive.
 */
import assert from 'node:assert/strict';
import { Piscina } from 'piscina';
import type { ArchiveJob, DerivedArchive } from './archive-script.js';
import type { BundleJob, BundlerJob, BundlerResult, RefusedArchive } from './bundler-thread.js';
import { ArchiveRefused } from './bundling.js';

/** A host that bundles several vats does so in a row. */
const IDLE_MS = 10_000;

let pool: Piscina<BundlerJob, BundlerResult> | undefined;

const run = async (job: BundlerJob): Promise<BundlerResult> => {
  pool ??= new Piscina<BundlerJob, BundlerResult>({
    filename: new URL('./bundler-thread.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    env: {},
    // Not those of the host: a loader of its own (tsx, say) would be looked for here, too.
    execArgv: [],
  });
  return pool.run(job);
};

const isDerived = (result: BundlerResult): result is DerivedArchive => 'script' in result;
const isRefused = (result: BundlerResult): result is RefusedArchive => 'refused' in result;

export const runBundleJob = async (job: BundleJob): Promise<Readonly<Record<string, string>>> => {
  const bundle = await run(job);
  assert(!isDerived(bundle) && !isRefused(bundle), 'a bundle comes of a bundle job');
  return bundle;
};

export const runArchiveJob = async (job: ArchiveJob): Promise<DerivedArchive> => {
  const derived = await run(job);
  if (isRefused(derived)) throw new ArchiveRefused(derived.refused);
  assert(isDerived(derived), 'a script comes of an archive job');
  return derived;
};
