/**
 * Ways out that lead nowhere outside: a store in memory, workers in the kernel's own thread, a
 * clock that counts how often it was asked. What waits to be said between kernel and workers is
 * said in an order that a seed decides.
 *
 * Kernels may be opened over them one after the other, as over a directory.
 */
import type {
  ChannelEvents,
  Clock,
  NoteFile,
  OpenWorkers,
  WaysOut,
  WorkerChannel,
} from '@heirloom/kernel/over';
import { MemoryPlace, packFrame, readerOver } from '@heirloom/store';
import { FromWorker } from '@heirloom/worker';
import { SCRIPTED_OBSERVATIONS, SeededRandom, Supervisor } from '@heirloom/worker/scripted';
import type { ScriptedImage } from './scripted-image.js';

type Job = () => void;

/** Runs jobs one a turn: of each queue in order, and which queue is next is random. */
class Mailroom {
  readonly #random: SeededRandom;
  readonly #queues: Job[][] = [];
  #isOpen = false;

  constructor(seed: string) {
    this.#random = new SeededRandom(seed);
  }

  /** Gives what adds a job to a queue of its own. */
  queue(): (job: Job) => void {
    const jobs: Job[] = [];
    return job => {
      if (jobs.push(job) === 1) this.#queues.push(jobs);
      if (this.#isOpen) return;
      this.#isOpen = true;
      setImmediate(() => this.#turn());
    };
  }

  #turn(): void {
    const at = this.#random.below(this.#queues.length);
    const jobs = this.#queues[at]!;
    const job = jobs.shift()!;
    if (jobs.length === 0) this.#queues.splice(at, 1);
    this.#isOpen = this.#queues.length > 0;
    if (this.#isOpen) setImmediate(() => this.#turn());
    job();
  }
}

/** As a port does it: the sender's buffer is gone. */
const transferred = (frame: Uint8Array): Uint8Array =>
  structuredClone(frame, { transfer: [frame.buffer as ArrayBuffer] });

/** A worker in this thread. */
const openWorker = (place: MemoryPlace, mailroom: Mailroom, isCareful: boolean) =>
  (events: ChannelEvents): WorkerChannel => {
    let isAlive = true;
    const [toWorker, toKernel] = [mailroom.queue(), mailroom.queue()];
    const whileAlive = (job: Job): Job => () => {
      if (isAlive) job();
    };
    const post = (frame: Uint8Array): void => {
      if (!isAlive) return;
      const sent = transferred(frame);
      toKernel(whileAlive(() => events.frame(sent)));
    };
    // A worker is started after the store was opened: rules.md#s3.
    const reader = readerOver(place.openForReading(), place.name);
    const worker = new Supervisor({
      host: { reader, post, collectGarbage: () => undefined, isCareful },
    });
    post(packFrame([FromWorker.ready]));
    return {
      send(frame) {
        const sent = transferred(frame);
        toWorker(whileAlive(() => worker.onMessage(sent)));
      },
      async destroy() {
        isAlive = false;
      },
    };
  };

const countingClock = (): Clock => {
  let asked = 0;
  return {
    nowMs: () => (asked += 1),
    wallTime: () => '2000-01-01T00:00:00.000Z',
    nextTurn: () => Promise.resolve(),
    repeat: () => () => undefined,
  };
};

/** A note that is kept for the next kernel. */
const keptNote = (): (() => NoteFile) => {
  let kept = Buffer.alloc(0);
  return () => ({
    read: () => kept,
    write: bytes => {
      kept = Buffer.concat([bytes, kept.subarray(bytes.length)]);
    },
    close: () => undefined,
  });
};

const refused = (): Promise<never> => Promise.reject(new Error('there are no files here'));

export const memoryWays = (image: ScriptedImage, seed: number): WaysOut => {
  const place = new MemoryPlace();
  const mailroom = new Mailroom(`mail/${seed}`);
  const openWorkers: OpenWorkers = kind => openWorker(place, mailroom, kind === 'careful');
  return {
    place,
    openNote: keptNote(),
    openWorkers,
    clock: countingClock(),
    watchPauses: () => ({ takeLongestMs: () => 0, stop: () => undefined }),
    engine: {
      name: 'one thread',
      build: 'a build of it',
      observe: async () => SCRIPTED_OBSERVATIONS,
    },
    installedImage: () => image,
    makeCodeCache: async () => new Uint8Array(1),
    bundling: {
      deriveArchive: refused,
      deriveScript: refused,
      bundleEntry: refused,
      bundleOwn: refused,
      readText: refused,
      findFile: refused,
      importDefault: refused,
    },
    memoryUse: () => ({ rssMiB: 0, mappedMiB: 0 }),
    debugRoot: () => undefined,
    writeError: () => undefined,
    warn: text => {
      throw new Error(text);
    },
  };
};
