/**
 * Asks an image what the engine of this process shows to vat code: in a thread of its own, with the
 * stack and the realm of a vat's, which is ended afterwards.
 */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { isObservations, type Observations } from '../protocol/observations.js';
import type { ObservingJob, ObservingReport } from './observing-thread.js';
import { VAT_STACK_MIB } from './vat-stack.js';

interface EngineNames {
  /** V8, ICU, Unicode and architecture: what stores of schemas before 4 know of their engine. */
  readonly name: string;
  /**
   * The name, and what else decides what vat code sees: the release of Node, which has parts of its
   * own (`URL`), and the host's language, if it is one with a letter i of its own.
   */
  readonly build: string;
}

/** Where a back reference ignores case, V8 asks ICU for the capitals of the host's language. */
const hasTurkishLetters = (): boolean => /(.)\1/i.test('i\u0130');

export const engineNames = (): EngineNames => {
  const { v8, icu, unicode, node } = process.versions;
  const name = `v8 ${v8}, icu ${icu}, unicode ${unicode}, ${process.arch}`;
  const letters = hasTurkishLetters() ? ', Turkish letters' : '';
  return { name, build: `node ${node}, ${name}${letters}` };
};

interface ObservingImage {
  readonly source: string;
  readonly codeCache?: Uint8Array | undefined;
}

export interface ObservingOptions {
  /** All that is looked at, which takes up to 20 s; default: a choice that takes 0.2 s. */
  readonly whole?: boolean;
  /** Told how many observations of a whole look have been made. */
  readonly progress?: (made: number) => void;
}

/** Undefined: the image is older than observations. Errors: Error, if it cannot be run. */
export const observeEngine = async (
  { source, codeCache }: ObservingImage,
  { whole = false, progress = () => undefined }: ObservingOptions = {},
): Promise<Observations | undefined> => {
  const job: ObservingJob = { source, codeCache, whole };
  const worker = new Worker(new URL('./observing-thread.js', import.meta.url), {
    workerData: job,
    env: {},
    resourceLimits: { stackSizeMb: VAT_STACK_MIB },
  });
  try {
    const observed = await new Promise<Observations | null>((resolve, reject) => {
      worker.on('message', (told: ObservingReport) => {
        if (typeof told === 'number') progress(told);
        else resolve(told);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread that observes ended early')));
    });
    return observed ?? undefined;
  } finally {
    await worker.terminate();
  }
};

/** What the engine that built this package shows to the image that it built. */
interface BuiltObservations {
  readonly build: string;
  readonly imageId: string;
  readonly observations: Observations;
}

const isBuilt = (value: unknown): value is BuiltObservations =>
  typeof value === 'object' && value !== null && 'build' in value && 'imageId' in value &&
  'observations' in value && isObservations(value.observations);

/**
 * What `scripts/observe-image.mjs` has written, so that nobody need look again where the build runs
 * and the image is the same; undefined if there is nothing.
 */
export const readBuiltObservations = (): BuiltObservations | undefined => {
  let text: string;
  try {
    text = readFileSync(new URL('../engine.json', import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
  const built: unknown = JSON.parse(text);
  return isBuilt(built) ? built : undefined;
};
