import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LmdbEnvironment } from './environment.js';
import { packFrame } from './frames/frame.js';
import { openReader } from './reader.js';
import { SCHEMA_VERSION } from './schema-version.js';
import { Store } from './store.js';
import { temporaryDirectory } from './testing/test-data.js';
import { heightFrom } from './types.js';

const open = (directory: string): Promise<Store> => Store.open({ directory, readersMax: 70 });
const hostError = (code: string): Error =>
  expect.objectContaining({ name: 'HostError', code }) as Error;

/** Names and contents of a directory, without LMDB's table of readers. */
function pictureOf(directory: string): [string, string][] {
  return fs.readdirSync(directory).sort().filter((name) => name !== 'lock.mdb').map((name) => {
    const contents = fs.readFileSync(path.join(directory, name));
    return [name, createHash('sha256').update(contents).digest('hex')];
  });
}

async function storeWithOneBlock(): Promise<string> {
  const directory = path.join(temporaryDirectory(), 'store');
  const store = await open(directory);
  const changes = Array.from({ length: 3_000 }, (_, n) =>
    ({ table: 'kernel', key: `k${n}`, value: new Uint8Array(100) }) as const);
  await store.commit({ height: heightFrom(1), changes, unhashed: [] });
  await store.close();
  return directory;
}

async function expectRefused(directory: string, code: string): Promise<void> {
  const before = pictureOf(directory);
  await expect(open(directory)).rejects.toThrow(hostError(code));
  expect(pictureOf(directory)).toEqual(before);
}

test('open: a file -> NOT_A_STORE', async () => {
  const file = path.join(temporaryDirectory(), 'file');
  fs.writeFileSync(file, 'x');
  await expect(open(file)).rejects.toThrow(hostError('NOT_A_STORE'));
  await expect(open(path.join(file, 'below'))).rejects.toThrow(hostError('NOT_A_STORE'));
  expect(fs.readFileSync(file, 'latin1')).toBe('x');
});

test('open: a directory with foreign content -> NOT_A_STORE, unchanged', async () => {
  const directory = temporaryDirectory();
  fs.writeFileSync(path.join(directory, 'thesis.txt'), 'x');
  await expectRefused(directory, 'NOT_A_STORE');
});

test('open: a foreign LMDB environment -> NOT_A_STORE, unchanged', async () => {
  const directory = temporaryDirectory();
  const foreign = new LmdbEnvironment({ directory, readersMax: 10, readOnly: false });
  foreign.openTables({ create: true });
  await foreign.close();
  await expectRefused(directory, 'NOT_A_STORE');
});

test.each([
  ['newer', SCHEMA_VERSION + 1, 'the release that wrote it'],
  ['older', SCHEMA_VERSION - 1, 'heirloom migrate-store'],
])('open: a %s schema -> STORE_SCHEMA, says what to do, unchanged', async (_, schema, help) => {
  const directory = await storeWithOneBlock();
  const other = new LmdbEnvironment({ directory, readersMax: 10, readOnly: false });
  other.openTables({ create: false });
  await other.write([{ table: 'meta', key: 'schema', value: packFrame([schema]) }]);
  await other.close();
  await expectRefused(directory, 'STORE_SCHEMA');
  await expect(open(directory)).rejects.toThrow(help);
});

test('open: a reopened store -> data file unchanged', async () => {
  const directory = await storeWithOneBlock();
  const before = pictureOf(directory);
  await (await open(directory)).close();
  expect(pictureOf(directory)).toEqual(before);
});

const damages: [string, (file: string) => void][] = [
  ['empty', (file) => fs.truncateSync(file, 0)],
  ['overwritten', (file) => fs.writeFileSync(file, 'garbage'.repeat(10_000))],
  ['cut within the head', (file) => fs.truncateSync(file, 5_000)],
  ['cut behind the head', (file) => fs.truncateSync(file, 8_192)],
  ['gone', (file) => fs.rmSync(file)],
];
test.each(damages)('open: data file %s -> STORE_CORRUPT, unchanged', async (_, damage) => {
  const directory = await storeWithOneBlock();
  damage(path.join(directory, 'data.mdb'));
  await expectRefused(directory, 'STORE_CORRUPT');
});

test('open: a creation that was interrupted -> begun anew', async () => {
  const directory = await storeWithOneBlock();
  fs.renameSync(path.join(directory, 'heirloom-store'), path.join(directory, 'heirloom-store.new'));
  const store = await open(directory);
  expect(store.head.height).toBe(0);
  await store.close();
  expect((await open(directory).then(async (again) => {
    const { height } = again.head;
    await again.close();
    return height;
  }))).toBe(0);
});

test('open: a stranger beside a store -> tolerated', async () => {
  const directory = await storeWithOneBlock();
  fs.writeFileSync(path.join(directory, '.DS_Store'), 'x');
  const store = await open(directory);
  expect(store.head.height).toBe(1);
  await store.close();
});

test('openReader: no store, or one without a table -> HostError, nothing created', async () => {
  const directory = temporaryDirectory();
  const absent = path.join(directory, 'absent');
  const reader = (where: string) => () => openReader({ directory: where, readersMax: 70 });
  expect(reader(absent)).toThrow(hostError('NOT_A_STORE'));
  expect(reader(directory)).toThrow(hostError('NOT_A_STORE'));
  expect(fs.existsSync(absent)).toBe(false);
  const partial = new LmdbEnvironment({ directory, readersMax: 10, readOnly: false });
  partial.openTable('meta', { create: true });
  await partial.close();
  fs.writeFileSync(path.join(directory, 'heirloom-store'), '');
  expect(reader(directory)).toThrow(hostError('STORE_CORRUPT'));
});
