import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { amount } from '../../../test/support/suite/amounts.js';
import { acquireLock, acquireOpeningLock, LOCK_PREFIX } from './lock.js';
import { openReader } from './reader.js';
import { Store } from './store.js';
import { fixture, nextLine, startChild, type Child } from './testing/children.js';
import { temporaryDirectory } from './testing/test-data.js';

const OPENINGS = amount({ quick: 300, thorough: 2_000 });
const ROUNDS = amount({ quick: 1, thorough: 4 });

const hold = (directory: string, ...rest: string[]): Child =>
  startChild(process.execPath, [fixture('lock-holder.mjs'), directory, ...rest]);
const lockFiles = (directory: string): string[] =>
  fs.readdirSync(directory).filter((name) => name.startsWith(LOCK_PREFIX));
const locked = (pid: number | undefined): Error => expect.objectContaining({
  code: 'STORE_LOCKED', message: expect.stringContaining(`pid ${pid})`) as string,
}) as Error;

test('lock: held in this process -> a second is refused, after release granted', () => {
  const directory = temporaryDirectory();
  const lock = acquireLock(directory);
  expect(() => acquireLock(directory)).toThrow(locked(process.pid));
  lock.release();
  lock.release();
  expect(lockFiles(directory)).toEqual([]);
  acquireLock(directory).release();
});

test('lock: held by another process, then SIGKILL -> refused naming its pid, then taken over',
  async () => {
    const directory = temporaryDirectory();
    const child = hold(directory);
    expect(await nextLine(child)).toBe('ready');
    expect(await nextLine(child)).toBe(`open ${child.process.pid}`);
    const open = (): Promise<Store> => Store.open({ directory, readersMax: 70 });
    await expect(open()).rejects.toThrow(locked(child.process.pid));
    child.process.kill('SIGKILL');
    await child.exited;
    const store = await open();
    expect(lockFiles(directory).every((name) => name.includes(`.${process.pid}.`))).toBe(true);
    await store.close();
    expect(lockFiles(directory)).toEqual([]);
  });

test('lock: left by another boot or by a process whose id is in use again -> taken over', () => {
  const directory = temporaryDirectory();
  const lock = acquireLock(directory);
  const [own = ''] = lockFiles(directory);
  lock.release();
  const [pid, boot, start] = own.slice(LOCK_PREFIX.length).split('.');
  for (const stale of [`${pid}.0000.${start}.0`, `${pid}.${boot}.1.0`, `${pid}.${boot}.1.0.held`]) {
    fs.writeFileSync(path.join(directory, LOCK_PREFIX + stale), '');
  }
  acquireLock(directory).release();
  expect(lockFiles(directory)).toEqual([]);
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
    const store = await Store.open({ directory, readersMax: 70 });
    await store.close();
    const run = (as: string): Child => startChild(
      process.execPath, [fixture('open-and-close.mjs'), directory, as, String(OPENINGS)],
    );
    const children = [run('kernel'), run('reader'), run('reader')];
    const answers = await Promise.all(children.map(nextLine));
    expect(answers).toEqual(['kernel', 'reader', 'reader'].map((as) => `${as} ${OPENINGS}`));
    expect(lockFiles(directory)).toEqual([]);
  });

test('opening lock: a holder that is being closed -> the same thread opens again', async () => {
  const directory = temporaryDirectory();
  const store = await Store.open({ directory, readersMax: 70 });
  const first = openReader({ directory, readersMax: 70 });
  const closed = first.close();
  const second = openReader({ directory, readersMax: 70 });
  await closed;
  second.begin().done();
  await second.close();
  await store.close();
  expect(lockFiles(directory)).toEqual([]);
});

test('opening lock: left by a killed process -> taken over', () => {
  const directory = temporaryDirectory();
  const lock = acquireOpeningLock(directory);
  const [own = ''] = lockFiles(directory);
  lock.release();
  fs.writeFileSync(path.join(directory, own.replace(/\d+\.\d+$/, '1.0')), '');
  acquireOpeningLock(directory).release();
  expect(lockFiles(directory)).toEqual([]);
});
