/**
 * Objects that the host implements: how calls reach it, and answers get back.
 *
 * Theory of operation: a call is a row once its block is durable. Only then is the implementation
 * called, or the call listed for a host that answers by itself; its answer is a numbered input. A
 * host that stopped in between is called again, with the same number; an answer is taken once. So a
 * replica takes answers as it takes every input: in the order and at the place that its host gives.
 * However many calls are durable, an implementation has only so much of their data at a time.
 */
import { atOnce, required, type Height, type Steps } from '@heirloom/store';
import { asShortOrInTurns } from '../base/giving-way.js';
import { KernelError } from '../base/kernel-errors.js';
import type { VatReference } from '../core/host-data.js';
import { NO_REFERENCES, silentInput, unknownReference, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { isHeld } from '../objects/held-references.js';
import { kernelData, soleReference, type KernelData } from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import { applyAnswer, isUnanswered, hostObjectName } from '../services/host-calls.js';
import { ranges } from '../state/kernel-keys.js';
import { messageWeight } from '../state/queue-items.js';
import { isPromiseKRef } from '../state/krefs.js';
import { HandedCalls } from './handed-calls.js';

/** Calls that are handed over at a stretch: what answers them may be as large as data may be. */
const HANDED_AT_ONCE = 16;

/** Of an error that cannot be passed, so much is told to the vat. */
const REASON_CHARS_MAX = 10_000;

/** The message of an error, if it has one and gives it without throwing. */
const textOf = (reason: unknown): string | undefined => {
  try {
    const message: unknown = reason instanceof Error ? reason.message : undefined;
    return typeof message === 'string' ? message.slice(0, REASON_CHARS_MAX) : undefined;
  } catch {
    return undefined;
  }
};

/** What an implementation is told beside the arguments. */
export interface HostCallContext {
  /** The same when the call is made again after a crash: do not do twice what must be done once. */
  readonly call: number;
  /** The last durable block. */
  readonly height: Height;
}

/** Methods take the context first, then what the vat passed; what they return is the answer. */
export type HostObject = Readonly<
  Record<string, (context: HostCallContext, ...args: never[]) => unknown>
>;

/** A call that the host has not answered. */
export interface HostCall {
  readonly call: number;
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type HostAnswer = { readonly value: unknown } | { readonly reason: unknown };

/** What an answer that the host gives by itself mentions, and how long it is. */
type GivenAnswer = Pick<Input<void>, 'references' | 'bytes'>;
/** Of an implementation: how much it has answered is bounded by the calls that it is handed. */
const OWN_ANSWER: GivenAnswer = { references: NO_REFERENCES };

interface HostObjectsOptions {
  readonly core: KernelCore;
  /** Has an input taken, at once or when the run ends; the kernel runs if it owns its blocks. */
  readonly add: (input: Input<void>) => Promise<void>;
  /** Keep implementations' answers until `takeAnswers`. */
  readonly holdsAnswers: boolean;
}

export class HostObjects {
  readonly #options: HostObjectsOptions;
  readonly #implementations = new Map<string, HostObject>();
  /** Calls that this process has handed to an implementation. */
  readonly #started = new Set<number>();
  /** Calls whose answer is an input already, or waits to be one. */
  readonly #answered = new Set<number>();
  readonly #held: { readonly call: number; readonly settlement: Settlement }[] = [];
  readonly #handed = new HandedCalls();
  /** Calls below are durable. */
  #durableEnd: number;
  /** Calls below wait for their turn, or have been handed to their implementation, if any. */
  #next: number;
  #isHanding = false;
  #closed = false;

  constructor(options: HostObjectsOptions) {
    this.#options = options;
    const { services } = options.core.state;
    this.#durableEnd = services.nextHostCall;
    this.#next = services.hostCalls.keys(ranges.hostCalls, 1)[0] ?? this.#durableEnd;
  }

  /** What the calls of an object go to from now on. */
  implement(name: string, implementation: HostObject): void {
    this.#implementations.set(name, implementation);
    for (const call of this.#unanswered()) {
      if (call < this.#next && this.#objectOf(call) === name) this.#wait(call);
    }
    this.#hand();
  }

  /** Errors: KernelError UNKNOWN_HOST_OBJECT. */
  reference(name: string): VatReference {
    const { state, data } = this.#options.core;
    const kref = state.services.hostObjects.get(name);
    if (kref !== undefined) return data.reference(kref);
    const message = `no host object ${JSON.stringify(name)}: register it first`;
    throw new KernelError('UNKNOWN_HOST_OBJECT', message);
  }

  /** Durable calls without an answer, of objects that have no implementation here. */
  open(): HostCall[] {
    const calls = this.#unanswered().filter(
      call => !this.#implementations.has(this.#objectOf(call)),
    );
    return calls.map(call => atOnce(this.#reading(call)));
  }

  /** Errors: KernelError BAD_ARGUMENT if it waits for no answer; UNKNOWN_REFERENCE. */
  answer(call: number, answer: HostAnswer): Promise<void> {
    if (!Number.isSafeInteger(call) || call <= 0) throw waitsForNone(call);
    const settlement = this.#settlement(answer);
    const { body: { length: bytes }, slots: references } = settlement;
    return this.#take(call, { references, bytes }, () => this.#answer(call, settlement));
  }

  /** After a commit and after opening: implementations are called with what is durable now. */
  deliver(): void {
    const { services, hostTellings } = this.#options.core.state;
    hostTellings.toldCalls();
    this.#durableEnd = services.nextHostCall;
    while (this.#next < this.#durableEnd) {
      const call = this.#next;
      this.#next += 1;
      this.#wait(call);
    }
    this.#hand();
  }

  /** Answers of implementations since the last time become inputs, in order of their calls. */
  takeAnswers(): void {
    const held = this.#held.splice(0).sort((a, b) => a.call - b.call);
    for (const { call, settlement } of held) this.#takeOwn(call, settlement);
  }

  /** Answers that come later are dropped: the calls are made again when the store is opened. */
  close(): void {
    this.#closed = true;
  }

  #unanswered(): number[] {
    const { services } = this.#options.core.state;
    const calls = [...services.hostCalls.scan(ranges.hostCalls)];
    return calls.filter(call => this.#isOpen(call) && !this.#answered.has(call));
  }

  /** A call is to be handed to its implementation, if there is one. */
  #wait(call: number): void {
    const { state } = this.#options.core;
    if (!isUnanswered(state, call)) return;
    if (this.#started.has(call) || this.#answered.has(call)) return;
    const message = state.services.hostCalls.need(call);
    if (!this.#implementations.has(hostObjectName(state, message.target))) return;
    this.#started.add(call);
    this.#handed.add(message.sender, { call, bytes: messageWeight(message) });
  }

  #hand(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    this.#handing().catch((error: unknown) => void this.#options.core.stop(error));
  }

  /** Hands over what there is room for. Whoever else waits for the thread has turns between. */
  async #handing(): Promise<void> {
    const { core } = this.#options;
    let count = 0;
    while (!this.#closed && core.isAlive) {
      const call = this.#handed.next();
      if (call === undefined) break;
      const starting = this.#start(call);
      if (starting !== undefined) await starting;
      count += 1;
      if (count % HANDED_AT_ONCE === 0) await core.ways.clock.nextTurn();
    }
    // In the very turn in which there was none left: a call after this begins anew.
    this.#isHanding = false;
  }

  /** A promise where it takes long to read what the call was given. */
  #start(call: number): undefined | Promise<void> {
    if (!this.#waits(call)) {
      this.#handed.done(call);
      return undefined;
    }
    const made = asShortOrInTurns(this.#reading(call), this.#options.core.ways.clock);
    if (!(made instanceof Promise)) {
      this.#handOver(made);
      return undefined;
    }
    return made.then(it => {
      if (this.#waits(call) && !this.#closed) this.#handOver(it);
      else this.#handed.done(call);
    });
  }

  /** Nobody has answered it. */
  #waits(call: number): boolean {
    return isUnanswered(this.#options.core.state, call) && !this.#answered.has(call);
  }

  #handOver(made: HostCall): void {
    const { call } = made;
    const implementation = required(this.#implementations.get(made.object), 'what it goes to');
    // Nothing here holds the arguments while the implementation takes its time.
    const answering = new Promise(resolve => resolve(this.#carryOut(made, implementation)));
    void this.#settleBy(call, answering);
  }

  #objectOf(call: number): string {
    const { state } = this.#options.core;
    return hostObjectName(state, state.services.hostCalls.need(call).target);
  }

  *#reading(call: number): Steps<HostCall> {
    const { state, data } = this.#options.core;
    const { target, body, slots } = state.services.hostCalls.need(call);
    const object = hostObjectName(state, target);
    let spoken: unknown;
    try {
      spoken = yield* data.decoding({ body, slots });
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    }
    const [method, args]: readonly unknown[] = Array.isArray(spoken) ? spoken : [];
    if (typeof method !== 'string' || !Array.isArray(args)) {
      return { call, object, method: '', args: [] };
    }
    return { call, object, method, args };
  }

  /** What the implementation returns. Throws what it throws. */
  #carryOut({ call, object, method, args }: HostCall, implementation: HostObject): unknown {
    const { height } = this.#options.core;
    if (!Object.hasOwn(implementation, method)) {
      throw TypeError(`host object ${object} has no method ${JSON.stringify(method)}`);
    }
    const context = Object.freeze({ call, height });
    const carryOut = required(implementation[method], method);
    return Reflect.apply(carryOut, implementation, [context, ...args]);
  }

  async #settleBy(call: number, answering: Promise<unknown>): Promise<void> {
    let settlement: Settlement;
    try {
      settlement = this.#settlement({ value: await answering });
    } catch (reason) {
      settlement = this.#rejection(reason);
    }
    if (this.#closed || !this.#options.core.isAlive) return;
    this.#handed.answered(call, settlement.body.length);
    if (this.#options.holdsAnswers) this.#held.push({ call, settlement });
    else this.#takeOwn(call, settlement);
  }

  /** Errors: KernelError BAD_ARGUMENT for what cannot be passed. */
  #settlement(answer: HostAnswer): Settlement {
    const rejected = 'reason' in answer;
    const data = this.#options.core.data.encode(rejected ? answer.reason : answer.value);
    const sole = soleReference(data.body, data.slots);
    if (!rejected && sole !== undefined && isPromiseKRef(sole)) {
      throw new KernelError('BAD_ARGUMENT', 'a call cannot be answered with a promise');
    }
    return { rejected, ...data };
  }

  #rejection(reason: unknown): Settlement {
    let data: KernelData;
    try {
      data = this.#options.core.data.encode(reason);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      data = kernelData(Error(textOf(reason) ?? error.message));
    }
    return { rejected: true, ...data };
  }

  /** What an implementation has answered, unless the host has answered the call by itself. */
  #takeOwn(call: number, settlement: Settlement): void {
    if (!this.#isOpen(call) || this.#answered.has(call)) {
      if (!this.#isOpen(call)) this.#handed.done(call);
      return;
    }
    const { state } = this.#options.core;
    // Nobody waits to be told that it cannot be passed.
    const apply = (): void => {
      const unheld = settlement.slots.find(kref => !isHeld(state, kref));
      if (unheld === undefined) this.#answer(call, settlement);
      else this.#answer(call, this.#rejection(unknownReference(unheld)));
    };
    void this.#take(call, OWN_ANSWER, apply);
  }

  /** Durable, and not answered by what the state has taken. */
  #isOpen(call: number): boolean {
    return call < this.#durableEnd && isUnanswered(this.#options.core.state, call);
  }

  #take(call: number, given: GivenAnswer, apply: () => void): Promise<void> {
    const check = (): void => {
      if (!this.#isOpen(call)) throw waitsForNone(call);
    };
    // If it is refused, now or where it is taken, the call waits for another answer.
    const isOpenAgain = (): boolean => this.#answered.delete(call);
    this.#answered.add(call);
    try {
      const taken = this.#options.add(silentInput(apply, { ...given, check }));
      taken.catch(isOpenAgain);
      return taken;
    } catch (error) {
      isOpenAgain();
      throw error;
    }
  }

  #answer(call: number, settlement: Settlement): void {
    applyAnswer(this.#options.core.state, call, settlement);
    this.#answered.delete(call);
    this.#started.delete(call);
    this.#handed.done(call);
  }
}

const waitsForNone = (call: number): KernelError =>
  new KernelError('BAD_ARGUMENT', `host call ${call} waits for no answer`);
