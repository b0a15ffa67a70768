/**
 * Damaged stores: a row of every table, pages by seeds. Each damage is told by table and key, or is
 * harmless; nothing ends a process without a word.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openKernel, verifyStore, type StoreVerification } from '@heirloom/kernel';
import { openReader, TABLE_END, TABLE_NAMES, type TableName } from '@heirloom/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { fixture, freshDirectory, lastingDirectory } from '../support/kernels/fresh-kernels.js';
import { olderStore } from '../support/stores/older-stores.js';
import { amount, isThorough } from '../support/suite/amounts.js';
import { makeSampleStore } from './sample-store.js';
import { runTrial, sampleOf } from './trial.js';

const ROOT = new URL('../../', import.meta.url);
const SUM_BYTES = 5;
const MARK = 0xc1;

let sample: string;
beforeAll(async () => {
  sample = await lastingDirectory();
  await makeSampleStore(sample, {
    bank: await fixture('bank.js'),
    relay: await fixture('relay.js'),
  });
});

const copyOfSample = async (): Promise<string> => {
  const directory = join(await freshDirectory(), 'store');
  await mkdir(directory);
  await cp(sample, directory, { recursive: true });
  return directory;
};

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

const hexOf = (key: string): string => Buffer.from(key, 'latin1').toString('hex');

const rowsOf = async (directory: string, table: TableName): Promise<Row[]> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  const rows = snapshot.rowsAfter(table, '', TABLE_END, 10_000_000);
  snapshot.done();
  await reader.close();
  return rows;
};

/** Of each table, the row that is damaged: a long one, so that its bytes stand nowhere else. */
const CHOSEN: Readonly<Record<TableName, (row: Row) => boolean>> = {
  meta: ({ key }) => key === 'parameters',
  kernel: ({ key }) => key.startsWith('\x30'),
  vatstore: ({ key, value }) => key[4] === '\x20' && value.length > 12,
  preimage: ({ value }) => value.length > 12,
  transcript: ({ key }) => key.startsWith('\x00\x00\x00\x01'),
  bundles: ({ key }) => key.startsWith('b/'),
  images: () => true,
  blocks: ({ key }) => key === '\x00\x00\x00\x00\x00\x03',
  local: ({ key }) => key.startsWith('codeCache/'),
};

/** What LMDB does not put behind its key, but into pages of its own. */
const LARGE_BYTES = 1500;

/**
 * Changes the row in the file, wherever it stands: its value behind a checksum, that behind its
 * key. A value of several pages stands in one piece.
 */
const damageRow = async (
  directory: string, { key, value }: Row, change: (stored: Buffer) => void,
): Promise<void> => {
  const file = join(directory, 'data.mdb');
  const bytes = await readFile(file);
  const keyBytes = Buffer.from(key, 'latin1');
  const found: number[] = [];
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
    const start = at - SUM_BYTES;
    const isIts =
      value.length > LARGE_BYTES ||
      keyBytes.equals(bytes.subarray(start - keyBytes.length, start));
    if (bytes[start] === MARK && isIts) found.push(start);
  }
  expect(found.length).toBeGreaterThan(0);
  for (const at of found) change(bytes.subarray(at, at + SUM_BYTES + value.length));
  await writeFile(file, bytes);
};

const CHANGES: readonly (readonly [what: string, change: (stored: Buffer) => void])[] = [
  ['a bit of its value', stored => void (stored[stored.length - 1]! ^= 1)],
  ['a bit of its checksum', stored => void (stored[3]! ^= 0x40)],
  ['its mark', stored => void (stored[0]! ^= 1)],
  ['all of it', stored => void stored.fill(0)],
];

/** Opens the store and reads what it holds; the code of the error that this ends by. */
const openingOf = async (directory: string): Promise<unknown> => {
  try {
    const kernel = await openKernel({ directory, spareThreads: 0, log: () => undefined });
    await kernel.close();
    return undefined;
  } catch (error) {
    return error;
  }
};

/** What opening has to read in the sample. */
const READ_AT_OPENING: readonly TableName[] = ['meta', 'kernel', 'transcript', 'images'];

/** Of each table the first change, and another. */
const CASES = TABLE_NAMES.flatMap((table, i) => {
  const others = CHANGES.slice(1);
  return [CHANGES[0]!, others[i % others.length]!].map(change => [table, ...change] as const);
});
const QUICK_TABLES: readonly TableName[] = ['meta', 'vatstore'];
const QUICK_CASES = CASES.filter(([table], i) => i % 2 === 0 && QUICK_TABLES.includes(table));

describe('a row is damaged:', () => {
  const cases = isThorough ? CASES : QUICK_CASES;
  const title = '%s, %s -> named by table and key';
  test.each(cases)(title, { tags: ['sized'] }, async (table, _what, change) => {
    const directory = await copyOfSample();
    const rows = await rowsOf(directory, table);
    const row = rows.find(CHOSEN[table])!;
    expect(row, `${rows.length} rows`).toBeDefined();
    await damageRow(directory, row, change);
    const report = await verifyStore({ directory });
    expect(report.ok).toBe(false);
    const named = report.damage.map(it => [it.table, it.key]);
    expect(named).toContainEqual([table, hexOf(row.key)]);
    const error = await openingOf(directory);
    if (!READ_AT_OPENING.includes(table) && error === undefined) return;
    expect(error).toMatchObject({ code: 'STORE_CORRUPT', table, key: hexOf(row.key) });
  });

  test('a code cache -> told, made anew, sound from the next block on', async () => {
    const directory = await copyOfSample();
    const row = (await rowsOf(directory, 'local')).find(CHOSEN.local)!;
    await damageRow(directory, row, stored => void (stored[stored.length - 100]! ^= 4));
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    const kernel = await openKernel({ directory, spareThreads: 0, log: () => undefined });
    expect(await kernel.call(kernel.vat('bank').root, 'getVersion')).toBe(1);
    await kernel.close();
    process.off('warning', listen);
    expect(warnings.join()).toContain(`table local, key ${hexOf(row.key)}`);
    expect(await verifyStore({ directory })).toMatchObject({ ok: true, damage: [] });
  });
});

describe('verify:', () => {
  test('a sound store -> every table and its rows, all with checksums', async () => {
    const report = await verifyStore({ directory: await copyOfSample() });
    expect(report).toMatchObject({ ok: true, damage: [] });
    expect(report.tables.map(({ table }) => table)).toEqual(TABLE_NAMES);
    expect(report.tables.every(({ rows, withoutSum }) => rows > 0 && withoutSum === 0)).toBe(true);
  });

  const older = 'a store of a release before checksums -> sound, and says which rows have none';
  test(older, { tags: ['thorough'] }, async () => {
    const directory = await olderStore('4-woven-2');
    const report = await verifyStore({ directory });
    expect(report.damage).toEqual([]);
    expect(report.tables.every(({ rows, withoutSum }) => withoutSum === rows)).toBe(true);
    expect(await openingOf(directory)).toBeUndefined();
  });

  const commands = 'on the command line, pages damaged -> a table, JSON, exit status 1';
  test(commands, { tags: ['thorough'] }, async () => {
    const directory = await copyOfSample();
    const file = join(directory, 'data.mdb');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 2 * 4096, 40 * 4096));
    const table = await heirloom('verify', directory);
    expect([table.status, table.stderr]).toEqual([1, '']);
    expect(table.stdout).toMatch(/damaged: .*page \d+/);
    const { status, stdout } = await heirloom('verify', directory, '--json');
    const report = JSON.parse(stdout) as StoreVerification;
    expect(status).toBe(1);
    expect(report).toMatchObject({ ok: false, height: null, tables: [], vats: [] });
    expect(report.damage.length).toBeGreaterThan(0);
  });
});

const SEEDS = amount({ quick: 1, thorough: 20 });

test('damages by seeds -> told or harmless, none without a word', { tags: ['sized'] }, async () => {
  const lived = await sampleOf(sample, ROOT);
  const directory = await freshDirectory();
  const wrong: unknown[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const trial = await runTrial(lived, seed, { directory, inProcess: false });
    if (trial.outcome === 'wrong') wrong.push(trial);
  }
  expect(wrong).toEqual([]);
});
