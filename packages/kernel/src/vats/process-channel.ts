/**
 * A vat worker's child process: frames behind their lengths on one pipe (docs/isolation.md).
 *
 * Invariants: whatever the child does, this process goes on; every byte that it wrote before its
 * end is read before the end is told; destroying resolves after the child has exited.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { describeError, lmdbAddonFile, packFrame, required, utf8 } from '@heirloom/store';
import {
  frameHead,
  FRAMES_FD,
  FrameSplitter,
  PROCESS_ENTRY,
  type ProcessBootTuple,
} from '@heirloom/worker';
import {
  FROM_WORKER_BYTES_MAX,
  type ChannelEvents,
  type OpenChannel,
  type StoreAddress,
  type WorkerChannel,
  type WorkerHost,
} from './channel.js';

/** Of what the child wrote to stderr, the end is kept to say why it died. */
const STDERR_CHARS_MAX = 4096;
const KILL = 'SIGKILL';

/** V8 and Node say why they end in a line that begins so. */
const REASON = /^(?:FATAL ERROR|#? ?Fatal error|[A-Za-z]*Error\b|Segmentation).*$/m;

class ProcessChannel implements WorkerChannel {
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #events: ChannelEvents;
  readonly #splitter = new FrameSplitter(FROM_WORKER_BYTES_MAX);
  readonly #gone: Promise<void>;
  #stderr = '';
  #spawnError: Error | undefined;
  #isBroken = false;

  constructor(child: ChildProcess, events: ChannelEvents, onGone: () => void) {
    this.#child = child;
    this.#events = events;
    const pipe = child.stdio[FRAMES_FD];
    assert(pipe instanceof Duplex, 'a pipe for frames');
    this.#pipe = pipe;
    // What cannot be written to a child that has died is told by its end.
    this.#pipe.on('error', () => undefined);
    this.#pipe.on('data', (chunk: Buffer) => this.#receive(chunk));
    const stderr = required(child.stderr, 'stderr');
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    child.on('error', error => {
      this.#spawnError = error;
    });
    this.#gone = new Promise(resolve => {
      child.on('close', (code, signal) => {
        onGone();
        resolve();
        this.#end(code, signal);
      });
    });
  }

  send(frame: Uint8Array): void {
    if (this.#pipe.destroyed) return;
    this.#pipe.cork();
    this.#pipe.write(frameHead(frame.length));
    this.#pipe.write(frame);
    this.#pipe.uncork();
  }

  destroy(): Promise<void> {
    this.#child.kill(KILL);
    return this.#gone;
  }

  #receive(chunk: Buffer): void {
    if (this.#isBroken) return;
    let frames: Uint8Array[];
    try {
      frames = this.#splitter.push(chunk);
    } catch (error) {
      this.#isBroken = true;
      this.#events.broken(describeError(error));
      return;
    }
    for (const frame of frames) this.#events.frame(frame);
  }

  #end(code: number | null, signal: string | null): void {
    const cause = this.#spawnError ?? this.#lastWords();
    const how = signal === null ? `exit code ${code}` : signal;
    const why = this.#spawnError?.message ?? REASON.exec(this.#stderr)?.[0];
    this.#events.end(`the process ended (${how})${why === undefined ? '' : `: ${why}`}`, cause);
  }

  /** What it wrote to stderr: V8's report of a full heap, the stack of an error of ours. */
  #lastWords(): Error | undefined {
    const text = this.#stderr.trim();
    if (text === '') return undefined;
    const error = new Error('the process wrote to stderr');
    error.stack = text;
    return error;
  }
}

/** The system has no process or no pipe for us. */
const unborn = (child: ChildProcess, events: ChannelEvents): WorkerChannel => {
  child.on('error', error => events.end(`the process did not start: ${error.message}`, error));
  return { send: () => undefined, destroy: () => Promise.resolve() };
};

interface ProcessOptions {
  /** Every crank is told of before the next one begins (rules.md#h3). */
  readonly isCareful: boolean;
  /** A child has exited: its place among the store's readers can be freed (rules.md#s4). */
  onGone(): void;
}

/** Starts child processes, each warm as a thread is. */
export const processChannels = (
  host: WorkerHost & StoreAddress,
  options: ProcessOptions,
): OpenChannel => {
  const { isCareful, onGone } = options;
  const { directory, readersMax, imageSource, codeCache, heapMiBMax } = host;
  const boot: ProcessBootTuple = [
    utf8(directory),
    readersMax,
    utf8(imageSource),
    codeCache ?? null,
    isCareful,
    host.collectsEveryCrank,
    host.crankWeightMax,
  ];
  const packed = packFrame(boot);
  const heapMiB = String(heapMiBMax ?? 0);
  return events => {
    const child = spawn(process.execPath, [PROCESS_ENTRY, heapMiB, lmdbAddonFile()], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) return unborn(child, events);
    const channel = new ProcessChannel(child, events, onGone);
    channel.send(packed);
    return channel;
  };
};
