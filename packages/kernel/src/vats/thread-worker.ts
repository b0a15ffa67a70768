/**
 * A vat worker in a thread: one Piscina pool of one thread, one task for a vat's whole life.
 *
 * Invariants: frames cross as transferred buffers over one MessagePort; answers to prepare, bind
 * and replay come in the order of the calls, one at a time; terminating resolves after the thread
 * has exited (rule H1).
 */
import assert from 'node:assert/strict';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { HostError, packFrame, unpackFrame } from '@heirloom/store';
import {
  FromWorker,
  ToWorker,
  type FromWorkerTuple,
  type HandOver,
  type ToWorkerTuple,
  type VatId,
} from '@heirloom/worker';
import type { Piscina } from 'piscina';
import { WorkerError } from '../errors.js';
import type { VatIdentity, VatLog, VatWorker, WaveDeliveries } from './vat-worker.js';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export class ThreadWorker implements VatWorker {
  readonly #pool: Piscina;
  readonly #port: MessagePort;
  readonly #log: VatLog;
  #vatId: VatId | undefined;
  #incarnation = 0;
  #answer: Waiter<FromWorkerTuple> | undefined;
  #crankWaiter: Waiter<Uint8Array> | undefined;
  readonly #cranks: Uint8Array[] = [];
  #crankHead = 0;
  #nextPosition = 0;
  /** Where the wave's last crank will have brought the position. */
  #endPosition = 0;
  #delivered: (() => void) | undefined;
  #failure: HostError | undefined;
  #terminated = false;
  /** The thread has said something: its native modules are loaded. */
  #isWarm = false;
  #whenWarm: (() => void) | undefined;

  /** `pool` has exactly one thread, already warm, with no task. */
  constructor(pool: Piscina, log: VatLog) {
    this.#pool = pool;
    this.#log = log;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (frame: Uint8Array) => this.#receive(frame));
    pool.on('error', (error: Error) => this.#fail(`the thread failed: ${error.message}`, error));
    const life = pool.run({ port: port2 }, { transferList: [port2] }) as Promise<void>;
    assert.equal(pool.queueSize, 0, 'nothing waits in a Piscina queue');
    life.then(
      () => this.#fail('the vat worker ended by itself'),
      (error: Error) => this.#fail(`the vat worker died: ${error.message}`, error),
    );
  }

  async prepare(bundleId: string, script: Uint8Array, evaluateNow: boolean): Promise<boolean> {
    const answer = await this.#ask([ToWorker.prepare, bundleId, script, evaluateNow]);
    assert(answer[0] === FromWorker.prepared && answer[1] === bundleId, 'prepared');
    return answer[2];
  }

  async bind(identity: VatIdentity, handOver: HandOver): Promise<void> {
    const { vatId, incarnation, space } = identity;
    this.#vatId = vatId;
    this.#incarnation = incarnation;
    const { height, rows } = handOver;
    const answer = await this.#ask([ToWorker.bind, vatId, incarnation, space, height, rows]);
    assert(answer[0] === FromWorker.bound, 'bound');
  }

  async replay(endPosition: number): Promise<void> {
    const answer = await this.#ask([ToWorker.replay, endPosition]);
    if (answer[0] === FromWorker.diverged) {
      const [, position, reason] = answer;
      const why = `the replay diverged: ${textOf(reason)}`;
      assert(this.#vatId !== undefined, 'a worker that replays is bound');
      const place = { vat: this.#vatId, incarnation: this.#incarnation, position };
      throw new WorkerError('REPLAY_DIVERGED', why, place);
    }
    assert(answer[0] === FromWorker.replayed, 'replayed');
    assert.equal(answer[1], endPosition, 'a replay ends where the kernel says (rule T4)');
    this.#nextPosition = endPosition;
  }

  deliver({ height, wave, firstPosition, deliveries }: WaveDeliveries): void {
    assert.equal(this.#crankHead, this.#cranks.length, 'the wave before is merged');
    this.#cranks.length = 0;
    this.#crankHead = 0;
    this.#nextPosition = firstPosition;
    this.#endPosition = firstPosition + deliveries.length;
    this.#send([ToWorker.deliver, height, wave, firstPosition, deliveries]);
  }

  nextCrank(): Uint8Array | Promise<Uint8Array> {
    const crank = this.#cranks[this.#crankHead];
    if (crank !== undefined) {
      this.#crankHead += 1;
      return crank;
    }
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      else {
        assert(this.#crankWaiter === undefined, 'one reader');
        this.#crankWaiter = { resolve, reject };
      }
    });
  }

  async delivered(): Promise<void> {
    if (this.#terminated || this.#nextPosition === this.#endPosition) return;
    await new Promise<void>(resolve => {
      this.#delivered = resolve;
    });
  }

  async terminate(): Promise<void> {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#delivered?.();
    await this.#warm();
    this.#port.close();
    await this.#pool.destroy();
  }

  /** [ran] A thread that is killed while it loads lmdb aborts the process: it must have begun. */
  async #warm(): Promise<void> {
    if (this.#isWarm || this.#failure !== undefined) return;
    const warm = new Promise<void>(resolve => {
      this.#whenWarm = resolve;
    });
    if (this.#answer === undefined) this.#send([ToWorker.prepare, '', new Uint8Array(), false]);
    await warm;
  }

  #becomeWarm(): void {
    this.#isWarm = true;
    this.#whenWarm?.();
  }

  #send(tuple: ToWorkerTuple): void {
    const frame = packFrame(tuple);
    this.#port.postMessage(frame, [frame.buffer as ArrayBuffer]);
  }

  #ask(tuple: ToWorkerTuple): Promise<FromWorkerTuple> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      assert(this.#answer === undefined, 'one question at a time');
      this.#answer = { resolve, reject };
      this.#send(tuple);
    });
  }

  #receive(frame: Uint8Array): void {
    this.#becomeWarm();
    const tuple = unpackFrame(frame) as unknown as FromWorkerTuple;
    switch (tuple[0]) {
      case FromWorker.cranks:
        return this.#receiveCranks(tuple[1], tuple[2]);
      case FromWorker.log:
        return this.#log(this.#vatId, tuple[1], textOf(tuple[2]));
      case FromWorker.prepared:
      case FromWorker.bound:
      case FromWorker.replayed:
      case FromWorker.diverged: {
        const waiter = this.#answer;
        if (this.#terminated) return undefined;
        assert(waiter !== undefined, 'an answer has a question');
        this.#answer = undefined;
        return waiter.resolve(tuple);
      }
      default:
        throw TypeError(`unknown frame ${String((tuple satisfies never)[0])}`);
    }
  }

  #receiveCranks(firstPosition: number, cranks: readonly Uint8Array[]): void {
    assert.equal(firstPosition, this.#nextPosition, 'cranks come in order');
    this.#nextPosition += cranks.length;
    for (const crank of cranks) this.#cranks.push(crank);
    if (this.#nextPosition === this.#endPosition) this.#delivered?.();
    const waiter = this.#crankWaiter;
    const crank = this.#cranks[this.#crankHead];
    if (waiter === undefined || crank === undefined) return;
    this.#crankWaiter = undefined;
    this.#crankHead += 1;
    waiter.resolve(crank);
  }

  #fail(message: string, cause?: Error): void {
    this.#becomeWarm();
    if (this.#terminated || this.#failure !== undefined) return;
    const options = cause === undefined ? undefined : { cause };
    const vat = this.#vatId ?? 'a spare';
    this.#failure = new HostError('WORKER_DIED', `${vat}: ${message}`, options);
    this.#answer?.reject(this.#failure);
    this.#crankWaiter?.reject(this.#failure);
    this.#delivered?.();
    this.#answer = undefined;
    this.#crankWaiter = undefined;
  }
}
