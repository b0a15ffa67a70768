/**
 * A vat worker's thread: one Piscina pool of one thread, one task for a vat's whole life.
 *
 * Invariants: frames cross as transferred buffers over one MessagePort; destroying resolves after
 * the thread has exited (rules.md#h1): never, for one that loops in native code.
 */
import assert from 'node:assert/strict';
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
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
import { nextTurn } from '../base/kernel-host-powers.js';
import {
  FROM_WORKER_BYTES_MAX,
  type ChannelEvents,
  type OpenChannel,
  type StoreAddress,
  type WorkerChannel,
  type WorkerHost,
} from './channel.js';

/**
 * Messages that are taken in one turn of the kernel's thread, and their bytes. Node hands over all
 * that a port holds at once: 100,000 of a thread that floods were one step of 0.4 s.
 */
const MESSAGES_PER_TURN = 1_000;
const BYTES_PER_TURN = 2 ** 24;

class ThreadChannel implements WorkerChannel {
  readonly #pool: Piscina<ZygoteTask, void>;
  readonly #port: MessagePort;
  /** The thread has said something, or ended: its native modules are no longer being loaded. */
  readonly #warm = new Deferred<void>();
  readonly #events: ChannelEvents;
  /** Since others had a turn. */
  #messages = 0;
  #bytes = 0;
  /** Others have a turn; the port keeps what comes. */
  #isPausing = false;
  /** The thread has ended, and the port may hold what it posted before. */
  #end: (() => void) | undefined;
  #destroyed: Promise<void> | undefined;
  #isKilled = false;

  /** `pool` has exactly one thread, already warm, with no task. */
  constructor(pool: Piscina<ZygoteTask, void>, events: ChannelEvents) {
    this.#pool = pool;
    this.#events = events;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const end = (reason: string, cause?: Error): void => {
      this.#warm.resolve();
      if (this.#isPausing) this.#end ??= () => events.end(reason, cause);
      else events.end(reason, cause);
    };
    port1.on('message', this.#listener);
    // Else Piscina starts a thread in the place of one that has died, and that would be killed
    // while it loads lmdb.
    pool.options.minThreads = 0;
    // Code of vats may have thrown it: it need not be an error.
    const failed = (how: string, error: unknown): void => {
      end(`${how}: ${describeError(error)}`, error instanceof Error ? error : undefined);
      assert.equal(pool.threads.length, 0, 'no thread takes the place of one that has died');
    };
    pool.on('error', (error: unknown) => failed('the thread failed', error));
    const life = pool.run({ port: port2 }, { transferList: [port2] });
    assert.equal(pool.queueSize, 0, 'nothing waits in a Piscina queue');
    life.then(
      () => end('the thread ended by itself'),
      (error: unknown) => failed('the thread died', error),
    );
  }

  readonly #listener = (message: unknown): void => {
    this.#warm.resolve();
    this.#tell(message);
    if (this.#isTurnOver) this.#pause();
  };

  #tell(message: unknown): void {
    this.#messages += 1;
    if (!isUnshared(message)) {
      this.#events.broken('a message that is no frame');
      return;
    }
    this.#bytes += message.length;
    if (message.length <= FROM_WORKER_BYTES_MAX) this.#events.frame(message);
    else this.#events.broken(`a frame of ${message.length} bytes`);
  }

  get #isTurnOver(): boolean {
    return this.#messages >= MESSAGES_PER_TURN || this.#bytes >= BYTES_PER_TURN;
  }

  /** A port without a listener keeps its messages. */
  #pause(): void {
    this.#isPausing = true;
    this.#port.off('message', this.#listener);
    void nextTurn().then(() => this.#resume());
  }

  /** Takes what the port holds, as much as a turn may; when it holds nothing, listens again. */
  #resume(): void {
    this.#messages = 0;
    this.#bytes = 0;
    while (!this.#isKilled) {
      const taken = receiveMessageOnPort(this.#port) as { message: unknown } | undefined;
      if (taken === undefined) break;
      this.#tell(taken.message);
      if (this.#isTurnOver) {
        void nextTurn().then(() => this.#resume());
        return;
      }
    }
    this.#isPausing = false;
    if (!this.#isKilled) this.#port.on('message', this.#listener);
    this.#end?.();
    this.#end = undefined;
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
  const { collectsEveryCrank, crankWeightMax } = host;
  entryScript ??= readEntryScript();
  const workerData: ZygoteData = {
    ...entryScript,
    lmdbAddon: lmdbAddonFile(),
    directory,
    readersMax,
    collectsEveryCrank,
    crankWeightMax,
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
