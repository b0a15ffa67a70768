/**
 * Pre-images let a replay see every row as it was when the incarnation began (rules.md#t2).
 *
 * The model: vat code that reads, overwrites, deletes, re-creates and scans rows, with a heap that
 * depends on all it has read; cranks that fail and are undone; upgrades that raise the incarnation
 * and drop transcript, pre-images and heap. At random points the transcript is replayed over the
 * store as it now is. Each read, each scan, each write and the heap at the end must be what the
 * first run saw.
 *
 * Mutants show that the model can see a difference: without `born`, a replay takes rows of its own
 * future for rows of an earlier incarnation; without pre-images, it misses what was overwritten.
 *
 * It checks a design and runs nothing of the product: `npm run test:all` runs it.
 */
import { describe, expect, test } from 'vitest';
import { runSeeds, seededRandom } from '../../support/suite/random.js';

type PreimageRule = 'asWritten' | 'bornDropped' | 'noPreimages' | 'writtenInPlaceOfBorn';

const ROW_COUNT = 6;
const STEPS_PER_RUN = 60;
const RUNS = 1000;

type Key = string;
type Value = number;

/** A stored row: its header's two incarnations, and the state. */
interface Row {
  readonly value: Value;
  readonly born: number;
  readonly written: number;
}

/** What vat code can do with rows. */
interface RowAccess {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  /** The keys of all rows present, in order. */
  scan(): readonly Key[];
}

type Observation = readonly ['get', Key, Value | null] | readonly ['scan', string];

interface Crank {
  readonly delivery: number;
  readonly observed: readonly Observation[];
  readonly writes: ReadonlyMap<Key, Value | undefined>;
}

interface Counts {
  replays: number;
  reads: number;
  preimages: number;
}

const keyOf = (index: number): Key => `row${index}`;

/** Deterministic vat code: returns the heap after the crank, or undefined if the crank fails. */
function runVatCode(heap: number, delivery: number, rows: RowAccess): number | undefined {
  const random = seededRandom(delivery * 31 + heap);
  let next = heap;
  for (let acts = 1 + random.below(4); acts > 0; acts -= 1) {
    const key = keyOf(random.below(ROW_COUNT));
    const choice = random.next();
    if (choice < 0.35) {
      next = (next * 33 + (rows.get(key) ?? 7)) % 100_003;
    } else if (choice < 0.7) {
      rows.set(key, ((rows.get(key) ?? 1) * 3 + next) % 1009);
    } else if (choice < 0.85) {
      rows.set(key, (next + acts) % 1009);
    } else if (choice < 0.95) {
      rows.delete(key);
    } else {
      for (const present of rows.scan()) next = (next * 31 + present.charCodeAt(3)) % 100_003;
    }
  }
  return random.chance(0.08) ? undefined : next;
}

/** Rows through a crank's overlay, with a note of everything that the code could see. */
class Overlay implements RowAccess {
  readonly observed: Observation[] = [];
  readonly writes = new Map<Key, Value | undefined>();
  readonly #below: (key: Key) => Value | undefined;

  constructor(below: (key: Key) => Value | undefined) {
    this.#below = below;
  }

  get(key: Key): Value | undefined {
    const value = this.#look(key);
    this.observed.push(['get', key, value ?? null]);
    return value;
  }

  set(key: Key, value: Value): void {
    this.writes.set(key, value);
  }

  delete(key: Key): void {
    this.writes.set(key, undefined);
  }

  scan(): readonly Key[] {
    const all = Array.from({ length: ROW_COUNT }, (_, index) => keyOf(index));
    const present = all.filter(key => this.#look(key) !== undefined);
    this.observed.push(['scan', present.join()]);
    return present;
  }

  #look(key: Key): Value | undefined {
    return this.writes.has(key) ? this.writes.get(key) : this.#below(key);
  }
}

class Vat {
  readonly #rule: PreimageRule;
  readonly #counts: Counts;
  readonly #store = new Map<Key, Row>();
  readonly #preimages = new Map<Key, Value>();
  #transcript: Crank[] = [];
  #incarnation = 0;
  #heap = 1;

  constructor(rule: PreimageRule, counts: Counts) {
    this.#rule = rule;
    this.#counts = counts;
  }

  upgrade(): void {
    this.#incarnation += 1;
    this.#preimages.clear();
    this.#transcript = [];
    this.#heap = 1;
  }

  deliver(delivery: number): void {
    const overlay = new Overlay(key => this.#store.get(key)?.value);
    const heap = runVatCode(this.#heap, delivery, overlay);
    if (heap === undefined) return;
    this.#heap = heap;
    const { observed, writes } = overlay;
    this.#counts.reads += observed.length;
    for (const [key, value] of writes) this.#commit(key, value);
    this.#transcript.push({ delivery, observed, writes });
  }

  #commit(key: Key, value: Value | undefined): void {
    const incarnation = this.#incarnation;
    const old = this.#store.get(key);
    if (old !== undefined && old.written < incarnation && this.#rule !== 'noPreimages') {
      this.#preimages.set(key, old.value);
      this.#counts.preimages += 1;
    }
    if (value === undefined) this.#store.delete(key);
    else this.#store.set(key, { value, born: old?.born ?? incarnation, written: incarnation });
  }

  /** The row at the start of the incarnation, from what the store holds now. */
  #atStart(key: Key): Value | undefined {
    const preimage = this.#preimages.get(key);
    if (preimage !== undefined) return preimage;
    const row = this.#store.get(key);
    if (row === undefined || this.#rule === 'bornDropped') return row?.value;
    const since = this.#rule === 'writtenInPlaceOfBorn' ? row.written : row.born;
    return since < this.#incarnation ? row.value : undefined;
  }

  /** Replays the incarnation; returns the first difference. */
  replay(): string | undefined {
    this.#counts.replays += 1;
    const own = new Map<Key, Value | undefined>();
    let heap = 1;
    for (const [position, { delivery, observed, writes }] of this.#transcript.entries()) {
      const overlay = new Overlay(key => (own.has(key) ? own.get(key) : this.#atStart(key)));
      const next = runVatCode(heap, delivery, overlay);
      const where = `incarnation ${this.#incarnation}, position ${position}`;
      if (next === undefined) return `${where}: the crank fails`;
      heap = next;
      const seen = JSON.stringify([overlay.observed, [...overlay.writes]]);
      if (seen !== JSON.stringify([observed, [...writes]])) return `${where}: ${seen}`;
      for (const [key, value] of overlay.writes) own.set(key, value);
    }
    return heap === this.#heap ? undefined : 'the heap differs';
  }
}

function runProgram(seed: number, rule: PreimageRule, counts: Counts): string | undefined {
  const random = seededRandom(seed);
  const vat = new Vat(rule, counts);
  for (let delivery = 1; delivery <= STEPS_PER_RUN; delivery += 1) {
    const choice = random.next();
    if (choice < 0.06) {
      vat.upgrade();
    } else if (choice < 0.16) {
      const difference = vat.replay();
      if (difference !== undefined) return difference;
    } else {
      vat.deliver(delivery + seed * STEPS_PER_RUN);
    }
  }
  return vat.replay();
}

const runRule = (rule: PreimageRule) => {
  const counts: Counts = { replays: 0, reads: 0, preimages: 0 };
  return { ...runSeeds(RUNS, seed => runProgram(seed, rule, counts)), counts };
};

const RULE = 'T2: a replay reads rows as they were at the start of the incarnation';
describe(RULE, { tags: ['thorough'] }, () => {
  test('replay: pre-image, else a row born earlier -> no difference', () => {
    const { failed, counts } = runRule('asWritten');
    expect(failed).toEqual([]);
    expect(counts.replays).toBeGreaterThan(RUNS);
    expect(counts.preimages).toBeGreaterThan(RUNS);
    expect(counts.reads).toBeGreaterThan(10 * RUNS);
  });

  test('replay: pre-image, else a row last written earlier -> no difference', () => {
    // Looked up after the pre-images, `written` says as much as `born`.
    expect(runRule('writtenInPlaceOfBorn').failed).toEqual([]);
  });

  test('replay: headers without `born` -> the model sees differences', () => {
    expect(runRule('bornDropped').failed.length).toBeGreaterThan(0);
  });

  test('replay: no pre-images -> the model sees differences', () => {
    expect(runRule('noPreimages').failed.length).toBeGreaterThan(0);
  });
});
