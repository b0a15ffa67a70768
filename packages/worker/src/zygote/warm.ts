/**
 * What warms a thread or a child process: handlers for errors that nobody catches, the image
 * evaluated and the realm locked down, the store open for reading.
 *
 * It must happen after the kernel has opened the store (rules.md#s3), once in a realm.
 */
import { types } from 'node:util';
import { openReader, type StoreReader } from '@heirloom/store';
import { packFrame } from '@heirloom/store/frame-writer';
import { FromWorker } from '../protocol/opcodes.js';
import type { ImageInstance } from '../contracts/vat-environment.js';
import { compileImage, runImage, type ImageExports } from './image-loader.js';

interface WarmOptions {
  readonly directory: string;
  readonly readersMax: number;
  readonly imageSource: string;
  readonly codeCache: Uint8Array | undefined;
}

export interface Warm {
  readonly image: ImageExports;
  readonly reader: StoreReader;
}

let instance: ImageInstance | undefined;

/** From now on unhandled rejections are the vat's console lines. */
export const serveRejections = (served: ImageInstance): void => {
  instance = served;
};

/**
 * An unhandled rejection is vat code's own affair: it is logged, the worker lives (rules.md#h2).
 */
const onUnhandledRejection = (reason: unknown): void => {
  if (instance?.onUnhandledRejection(reason) === true) return;
  process.stderr.write('heirloom: unhandled rejection before a vat was bound\n');
};

/** The thread ends, and what it died of goes to its owner: vat code can see no stack any more. */
const onFatalError = (error: unknown): void => {
  const stack = instance?.stackOf?.(error) ?? '';
  if (stack !== '' && types.isNativeError(error)) {
    const attributes = { writable: true, configurable: true };
    Reflect.defineProperty(error, 'stack', { value: stack, ...attributes });
  }
};

export const warm = (options: WarmOptions): Warm => {
  const { directory, readersMax, imageSource, codeCache } = options;
  // No handler for uncaughtException: then the worker ends and its owner gets the error, which is
  // what an exception of ours must do. With a handler it would live on.
  process.on('uncaughtExceptionMonitor', onFatalError);
  process.on('unhandledRejection', onUnhandledRejection);
  // A vat may handle in a later crank what it did not handle at once: without a listener Node would
  // print a warning of its own to the host's stderr.
  process.on('rejectionHandled', () => undefined);
  const image = runImage(compileImage(imageSource, codeCache));
  return { image, reader: openReader({ directory, readersMax, withinKernel: true }) };
};

/** The first frame of every worker: it is warm, its native modules are loaded. */
export const readyFrame = (): Uint8Array => packFrame([FromWorker.ready]);
