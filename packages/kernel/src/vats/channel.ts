/**
 * What frames cross on between the kernel and a vat worker: a thread's port or a child's pipe.
 *
 * A channel knows nothing of what the frames say. It begins with the worker and ends with it.
 */
import { CRANK_BYTES_MAX } from '@heirloom/worker';

export interface ChannelEvents {
  frame(frame: Uint8Array): void;
  /** What it sent is no frame: it is to be killed. */
  broken(why: string): void;
  /** The worker has ended by itself: every frame that it posted has been told of before. */
  end(reason: string, cause?: Error): void;
}

export interface WorkerChannel {
  /** The frame's buffer may be gone afterwards. What a dead worker is sent is lost. */
  send(frame: Uint8Array): void;
  /**
   * Kills the worker, whatever it does; resolves when it is gone, which for a thread that loops in
   * native code may be never. Idempotent.
   */
  destroy(): Promise<void>;
  /** Of what may outlive that: it has been killed, and nothing of ours holds it up any more. */
  readonly isKilled?: boolean;
}

/** A worker's frame: a chunk of cranks, the last of which is as big as a crank may be. */
export const FROM_WORKER_BYTES_MAX = CRANK_BYTES_MAX + 2 ** 20;

export type OpenChannel = (events: ChannelEvents) => WorkerChannel;

/** What keeps a vat's worker apart from the kernel. */
export const ISOLATIONS = ['thread', 'process'] as const;
export type Isolation = (typeof ISOLATIONS)[number];
/** `careful`: a process that tells of every crank before the next; for suspects (rules.md#h3). */
export type WorkerKind = Isolation | 'careful';

/** What every worker of one pool starts with. */
export interface WorkerHost {
  readonly imageSource: string;
  readonly codeCache: Uint8Array | undefined;
  /** Of V8's old generation, for one vat; undefined: V8's own default. */
  readonly heapMiBMax: number | undefined;
  /** V8 collects before every crank. */
  readonly collectsEveryCrank: boolean;
  /** The parameter. */
  readonly crankWeightMax: number;
}

/** Where workers find the store that they read. */
export interface StoreAddress {
  readonly directory: string;
  readonly readersMax: number;
}

/**
 * Says how workers of a kind and an image are started. `onProcessGone`: a worker that was a process
 * is gone, and its place among the store's readers can be freed (rules.md#s4).
 */
export type OpenWorkers = (
  kind: WorkerKind,
  host: WorkerHost,
  onProcessGone: () => void,
) => OpenChannel;
