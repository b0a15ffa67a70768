/**
 * The bundler's thread, as the host calls it. Loading the bundler takes seconds of CPU time, a
 * bundle a fraction of one: the thread stays for a while after a job, and keeps no process alive.
 */
import { Piscina } from 'piscina';
import type { ArchiveJob } from './archive-script.js';
import type { BundleJob, BundlerJob } from './bundler-thread.js';

/** A host that bundles several vats does so in a row. */
const IDLE_MS = 10_000;

let pool: Piscina | undefined;

const run = async (job: BundlerJob): Promise<unknown> => {
  pool ??= new Piscina({
    filename: new URL('./bundler-thread.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    env: {},
  });
  return pool.run(job) as Promise<unknown>;
};

export const runBundleJob = async (job: BundleJob): Promise<Readonly<Record<string, string>>> =>
  (await run(job)) as Readonly<Record<string, string>>;

/** Gives the script. */
export const runArchiveJob = async (job: ArchiveJob): Promise<string> => (await run(job)) as string;
