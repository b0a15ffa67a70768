/**
 * A model of rules.md#t2 without any of the supervisor's code: random programs that read, scan,
 * write and delete are replayed from pre-images, and every read must be what it was.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

interface StoredRow {
  readonly value: number;
  readonly born: number;
  readonly written: number;
}
interface Io {
  get(key: string): number | undefined;
  set(key: string, value: number | undefined): void;
  scan(): string[];
}
type Writes = Map<string, number | undefined>;
interface CrankRecord {
  readonly program: readonly Op[];
  readonly reads: readonly unknown[];
  readonly writes: Writes;
}

/** `[kind, key, number]`: what an op does depends on what the vat has read so far. */
type Op = readonly [kind: 'get' | 'bump' | 'set' | 'delete' | 'scan', key: number, n: number];
type Step =
  | { readonly type: 'crank'; readonly program: readonly Op[]; readonly fails: boolean }
  | { readonly type: 'upgrade' }
  | { readonly type: 'replay' };

const run = (heap: { x: number }, program: readonly Op[], io: Io): void => {
  for (const [kind, index, n] of program) {
    const key = KEYS[(index + heap.x) % KEYS.length]!;
    if (kind === 'get') heap.x = (heap.x * 33 + (io.get(key) ?? 7)) % 100_003;
    else if (kind === 'bump') io.set(key, ((io.get(key) ?? 1) * 3 + heap.x) % 1009);
    else if (kind === 'set') io.set(key, (heap.x + n) % 1009);
    else if (kind === 'delete') io.set(key, undefined);
    else heap.x = (heap.x * 31 + io.scan().join().length) % 100_003;
  }
};

/** Runs a program over `look`, with its own writes on top; gives back what it read and wrote. */
const crankOver = (
  heap: { x: number },
  program: readonly Op[],
  look: (key: string) => number | undefined,
): CrankRecord => {
  const writes: Writes = new Map();
  const reads: unknown[] = [];
  const get = (key: string): number | undefined => (writes.has(key) ? writes.get(key) : look(key));
  run(heap, program, {
    get: key => {
      reads.push(get(key));
      return get(key);
    },
    set: (key, value) => writes.set(key, value),
    scan: () => {
      const keys = KEYS.filter(key => get(key) !== undefined);
      reads.push(keys);
      return keys;
    },
  });
  return { program, reads, writes };
};

class Model {
  readonly #store = new Map<string, StoredRow>();
  readonly #preimages = new Map<string, number>();
  #transcript: CrankRecord[] = [];
  #incarnation = 0;
  #heap = { x: 1 };

  crank(program: readonly Op[], fails: boolean): void {
    const heap = { ...this.#heap };
    const record = crankOver(heap, program, key => this.#store.get(key)?.value);
    if (fails) return;
    this.#heap = heap;
    this.#transcript.push(record);
    for (const [key, value] of record.writes) this.#merge(key, value);
  }

  upgrade(): void {
    this.#incarnation += 1;
    this.#preimages.clear();
    this.#transcript = [];
    this.#heap = { x: 1 };
  }

  replay(): void {
    const own: Writes = new Map();
    const heap = { x: 1 };
    const look = (key: string): number | undefined =>
      own.has(key) ? own.get(key) : this.#atStart(key);
    for (const recorded of this.#transcript) {
      const replayed = crankOver(heap, recorded.program, look);
      expect(replayed).toEqual(recorded);
      for (const [key, value] of replayed.writes) own.set(key, value);
    }
    expect(heap).toEqual(this.#heap);
  }

  #atStart(key: string): number | undefined {
    if (this.#preimages.has(key)) return this.#preimages.get(key);
    const row = this.#store.get(key);
    if (row === undefined || row.born >= this.#incarnation) return undefined;
    expect(row.written).toBeLessThan(this.#incarnation);
    return row.value;
  }

  #merge(key: string, value: number | undefined): void {
    const old = this.#store.get(key);
    const isOld =
      old !== undefined && old.born < this.#incarnation && old.written < this.#incarnation;
    if (isOld && !this.#preimages.has(key)) this.#preimages.set(key, old.value);
    const born = old?.born ?? this.#incarnation;
    if (value === undefined) this.#store.delete(key);
    else this.#store.set(key, { value, born, written: this.#incarnation });
  }
}

const op: fc.Arbitrary<Op> = fc.tuple(
  fc.constantFrom('get', 'bump', 'set', 'delete', 'scan'),
  fc.nat(KEYS.length - 1),
  fc.nat(1000),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('crank' as const),
      program: fc.array(op, { minLength: 1, maxLength: 5 }),
      fails: fc.integer({ min: 0, max: 11 }).map(n => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'upgrade' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'replay' as const }) },
);

describe('pre-images: model of rule T2', () => {
  it('random programs, scans, deletions, incarnations -> a replay reads what was read', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const model = new Model();
        for (const s of steps) {
          if (s.type === 'crank') model.crank(s.program, s.fails);
          else if (s.type === 'upgrade') model.upgrade();
          else model.replay();
        }
        model.replay();
      }),
      { numRuns: 1500 },
    );
  });
});
