/**
 * A vat worker behind a channel, whatever runs at its other end.
 *
 * Invariants: answers to prepare, bind and replay come in the order of the calls, one at a time;
 * what a worker posts is checked before it is believed, and taken only where docs/protocol.md says
 * that it is legal; only what proves that a crank or a question has ended feeds the watchdog. A
 * worker that fails is killed and gives the same error from then on. One whose vat has ended is
 * killed, too, once the crank is here: what it would do behind that is nobody's business.
 */
import assert from 'node:assert/strict';
import { describeError, packFrame, textOf, utf8 } from '@heirloom/store';
import {
  CRANK_BYTES_MAX,
  endsPart,
  FIRST_POSITION,
  FromWorker,
  isHeldBack,
  packedWeight,
  packingTuple,
  positionAfter,
  readDescription,
  ToWorker,
  type BundleId,
  type HandOver,
  type HandOverWave,
  type Position,
  type Spaces,
  type ToWorkerTuple,
  type VatDescription,
} from '@heirloom/worker';
import { Deferred } from '../base/deferred.js';
import { asShortOrInTurns } from '../base/giving-way.js';
import { WorkerError, type CrankPlace, type WorkerErrorCode } from '../base/kernel-errors.js';
import type { Clock } from '../base/kernel-host-powers.js';
import { toldOf } from '../code/evaluated-places.js';
import { methodOfDelivery } from '../log/vat-lines.js';
import { Chatter } from './chatter.js';
import type { OpenChannel, WorkerChannel } from './channel.js';
import { leftBehind } from './left-behind.js';
import type {
  HandedBundle,
  VatIdentity,
  VatLog,
  VatWorker,
  WaveDeliveries,
} from './vat-worker.js';
import type { Watch, Watchdog } from './watchdog.js';
import { readFrame, type WorkerFrame } from './worker-frames.js';
import { IDLE, NEXT, OVER, type Question, type State } from './worker-state.js';

interface FrameWorkerOptions {
  readonly open: OpenChannel;
  readonly log: VatLog;
  readonly watchdog: Watchdog;
  readonly clock: Pick<Clock, 'nowMs' | 'nextTurn'>;
}

type Asking = Extract<ToWorkerTuple, readonly [Question, ...unknown[]]>;

type ChatterFrame = Extract<
  WorkerFrame,
  readonly [typeof FromWorker.log | typeof FromWorker.trace, ...unknown[]]
>;

/** Of why a replay diverged. */
const REASON_BYTES_MAX = 1_000;

/** Of cranks that have arrived and are not merged yet: 16 of the largest. */
const UNMERGED_BYTES_MAX = 16 * CRANK_BYTES_MAX;

/** What each answer answers. */
const ANSWERED: Readonly<Record<number, Question>> = {
  [FromWorker.prepared]: ToWorker.prepare,
  [FromWorker.bound]: ToWorker.bind,
  [FromWorker.replayed]: ToWorker.replay,
  [FromWorker.diverged]: ToWorker.replay,
  [FromWorker.described]: ToWorker.describe,
};

export class FrameWorker implements VatWorker {
  readonly #channel: WorkerChannel;
  readonly #chatter: Chatter;
  readonly #watchdog: Watchdog;
  readonly #clock: FrameWorkerOptions['clock'];
  #watch: Watch | undefined;
  /** Warm: before that nothing of a vat runs. */
  #isReady = false;
  #state: State = IDLE;
  #identity: VatIdentity | undefined;
  #bundleId: BundleId | undefined;
  readonly #handed = new Set<BundleId>();
  readonly #cranks: Uint8Array[] = [];
  #crankHead = 0;
  #unmergedBytes = 0;
  /** Of all cranks of the last wave. */
  #partWeight = 0;
  #nextPosition = FIRST_POSITION;
  /** Of the wave in progress. */
  #given: WaveDeliveries | undefined;

  constructor({ open, log, watchdog, clock }: FrameWorkerOptions) {
    this.#chatter = new Chatter({ log, nowMs: () => clock.nowMs() });
    this.#clock = clock;
    this.#watchdog = watchdog;
    this.#channel = open({
      frame: frame => this.#receive(frame),
      broken: why => void this.#refuse(why),
      end: (reason, cause) => this.#fail('WORKER_DIED', reason, cause),
    });
  }

  get hasFailed(): boolean {
    return this.#state.name === 'failed' || this.#state.name === 'over';
  }

  async prepare(bundleId: BundleId, script: Uint8Array, evaluateNow: boolean): Promise<boolean> {
    this.#bundleId = bundleId;
    const frame = packFrame([ToWorker.prepare, bundleId, script, evaluateNow]);
    const answer = await this.#ask(ToWorker.prepare, frame);
    if (answer[0] === FromWorker.prepared && answer[1] === bundleId) return answer[2];
    throw this.#refuse('it answered something else than prepared');
  }

  async bind(identity: VatIdentity, handOver: HandOver): Promise<void> {
    const { vatId, incarnation, spaces } = identity;
    const [space, ...below] = spaces;
    this.#identity = identity;
    const { height, rows, preImages, history } = handOver;
    const own = [vatId, incarnation, space] as const;
    const handed = [height, rows, below, preImages, history] as const;
    const frame = this.#packed([ToWorker.bind, ...own, ...handed]);
    const answer = await this.#ask(ToWorker.bind, frame instanceof Promise ? await frame : frame);
    if (answer[0] !== FromWorker.bound) {
      throw this.#refuse('it answered something else than bound');
    }
  }

  async replay(endPosition: Position, waves: readonly HandOverWave[] = []): Promise<void> {
    const packed = this.#packed([ToWorker.replay, endPosition, waves]);
    const frame = packed instanceof Promise ? await packed : packed;
    const answer = await this.#ask(ToWorker.replay, frame, endPosition);
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

  noteSites(): void {
    this.#send([ToWorker.noteSites]);
  }

  async describe(): Promise<VatDescription> {
    const answer = await this.#ask(ToWorker.describe, packFrame([ToWorker.describe]));
    if (answer[0] !== FromWorker.described) {
      throw this.#refuse('it answered something else than described');
    }
    try {
      return readDescription(answer[1]);
    } catch (error) {
      throw this.#refuse(describeError(error));
    }
  }

  restack(spaces: Spaces): void {
    const [space, ...below] = spaces;
    this.#send([ToWorker.restack, space, below]);
  }

  hand(bundles: readonly HandedBundle[]): void {
    for (const { bundleId, moduleFormat, source } of bundles) {
      if (this.#handed.has(bundleId)) continue;
      this.#handed.add(bundleId);
      this.#send([ToWorker.bundle, bundleId, moduleFormat, utf8(source)]);
    }
  }

  deliver(given: WaveDeliveries): void {
    const { height, wave, firstPosition, deliveries } = given;
    assert.equal(this.#crankHead, this.#cranks.length, 'the wave before is merged');
    assert(deliveries.length > 0, 'a part of a wave has deliveries');
    this.#cranks.length = 0;
    this.#crankHead = 0;
    this.#unmergedBytes = 0;
    this.#partWeight = 0;
    this.#nextPosition = firstPosition;
    this.#given = given;
    // Whoever asks for its cranks is told.
    if (this.#state.name === 'failed') return;
    const endPosition = positionAfter(firstPosition, deliveries.length);
    this.#become({ name: 'delivering', endPosition, reader: undefined, over: new Deferred() });
    this.#send([ToWorker.deliver, height, wave, firstPosition, deliveries]);
    this.#beginWatch();
  }

  nextCrank(): Uint8Array | Promise<Uint8Array> {
    const crank = this.#takeArrived();
    if (crank !== undefined) return crank;
    const state = this.#state;
    if (state.name === 'failed') return Promise.reject(state.error);
    assert(state.name === 'delivering', 'a crank is due');
    assert(state.reader === undefined, 'one reader');
    state.reader = new Deferred();
    return state.reader.promise;
  }

  get unmergedBytes(): number {
    return this.#unmergedBytes;
  }

  async delivered(): Promise<void> {
    if (this.#state.name === 'delivering') await this.#state.over.promise;
  }

  async terminate(): Promise<void> {
    this.#end(new WorkerError('WORKER_DIED', 'the kernel has let go of it', this.#place()));
    await this.#channel.destroy();
  }

  #takeArrived(): Uint8Array | undefined {
    const crank = this.#cranks[this.#crankHead];
    if (crank === undefined) return undefined;
    this.#crankHead += 1;
    this.#unmergedBytes -= crank.length;
    if (this.#crankHead === this.#cranks.length) {
      this.#cranks.length = 0;
      this.#crankHead = 0;
    }
    return crank;
  }

  get isKilled(): boolean {
    return this.#channel.isKilled === true;
  }

  get at(): CrankPlace | undefined {
    const { name } = this.#state;
    return name === 'asked' || name === 'delivering' ? this.#place() : undefined;
  }

  get hasVatCode(): boolean {
    return this.#bundleId !== undefined || this.#identity !== undefined;
  }

  leftBehind(): WorkerError {
    return leftBehind(this.#place(), this.#bundleId);
  }

  /** Where the worker is, as far as it has told. */
  #place(): CrankPlace | undefined {
    if (this.#identity === undefined) return undefined;
    const { vatId: vat, name, incarnation } = this.#identity;
    const position = this.#nextPosition;
    const place = { vat, name, incarnation, position };
    const delivery = this.#deliveryAt(position);
    return delivery === undefined ? place : { ...place, method: methodOfDelivery(delivery) };
  }

  /** Of the last wave. */
  #deliveryAt(position: Position): Uint8Array | undefined {
    const { firstPosition, deliveries } = this.#given ?? {};
    return firstPosition === undefined ? undefined : deliveries?.[position - firstPosition];
  }

  #become(next: State): void {
    const { name } = this.#state;
    assert(NEXT[name].includes(next.name), `a worker that is ${name} does not become ${next.name}`);
    this.#state = next;
  }

  #send(tuple: ToWorkerTuple): void {
    if (this.#state.name !== 'failed') this.#channel.send(packFrame(tuple));
  }

  /** What may hold every row of a block. A promise where it takes long. */
  #packed(tuple: Asking): Uint8Array | Promise<Uint8Array> {
    return asShortOrInTurns(packingTuple(tuple), this.#clock);
  }

  #ask(question: Question, frame: Uint8Array, progressEnd = 0): Promise<WorkerFrame> {
    if (this.#state.name === 'failed') return Promise.reject(this.#state.error);
    const answer = new Deferred<WorkerFrame>();
    this.#become({ name: 'asked', question, answer, progressFrom: 0, progressEnd });
    this.#channel.send(frame);
    this.#beginWatch();
    return answer.promise;
  }

  /** It has something to do: from now on silence counts, once it is warm. */
  #beginWatch(): void {
    this.#watch?.stop();
    if (!this.#isReady) return;
    this.#watch = this.#watchdog.watch(() => {
      const { timeoutMs } = this.#watchdog;
      this.#fail('DELIVERY_TIMEOUT', `a crank ran for more than ${timeoutMs} ms`);
      void this.#channel.destroy();
    });
  }

  #endWatch(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }

  #receive(frame: Uint8Array): void {
    const { name } = this.#state;
    if (name === 'failed' || name === 'over') return;
    let tuple: WorkerFrame;
    try {
      tuple = readFrame(frame, this.#dueCount());
    } catch (error) {
      this.#refuse(describeError(error));
      return;
    }
    if (!this.#isReady && tuple[0] !== FromWorker.ready) {
      this.#refuse('its first frame is not ready');
      return;
    }
    if (tuple[0] === FromWorker.log || tuple[0] === FromWorker.trace) {
      this.#takeChatter(tuple, frame.length);
    } else this.#take(tuple);
  }

  /** Cranks that it owes. */
  #dueCount(): number {
    const state = this.#state;
    return state.name === 'delivering' ? state.endPosition - this.#nextPosition : 0;
  }

  /** It has shown that something has ended. */
  #heard(): void {
    this.#chatter.answered();
    this.#watch?.heard();
  }

  #take(tuple: Exclude<WorkerFrame, ChatterFrame>): void {
    const state = this.#state;
    switch (tuple[0]) {
      case FromWorker.cranks:
        return this.#takeCranks(tuple[1], tuple[2]);
      case FromWorker.ready:
        if (this.#isReady) this.#refuse('it is ready once more');
        this.#isReady = true;
        if (state.name === 'asked' || state.name === 'delivering') this.#beginWatch();
        return undefined;
      case FromWorker.progress:
        return this.#takeProgress(tuple[1]);
      case FromWorker.prepared:
      case FromWorker.bound:
      case FromWorker.replayed:
      case FromWorker.diverged:
      case FromWorker.described:
        if (state.name !== 'asked' || state.question !== ANSWERED[tuple[0]]) {
          this.#refuse('an answer without a question');
          return undefined;
        }
        this.#become(IDLE);
        this.#heard();
        this.#endWatch();
        return state.answer.resolve(tuple);
      default:
        throw TypeError(`unknown frame ${String((tuple satisfies never)[0])}`);
    }
  }

  #takeProgress(position: Position): void {
    const state = this.#state;
    if (state.name !== 'asked' || position >= state.progressEnd) {
      this.#refuse('progress without a replay');
    } else if (position < state.progressFrom) this.#refuse('progress that goes back');
    else {
      state.progressFrom = position + 1;
      this.#nextPosition = position;
      this.#heard();
    }
  }

  /** Console lines and traces are no sign that a crank will end. */
  #takeChatter(tuple: ChatterFrame, bytes: number): void {
    const flood = this.#chatter.heard(bytes);
    if (flood !== undefined) {
      this.#refuse(flood);
      return;
    }
    const { vatId, incarnation } = this.#identity ?? {};
    const places = (text: string): string => this.#told(text);
    if (tuple[0] === FromWorker.trace) {
      const [, vpid, body, text] = tuple;
      if (vatId !== undefined) this.#chatter.trace(text, { vatId, vpid, body }, places);
      return;
    }
    const [, level, text, position] = tuple;
    const delivery = position === null ? undefined : this.#deliveryAt(position);
    if (incarnation === undefined || position === null || delivery === undefined) {
      this.#chatter.line(text, { vatId, level }, places);
    } else {
      const crank = { incarnation, position, delivery };
      this.#chatter.line(text, { vatId, level, crank }, places);
    }
  }

  /** A text with the bundle where it tells places of modules that this evaluates. */
  #told(text: string): string {
    return this.#bundleId === undefined ? text : toldOf(this.#bundleId, text);
  }

  #takeCranks(firstPosition: Position, cranks: readonly Uint8Array[]): void {
    const state = this.#state;
    if (state.name !== 'delivering' || firstPosition !== this.#nextPosition) {
      this.#refuse(`cranks from ${firstPosition} on, which are not due`);
      return;
    }
    const next = positionAfter(firstPosition, cranks.length);
    this.#nextPosition = next;
    for (const crank of cranks) {
      this.#cranks.push(crank);
      this.#unmergedBytes += crank.length;
      this.#partWeight += packedWeight(crank);
    }
    if (this.#unmergedBytes > UNMERGED_BYTES_MAX) {
      this.#refuse(`${this.#unmergedBytes} bytes of cranks wait to be merged`);
      return;
    }
    this.#heard();
    if (next === state.endPosition || this.#isRestHeldBack) this.#finish(IDLE);
    // Nothing of the wave comes after such a crank: other vats may be waiting for their turn.
    else if (cranks.slice(-1).some(endsPart)) this.#finish(OVER);
    const { reader } = state;
    const crank = reader && this.#takeArrived();
    if (crank === undefined) return;
    state.reader = undefined;
    reader?.resolve(crank);
  }

  /** It runs nothing more of the wave, for its cranks have become heavy. */
  get #isRestHeldBack(): boolean {
    const next = this.#deliveryAt(this.#nextPosition);
    if (this.#given?.holdsBack !== true || next === undefined) return false;
    return isHeldBack(this.#partWeight, next);
  }

  /** It owes no crank any more. */
  #finish(next: typeof IDLE | typeof OVER): void {
    const state = this.#state;
    assert(state.name === 'delivering', 'it delivers');
    this.#become(next);
    this.#given = undefined; // an idle vat keeps no data of its last wave in memory
    this.#endWatch();
    this.#chatter.sayLeftOut(this.#identity?.vatId);
    state.over.resolve();
    if (next === OVER) void this.#channel.destroy();
  }

  /** What it posted is nothing that a worker of ours posts. */
  #refuse(why: string): WorkerError {
    const error = this.#fail('WORKER_PROTOCOL', `the worker broke the protocol: ${why}`);
    void this.#channel.destroy();
    return error;
  }

  /** Gives the error that it gives from now on: the first one. */
  #fail(code: WorkerErrorCode, why: string, cause?: Error): WorkerError {
    const state = this.#state;
    if (state.name === 'failed') return state.error;
    const options = cause === undefined ? undefined : { cause };
    const error = new WorkerError(code, why, this.#place(), options);
    // One on an older image runs on behind an exit: what becomes of it there is all the same.
    if (state.name === 'delivering' && this.#cranks.slice(this.#crankHead).some(endsPart)) {
      this.#finish(OVER);
    } else if (state.name !== 'over') this.#end(error);
    return error;
  }

  #end(error: WorkerError): void {
    const state = this.#state;
    if (state.name === 'failed') return;
    this.#become({ name: 'failed', error });
    this.#endWatch();
    this.#chatter.sayLeftOut(this.#identity?.vatId);
    if (state.name === 'asked') state.answer.reject(error);
    if (state.name === 'delivering') {
      state.reader?.reject(error);
      state.over.resolve();
    }
  }
}
