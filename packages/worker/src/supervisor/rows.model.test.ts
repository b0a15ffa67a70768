/**
 * The row store against a naive model: a plain map for what the vat should see, a fake store that
 * commits late, waves, snapshots of several ages, a tiny cache, upgrades, and replays in which
 * every read must be what it was (rules.md#t1, rules.md#t2).
 */
import { FIRST_HEIGHT, heightAfter, heightFrom } from '@heirloom/store/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import {
  FIRST_INCARNATION,
  nextIncarnation,
  spaceFrom,
  vatNumberFrom,
} from '../protocol/vat-numbers.js';
import { FakeStore, type FakeRowWrite } from '../testing/fake-store.js';
import { Crank } from './crank.js';
import { LiveBase, ReplayBase, type HandedRow } from './row-base.js';
import { RowCache } from './row-cache.js';
import { VatRows, type Retained } from './rows.js';

const VAT = vatNumberFrom(3);
const SPACE = spaceFrom(5);
/** Two tables; keys of one byte and of two, so that one is a prefix of another. */
const KEYS = [...'abcdefgh'].flatMap(c => [`\x20${c}`, `\x20${c}\x00`, `\x32${c}`, `\x32${c}z`]);

type Op =
  | readonly ['get', number]
  | readonly ['set', number, number]
  | readonly ['delete', number]
  | readonly ['scan', '\x20' | '\x32', number];
type Step =
  | { readonly type: 'crank'; readonly ops: readonly Op[]; readonly fails: boolean }
  | { readonly type: 'waveEnd' }
  | { readonly type: 'commit' }
  | { readonly type: 'upgrade' }
  | { readonly type: 'replay' }
  | { readonly type: 'pageIn' };

interface Recorded {
  readonly ops: readonly Op[];
  readonly reads: unknown[];
  readonly writes: FakeRowWrite[];
}

const bytes = (n: number): Uint8Array => new Uint8Array(1 + (n % 40)).fill(n % 251);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('hex');

class World {
  readonly store = new FakeStore();
  readonly crank = new Crank();
  rows = this.#fresh();
  incarnation = FIRST_INCARNATION;
  /** What the vat should see. */
  truth = new Map<string, Uint8Array>();
  transcript: Recorded[] = [];
  /** Writes merged but not committed. */
  pending: FakeRowWrite[] = [];
  isOpen = false;

  #fresh(): VatRows {
    return new VatRows(this.crank, new RowCache(600));
  }

  open(): void {
    if (this.isOpen) return;
    const snapshot = this.store.begin();
    this.rows.open(new LiveBase(snapshot, [SPACE]), snapshot.height);
    this.isOpen = true;
  }

  endWave(): void {
    if (this.isOpen) this.rows.close();
    this.isOpen = false;
  }

  runOps(ops: readonly Op[], look?: Map<string, Uint8Array>): unknown[] {
    const reads: unknown[] = [];
    for (const op of ops) {
      if (op[0] === 'get') {
        const key = KEYS[op[1]]!;
        const value = text(this.rows.get(key));
        reads.push(value);
        if (look !== undefined) expect(value).toBe(text(look.get(key)));
      } else if (op[0] === 'set') {
        this.rows.set(KEYS[op[1]]!, bytes(op[2]));
        look?.set(KEYS[op[1]]!, bytes(op[2]));
      } else if (op[0] === 'delete') {
        this.rows.delete(KEYS[op[1]]!);
        look?.delete(KEYS[op[1]]!);
      } else reads.push(this.scan(op[1], op[2], look));
    }
    return reads;
  }

  /** Steps through a table; deletes every `stride`-th key that it meets. */
  scan(table: string, stride: number, look?: Map<string, Uint8Array>): string[] {
    const end = String.fromCharCode(table.charCodeAt(0) + 1);
    const expected = [...(look?.keys() ?? [])].filter(key => key.startsWith(table)).sort();
    const found: string[] = [];
    for (let key = this.rows.nextKey(table, end); key !== undefined; ) {
      found.push(key);
      if (found.length % stride === 0) {
        this.rows.delete(key);
        look?.delete(key);
      }
      key = this.rows.nextKey(key, end);
    }
    if (look !== undefined) expect(found).toEqual(expected);
    return found;
  }

  doCrank(ops: readonly Op[], fails: boolean): void {
    this.open();
    this.crank.begin();
    const look = new Map(this.truth);
    const reads = this.runOps(ops, look);
    if (fails) {
      this.rows.dropCrank();
      this.crank.end();
      return;
    }
    const writes = this.writes();
    this.crank.end();
    this.rows.keepCrank(this.store.height + 1);
    this.truth = look;
    this.pending.push(...writes);
    this.transcript.push({ ops, reads, writes });
  }

  writes(): FakeRowWrite[] {
    return this.rows.writes().map(([key, value]) => ({ key, value }));
  }

  commit(): void {
    this.endWave();
    const owner = { vat: VAT, incarnation: this.incarnation, space: SPACE };
    for (const write of this.pending) this.store.mergeRow(owner, write);
    this.pending = [];
    this.store.height = heightAfter(this.store.height);
  }

  /** A successor takes over in the same block: it gets the rows since the last commit. */
  upgrade(): void {
    this.endWave();
    const handed = new Map<string, Retained>();
    for (const { key, value } of this.pending) {
      handed.set(key, { value, height: this.store.height + 1 });
    }
    this.commit();
    // Seen as not committed yet by the successor's first message.
    this.store.height = heightFrom(this.store.height - 1);
    this.incarnation = nextIncarnation(this.incarnation);
    this.store.table('preimage').clear();
    this.transcript = [];
    this.rows = this.#fresh();
    this.rows.adopt(handed);
    this.store.height = heightAfter(this.store.height);
  }

  /** Replays in a thread of its own; `takeOver`: that thread goes live afterwards. */
  replay(takeOver: boolean): void {
    this.commit();
    const live = this.rows;
    const snapshot = this.store.begin();
    this.rows = this.#fresh();
    const { incarnation } = this;
    const handed = new Map<string, HandedRow>();
    const own = { vat: VAT, incarnation, spaces: [SPACE] as const };
    const handedPreImages = new Map<string, Uint8Array>();
    const base = new ReplayBase({ view: snapshot, ...own, handed, handedPreImages });
    this.rows.open(base, snapshot.height);
    for (const recorded of this.transcript) {
      this.crank.begin();
      expect(this.runOps(recorded.ops)).toEqual(recorded.reads);
      expect(this.writes()).toEqual(recorded.writes);
      this.crank.end();
      this.rows.keepCrank(Number.MAX_SAFE_INTEGER);
    }
    this.rows.close();
    this.rows.forget();
    if (!takeOver) this.rows = live;
  }
}

const key = fc.nat(KEYS.length - 1);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.tuple(fc.constant('get' as const), key),
  fc.tuple(fc.constant('set' as const), key, fc.nat(1000)),
  fc.tuple(fc.constant('delete' as const), key),
  fc.tuple(
    fc.constant('scan' as const),
    fc.constantFrom('\x20' as const, '\x32' as const),
    fc.integer({ min: 1, max: 9 }),
  ),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('crank' as const),
      ops: fc.array(op, { minLength: 1, maxLength: 12 }),
      fails: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    }),
  },
  ...(['waveEnd', 'commit', 'upgrade', 'replay', 'pageIn'] as const).map(type => ({
    weight: 1,
    arbitrary: fc.constant({ type }),
  })),
);

const perform = (world: World, s: Step): void => {
  switch (s.type) {
    case 'crank':
      return world.doCrank(s.ops, s.fails);
    case 'waveEnd':
      return world.endWave();
    case 'commit':
      return world.commit();
    case 'upgrade':
      return world.upgrade();
    case 'replay':
      return world.replay(false);
    case 'pageIn':
      return world.replay(true);
    default:
      throw s satisfies never;
  }
};

describe('rows', { tags: ['sized'] }, () => {
  it('random cranks, waves, commits, upgrades, replays -> every read as in a plain map', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), steps => {
        const world = new World();
        for (const s of steps) perform(world, s);
        world.replay(false);
      }),
      { numRuns: amount({ quick: 400, thorough: 2000 }) },
    );
  });

  it('a scan over more keys than a block -> all keys, in order, with writes merged', () => {
    const world = new World();
    const keys = Array.from({ length: 300 }, (_, i) => `\x32${String(i).padStart(4, '0')}`);
    world.open();
    world.crank.begin();
    for (const k of keys) world.rows.set(k, bytes(1));
    world.pending = world.writes();
    world.crank.end();
    world.rows.keepCrank(1);
    world.commit();
    world.open();
    expect(world.rows.retainedCount).toBe(0);
    world.crank.begin();
    world.rows.delete(keys[40]!);
    world.rows.set('\x320040a', bytes(2));
    const expected = [...keys.filter(k => k !== keys[40]), '\x320040a'].sort();
    expect(world.scan('\x32', 1000)).toEqual(expected);
  });

  it('a failing store -> the crank boundary throws the failure, whatever vat code catches', () => {
    const crank = new Crank();
    const rows = new VatRows(crank);
    const failure = new Error('EIO');
    const fail = (): never => {
      throw failure;
    };
    rows.open({ get: fail, keysAfter: fail }, FIRST_HEIGHT);
    crank.begin();
    expect(() => rows.get('\x20a')).toThrow('the store failed');
    expect(() => crank.end()).toThrow(failure);
  });

  it('a fault that vat code catches -> still decides the crank', () => {
    const crank = new Crank();
    const rows = new VatRows(crank);
    rows.open({ get: () => undefined, keysAfter: () => [] }, FIRST_HEIGHT);
    crank.begin();
    expect(() => rows.set('\x20'.repeat(2000), bytes(1))).toThrow('row key');
    rows.set('\x20a', bytes(1));
    expect(crank.fault?.fault.code).toBe('LIMIT');
    expect(crank.end()).toEqual([]);
  });

  it('1,000,000 rows in a crank, one more -> written, a fault', () => {
    const crank = new Crank();
    const rows = new VatRows(crank);
    rows.open({ get: () => undefined, keysAfter: () => [] }, FIRST_HEIGHT);
    crank.begin();
    const nothing = bytes(0);
    for (let i = 0; i < 1_000_000; i += 1) rows.set(`\x20${i}`, nothing);
    rows.set('\x207', nothing);
    expect(crank.fault).toBeUndefined();
    expect(() => rows.set('\x20more', nothing)).toThrow('at most 1000000 rows');
    expect(crank.fault?.fault.code).toBe('LIMIT');
  });
});
