/**
 * Sends are routed when they are merged, not when their wave starts (rules.md#w2).
 *
 * The model keeps what bears on order and nothing else: vats that each own one object, promises
 * that vats settle with an object, a run queue taken in waves, lifecycle items that close a vat for
 * the rest of the wave (rules.md#w7). It checks that what one sender sends to one reference is
 * delivered in the order of sending.
 *
 * The counterexample to routing at wave start: a sender sends messages 1 and 2 to the unresolved
 * `p`. Message 1 is routed, to the queue of `p`; message 2 still waits in the run queue. `p`
 * settles, and message 1 moves to the tail of the run queue: behind message 2.
 *
 * It checks a design and runs nothing of the product: `npm run test:all` runs it.
 */
import { describe, expect, test } from 'vitest';
import { runSeeds, seededRandom, type Random } from '../../support/suite/random.js';

type RoutingRule = 'atMerge' | 'atWaveStart';

const VAT_COUNT = 4;
const PROMISE_COUNT = 6;
const SENDS_MAX = 300;
const DELIVERIES_MAX = 500;

type Reference =
  | { readonly kind: 'object'; readonly owner: number }
  | { readonly kind: 'promise'; readonly index: number };

interface Send {
  readonly kind: 'send';
  readonly sender: string;
  readonly reference: Reference;
  /** Counts the sends of this sender to this reference, from 1. */
  readonly sequence: number;
  /** The vat whose object it goes to, once routed. */
  target: number | undefined;
}

interface Lifecycle {
  readonly kind: 'lifecycle';
  readonly vat: number;
}

type Item = Send | Lifecycle;

interface ModelPromise {
  readonly decider: number;
  settledTo: number | undefined;
  queue: Send[];
}

const channelOf = (sender: string, reference: Reference) =>
  reference.kind === 'object'
    ? `${sender} -> object ${reference.owner}`
    : `${sender} -> promise ${reference.index}`;

class Waves {
  readonly #random: Random;
  readonly #rule: RoutingRule;
  readonly #promises: ModelPromise[];
  readonly #sent = new Map<string, number>();
  readonly #delivered = new Map<string, number>();
  #runQueue: Item[] = [];
  #sendCount = 0;
  #deliveryCount = 0;
  #violation: string | undefined;

  constructor(seed: number, rule: RoutingRule) {
    this.#random = seededRandom(seed);
    this.#rule = rule;
    this.#promises = Array.from({ length: PROMISE_COUNT }, (_, index) => ({
      decider: index % VAT_COUNT,
      settledTo: undefined,
      queue: [],
    }));
  }

  /** Runs to an empty queue or the limit; returns the first delivery out of order. */
  run(waveLimit: number): string | undefined {
    for (let owner = 0; owner < VAT_COUNT; owner += 1) {
      for (let i = 0; i < 3; i += 1) this.#send('host', { kind: 'object', owner });
    }
    while (this.#runQueue.length > 0 && this.#deliveryCount < DELIVERIES_MAX) {
      for (const item of this.#startWave(waveLimit)) this.#deliver(item);
    }
    return this.#violation;
  }

  /** Takes items from the head; those of a closed vat stay there, in order. */
  #startWave(waveLimit: number): Send[] {
    const taken = this.#runQueue.splice(0, waveLimit);
    const closed = new Set<number>();
    const kept: Item[] = [];
    const wave: Send[] = [];
    for (const item of taken) {
      if (item.kind === 'lifecycle') {
        if (closed.has(item.vat)) kept.push(item);
        else closed.add(item.vat);
        continue;
      }
      if (item.target === undefined && !this.#route(item)) continue;
      if (closed.has(this.#targetOf(item))) kept.push(item);
      else wave.push(item);
    }
    this.#runQueue = [...kept, ...this.#runQueue];
    return wave;
  }

  #targetOf(send: Send): number {
    if (send.target === undefined) throw Error('a send in a wave has no target');
    return send.target;
  }

  /** Sets the target, or puts the send on its promise's queue and returns false. */
  #route(send: Send): boolean {
    if (send.reference.kind === 'object') {
      send.target = send.reference.owner;
      return true;
    }
    const promise = this.#promise(send.reference.index);
    if (promise.settledTo === undefined) {
      promise.queue.push(send);
      return false;
    }
    send.target = promise.settledTo;
    return true;
  }

  #promise(index: number): ModelPromise {
    const promise = this.#promises[index];
    if (promise === undefined) throw RangeError(`no promise ${index}`);
    return promise;
  }

  #send(sender: string, reference: Reference): void {
    const channel = channelOf(sender, reference);
    const sequence = (this.#sent.get(channel) ?? 0) + 1;
    this.#sent.set(channel, sequence);
    this.#sendCount += 1;
    const send: Send = { kind: 'send', sender, reference, sequence, target: undefined };
    if (this.#rule === 'atWaveStart' || this.#route(send)) this.#runQueue.push(send);
  }

  #settle(promise: ModelPromise, owner: number): void {
    promise.settledTo = owner;
    for (const send of promise.queue) {
      send.target = owner;
      this.#runQueue.push(send);
    }
    promise.queue = [];
  }

  /** One crank, merged: checks the order, then does what a vat might do. */
  #deliver(item: Send): void {
    this.#deliveryCount += 1;
    const channel = channelOf(item.sender, item.reference);
    const last = this.#delivered.get(channel) ?? 0;
    if (item.sequence <= last) this.#violation ??= `${channel}: ${item.sequence} after ${last}`;
    this.#delivered.set(channel, item.sequence);
    if (this.#sendCount >= SENDS_MAX) return;
    for (let acts = 1 + this.#random.below(2); acts > 0; acts -= 1) this.#act(this.#targetOf(item));
  }

  #act(vat: number): void {
    const random = this.#random;
    const choice = random.next();
    if (choice < 0.5) {
      this.#send(`vat ${vat}`, { kind: 'promise', index: random.below(PROMISE_COUNT) });
    } else if (choice < 0.75) {
      this.#send(`vat ${vat}`, { kind: 'object', owner: random.below(VAT_COUNT) });
    } else if (choice < 0.85) {
      this.#runQueue.push({ kind: 'lifecycle', vat: random.below(VAT_COUNT) });
    } else {
      const own = this.#promises.filter(p => p.decider === vat && p.settledTo === undefined);
      const promise = own[random.below(own.length)];
      if (promise !== undefined) this.#settle(promise, random.below(VAT_COUNT));
    }
  }
}

describe('W2: first in, first out per sender and reference', { tags: ['thorough'] }, () => {
  for (const waveLimit of [1, 3, 8, 1024]) {
    test(`routing: at merge, waves of ${waveLimit} -> order kept`, () => {
      const { failed } = runSeeds(3000, seed => new Waves(seed, 'atMerge').run(waveLimit));
      expect(failed).toEqual([]);
    });

    test(`routing: at wave start, waves of ${waveLimit} -> the model sees order broken`, () => {
      const { failed } = runSeeds(300, seed => new Waves(seed, 'atWaveStart').run(waveLimit));
      expect(failed.length).toBeGreaterThan(0);
    });
  }
});
