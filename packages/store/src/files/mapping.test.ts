import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openReader } from '../reader.js';
import { Store } from '../store.js';
import { fixture } from '../testing/children.js';
import { temporaryDirectory } from '../testing/test-data.js';
import { assertMappable, makeReadersFile, trialEnvironment } from './mapping.js';

/** Kibibytes of address space: Node starts in them, and the data file is not mapped. */
const LIMIT = String(64 * 2 ** 20);
const MAP_BYTES = 2 ** 40;
/** More than a process can have on any machine of today. */
const MORE_THAN_ALL = 2 ** 60;

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

/** Opens the directory once, as a kernel or as a reader. */
const underLimit = (as: string, directory: string): Ended => {
  const limited = `ulimit -v ${LIMIT}; exec "$0" "$@"`;
  const script = fixture('open-and-close.mjs');
  const args = ['-c', limited, process.execPath, script, directory, as, '1'];
  return spawnSync('/bin/sh', args, { encoding: 'utf8', input: '' });
};

test('mapping: less address space than LMDB maps -> told with what to do, kernel and reader',
  async () => {
    const directory = temporaryDirectory();
    const expectTold = ({ stdout, ...ended }: Ended): void => {
      expect(ended).toMatchObject({ status: 0, signal: null });
      expect(stdout).toMatch(/cannot be opened.* 1024 GiB of address space.*ulimit -v unlimited/);
    };
    expectTold(underLimit('kernel', directory));
    const store = await Store.open({ directory, readersMax: 70 });
    await store.close();
    expectTold(underLimit('reader', directory));
  });

test('mapping: a file system that is not known -> tried in a child, which leaves nothing', () => {
  const directory = temporaryDirectory();
  assertMappable(directory, MAP_BYTES, () => false);
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('mapping: a trial that fails or crashes -> STORE_IO says what to do, nothing is left', () => {
  const directory = temporaryDirectory();
  const error: unknown = expect.objectContaining({
    code: 'STORE_IO',
    message: expect.stringMatching(`${directory} .*cannot map.*local disk`) as string,
  });
  expect(() => assertMappable(directory, MORE_THAN_ALL, () => false)).toThrow(error as Error);
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('mapping: what a killed trial has left -> gone with the next one, one of now is not', () => {
  const directory = temporaryDirectory();
  for (const name of ['old', 'new']) {
    fs.mkdirSync(path.join(directory, `heirloom.lock.trial-${name}`));
    fs.writeFileSync(path.join(directory, `heirloom.lock.trial-${name}`, 'data.mdb'), '');
  }
  fs.utimesSync(path.join(directory, 'heirloom.lock.trial-old'), 1_000, 1_000);
  assertMappable(directory, MAP_BYTES, () => false);
  expect(fs.readdirSync(directory)).toEqual(['heirloom.lock.trial-new']);
});

test('mapping: a Node that needs a path of libraries -> the trial has it, and no options', () => {
  const options = { NODE_OPTIONS: '--no-such-option', LD_LIBRARY_PATH: '/nowhere' };
  for (const [name, value] of Object.entries(options)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(trialEnvironment()).toEqual({ LD_LIBRARY_PATH: '/nowhere' });
  assertMappable(temporaryDirectory(), MAP_BYTES, () => false);
});

test('mapping: a directory that is not there -> whoever opens it says why', () => {
  assertMappable(path.join(temporaryDirectory(), 'nowhere'), MAP_BYTES);
  assertMappable(path.join(temporaryDirectory(), 'nowhere'), MAP_BYTES, () => false);
});

test('readers file: there is none -> made without holes; there is one -> left', () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'lock.mdb');
  for (const readersMax of [1, 5_000]) {
    fs.rmSync(file, { force: true });
    makeReadersFile(directory, readersMax);
    const { blocks, size } = fs.statSync(file);
    expect(size).toBeGreaterThanOrEqual(Math.max(131_072, readersMax * 64));
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
  }
  fs.writeFileSync(file, 'as it is');
  makeReadersFile(directory, 70);
  expect(fs.readFileSync(file, 'latin1')).toBe('as it is');
});

test('readers file: LMDB opens with it -> as large as it was, whoever opens', async () => {
  const directory = temporaryDirectory();
  const size = (): number => fs.statSync(path.join(directory, 'lock.mdb')).size;
  const store = await Store.open({ directory, readersMax: 70 });
  const made = size();
  await store.close();
  const again = await Store.open({ directory, readersMax: 500 });
  expect(size()).toBe(made);
  await again.close();
});

const LOCKS = '/proc/locks';
/** Locks of this process on a file, as Linux tells them. */
const locksOn = (file: string): string[] => {
  const { ino } = fs.statSync(file, { bigint: true });
  const isOurs = (line: string): boolean =>
    line.includes(` ${process.pid} `) && line.includes(`:${ino} `);
  return fs.readFileSync(LOCKS, 'utf8').split('\n').filter(isOurs)
    .map(line => line.replace(/^\d+: /, '')).sort();
};

const beside = 'readers file: a reader opened and closed beside a store -> LMDB keeps its locks';
test.skipIf(!fs.existsSync(LOCKS))(beside, async () => {
  const directory = temporaryDirectory();
  const store = await Store.open({ directory, readersMax: 70 });
  const file = path.join(directory, 'lock.mdb');
  const before = locksOn(file);
  expect(before).not.toEqual([]);
  const reader = openReader({ directory, readersMax: 70 });
  expect(locksOn(file)).toEqual(before);
  await reader.close();
  expect(locksOn(file)).toEqual(before);
  await store.close();
});

test('readers file: no room for it -> STORE_IO, nothing of it is left, no SIGBUS', () => {
  const directory = temporaryDirectory();
  // With SIGXFSZ ignored, a write past this many KiB fails as on a full disk.
  const limited = 'trap "" XFSZ; ulimit -f 64; exec "$0" "$@"';
  const script = fixture('open-and-close.mjs');
  const args = ['-c', limited, process.execPath, script, directory, 'kernel', '1'];
  const { signal, stdout } = spawnSync('/bin/sh', args, { encoding: 'utf8' });
  expect({ signal, stdout }).toEqual({
    signal: null,
    stdout: expect.stringMatching(/^kernel 0 .*lock\.mdb.*Make room/) as string,
  });
  expect(fs.readdirSync(directory)).not.toContain('lock.mdb');
});

/** An ordinary user, where these tests have another: files that are not his keep him out. */
const NOBODY = 65_534;
const asNobody = (directory: string, as: string): Ended =>
  spawnSync(process.execPath, [fixture('open-and-close.mjs'), directory, as, '1'], {
    encoding: 'utf8', cwd: '/', env: {}, uid: NOBODY, gid: NOBODY,
  });
const give = (file: string, to: number): void => {
  fs.chownSync(file, to, to);
  fs.chmodSync(file, fs.statSync(file).isDirectory() ? 0o755 : 0o644);
};
/** A closed store of his, in a directory that he can come to. */
const storeOfNobody = async (): Promise<string> => {
  const directory = temporaryDirectory();
  await (await Store.open({ directory, readersMax: 8 })).close();
  for (const name of fs.readdirSync(directory)) give(path.join(directory, name), NOBODY);
  give(directory, NOBODY);
  return directory;
};
/** Can he run the fixture? Not where the sources are in a directory that is closed to him. */
const canBeNobody = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  return asNobody('/nowhere', 'reader').stdout.includes('holds no store');
};

test('readers file: a directory in its place -> STORE_IO, kernel and reader',
  async () => {
    const directory = temporaryDirectory();
    await (await Store.open({ directory, readersMax: 8 })).close();
    const file = path.join(directory, 'lock.mdb');
    fs.rmSync(file);
    fs.mkdirSync(file);
    const told = expect.objectContaining({
      code: 'STORE_IO', message: expect.stringContaining('lock.mdb') as string,
    }) as Error;
    await expect(Store.open({ directory, readersMax: 8 })).rejects.toThrow(told);
    expect(() => openReader({ directory, readersMax: 8 })).toThrow(told);
  });

describe.runIf(canBeNobody())('a store that has files of another user:', () => {
  test('none -> opens', async () => {
    const directory = await storeOfNobody();
    expect(asNobody(directory, 'kernel').stdout).toBe('kernel 1\n');
    expect(asNobody(directory, 'reader').stdout).toBe('reader 1\n');
  });

  test.each(['lock.mdb', 'heirloom.lock.opening', 'heirloom.lock', 'data.mdb'])(
    '%s -> the kernel is told, and does not end by a signal', async name => {
      const directory = await storeOfNobody();
      give(path.join(directory, name), 0);
      const { signal, stdout } = asNobody(directory, 'kernel');
      expect({ signal, stdout }).toEqual({
        signal: null,
        stdout: expect.stringMatching(/^kernel 0 .*EACCES.*as the user who has it/) as string,
      });
    });

  test.each(['lock.mdb', 'heirloom.lock.opening'])(
    '%s -> a reader, who would have no place among the readers, is told', async name => {
      const directory = await storeOfNobody();
      give(path.join(directory, name), 0);
      expect(asNobody(directory, 'reader').stdout).toMatch(/^reader 0 .*EACCES/);
    });
});
