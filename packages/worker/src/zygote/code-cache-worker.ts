/** Thread entry: runs the image once, then posts V8's code cache of it. See code-cache.ts. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { compileImage, runImage } from './image-loader.js';
import { rehearse } from './rehearsal.js';

/** What code-cache.ts gives this thread. */
interface CodeCacheJob {
  readonly source: string;
  readonly rehearses: boolean;
}

const { source, rehearses }: CodeCacheJob = workerData;
assert(parentPort !== null, 'this is no main thread');
const script = compileImage(source, undefined);
const image = runImage(script);
if (rehearses) await rehearse(image);
const cache = script.createCachedData();
const copy = new Uint8Array(cache);
parentPort.postMessage(copy, [copy.buffer]);
