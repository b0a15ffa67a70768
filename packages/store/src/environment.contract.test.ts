/** Every environment keeps the contract of store-place.ts, and so does every place. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { directoryPlace } from './directory.js';
import { LmdbEnvironment } from './environment.js';
import { TABLE_END } from './keys.js';
import { MemoryPlace } from './memory-place.js';
import { readerOver } from './reader.js';
import { Store } from './store.js';
import { bytes, temporaryDirectory, text } from './testing/test-data.js';
import type { Environment, EnvironmentSnapshot, StorePlace } from './store-place.js';
import { heightFrom, type RowChange, type TableName } from './types.js';

const READERS_MAX = 16;

interface Made {
  readonly place: StorePlace;
  openForReading(): Environment;
}

const KINDS: readonly [name: string, make: () => Made][] = [
  ['LMDB', () => {
    const directory = temporaryDirectory();
    return {
      place: directoryPlace(directory),
      openForReading: () =>
        new LmdbEnvironment({ directory, readersMax: READERS_MAX, readOnly: true }),
    };
  }],
  ['memory', () => {
    const place = new MemoryPlace();
    return { place, openForReading: () => place.openForReading() };
  }],
];

const put = (key: string, value: string, table: TableName = 'kernel'): RowChange =>
  ({ table, key, value: bytes(value) });
const remove = (key: string): RowChange => ({ table: 'kernel', key, value: undefined });
/** What no environment can write. */
const NOWHERE = put('x', 'y', 'nowhere' as TableName);

interface Opened {
  readonly environment: Environment;
  close(): Promise<void>;
}

/** As Store.open does, and without its block: the tables are empty. */
function openFresh({ place }: Made): Opened {
  const lock = place.lock();
  expect(place.prepare()).toBe(false);
  const environment = place.openEnvironment(READERS_MAX);
  environment.openTables({ create: true });
  const close = async (): Promise<void> => {
    await environment.close();
    lock.release();
  };
  return { environment, close };
}

/** The same, until the test ends. */
function openNew(made: Made): Environment {
  const { environment, close } = openFresh(made);
  onTestFinished(close);
  return environment;
}

function allKeys(environment: Environment, snapshot?: EnvironmentSnapshot): string[] {
  return environment.keysAfter('kernel', { after: '', end: TABLE_END, limit: 1_000 }, snapshot);
}

describe.each(KINDS)('environment in %s:', (_name, make) => {
  test('a write -> not shown before it resolves, then shown', async () => {
    const environment = openNew(make());
    const writing = environment.write([put('a', '1')]);
    expect(environment.get('kernel', 'a')).toBeUndefined();
    await writing;
    expect(text(environment.get('kernel', 'a'))).toBe('1');
    expect(environment.rowCount('kernel')).toBe(1);
    expect(environment.readerCheck()).toBe(0);
  });

  test('closed -> neither reads nor writes', async () => {
    const { environment, close } = openFresh(make());
    await environment.write([put('a', '1')]);
    await close();
    expect(() => environment.get('kernel', 'a')).toThrow();
    await expect((async () => environment.write([put('a', '2')]))()).rejects.toThrow();
  });

  test('a write that fails in its midst -> the error, nothing is written', async () => {
    const environment = openNew(make());
    await environment.write([put('a', '1'), put('b', '2')]);
    const writing = environment.write([put('a', '9'), remove('b'), put('c', '3'), NOWHERE]);
    await expect(writing).rejects.toThrow(/table nowhere is not open/);
    expect(allKeys(environment)).toEqual(['a', 'b']);
    expect(text(environment.get('kernel', 'a'))).toBe('1');
    await environment.write([put('d', '5')]);
    expect(allKeys(environment)).toEqual(['a', 'b', 'd']);
  });

  test('a snapshot -> the block when it began, whatever is written', async () => {
    const made = make();
    const environment = openNew(made);
    await environment.write([put('a', '1'), put('b', '2')]);
    const snapshot = environment.beginSnapshot();
    await environment.write([put('a', '3'), remove('b'), put('c', '4'), put('x', 'y', 'local')]);
    await environment.write([put('a', '5')]);
    expect(text(environment.get('kernel', 'a', snapshot))).toBe('1');
    expect(allKeys(environment, snapshot)).toEqual(['a', 'b']);
    expect(environment.get('local', 'x', snapshot)).toBeUndefined();
    const range = { after: 'a', end: TABLE_END, bytes: 1_000 };
    const rows = environment.rowsAfter('kernel', range, snapshot);
    expect(rows).toEqual([{ key: 'b', value: bytes('2') }]);
    snapshot.done();
    const next = environment.beginSnapshot();
    expect(text(environment.get('kernel', 'a', next))).toBe('5');
    expect(allKeys(environment, next)).toEqual(['a', 'c']);
    next.done();
  });

  test('bytes that were written and read -> copies', async () => {
    const environment = openNew(make());
    const value = bytes('abc');
    await environment.write([{ table: 'kernel', key: 'a', value }]);
    value[0] = 0;
    environment.get('kernel', 'a')![1] = 0;
    const range = { after: '', end: TABLE_END, bytes: 1 };
    environment.rowsAfter('kernel', range)[0]!.value[2] = 0;
    expect(text(environment.get('kernel', 'a'))).toBe('abc');
    expect(Object.getPrototypeOf(environment.get('kernel', 'a'))).toBe(Uint8Array.prototype);
  });

  test('what is no key, and a table that is not open -> an assertion', () => {
    const made = make();
    const environment = openNew(made);
    expect(() => environment.get('kernel', '\u0100')).toThrow();
    const none = { after: '', end: TABLE_END, limit: -1 };
    expect(() => environment.keysAfter('kernel', none)).toThrow(/limit/);
    const fresh = make().place;
    fresh.lock();
    fresh.prepare();
    const closed = fresh.openEnvironment(READERS_MAX);
    onTestFinished(() => closed.close());
    expect(closed.openTable('kernel', { create: false })).toBe(false);
    expect(() => closed.get('kernel', 'a')).toThrow(/not open/);
  });
});

const unit = fc.constantFrom('\x00', '\x01', 'a', 'b', '\xff');
const key = fc.string({ unit, minLength: 1, maxLength: 4 });
const change = fc.tuple(key, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));
const range = fc.record({
  after: fc.oneof(fc.constant(''), key),
  end: fc.oneof(fc.constant(TABLE_END), key),
  limit: fc.integer({ min: 0, max: 6 }),
});

test('environments: any writes, failures, snapshots and ranges -> LMDB and memory read alike',
  async () => {
    const step = fc.record({
      changes: fc.array(change, { maxLength: 5 }), fails: fc.boolean(), holds: fc.boolean(), range,
    });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      // Closed after each run: a process has no room for those of every attempt to shrink a case.
      const opened = KINDS.map(([, make]) => openFresh(make()));
      const pair = opened.map(({ environment }) => environment);
      let held: readonly EnvironmentSnapshot[] | undefined;
      try {
        for (const { changes, fails, holds, range: asked } of steps) {
          if (holds) held ??= pair.map((environment) => environment.beginSnapshot());
          const rows = new Map(changes);
          const writes = [...rows].map(([at, value]): RowChange =>
            ({ table: 'kernel', key: at, value: value === undefined ? undefined : bytes(value) }));
          for (const environment of pair) {
            const all = fails ? [...writes, NOWHERE] : writes;
            await environment.write(all).catch(() => undefined);
          }
          const seen = pair.map((environment, i) => [undefined, held?.[i]].map((snapshot) => [
            environment.keysAfter('kernel', asked, snapshot),
            environment.rowsAfter('kernel', { ...asked, bytes: asked.limit * 2 }, snapshot),
          ]));
          expect(seen[1]).toEqual(seen[0]);
          expect(pair[1]!.rowCount('kernel')).toBe(pair[0]!.rowCount('kernel'));
          if (!holds) {
            held?.forEach((snapshot) => snapshot.done());
            held = undefined;
          }
        }
      } finally {
        held?.forEach((snapshot) => snapshot.done());
        for (const { close } of opened) await close();
      }
    });
    await fc.assert(property, { numRuns: 40 });
  });

describe.each(KINDS)('place in %s:', (_name, make) => {
  test('a creation that was not ended -> begun anew; an ended one stays', async () => {
    const { place } = make();
    for (const ends of [false, true]) {
      const lock = place.lock();
      expect(place.prepare()).toBe(false);
      const environment = place.openEnvironment(READERS_MAX);
      expect(environment.openTable('kernel', { create: false })).toBe(false);
      environment.openTables({ create: true });
      await environment.write([put('a', '1')]);
      if (ends) place.endCreation();
      await environment.close();
      lock.release();
    }
    const lock = place.lock();
    expect(place.prepare()).toBe(true);
    lock.release();
    lock.release();
  });

  test('a store, opened twice -> refused while it is open, whole when it was closed', async () => {
    const made = make();
    const store = await Store.openAt(made.place, { readersMax: READERS_MAX });
    const again = (): Promise<Store> => Store.openAt(made.place, { readersMax: READERS_MAX });
    await expect(again()).rejects.toThrow(/is open/);
    const [height, unhashed] = [heightFrom(1), [] as const];
    const hash = await store.commit({ height, changes: [put('a', '1')], unhashed });
    const reader = readerOver(made.openForReading(), made.place.name);
    const snapshot = reader.begin();
    await store.commit({ height: heightFrom(2), changes: [put('a', '2')], unhashed: [] });
    expect([snapshot.height, text(snapshot.get('kernel', 'a'))]).toEqual([1, '1']);
    snapshot.done();
    await reader.close();
    expect(store.sizeBytes()).toBeGreaterThan(0);
    await store.close();
    const third = await again();
    expect(third.head.height).toBe(2);
    expect(Buffer.from(hash).toString('hex')).toMatch(/^[0-9a-f]{64}$/);
    await third.close();
  });
});

test('stores: the same blocks -> the same hashes in LMDB and in memory', async () => {
  const heads = await Promise.all(KINDS.map(async ([, make]) => {
    const store = await Store.openAt(make().place, { readersMax: READERS_MAX });
    const changes = [put('a', '1'), put('b', '2')];
    await store.commit({ height: heightFrom(1), changes, unhashed: [] });
    const sealed = { height: heightFrom(2), changes: [remove('a')], unhashed: [], sealed: true };
    await store.commit(sealed);
    const { head } = store;
    await store.close();
    return head;
  }));
  expect(heads[1]).toEqual(heads[0]);
});
