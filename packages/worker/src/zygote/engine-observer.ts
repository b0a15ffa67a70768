/**
 * Asks an image what the engine of this process shows to vat code: in a thread of its own, with the
 * stack and the realm of a vat's, which is ended afterwards.
 */
import { Worker } from 'node:worker_threads';
import type { Observations } from '../protocol/observations.js';
import type { ObservingJob } from './observing-thread.js';
import { VAT_STACK_MIB } from './vat-stack.js';

interface ObservingImage {
  readonly source: string;
  readonly codeCache?: Uint8Array | undefined;
}

/**
 * Undefined: the image is older than observations. `whole`: all that is looked at, which takes up
 * to 20 s; otherwise a choice that takes 0.2 s. Errors: Error, if the image cannot be run.
 */
export const observeEngine = async (
  { source, codeCache }: ObservingImage,
  { whole = false } = {},
): Promise<Observations | undefined> => {
  const job: ObservingJob = { source, codeCache, whole };
  const worker = new Worker(new URL('./observing-thread.js', import.meta.url), {
    workerData: job,
    env: {},
    resourceLimits: { stackSizeMb: VAT_STACK_MIB },
  });
  try {
    const observed = await new Promise<Observations | null>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread that observes ended early')));
    });
    return observed ?? undefined;
  } finally {
    await worker.terminate();
  }
};
