/** The bundler's thread, as the host calls it: one thread a job. */
import { Piscina } from 'piscina';
import type { ArchiveJob } from './archive-script.js';
import type { BundleJob, BundlerJob } from './bundler-thread.js';

const run = async (job: BundlerJob): Promise<unknown> => {
  const filename = new URL('./bundler-thread.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, env: {} });
  try {
    return await pool.run(job);
  } finally {
    await pool.destroy();
  }
};

export const runBundleJob = async (job: BundleJob): Promise<Readonly<Record<string, string>>> =>
  (await run(job)) as Readonly<Record<string, string>>;

/** Gives the script. */
export const runArchiveJob = async (job: ArchiveJob): Promise<string> => (await run(job)) as string;
