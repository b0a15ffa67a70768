/**
 * Thread entry: a worker that serves no vat, but looks at what its engine shows to vat code. It
 * posts the observations, or null for an image that cannot observe. See engine-observer.ts.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { packFrame } from '@heirloom/store/frame-writer';
import { unpackTuple } from '../protocol/frame-reader.js';
import { isObservations, OBSERVATIONS_MARK, type Observations } from '../protocol/observations.js';
import { FromWorker, ToWorker } from '../protocol/opcodes.js';
import { compileImage, runImage } from './image-loader.js';
import { NO_STORE } from './no-store.js';

/** What engine-observer.ts gives this thread. */
export interface ObservingJob {
  readonly source: string;
  readonly codeCache: Uint8Array | undefined;
  readonly whole: boolean;
}

/** How many observations have been made; in the end what they are, or null. */
export type ObservingReport = number | Observations | null;

const tell = (told: ObservingReport): void => parentPort?.postMessage(told);

const { source, codeCache, whole }: ObservingJob = workerData;
const image = runImage(compileImage(source, codeCache));
const instance = image.startImage({
  reader: NO_STORE,
  post: frame => {
    const [op, told] = unpackTuple(frame);
    if (op === FromWorker.progress && typeof told === 'number') return tell(told);
    assert(op === FromWorker.observed && isObservations(told), 'nothing else was asked');
    return tell(told);
  },
  collectGarbage: () => undefined,
});
if (instance.marks?.includes(OBSERVATIONS_MARK) !== true) tell(null);
else instance.onMessage(packFrame([ToWorker.observe, whole]));
