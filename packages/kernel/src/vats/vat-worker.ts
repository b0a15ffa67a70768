/**
 * A worker that serves one incarnation of one vat: the small interface that the kernel sees.
 *
 * Its life: prepare → bind → (replay) → deliver ... → terminate. Every failure of the worker
 * itself is a HostError; what vat code did wrong is in the outcomes of its cranks.
 */
import type { Height } from '@heirloom/store';
import type {
  BundleId,
  HandOver,
  HandOverWave,
  Incarnation,
  Position,
  Spaces,
  VatDescription,
  VatId,
} from '@heirloom/worker';
import type { CrankPlace, WorkerError } from '../base/kernel-errors.js';

export interface VatIdentity {
  readonly vatId: VatId;
  /** For messages: the worker is not told. */
  readonly name: string;
  readonly incarnation: Incarnation;
  /** Top first. */
  readonly spaces: Spaces;
}

export interface WaveDeliveries {
  /** The last committed block. */
  readonly height: Height;
  readonly wave: number;
  readonly firstPosition: Position;
  readonly deliveries: readonly Uint8Array[];
  /** The vat's image holds back what is left of a part that has become large. */
  readonly holdsBack?: boolean;
}

export interface HandedBundle {
  readonly bundleId: BundleId;
  readonly moduleFormat: string;
  readonly source: string;
}

export interface VatWorker {
  /** It has failed, or was terminated: whatever is asked of it gives the same error. */
  readonly hasFailed: boolean;
  /** True when the bundle can only be evaluated in the crank of startVat (rules.md#u4). */
  prepare(bundleId: BundleId, script: Uint8Array, evaluateNow: boolean): Promise<boolean>;
  bind(identity: VatIdentity, handOver: HandOver): Promise<void>;
  /**
   * Replays the transcript of the incarnation; `waves`: what the store does not show yet. HostError
   * REPLAY_DIVERGED names the position.
   */
  replay(endPosition: Position, waves?: readonly HandOverWave[]): Promise<void>;
  /** What the start has made, after its crank: only of images that can tell (code/images.ts). */
  describe(): Promise<VatDescription>;
  /** Before the start: `describe` will be asked where things were made. */
  noteSites(): void;
  /** The vat's spaces are others from now on, its rows the same. */
  restack(spaces: Spaces): void;
  /** Bundles that the vat has caps of and the store may not show yet: before they are asked for. */
  hand(bundles: readonly HandedBundle[]): void;
  deliver(wave: WaveDeliveries): void;
  /** The packed crank of the next delivery, in order; at once if it has arrived. */
  nextCrank(): Uint8Array | Promise<Uint8Array>;
  /** Of cranks that have arrived and were not asked for yet. */
  readonly unmergedBytes: number;
  /** Resolves when every crank of the wave has arrived, or none will any more. */
  delivered(): Promise<void>;
  /** Kills it, whatever it does; resolves when it is gone, which may be never (departures.ts). */
  terminate(): Promise<void>;
  /** It was killed, and goes as soon as its own code lets it. */
  readonly isKilled: boolean;
  /** It was given code of a vat; before that it runs nothing but ours. */
  readonly hasVatCode: boolean;
  /** What is to be said of it if it does not go: THREAD_LEFT. */
  leftBehind(): WorkerError;
  /** The delivery that it has, if there is one. */
  readonly at: CrankPlace | undefined;
}

/** A line that vat code wrote to its console. */
export interface VatLine {
  readonly vatId: VatId | undefined;
  readonly level: string;
  readonly text: string;
  /** The crank that wrote it, if one did. */
  readonly crank?: {
    readonly incarnation: Incarnation;
    readonly position: Position;
    /** What the vat was given. */
    readonly delivery: Uint8Array;
  };
}

/** Where an error was thrown that a crank will tell of. */
export interface VatTrace {
  readonly vatId: VatId;
  /** The promise that it rejects; empty: it is the fault of the crank. */
  readonly vpid: string;
  /** The error as data. */
  readonly body: Uint8Array;
  readonly text: string;
}

/** Takes what workers tell for the host alone. */
export interface VatLog {
  line(line: VatLine): void;
  trace(trace: VatTrace): void;
  /** A thread was killed and does not end: nobody waits for it any longer. */
  left(error: WorkerError): void;
}
