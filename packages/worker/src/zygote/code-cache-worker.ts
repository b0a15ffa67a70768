/** Thread entry: runs the image once, then posts V8's code cache of it. See code-cache.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileImage, runImage } from './image-loader.js';

const script = compileImage(workerData as string, undefined);
runImage(script);
const cache = script.createCachedData();
const copy = new Uint8Array(cache);
parentPort!.postMessage(copy, [copy.buffer]);
