/**
 * A row has one logical value, and no cache decides what is recorded (rules.md#t1).
 *
 * The counterexample: record, for replay, each read that goes to the store. Which reads do depends
 * on the thread's cache, on when its snapshot was renewed and on restarts. So replicas write
 * different transcripts for the same inputs, and a replay asks for reads that nobody recorded.
 *
 * The model: one vat runs a fixed program of reads and writes in blocks. Its thread reads from a
 * small cache, then from what it wrote and its snapshot does not show yet, then from the snapshot.
 * Two replicas run the program with other timing, restarts or cache sizes.
 *
 * It checks a design and runs nothing of the product: `npm run test:all` runs it.
 */
import { describe, expect, test } from 'vitest';
import { runSeeds, seededRandom, type Failures } from '../../support/suite/random.js';

type RecordingRule = 'writesOnly' | 'physicalReads';

const BLOCK_COUNT = 12;
const CRANKS_PER_BLOCK = 15;
const ROW_COUNT = 40;
const RUNS = 200;

interface CrankPlan {
  readonly reads: readonly number[];
  readonly write: number;
}
type Plan = readonly (readonly CrankPlan[])[];

interface Read {
  readonly row: number;
  readonly value: number;
}
/** What a transcript entry keeps of a crank: the writes, and under the wrong rule the reads. */
interface Entry {
  readonly plan: CrankPlan;
  readonly reads: readonly Read[];
  readonly written: number;
}

/** What a host is free to choose, and what must not show. */
interface Circumstances {
  readonly renewalSeed: number;
  readonly cacheMax: number;
  readonly restartsBefore: readonly number[];
}

interface Outcome {
  readonly transcript: string;
  readonly rows: string;
}

class ReplayFailure extends Error {}

const planOf = (seed: number): Plan => {
  const random = seededRandom(seed);
  const crank = (): CrankPlan => ({
    reads: Array.from({ length: 1 + random.below(3) }, () => random.below(ROW_COUNT)),
    write: random.below(ROW_COUNT),
  });
  return Array.from({ length: BLOCK_COUNT }, () => Array.from({ length: CRANKS_PER_BLOCK }, crank));
};

/** The rows at the start of the incarnation: odd ones exist. A replay reads these (rules.md#t2). */
const firstValue = (row: number) => (row % 2 === 1 ? row * 7 : 0);

class Thread {
  readonly #cache = new Map<number, number>();
  readonly #cacheMax: number;
  /** Written here, with the height of the block that commits it (rules.md#s4). */
  readonly #retained = new Map<number, { readonly value: number; readonly height: number }>();
  #snapshot: ReadonlyMap<number, number>;

  constructor(cacheMax: number, snapshot: ReadonlyMap<number, number>) {
    this.#cacheMax = cacheMax;
    this.#snapshot = snapshot;
  }

  renew(snapshot: ReadonlyMap<number, number>, height: number): void {
    this.#snapshot = snapshot;
    for (const [row, entry] of this.#retained) {
      if (entry.height <= height) this.#retained.delete(row);
    }
  }

  /** Runs a crank; `recorded` is given in a replay, and then stands in for the store. */
  crank(plan: CrankPlan, height: number, recorded?: Iterator<Read>): Entry {
    const reads: Read[] = [];
    let written = 1;
    for (const row of plan.reads) {
      const near = this.#cache.get(row) ?? this.#retained.get(row)?.value;
      const value = near ?? this.#fetch(row, recorded);
      if (near === undefined) reads.push({ row, value });
      this.#remember(row, value);
      written = (written * 31 + value) % 1_000_003;
    }
    this.#remember(plan.write, written);
    this.#retained.set(plan.write, { value: written, height });
    return { plan, reads, written };
  }

  #fetch(row: number, recorded: Iterator<Read> | undefined): number {
    if (recorded === undefined) return this.#snapshot.get(row) ?? firstValue(row);
    const next = recorded.next();
    if (next.done === true || next.value.row !== row) {
      throw new ReplayFailure(`nobody recorded a read of row ${row}`);
    }
    return next.value.value;
  }

  #remember(row: number, value: number): void {
    this.#cache.delete(row);
    this.#cache.set(row, value);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > this.#cacheMax && oldest.done !== true) this.#cache.delete(oldest.value);
  }
}

/**
 * A new thread, brought to where the transcript ends over rows as they were at first (rules.md#t2).
 */
function replay(entries: readonly Entry[], rule: RecordingRule, cacheMax: number): Thread {
  const thread = new Thread(cacheMax, new Map());
  for (const { plan, reads, written } of entries) {
    const recorded = rule === 'physicalReads' ? reads[Symbol.iterator]() : undefined;
    // Own writes of a replay are never forgotten: no snapshot shows them.
    const again = thread.crank(plan, Number.POSITIVE_INFINITY, recorded);
    if (again.written !== written) throw new ReplayFailure('a digest differs');
  }
  return thread;
}

function execute(plan: Plan, rule: RecordingRule, circumstances: Circumstances): Outcome {
  const { renewalSeed, cacheMax, restartsBefore } = circumstances;
  const renewal = seededRandom(renewalSeed);
  const rows = new Map<number, number>();
  const entries: Entry[] = [];
  let committed: ReadonlyMap<number, number> = new Map();
  let thread = new Thread(cacheMax, committed);
  plan.forEach((block, height) => {
    if (restartsBefore.includes(height)) thread = replay(entries, rule, cacheMax);
    for (const crank of block) {
      if (renewal.chance(0.3)) thread.renew(committed, height);
      const entry = thread.crank(crank, height + 1);
      rows.set(crank.write, entry.written);
      entries.push(entry);
    }
    committed = new Map(rows);
  });
  const writes = entries.map(entry => [entry.plan.write, entry.written]);
  const recorded = rule === 'physicalReads' ? entries : writes;
  const inOrder = [...rows].sort(([a], [b]) => a - b);
  return { transcript: JSON.stringify(recorded), rows: JSON.stringify(inOrder) };
}

const BASE: Circumstances = { renewalSeed: 1, cacheMax: 16, restartsBefore: [] };
const CHANGES: Readonly<Record<string, Partial<Circumstances>>> = {
  'other renewals': { renewalSeed: 2 },
  'two restarts': { restartsBefore: [3, 7] },
  'a larger cache': { cacheMax: 24 },
};

const compareReplicas = (rule: RecordingRule, change: Partial<Circumstances>): Failures =>
  runSeeds(RUNS, seed => {
    const plan = planOf(seed);
    const one = execute(plan, rule, BASE);
    try {
      const other = execute(plan, rule, { ...BASE, ...change });
      if (other.rows !== one.rows) return 'rows differ';
      return other.transcript === one.transcript ? undefined : 'transcripts differ';
    } catch (error) {
      if (error instanceof ReplayFailure) return error.message;
      throw error;
    }
  });

describe('T1: what is recorded is a function of the inputs', { tags: ['thorough'] }, () => {
  for (const [name, change] of Object.entries(CHANGES)) {
    test(`transcript: writes only, ${name} -> the same`, () => {
      expect(compareReplicas('writesOnly', change).failed).toEqual([]);
    });

    test(`transcript: physical reads, ${name} -> most runs differ or fail`, () => {
      const { runs, failed } = compareReplicas('physicalReads', change);
      expect(failed.length).toBeGreaterThan(runs / 2);
    });
  }
});
