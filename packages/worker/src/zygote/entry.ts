/**
 * The thread of one vat: what Piscina loads (`filename`) and the one task that it runs.
 *
 * Loading this module warms the thread: handlers for errors that nobody catches, the image
 * evaluated and the realm locked down, the store open for reading. It must happen after the kernel
 * has opened the store (rule S3). The task is the vat's life: frames go between its port and the
 * image; nothing else is posted. Aborting the task, or destroying the pool, kills the thread (rule
 * H1).
 */
import assert from 'node:assert/strict';
import { workerData, type MessagePort } from 'node:worker_threads';
import { openReader, type StoreReader } from '@heirloom/store';
import { collectGarbage } from './collect-garbage.js';
import { compileImage, runImage, type ImageExports } from './image-loader.js';
import type { ImageInstance } from './environment.js';

/** What the pool passes as `workerData`. */
export interface ZygoteData {
  readonly directory: string;
  readonly readersMax: number;
  /** The image script, UTF-8. */
  readonly imageSource: SharedArrayBuffer;
  readonly codeCache?: SharedArrayBuffer;
  readonly collectsEveryCrank?: boolean;
}

export interface ZygoteTask {
  readonly port: MessagePort;
}

/** A copy: neither V8 nor Node takes shared memory here. */
const bytesOf = (shared: SharedArrayBuffer): Buffer => Buffer.from(new Uint8Array(shared));

let instance: ImageInstance | undefined;

/** An unhandled rejection is vat code's own affair: it is logged and the thread lives (rule H2). */
const onUnhandledRejection = (reason: unknown): void => {
  if (instance?.onUnhandledRejection(reason) === true) return;
  process.stderr.write('heirloom: unhandled rejection before a vat was bound\n');
};

const warm = (): { readonly image: ImageExports; readonly reader: StoreReader } => {
  const { directory, readersMax, imageSource, codeCache } = workerData as ZygoteData;
  const cache = codeCache === undefined ? undefined : bytesOf(codeCache);
  const script = compileImage(bytesOf(imageSource).toString('utf8'), cache);
  const image = runImage(script);
  return { image, reader: openReader({ directory, readersMax }) };
};

// No handler for uncaughtException: then the thread ends and its owner gets the error, which is
// what an exception of ours must do. With a handler it would live on.
process.on('unhandledRejection', onUnhandledRejection);
// A vat may handle in a later crank what it did not handle at once: without a listener Node would
// print a warning of its own to the host's stderr.
process.on('rejectionHandled', () => undefined);
const { collectsEveryCrank = false } = workerData as ZygoteData;
const { image, reader } = warm();

/** The vat's life. Ends, and closes the store, when the port closes. */
const serve = async ({ port }: ZygoteTask): Promise<void> => {
  assert(instance === undefined, 'a thread serves one incarnation');
  const closed = new Promise<void>(resolve => port.once('close', resolve));
  const started = image.startImage({
    reader,
    post: (frame, transfer) => port.postMessage(frame, transfer),
    collectGarbage,
    collectsEveryCrank,
  });
  instance = started;
  port.on('message', (frame: Uint8Array) => started.onMessage(frame));
  await closed;
  await reader.close();
};

export default serve;
