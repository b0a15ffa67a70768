/**
 * A vat worker's thread: one Piscina pool of one thread, one task for a vat's whole life.
 *
 * Invariants: frames cross as transferred buffers over one MessagePort; destroying resolves after
 * the thread has exited (rules.md#h1): never, for one that loops in native code.
 */
import assert from 'node:assert/strict';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describeError, lmdbAddonFile, utf8 } from '@heirloom/store';
import {
  readEntryScript,
  sharedBytes,
  VAT_STACK_MIB,
  ZYGOTE_ENTRY,
  type EntryScript,
  type ZygoteData,
  type ZygoteTask,
} from '@heirloom/worker';
import { Piscina } from 'piscina';
import { Deferred } from '../base/deferred.js';
import {
  FROM_WORKER_BYTES_MAX,
  type ChannelEvents,
  type OpenChannel,
  type StoreAddress,
  type WorkerChannel,
  type WorkerHost,
} from './channel.js';

class ThreadChannel implements WorkerChannel {
  readonly #pool: Piscina<ZygoteTask, void>;
  readonly #port: MessagePort;
  /** The thread has said something, or ended: its native modules are no longer being loaded. */
  readonly #warm = new Deferred<void>();
  #destroyed: Promise<void> | undefined;
  #isKilled = false;

  /** `pool` has exactly one thread, already warm, with no task. */
  constructor(pool: Piscina<ZygoteTask, void>, events: ChannelEvents) {
    this.#pool = pool;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const end = (reason: string, cause?: Error): void => {
      this.#warm.resolve();
      events.end(reason, cause);
    };
    port1.on('message', (message: unknown) => {
      this.#warm.resolve();
      if (!isUnshared(message)) events.broken('a message that is no frame');
      else if (message.length <= FROM_WORKER_BYTES_MAX) events.frame(message);
      else events.broken(`a frame of ${message.length} bytes`);
    });
    // Code of vats may have thrown it: it need not be an error.
    const failed = (how: string, error: unknown): void =>
      end(`${how}: ${describeError(error)}`, error instanceof Error ? error : undefined);
    pool.on('error', (error: unknown) => failed('the thread failed', error));
    const life = pool.run({ port: port2 }, { transferList: [port2] });
    assert.equal(pool.queueSize, 0, 'nothing waits in a Piscina queue');
    life.then(
      () => end('the thread ended by itself'),
      (error: unknown) => failed('the thread died', error),
    );
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  send(frame: Uint8Array): void {
    this.#port.postMessage(frame, [frame.buffer as ArrayBuffer]);
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  /**
   * A thread must have begun before it is killed: one that was killed while it loaded lmdb aborted
   * the process when it was tried.
   */
  async #destroy(): Promise<void> {
    await this.#warm.promise;
    this.#port.close();
    this.#isKilled = true;
    await this.#pool.destroy();
  }
}

/** Shared memory could change under our checks. */
const isUnshared = (message: unknown): message is Uint8Array =>
  message instanceof Uint8Array && message.buffer instanceof ArrayBuffer;

/** One for the process: threads of all kernels share its code cache. */
let entryScript: EntryScript | undefined;

/** Starts threads: each has its image evaluated, its realm locked down and the store open. */
export const threadChannels = (host: WorkerHost & StoreAddress): OpenChannel => {
  const { directory, readersMax, imageSource, codeCache, heapMiBMax } = host;
  const { collectsEveryCrank } = host;
  entryScript ??= readEntryScript();
  const workerData: ZygoteData = {
    ...entryScript,
    lmdbAddon: lmdbAddonFile(),
    directory,
    readersMax,
    collectsEveryCrank,
    imageSource: sharedBytes(utf8(imageSource)),
    ...(codeCache === undefined ? {} : { codeCache: sharedBytes(codeCache) }),
  };
  const resourceLimits = {
    stackSizeMb: VAT_STACK_MIB,
    ...(heapMiBMax === undefined ? {} : { maxOldGenerationSizeMb: heapMiBMax }),
  };
  return events => {
    const pool = new Piscina<ZygoteTask, void>({
      filename: ZYGOTE_ENTRY,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: 'disabled',
      env: {},
      workerData,
      resourceLimits,
    });
    return new ThreadChannel(pool, events);
  };
};
