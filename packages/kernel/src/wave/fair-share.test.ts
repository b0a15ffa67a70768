/** Who gets what of a wave: random queues, taken wave by wave; a failure names its seed. */
import { atOnce, type Steps } from '@heirloom/store';
import { FIRST_VAT } from '@heirloom/worker';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectKRef } from '../state/krefs.js';
import { ItemType, type RunQueueItem } from '../state/queue-items.js';
import type { Place, QueueEntry } from '../state/run-queue.js';
import { takingShares, type ShareLimits, type SharedQueue, type Taker } from './fair-share.js';

interface Queued {
  readonly lane: number;
  readonly weight: number;
}

/** Items of lanes, with ordinals in order. */
class Queue implements SharedQueue {
  readonly places: Map<number, Place>;

  constructor(items: readonly Queued[]) {
    this.places = new Map(
      items.map(({ lane, weight }, ordinal) => {
        const item = { type: ItemType.notify, vat: FIRST_VAT, promise: objectKRef(20) } as const;
        return [ordinal, { lane, weight, bytes: weight, item }];
      }),
    );
  }

  get length(): number {
    return this.places.size;
  }

  get weight(): number {
    return [...this.places.values()].reduce((sum, { weight }) => sum + weight, 0);
  }

  get lanes(): Map<number, Map<number, Place>> {
    const lanes = new Map<number, Map<number, Place>>();
    for (const [ordinal, place] of this.places) {
      const places = lanes.get(place.lane) ?? new Map<number, Place>();
      lanes.set(place.lane, places.set(ordinal, place));
    }
    return lanes;
  }

  entry(ordinal: number): QueueEntry {
    const item: RunQueueItem | undefined = this.places.get(ordinal)?.item;
    if (item === undefined) throw Error(`nothing at ${ordinal}`);
    return { ordinal, item };
  }

  *entries(): Generator<QueueEntry, void> {
    for (const ordinal of this.places.keys()) yield this.entry(ordinal);
  }
}

class Wave implements Taker {
  readonly #queue: Queue;
  readonly ordinals: number[] = [];
  bytes = 0;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  get taken(): number {
    return this.ordinals.length;
  }

  /** Every second one in steps. */
  add({ ordinal }: QueueEntry): boolean | Steps<boolean> {
    return this.ordinals.length % 2 === 0 ? this.#take(ordinal) : this.#taking(ordinal);
  }

  *#taking(ordinal: number): Steps<boolean> {
    yield;
    return this.#take(ordinal);
  }

  #take(ordinal: number): boolean {
    this.ordinals.push(ordinal);
    this.bytes += this.#queue.places.get(ordinal)?.weight ?? 0;
    return true;
  }
}

const waveOf = (queue: Queue, limits: ShareLimits): Wave => {
  const wave = new Wave(queue);
  atOnce(takingShares(queue, limits, wave));
  return wave;
};

const LIMITS: ShareLimits = { waveLimit: 512, waveBytesMax: 64_000 };
const flood = (lane: number, count: number, weight: number): Queued[] =>
  Array.from({ length: count }, () => ({ lane, weight }));

describe('shares of a wave:', () => {
  test('a short queue -> in its order', () => {
    const queue = new Queue([...flood(1, 30, 50), { lane: 2, weight: 40_000 }, ...flood(0, 3, 50)]);
    expect(waveOf(queue, LIMITS).ordinals).toEqual([...queue.places.keys()]);
  });

  test('a flood of small items, then one of another -> it is in the next wave', () => {
    const queue = new Queue([...flood(1, 10_000, 1), { lane: 2, weight: 1 }]);
    const { ordinals } = waveOf(queue, LIMITS);
    expect(ordinals).toHaveLength(LIMITS.waveLimit / 8 + 1);
    expect(ordinals).toContain(10_000);
  });

  test('more lifecycle items than a share at the head -> all of them first', () => {
    const queue = new Queue([...flood(0, 100, 0), ...flood(1, 10_000, 1)]);
    const data = { body: new Uint8Array(), slots: [], result: objectKRef(22) };
    for (const [ordinal, place] of queue.places) {
      if (ordinal < 100) place.item = { type: ItemType.terminate, vat: FIRST_VAT, ...data };
    }
    const { ordinals } = waveOf(queue, LIMITS);
    expect(ordinals).toEqual(Array.from({ length: 164 }, (_, n) => n));
  });

  test('many who send little -> a wave is not small for it', () => {
    const few = Array.from({ length: 20 }, (_, n) => ({ lane: n + 2, weight: 1 }));
    const { ordinals } = waveOf(new Queue([...flood(1, 10_000, 1), ...few]), LIMITS);
    expect(ordinals).toHaveLength(64);
    expect(ordinals).toContain(10_019);
  });

  test('what would fill a wave -> a share of it, beside all of another', () => {
    const queue = new Queue([...flood(1, 400, 1), ...flood(2, 10, 1)]);
    const { ordinals } = waveOf(queue, LIMITS);
    const share = LIMITS.waveLimit / 8;
    const expected = [...queue.places.keys()].filter(n => n < share || n >= 400);
    expect(ordinals).toEqual(expected);
  });

  test('small waves -> filled in the order of the queue', () => {
    const queue = new Queue([...flood(1, 9, 1), ...flood(2, 3, 1)]);
    const { ordinals } = waveOf(queue, { waveLimit: 12, waveBytesMax: 1_000 });
    expect(ordinals).toEqual([...queue.places.keys()]);
  });

  test('a flood and nobody else -> a whole wave', () => {
    const { ordinals } = waveOf(new Queue(flood(1, 1_000, 1)), LIMITS);
    expect(ordinals).toHaveLength(LIMITS.waveLimit);
  });

  /** The lane of what vats 2 and 3 have vat 1 told. */
  const [told, toldBeside] = [2, 3].map(sender => -1 - sender * 2 ** 15 - 1);

  test('a flood, the answers to it, and nobody else -> equal parts of a whole wave', () => {
    const lanes = [1, told, toldBeside].map(lane => flood(lane ?? 0, 1_000, 1));
    const { ordinals } = waveOf(new Queue(lanes.flat()), LIMITS);
    const share = Math.floor(LIMITS.waveLimit / 3);
    expect(ordinals).toHaveLength(3 * share);
    for (const first of [0, 1_000, 2_000]) expect(ordinals).toContain(first + share - 1);
  });

  test('a flood, the answers to it, and one of another -> an eighth for each', () => {
    const lanes = [...flood(1, 1_000, 1), ...flood(told ?? 0, 1_000, 1), ...flood(4, 1, 1)];
    const { ordinals } = waveOf(new Queue(lanes), LIMITS);
    expect(ordinals).toHaveLength((2 * LIMITS.waveLimit) / 8 + 1);
    expect(ordinals).toContain(2_000);
  });

  test('a flood of heavy items, then small and lighter ones of others -> these first', () => {
    const others = [...flood(2, 3, 10), { lane: 3, weight: 9_000 }];
    const queue = new Queue([...flood(1, 50, 50_000), ...others]);
    expect(waveOf(queue, LIMITS).ordinals).toEqual([50, 51, 52, 53, 0]);
  });

  const items = fc.array(
    fc.record({ lane: fc.nat(9), weight: fc.oneof(fc.nat(40), fc.nat(9_000)) }),
    { maxLength: 400 },
  );
  const limits = fc.record({
    waveLimit: fc.integer({ min: 1, max: 200 }),
    waveBytesMax: fc.integer({ min: 1, max: 6_400 }),
  });

  test('random queues -> all of it leaves, each lane in order, no wave too large', () => {
    fc.assert(
      fc.property(items, limits, (queued, given) => {
        const queue = new Queue(queued);
        const last = new Map<number, number>();
        while (queue.length > 0) {
          const oldest = Math.min(...queue.places.keys());
          const { ordinals, bytes } = waveOf(queue, given);
          expect(ordinals.length).toBeGreaterThan(0);
          expect(ordinals.length).toBeLessThanOrEqual(given.waveLimit);
          const [heaviest = 0] = ordinals
            .map(ordinal => queue.places.get(ordinal)?.weight ?? 0)
            .sort((a, b) => b - a);
          expect(bytes - heaviest).toBeLessThanOrEqual(given.waveBytesMax);
          // Nobody waits for ever: the oldest item of all is taken.
          expect(ordinals).toContain(oldest);
          for (const ordinal of ordinals) {
            const lane = queue.places.get(ordinal)?.lane ?? 0;
            expect(ordinal).toBeGreaterThan(last.get(lane) ?? -1);
            last.set(lane, ordinal);
            queue.places.delete(ordinal);
          }
        }
      }),
    );
  });
});
