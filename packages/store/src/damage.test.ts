/** Rows of a store that are not what was written: refused with their table and key. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SUM_BYTES } from './files/row-sums.js';
import { LmdbEnvironment } from './environment.js';
import type { DamageError } from './host-error.js';
import { packFrame } from './frames/frame.js';
import { openReader } from './reader.js';
import { Store } from './store.js';
import { temporaryDirectory } from './testing/test-data.js';
import { heightFrom, type TableName } from './types.js';
import { checkStore } from './whole/store-check.js';

const VALUE = Buffer.from('a value that stands once in the file');

const storeWith = async (table: TableName, key: string): Promise<string> => {
  const directory = temporaryDirectory();
  const store = await Store.open({ directory, readersMax: 8 });
  const row = [{ table, key, value: VALUE }];
  const isLocal = table === 'local';
  const rows = { changes: isLocal ? [] : row, unhashed: isLocal ? row : [] };
  await store.commit({ height: heightFrom(1), ...rows });
  await store.close();
  return directory;
};

/** Changes a byte of the value wherever it stands in the file, `offset` bytes after it begins. */
const changeByte = (directory: string, value: Uint8Array, offset: number): void => {
  const file = path.join(directory, 'data.mdb');
  const bytes = fs.readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
    bytes[at + offset]! ^= 0x10;
    count += 1;
  }
  expect(count).toBeGreaterThan(0);
  fs.writeFileSync(file, bytes);
};

const damaged = (table: TableName, key: string) =>
  expect.objectContaining({
    code: 'STORE_CORRUPT',
    table,
    key: Buffer.from(key, 'latin1').toString('hex'),
  }) as DamageError;

test.each([
  ['of its value', 3],
  ['of its checksum', -2],
  ['that says that it has one', -SUM_BYTES],
])('damage: a bit %s -> reads of the row are refused, others are not', async (_what, offset) => {
  const directory = await storeWith('kernel', '\x10row');
  changeByte(directory, VALUE, offset);
  const store = await Store.open({ directory, readersMax: 8 });
  expect(() => store.get('kernel', '\x10row')).toThrow(damaged('kernel', '\x10row'));
  expect(store.keysAfter('kernel', '', '\xff', 10)).toEqual(['\x10row']);
  const reader = openReader({ directory, readersMax: 8 });
  const snapshot = reader.begin();
  expect(() => snapshot.rowsAfter('kernel', '', '\xff', 100)).toThrow(
    damaged('kernel', '\x10row'),
  );
  snapshot.done();
  await reader.close();
  await store.close();
});

test('damage: a row, and a block whose hash contains the state root -> STORE_CORRUPT', async () => {
  const directory = await storeWith('kernel', 'row');
  changeByte(directory, VALUE, 0);
  const store = await Store.open({ directory, readersMax: 8 });
  const block = { height: heightFrom(2), changes: [], unhashed: [] };
  await expect(store.commit({ ...block, sealed: true })).rejects.toThrow(damaged('kernel', 'row'));
  expect(() => store.head).toThrow(damaged('kernel', 'row'));
  await store.close();
  const again = await Store.open({ directory, readersMax: 8 });
  expect(again.head.height).toBe(1);
  await again.close();
});

test('damage: the hash of the last block -> opening is refused with table and key', async () => {
  const directory = await storeWith('kernel', 'row');
  const store = await Store.open({ directory, readersMax: 8 });
  const { hash } = store.head;
  await store.close();
  changeByte(directory, hash, 5);
  const opening = Store.open({ directory, readersMax: 8 });
  await expect(opening).rejects.toThrow(damaged('blocks', '\x00\x00\x00\x00\x00\x01'));
});

test.each([
  ['height', packFrame(['x'])],
  ['height', packFrame([1, 2])],
  ['height', Uint8Array.of(0xc0)],
  ['schema', packFrame([null])],
])('damage: meta %s that cannot be -> STORE_CORRUPT with table and key', async (key, value) => {
  const directory = await storeWith('kernel', 'row');
  const options = { directory, readersMax: 8, readOnly: false };
  const environment = new LmdbEnvironment(options);
  environment.openTables({ create: false });
  await environment.write([{ table: 'meta', key, value }]);
  await environment.close();
  await expect(Store.open({ directory, readersMax: 8 })).rejects.toThrow(damaged('meta', key));
});

test('damage: a head that LMDB failed to write -> the block before, with a warning', async () => {
  const directory = await storeWith('kernel', 'row');
  const file = path.join(directory, 'data.mdb');
  const before = fs.readFileSync(file);
  const store = await Store.open({ directory, readersMax: 8 });
  await store.commit({ height: heightFrom(2), changes: [], unhashed: [] });
  await store.close();
  const bytes = fs.readFileSync(file);
  const isChanged = (at: number): boolean =>
    before.readUInt32LE(at + 152) !== bytes.readUInt32LE(at + 152);
  const head = [0, 4096].find(isChanged)!;
  before.copy(bytes, head + 144, head + 144, head + 160);
  fs.writeFileSync(file, bytes);
  const warned: unknown = expect.stringMatching(/^transaction \d+ was begun and is not there/);
  const report = await checkStore({
    directory, onRow: () => undefined, progress: () => Promise.resolve(),
  });
  expect(report).toMatchObject({ damage: [], warnings: [warned] });
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', listen);
  const again = await Store.open({ directory, readersMax: 8 });
  expect(again.head.height).toBe(1);
  await again.commit({ height: heightFrom(2), changes: [], unhashed: [] });
  await again.close();
  process.off('warning', listen);
  expect(warnings.join()).toContain('data.mdb: transaction');
  const last = await checkStore({
    directory, onRow: () => undefined, progress: () => Promise.resolve(),
  });
  expect(last).toMatchObject({ damage: [], warnings: [] });
});

test('check: every table, pages and rows; what is damaged by table and key', async () => {
  const directory = await storeWith('local', 'row');
  const seen: string[] = [];
  const onRow = (table: TableName, key: string, value?: Uint8Array): string | undefined => {
    if (value !== undefined) seen.push(`${table} ${key}`);
    return key === 'schema' ? 'nobody likes it' : undefined;
  };
  const progress = () => Promise.resolve();
  const sound = await checkStore({ directory, onRow: () => undefined, progress });
  expect(sound.damage).toEqual([]);
  expect(sound.tables.map(({ table, rows }) => [table, rows])).toEqual([
    ['meta', 2], ['kernel', 0], ['vatstore', 0], ['preimage', 0], ['transcript', 0],
    ['bundles', 0], ['images', 0], ['blocks', 2], ['local', 2],
  ]);
  expect(sound.tables.every(({ withoutSum }) => withoutSum === 0)).toBe(true);
  changeByte(directory, VALUE, 0);
  const { damage } = await checkStore({ directory, onRow, progress });
  expect(damage).toEqual([
    { table: 'meta', key: '736368656d61', why: 'nobody likes it' },
    { table: 'local', key: '726f77', why: 'the checksum of the row does not fit' },
  ]);
  expect(seen).not.toContain('local row');
});

test('check: a bit of the key that says that all rows have checksums -> told', async () => {
  const directory = await storeWith('kernel', 'row');
  changeByte(directory, Buffer.from('sums'), 3);
  const report = await checkStore({
    directory, onRow: () => undefined, progress: () => Promise.resolve(),
  });
  const why = 'the row is missing, and every other has a checksum';
  expect(report.damage).toEqual([{ table: 'local', key: '73756d73', why }]);
});

describe('check: what is no damage', () => {
  const fails = (method: 'openSync' | 'readSync', code: string, place: string | number): void => {
    const real = fs[method] as (...given: unknown[]) => number;
    const spy = vi.spyOn(fs, method).mockImplementation((...given: unknown[]) => {
      const isFile = typeof place === 'string' && String(given[0]).endsWith(place);
      const isHere = isFile || given[4] === place;
      if (isHere) throw Object.assign(new Error(`${code}: refused`), { code });
      return real(...given);
    });
    onTestFinished(() => spy.mockRestore());
  };
  const check = (directory: string) =>
    checkStore({ directory, onRow: () => undefined, progress: () => Promise.resolve() });

  test.each(['EACCES', 'EMFILE'])('the system refuses with %s -> STORE_IO', async code => {
    const directory = await storeWith('kernel', 'row');
    fails('openSync', code, 'data.mdb');
    await expect(check(directory)).rejects.toMatchObject({ name: 'HostError', code: 'STORE_IO' });
  });

  test('a sector that the disk cannot read -> a damage of that page, and the rest is seen',
    async () => {
      const directory = await storeWith('kernel', 'row');
      const { pages } = await check(directory);
      const { size } = fs.statSync(path.join(directory, 'data.mdb'));
      let found = 0;
      for (let page = 0; page < size / 4096; page += 1) {
        fails('readSync', 'EIO', page * 4096);
        const report = await check(directory);
        vi.restoreAllMocks();
        if (report.damage.length === 0) continue;
        found += 1;
        expect(report.damage[0]?.why).toContain(`page ${page}: the disk cannot read it: EIO`);
      }
      expect(found).toBeGreaterThanOrEqual(pages);
    });
});

test('check: large rows -> no more of them at a time than make up so many bytes', async () => {
  const directory = await storeWith('kernel', 'row');
  const environment = new LmdbEnvironment({ directory, readersMax: 8, readOnly: false });
  environment.openTables({ create: false });
  const value = new Uint8Array(400_000);
  const keys = ['a', 'b', 'c', 'd', 'e'];
  await environment.write(keys.map(key => ({ table: 'images' as const, key, value })));
  const seen = environment.checkedRowsAfter('images', '', 1_000_000).map(({ key }) => key);
  expect(seen).toEqual(['a', 'b', 'c']);
  const rest = environment.checkedRowsAfter('images', 'c', 1).map(({ key }) => key);
  expect(rest).toEqual(['d']);
  expect(environment.checkedRowsAfter('images', 'e', 1)).toEqual([]);
  await environment.close();
});

test('check: pages that are damaged -> LMDB is left alone', async () => {
  const directory = await storeWith('kernel', 'row');
  const file = path.join(directory, 'data.mdb');
  const bytes = fs.readFileSync(file);
  fs.writeFileSync(file, bytes.fill(0, 2 * 4096));
  const onRow = () => expect.unreachable();
  const report = await checkStore({ directory, onRow, progress: () => Promise.resolve() });
  expect(report.tables).toEqual([]);
  expect(report.damage.length).toBeGreaterThan(0);
});
