/**
 * A vat worker behind a channel, whatever runs at its other end.
 *
 * Invariants: answers to prepare, bind and replay come in the order of the calls, one at a time;
 * what a worker posts is checked before it is believed; a worker that fails is killed and gives
 * the same error from then on.
 */
import assert from 'node:assert/strict';
import { packFrame, textOf } from '@heirloom/store';
import {
  hasFaulted,
  FromWorker,
  ToWorker,
  type FromWorkerTuple,
  type HandOver,
  type HandOverWave,
  type ToWorkerTuple,
} from '@heirloom/worker';
import { Deferred } from '../base/deferred.js';
import { WorkerError, type CrankPlace, type WorkerErrorCode } from '../base/kernel-errors.js';
import type { OpenChannel, WorkerChannel } from './channel.js';
import type { VatIdentity, VatLog, VatWorker, WaveDeliveries } from './vat-worker.js';
import type { Watch, Watchdog } from './watchdog.js';
import { readFrame } from './worker-frames.js';

interface FrameWorkerOptions {
  readonly open: OpenChannel;
  readonly log: VatLog;
  readonly watchdog: Watchdog;
}

/** Of why a replay diverged. */
const REASON_BYTES_MAX = 1_000;

export class FrameWorker implements VatWorker {
  readonly #channel: WorkerChannel;
  readonly #log: VatLog;
  readonly #watchdog: Watchdog;
  #watch: Watch | undefined;
  /** Warm: before that nothing of a vat runs. */
  #isReady = false;
  #isAtWork = false;
  #identity: VatIdentity | undefined;
  #answer: Deferred<FromWorkerTuple> | undefined;
  #isReplaying = false;
  #crankWaiter: Deferred<Uint8Array> | undefined;
  readonly #cranks: Uint8Array[] = [];
  #crankHead = 0;
  #nextPosition = 0;
  /** Where the wave's last crank will have brought the position. */
  #endPosition = 0;
  #delivered: (() => void) | undefined;
  #failure: WorkerError | undefined;

  constructor({ open, log, watchdog }: FrameWorkerOptions) {
    this.#log = log;
    this.#watchdog = watchdog;
    this.#channel = open({
      frame: frame => this.#receive(frame),
      broken: why => void this.#refuse(why),
      end: (reason, cause) => this.#fail('WORKER_DIED', reason, cause),
    });
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  async prepare(bundleId: string, script: Uint8Array, evaluateNow: boolean): Promise<boolean> {
    const answer = await this.#ask([ToWorker.prepare, bundleId, script, evaluateNow]);
    if (answer[0] === FromWorker.prepared && answer[1] === bundleId) return answer[2];
    throw this.#refuse('it answered something else than prepared');
  }

  async bind(identity: VatIdentity, handOver: HandOver): Promise<void> {
    const { vatId, incarnation, spaces } = identity;
    const [space, ...below] = spaces;
    assert(space !== undefined, 'a vat has a space of its own');
    this.#identity = identity;
    const { height, rows, preImages, history } = handOver;
    const own = [vatId, incarnation, space] as const;
    const handed = [height, rows, below, preImages, history] as const;
    const answer = await this.#ask([ToWorker.bind, ...own, ...handed]);
    if (answer[0] !== FromWorker.bound) {
      throw this.#refuse('it answered something else than bound');
    }
  }

  async replay(endPosition: number, waves: readonly HandOverWave[] = []): Promise<void> {
    this.#isReplaying = true;
    const answer = await this.#ask([ToWorker.replay, endPosition, waves]);
    this.#isReplaying = false;
    if (answer[0] === FromWorker.diverged) {
      const [, position, reason] = answer;
      this.#nextPosition = position;
      const why = `the replay diverged: ${textOf(reason.subarray(0, REASON_BYTES_MAX))}`;
      throw new WorkerError('REPLAY_DIVERGED', why, this.#place());
    }
    // A replay ends where the kernel says (rules.md#t4).
    if (answer[0] !== FromWorker.replayed || answer[1] !== endPosition) {
      throw this.#refuse(`it did not replay to position ${endPosition}`);
    }
    this.#nextPosition = endPosition;
  }

  restack(spaces: readonly number[]): void {
    const [space, ...below] = spaces;
    assert(space !== undefined, 'a vat has a space of its own');
    this.#send([ToWorker.restack, space, below]);
  }

  deliver({ height, wave, firstPosition, deliveries }: WaveDeliveries): void {
    assert.equal(this.#crankHead, this.#cranks.length, 'the wave before is merged');
    this.#cranks.length = 0;
    this.#crankHead = 0;
    this.#nextPosition = firstPosition;
    this.#endPosition = firstPosition + deliveries.length;
    this.#send([ToWorker.deliver, height, wave, firstPosition, deliveries]);
    this.#beginWatch();
  }

  nextCrank(): Uint8Array | Promise<Uint8Array> {
    const crank = this.#cranks[this.#crankHead];
    if (crank !== undefined) {
      this.#crankHead += 1;
      return crank;
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    assert(this.#crankWaiter === undefined, 'one reader');
    this.#crankWaiter = new Deferred();
    return this.#crankWaiter.promise;
  }

  async delivered(): Promise<void> {
    if (this.#failure !== undefined || this.#nextPosition === this.#endPosition) return;
    await new Promise<void>(resolve => {
      this.#delivered = resolve;
    });
  }

  async terminate(): Promise<void> {
    this.#fail('WORKER_DIED', 'the kernel has let go of it');
    await this.#channel.destroy();
  }

  /** Where the worker is, as far as it has told. */
  #place(): CrankPlace | undefined {
    if (this.#identity === undefined) return undefined;
    const { vatId: vat, incarnation } = this.#identity;
    return { vat, incarnation, position: this.#nextPosition };
  }

  #send(tuple: ToWorkerTuple): void {
    if (this.#failure === undefined) this.#channel.send(packFrame(tuple));
  }

  #ask(tuple: ToWorkerTuple): Promise<FromWorkerTuple> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    assert(this.#answer === undefined, 'one question at a time');
    const answer = new Deferred<FromWorkerTuple>();
    this.#answer = answer;
    this.#send(tuple);
    this.#beginWatch();
    return answer.promise;
  }

  /** It has something to do: from now on silence counts, once it is warm. */
  #beginWatch(): void {
    this.#isAtWork = true;
    this.#watch?.stop();
    if (!this.#isReady) return;
    this.#watch = this.#watchdog.watch(() => {
      const { timeoutMs } = this.#watchdog;
      this.#fail('DELIVERY_TIMEOUT', `a crank ran for more than ${timeoutMs} ms`);
      void this.#channel.destroy();
    });
  }

  #endWatch(): void {
    this.#isAtWork = false;
    this.#watch?.stop();
    this.#watch = undefined;
  }

  #receive(frame: Uint8Array): void {
    if (this.#failure !== undefined) return;
    let tuple: FromWorkerTuple;
    try {
      tuple = readFrame(frame);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
      return;
    }
    // Console lines are no sign that a crank will end.
    if (tuple[0] !== FromWorker.log) this.#watch?.heard();
    this.#take(tuple);
  }

  #take(tuple: FromWorkerTuple): void {
    switch (tuple[0]) {
      case FromWorker.cranks:
        return this.#takeCranks(tuple[1], tuple[2]);
      case FromWorker.log:
        return this.#log(this.#identity?.vatId, tuple[1], textOf(tuple[2]));
      case FromWorker.ready:
        this.#isReady = true;
        if (this.#isAtWork) this.#beginWatch();
        return undefined;
      case FromWorker.progress:
        if (this.#isReplaying) this.#nextPosition = tuple[1];
        else this.#refuse('progress without a replay');
        return undefined;
      case FromWorker.prepared:
      case FromWorker.bound:
      case FromWorker.replayed:
      case FromWorker.diverged: {
        const waiter = this.#answer;
        if (waiter === undefined) {
          this.#refuse('an answer without a question');
          return undefined;
        }
        this.#answer = undefined;
        this.#endWatch();
        return waiter.resolve(tuple);
      }
      default:
        throw TypeError(`unknown frame ${String((tuple satisfies never)[0])}`);
    }
  }

  #takeCranks(firstPosition: number, cranks: readonly Uint8Array[]): void {
    const next = firstPosition + cranks.length;
    if (firstPosition !== this.#nextPosition || next > this.#endPosition) {
      this.#refuse(`cranks ${firstPosition} to ${next}, which are not due`);
      return;
    }
    this.#nextPosition = next;
    for (const crank of cranks) this.#cranks.push(crank);
    // Nothing of the wave comes after a fault: other vats may be waiting for their turn.
    if (cranks.some(hasFaulted)) this.#endPosition = next;
    if (next === this.#endPosition) {
      this.#endWatch();
      this.#delivered?.();
    }
    const waiter = this.#crankWaiter;
    const crank = this.#cranks[this.#crankHead];
    if (waiter === undefined || crank === undefined) return;
    this.#crankWaiter = undefined;
    this.#crankHead += 1;
    waiter.resolve(crank);
  }

  /** What it posted is nothing that a worker of ours posts. */
  #refuse(why: string): WorkerError {
    this.#fail('WORKER_PROTOCOL', `the worker broke the protocol: ${why}`);
    void this.#channel.destroy();
    return this.#failure!;
  }

  #fail(code: WorkerErrorCode, why: string, cause?: Error): void {
    if (this.#failure !== undefined) return;
    const options = cause === undefined ? undefined : { cause };
    this.#failure = new WorkerError(code, why, this.#place(), options);
    this.#endWatch();
    this.#answer?.reject(this.#failure);
    this.#crankWaiter?.reject(this.#failure);
    this.#delivered?.();
    this.#answer = undefined;
    this.#crankWaiter = undefined;
  }
}
