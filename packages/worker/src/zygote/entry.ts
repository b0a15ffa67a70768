/**
 * The thread of one vat: what thread-loader.ts runs, and the one task that Piscina gives it.
 *
 * Evaluating this module warms the thread. The task is the vat's life: frames go between its port
 * and the image; nothing else is posted. Aborting the task, or destroying the pool, kills the
 * thread (rules.md#h1).
 */
import assert from 'node:assert/strict';
import { workerData, type MessagePort } from 'node:worker_threads';
import { collectGarbage } from './collect-garbage.js';
import type { EntryScript } from './entry-script.js';
import { IdleCollection } from './idle-collection.js';
import { after } from './idle-host-powers.js';
import type { AddonData } from './lmdb-addon.js';
import { ownBytes } from './shared-bytes.js';
import { readyFrame, serveRejections, warm, type Warm } from './warm.js';

/** What the pool passes as `workerData`. */
export interface ZygoteData extends EntryScript, AddonData {
  readonly directory: string;
  readonly readersMax: number;
  /** The image script, UTF-8. */
  readonly imageSource: SharedArrayBuffer;
  readonly codeCache?: SharedArrayBuffer;
  readonly collectsEveryCrank?: boolean;
  readonly crankWeightMax?: number;
}

export interface ZygoteTask {
  readonly port: MessagePort;
}

const zygoteData: ZygoteData = workerData;

const warmThread = (): Warm => {
  const { directory, readersMax, imageSource, codeCache } = zygoteData;
  return warm({
    directory,
    readersMax,
    imageSource: ownBytes(imageSource).toString('utf8'),
    codeCache: codeCache === undefined ? undefined : ownBytes(codeCache),
  });
};

const { collectsEveryCrank = false, crankWeightMax = 0 } = zygoteData;
const { image, reader } = warmThread();
collectGarbage(); // V8 would begin it amid the vat's first crank: see decision 068
let isServing = false;

/** The vat's life. Ends, and closes the store, when the port closes. */
const serve = async ({ port }: ZygoteTask): Promise<void> => {
  assert(!isServing, 'a thread serves one incarnation');
  isServing = true;
  const closed = new Promise<void>(resolve => port.once('close', resolve));
  const idle = new IdleCollection(collectGarbage, after);
  const started = image.startImage({
    reader,
    post: (frame, transfer) => {
      idle.passed(frame);
      port.postMessage(frame, transfer);
    },
    collectGarbage,
    collectsEveryCrank,
    crankWeightMax,
  });
  serveRejections(started);
  port.postMessage(readyFrame());
  port.on('message', (frame: Uint8Array) => {
    idle.passed(frame);
    started.onMessage(frame);
  });
  await closed;
  await reader.close();
};

export default serve;
