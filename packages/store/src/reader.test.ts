import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { amount } from '../../../test/support/suite/amounts.js';
import { TABLE_END } from './keys.js';
import { openReader } from './reader.js';
import { Store } from './store.js';
import { ReaderThread } from './testing/children.js';
import { bytes, temporaryDirectory, text } from './testing/test-data.js';
import { heightAfter, heightFrom, TABLE_NAMES, type RowChange, type TableName } from './types.js';

const HEIGHTS = amount({ quick: 60, thorough: 300 });

const put = (table: TableName, key: string, value: string): RowChange =>
  ({ table, key, value: bytes(value) });

/** Threads end before the store closes (rules.md#s3). */
async function openWithThreads(count: number): Promise<{
  store: Store; threads: ReaderThread[]; directory: string;
}> {
  const directory = temporaryDirectory();
  const store = await Store.open({ directory, readersMax: 70 });
  const threads = Array.from({ length: count }, () => new ReaderThread(directory));
  onTestFinished(async () => {
    await Promise.all(threads.map((thread) => thread.end()));
    await store.close();
  });
  return { store, threads, directory };
}

async function commitRows(store: Store, ...changes: RowChange[]): Promise<void> {
  await store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
}

test('reader: a batch after a commit -> always shows it', { tags: ['sized'] }, async () => {
  const { store, threads: [thread] } = await openWithThreads(1);
  await thread?.ask('open');
  const keys = [['kernel', 'row'], ['vatstore', 'row']];
  for (let height = 1; height <= HEIGHTS; height += 1) {
    const value = `at ${height}`;
    await commitRows(store, put('kernel', 'row', value), put('vatstore', 'row', value));
    expect(await thread?.ask('batch', keys)).toEqual([height, value, value]);
  }
});

test('reader: commits during a snapshot -> it does not move, over turns and tables', async () => {
  const { store, threads: [thread] } = await openWithThreads(1);
  await thread?.ask('open');
  await commitRows(store, put('kernel', 'row', '1'), put('vatstore', 'row', '1'));
  expect(await thread?.ask('begin')).toBe(1);
  expect(await thread?.ask('get', 'kernel', 'row')).toBe('1');
  for (let height = 2; height <= 30; height += 1) {
    const value = String(height);
    await commitRows(
      store, put('kernel', 'row', value), put('vatstore', 'row', value), put('kernel', value, 'x'),
    );
    expect(await thread?.ask('get', 'vatstore', 'row')).toBe('1');
    expect(await thread?.ask('get', 'kernel', value)).toBeUndefined();
    expect(await thread?.ask('keysAfter', 'kernel', '', TABLE_END, 9)).toEqual(['row']);
  }
  await thread?.ask('done');
  expect(await thread?.ask('batch', [['kernel', 'row']])).toEqual([30, '30']);
});

test('reader: 8 threads open and read while the kernel commits -> every read from its own table',
  async () => {
    const { store, threads } = await openWithThreads(8);
    await commitRows(store, ...TABLE_NAMES.filter((name) => name !== 'local' && name !== 'blocks')
      .map((name) => put(name, 'who', name)));
    const unhashed = [put('local', 'who', 'local')];
    await store.commit({ height: heightFrom(2), changes: [], unhashed });
    const opened = Promise.all(threads.map((thread) => thread.ask('open')));
    for (let n = 0; n < 20; n += 1) await commitRows(store, put('kernel', `k${n}`, 'x'));
    await opened;
    const { height } = store.head;
    await Promise.all(threads.map(async (thread, place) => {
      const names = TABLE_NAMES.map((_, i) =>
        TABLE_NAMES[(i + place) % TABLE_NAMES.length] as TableName);
      const answers = names.map((name) => (name === 'blocks' ? undefined : name));
      const batch = await thread.ask('batch', names.map((name) => [name, 'who']));
      expect(batch).toEqual([height, ...answers]);
    }));
  });

test('reader: idle between batches -> holds no snapshot, the file does not grow', async () => {
  const { store, threads: [thread] } = await openWithThreads(1);
  await thread?.ask('open');
  const value = 'x'.repeat(3_000);
  const rows = Array.from({ length: 100 }, (_, n) => put('kernel', `k${n}`, value));
  for (let n = 0; n < 5; n += 1) await commitRows(store, ...rows);
  await thread?.ask('batch', [['kernel', 'k1']]);
  const before = store.sizeBytes();
  for (let n = 0; n < 40; n += 1) await commitRows(store, ...rows);
  expect(store.sizeBytes()).toBeLessThan(before * 2);
});

const THREADS = amount({ quick: 12, thorough: 30 });
const crowd = `reader: ${THREADS} threads, 4 places, every other killed in a snapshot -> served`;
test(crowd, { tags: ['sized'] }, async () => {
  const directory = temporaryDirectory();
  await (await Store.open({ directory, readersMax: 4 })).close();
  // LMDB has as many places as its file has room for: this much for four.
  fs.writeFileSync(path.join(directory, 'lock.mdb'), new Uint8Array(464));
  const store = await Store.open({ directory, readersMax: 4 });
  for (let n = 0; n < THREADS; n += 1) {
    const thread = new ReaderThread(directory);
    await thread.ask('open');
    await thread.ask(n % 2 === 0 ? 'begin' : 'batch', []);
    await thread.end();
    await commitRows(store, put('kernel', 'a', String(n)));
    expect(text(store.get('kernel', 'a'))).toBe(String(n));
  }
  await store.close();
});

test('reader: misuse -> assertion', async () => {
  const { directory } = await openWithThreads(0);
  const reader = openReader({ directory, readersMax: 70 });
  const snapshot = reader.begin();
  expect(() => reader.begin()).toThrow(/snapshot is open/);
  await expect(reader.close()).rejects.toThrow(/snapshot is open/);
  snapshot.done();
  expect(() => snapshot.done()).toThrow(/after done/);
  expect(() => snapshot.get('kernel', 'a')).toThrow(/after done/);
  expect(() => snapshot.keysAfter('kernel', '', 'z', 1)).toThrow(/after done/);
  await reader.close();
  await reader.close();
  expect(() => reader.begin()).toThrow(/closed/);
});
