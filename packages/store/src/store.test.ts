import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { blockHash, NO_HASH, orderRows } from './block-hash.js';
import { LmdbEnvironment } from './environment.js';
import { packFrame, unpackFrame } from './frames/frame.js';
import { blockKey, metaKey, TABLE_END, u32 } from './keys.js';
import { SCHEMA_VERSION } from './schema-version.js';
import { Store } from './store.js';
import { bytes, temporaryDirectory, text } from './testing/test-data.js';
import { heightAfter, heightFrom, type RowChange, type TableName } from './types.js';

const put = (table: TableName, key: string, value: string): RowChange =>
  ({ table, key, value: bytes(value) });
const remove = (table: TableName, key: string): RowChange => ({ table, key, value: undefined });

async function openStore(directory: string): Promise<Store> {
  const store = await Store.open({ directory, readersMax: 70 });
  onTestFinished(() => store.close());
  return store;
}

async function commitNext(store: Store, ...changes: RowChange[]): Promise<Uint8Array> {
  return store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
}

test('store: a path that does not exist -> created, block 0 hashed as T6 says', async () => {
  const directory = path.join(temporaryDirectory(), 'deep', 'bank.heirloom');
  const store = await openStore(directory);
  const rows = orderRows([
    { table: 'meta', key: metaKey('schema'), value: packFrame([SCHEMA_VERSION]) },
    { table: 'meta', key: metaKey('height'), value: packFrame([0]) },
  ]);
  expect(store.head).toEqual({ height: 0, hash: blockHash(NO_HASH, rows) });
  expect(fs.statSync(directory).isDirectory()).toBe(true);
  expect(store.sizeBytes()).toBeLessThan(2 ** 20);
  expect(store.readerCheck()).toBe(0);
});

test('store: blocks committed, closed, reopened -> same head, rows and hashes', async () => {
  const directory = temporaryDirectory();
  const first = await openStore(directory);
  const one = await commitNext(first, put('kernel', 'a', '1'), put('vatstore', '\x00\xff', ''));
  const two = await first.commit({
    height: heightFrom(2), changes: [remove('kernel', 'a'), put('kernel', 'b', '2')],
    unhashed: [put('local', 'note', 'x')],
  });
  await first.close();
  await first.close();
  const again = await openStore(directory);
  expect(again.head).toEqual({ height: 2, hash: two });
  expect(again.get('kernel', 'a')).toBeUndefined();
  expect(text(again.get('kernel', 'b'))).toBe('2');
  expect(again.get('vatstore', '\x00\xff')).toEqual(new Uint8Array(0));
  expect(text(again.get('local', 'note'))).toBe('x');
  expect(again.get('blocks', blockKey(1))).toEqual(one);
  expect(unpackFrame(again.get('meta', metaKey('height')) ?? bytes(''))).toEqual([2]);
});

test('store: a block that raises the schema -> hashed, and so it is from then on', async () => {
  const directory = temporaryDirectory();
  const store = await openStore(directory);
  expect(store.schema).toBe(SCHEMA_VERSION);
  const schema = SCHEMA_VERSION + 1;
  const { head } = store;
  const hash = await store.commit({ height: heightFrom(1), changes: [], unhashed: [], schema });
  const rows = orderRows([
    { table: 'meta', key: metaKey('schema'), value: packFrame([schema]) },
    { table: 'meta', key: metaKey('height'), value: packFrame([1]) },
  ]);
  expect(hash).toEqual(blockHash(head.hash, rows));
  expect(store.schema).toBe(schema);
  await store.close();
  await expect(Store.open({ directory, readersMax: 70 })).rejects.toThrow(`schema ${schema}`);
});

test('store: local rows differ -> hash does not', async () => {
  const a = await openStore(temporaryDirectory());
  const b = await openStore(temporaryDirectory());
  const changes = [put('kernel', 'a', '1')];
  const height = heightFrom(1);
  const hash = await a.commit({ height, changes, unhashed: [put('local', 'n', 'x')] });
  expect(await b.commit({ height, changes, unhashed: [] })).toEqual(hash);
});

test('store: a read -> a plain copy that later reads and commits leave alone', async () => {
  const store = await openStore(temporaryDirectory());
  const sizes = [0, 1, 60, 4_000, 40_000, 70_000, 3_000_000];
  const value = (size: number): Uint8Array => new Uint8Array(size).fill(size % 251);
  await commitNext(store, ...sizes.map((size): RowChange =>
    ({ table: 'kernel', key: `k${size}`, value: value(size) })));
  const read = sizes.map((size) => store.get('kernel', `k${size}`));
  await commitNext(store, ...sizes.map((size) => put('kernel', `k${size}`, 'gone')));
  for (const size of sizes) store.get('kernel', `k${size}`);
  read.forEach((got, i) => {
    expect(Buffer.compare(got ?? bytes('?'), value(sizes[i] ?? 0))).toBe(0);
    expect(Object.getPrototypeOf(got)).toBe(Uint8Array.prototype);
  });
});

test('store: while a commit is under way -> reads show the block before, a second is refused',
  async () => {
    const store = await openStore(temporaryDirectory());
    await commitNext(store, put('kernel', 'a', '1'));
    const committing = commitNext(store, put('kernel', 'a', '2'));
    expect(text(store.get('kernel', 'a'))).toBe('1');
    expect(store.head.height).toBe(1);
    await expect(commitNext(store)).rejects.toThrow(/under way/);
    await committing;
    expect(text(store.get('kernel', 'a'))).toBe('2');
  });

test('store: a commit that breaks the contract -> assertion, nothing written, store lives',
  async () => {
    const store = await openStore(temporaryDirectory());
    const attempt = (changes: RowChange[], unhashed: RowChange[] = [], height = 1) =>
      expect(store.commit({ height: heightFrom(height), changes, unhashed })).rejects;
    await attempt([], [], 2).toThrow(/height/);
    await attempt([], [], 0).toThrow(/height/);
    await attempt([put('kernel', 'a', '1'), put('kernel', 'a', '1')]).toThrow(/twice/);
    await attempt([put('blocks', 'a', '1')]).toThrow(/no part in the hash/);
    await attempt([put('local', 'a', '1')]).toThrow(/no part in the hash/);
    await attempt([put('meta', 'height', '1')]).toThrow(/by the store/);
    await attempt([], [put('kernel', 'a', '1')]).toThrow(/unhashed/);
    await attempt([put('kernel', '', '1')]).toThrow(/key length/);
    expect(store.get('kernel', 'a')).toBeUndefined();
    await commitNext(store, put('kernel', 'a', '1'));
    expect(text(store.get('kernel', 'a'))).toBe('1');
  });

test('environment: an error in the middle of a write -> no row of it stays', async () => {
  const directory = temporaryDirectory();
  const environment = new LmdbEnvironment({ directory, readersMax: 70, readOnly: false });
  onTestFinished(() => environment.close());
  environment.openTables({ create: true });
  const tooLong = put('kernel', 'x'.repeat(1979), '1');
  await expect(environment.write([put('kernel', 'a', '1'), tooLong])).rejects.toThrow(/key size/i);
  expect(environment.get('kernel', 'a')).toBeUndefined();
});

test('store: after close -> every call throws STORE_CLOSED, the lock is gone', async () => {
  const directory = temporaryDirectory();
  const store = await openStore(directory);
  const committing = commitNext(store, put('kernel', 'a', '1'));
  await store.close();
  await committing;
  const closed = expect.objectContaining({ name: 'HostError', code: 'STORE_CLOSED' }) as Error;
  expect(() => store.get('kernel', 'a')).toThrow(closed);
  expect(() => store.keysAfter('kernel', '', 'z', 1)).toThrow(closed);
  expect(() => store.head).toThrow(closed);
  expect(() => store.sizeBytes()).toThrow(closed);
  expect(() => store.readerCheck()).toThrow(closed);
  const block = { height: heightFrom(2), changes: [], unhashed: [] };
  await expect(store.commit(block)).rejects.toThrow(closed);
  expect((await openStore(directory)).head.height).toBe(1);
});

test('keysAfter: any rows, range and limit -> as a sorted array', async () => {
  const store = await openStore(temporaryDirectory());
  const key = fc.array(fc.constantFrom(0, 1, 4, 5, 127, 254, 255), { minLength: 1, maxLength: 4 })
    .map((units) => String.fromCharCode(...units));
  const present = [...new Set(fc.sample(key, { numRuns: 300, seed: 7 }))];
  await commitNext(store, ...present.map((one) => put('vatstore', one, 'x')));
  const sorted = [...present].sort((a, b) => (a < b ? -1 : 1));
  const bound = fc.oneof(key, fc.constantFrom('', TABLE_END), fc.constantFrom(...present));
  fc.assert(fc.property(bound, bound, fc.nat(20), (after, end, limit) => {
    const expected = sorted.filter((one) => one > after && one < end).slice(0, limit);
    expect(store.keysAfter('vatstore', after, end, limit)).toEqual(expected);
  }), { numRuns: 300 });
  expect(store.keysAfter('vatstore', '', TABLE_END, 1_000)).toEqual(sorted);
});

test('keysAfter: long keys, many scans in one turn -> right, and nothing leaks into the next',
  async () => {
    const store = await openStore(temporaryDirectory());
    const keys = Array.from({ length: 200 }, (_, n) => u32(n) + 'k'.repeat(n * 9));
    await commitNext(store, ...keys.map((key) => put('kernel', key, 'v')));
    for (let n = 0; n < keys.length; n += 1) {
      const found = store.keysAfter('kernel', keys[n] ?? '', u32(1_000), 2);
      expect(found).toEqual(keys.slice(n + 1, n + 3));
    }
    await commitNext(store, ...keys.slice(1).map((key) => remove('kernel', key)));
    expect(store.keysAfter('kernel', '', TABLE_END, 9)).toEqual([u32(0)]);
  });
