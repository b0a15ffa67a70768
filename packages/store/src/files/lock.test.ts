import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { openReader } from '../reader.js';
import { Store } from '../store.js';
import { fixture, nextLine, startChild, type Child } from '../testing/children.js';
import { temporaryDirectory } from '../testing/test-data.js';
import { heightAfter } from '../types.js';
import { tryFileLock } from './file-lock.js';
import { acquireLock, acquireOpeningLock, isLockFile } from './lock.js';

const OPENINGS = amount({ quick: 300, thorough: 2_000 });
const ROUNDS = amount({ quick: 1, thorough: 4 });
/** What a process must prefix to be in a PID namespace of its own, as a container is. */
const CONTAINED = ['unshare', '--pid', '--fork', '--kill-child'];

const HOLDER = fixture('lock-holder.mjs');
const hold = (directory: string, ...rest: string[]): Child =>
  startChild(process.execPath, [HOLDER, directory, ...rest]);
const holdInContainer = (directory: string): Child => {
  const [command = '', ...args] = CONTAINED;
  return startChild(command, [...args, process.execPath, HOLDER, directory]);
};
const canContain = (): boolean => {
  const [command = '', ...args] = CONTAINED;
  try {
    execFileSync(command, [...args, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const open = (directory: string): Promise<Store> => Store.open({ directory, readersMax: 70 });
const lockFiles = (directory: string): string[] => fs.readdirSync(directory).filter(isLockFile);
const locked = (text: string): Error => expect.objectContaining({
  code: 'STORE_LOCKED', message: expect.stringContaining(text) as string,
}) as Error;
const gone = (directory: string): Error => expect.objectContaining({
  code: 'STORE_GONE', message: expect.stringContaining(directory) as string,
}) as Error;

test('lock: held in this process -> a second is refused, after release granted', () => {
  const directory = temporaryDirectory();
  const lock = acquireLock(directory);
  expect(() => acquireLock(directory)).toThrow(locked(`in this process (pid ${process.pid})`));
  lock.release();
  lock.release();
  acquireLock(directory).release();
});

test('lock: held by another process, then SIGKILL -> refused naming its pid, then taken over',
  async () => {
    const directory = temporaryDirectory();
    const child = hold(directory);
    expect(await nextLine(child)).toBe('ready');
    expect(await nextLine(child)).toBe(`open ${child.process.pid}`);
    await expect(open(directory)).rejects.toThrow(locked(`(pid ${child.process.pid})`));
    child.process.kill('SIGKILL');
    await child.exited;
    await (await open(directory)).close();
  });

const contained = 'lock: two PID namespaces -> one writes, SIGKILL hands it over';
test.runIf(canContain())(contained, async () => {
  const directory = temporaryDirectory();
  const first = holdInContainer(directory);
  expect(await nextLine(first)).toBe('ready');
  // In its own namespace it is the first process, as any other container's is.
  expect(await nextLine(first)).toBe('open 1');
  await expect(open(directory)).rejects.toThrow(locked('(pid 1)'));
  const second = holdInContainer(directory);
  expect(await nextLine(second)).toBe('ready');
  expect(await nextLine(second)).toMatch(/^STORE_LOCKED .*\(pid 1\)/);
  first.process.kill('SIGKILL');
  await first.exited;
  const third = holdInContainer(directory);
  expect(await nextLine(third)).toBe('ready');
  expect(await nextLine(third)).toBe('open 1');
});

test('lock: files of earlier releases, whoever they name -> in nobody\'s way, and gone', () => {
  const directory = temporaryDirectory();
  const start = fs.readFileSync('/proc/self/stat', 'latin1').split(' ').at(21);
  const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  for (const of of [`1.0000.7.0`, `${process.pid}.${boot}.${start}.0`]) {
    for (const name of [of, `${of}.held`, `opening.${of}`, `opening.${of}.held`]) {
      fs.writeFileSync(path.join(directory, `heirloom.lock.${name}`), '');
    }
  }
  acquireOpeningLock(directory).release();
  acquireLock(directory).release();
  expect(lockFiles(directory)).toEqual(['heirloom.lock', 'heirloom.lock.opening']);
});

test('lock: its file is no line of a holder, or garbage -> locks all the same', () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'heirloom.lock');
  for (const bytes of ['', 'pid x on y\n', Buffer.alloc(5_000, 255)]) {
    fs.writeFileSync(file, bytes);
    const lock = acquireLock(directory);
    expect(fs.readFileSync(file, 'latin1')).toMatch(new RegExp(`^pid ${process.pid} on .+\n$`));
    fs.writeFileSync(file, bytes);
    const unknown = locked(`${directory} is open in another process.`);
    expect(() => acquireLock(directory)).toThrow(unknown);
    lock.release();
  }
});

test('lock: the file system has none, or its service is away -> STORE_IO says what to do', () => {
  const file = path.join(temporaryDirectory(), 'heirloom.lock');
  for (const code of ['ENOLCK', 'EOPNOTSUPP', 'EIO']) {
    const failing = (): boolean => {
      throw Object.assign(new Error('no locks available'), { code });
    };
    expect(() => tryFileLock(file, failing)).toThrow(expect.objectContaining({
      code: 'STORE_IO', message: expect.stringMatching(`${file} .*${code}.*local disk`) as string,
    }) as Error);
  }
  const replaced = (): boolean => {
    fs.rmSync(file);
    return true;
  };
  expect(() => tryFileLock(file, replaced)).toThrow(expect.objectContaining({
    code: 'STORE_IO', message: expect.stringContaining('again and again') as string,
  }) as Error);
});

test('lock: its file deleted, or the directory renamed or replaced -> nothing is committed',
  async () => {
    const ways: ((directory: string) => void)[] = [
      directory => fs.rmSync(path.join(directory, 'heirloom.lock')),
      directory => fs.renameSync(directory, `${directory}.away`),
      directory => fs.rmSync(directory, { recursive: true }),
      directory => {
        fs.renameSync(directory, `${directory}.away`);
        fs.cpSync(`${directory}.away`, directory, { recursive: true });
      },
    ];
    for (const way of ways) {
      const directory = path.join(temporaryDirectory(), 'store');
      const store = await open(directory);
      const next = { height: heightAfter(store.head.height), changes: [], unhashed: [] };
      await store.commit(next);
      store.assertInPlace();
      way(directory);
      const after = { ...next, height: heightAfter(next.height) };
      await expect(store.commit(after)).rejects.toThrow(gone(directory));
      expect(() => store.head).toThrow(gone(directory));
      await store.close();
      const away = `${directory}.away`;
      if (!fs.existsSync(away)) continue;
      const found = await open(away);
      expect(found.head.height).toBe(next.height);
      await found.close();
    }
  });

test('lock: 6 processes at once over the lock of a killed one -> exactly one wins, each time',
  { tags: ['sized'] }, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const directory = temporaryDirectory();
      const dead = hold(directory);
      await nextLine(dead);
      await nextLine(dead);
      dead.process.kill('SIGKILL');
      await dead.exited;
      const go = path.join(temporaryDirectory(), 'go');
      const children = Array.from({ length: 6 }, () => hold(directory, go));
      await Promise.all(children.map(nextLine));
      fs.writeFileSync(go, '');
      const answers = await Promise.all(children.map(nextLine));
      const winners = answers.filter((answer) => answer.startsWith('open '));
      expect(winners, answers.join('\n')).toHaveLength(1);
      const losers = answers.filter((answer) => answer.startsWith('STORE_LOCKED '));
      expect(losers, answers.join('\n')).toHaveLength(5);
      for (const child of children) child.process.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exited));
    }
  });

test('opening lock: a kernel and readers that open and close at once -> none gets in the way',
  { tags: ['sized'] }, async () => {
    const directory = temporaryDirectory();
    const store = await open(directory);
    await store.close();
    const run = (as: string): Child => startChild(
      process.execPath, [fixture('open-and-close.mjs'), directory, as, String(OPENINGS)],
    );
    const children = [run('kernel'), run('reader'), run('reader')];
    const answers = await Promise.all(children.map(nextLine));
    expect(answers).toEqual(['kernel', 'reader', 'reader'].map((as) => `${as} ${OPENINGS}`));
  });

test('opening lock: a holder that is being closed -> the same thread opens again', async () => {
  const directory = temporaryDirectory();
  const store = await open(directory);
  const first = openReader({ directory, readersMax: 70 });
  const closed = first.close();
  const second = openReader({ directory, readersMax: 70 });
  await closed;
  second.begin().done();
  await second.close();
  await store.close();
  acquireLock(directory).release();
  acquireOpeningLock(directory).release();
});
