/** What is left of a store after SIGKILL and after a disk that took no more. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { amount } from '../../../test/support/suite/amounts.js';
import { unpackFrame } from './frames/frame.js';
import { TABLE_END } from './keys.js';
import { Store } from './store.js';
import { fixture, nextLine, startChild, type Child } from './testing/children.js';
import { randomFrom, temporaryDirectory } from './testing/test-data.js';
import { heightAfter, type TableName } from './types.js';

const KILLS = amount({ quick: 4, thorough: 12 });
const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 32);

/** Asserts that every row is of the head's block, as kill-writer.mjs writes it. */
function assertWhole(store: Store): void {
  const { height } = store.head;
  for (const table of ['kernel', 'vatstore', 'preimage'] satisfies TableName[]) {
    const keys = store.keysAfter(table, '', TABLE_END, 1_000);
    expect(keys).toHaveLength(height === 0 ? 0 : 200);
    for (const key of keys) {
      const [at, filler] = unpackFrame(store.get(table, key) ?? new Uint8Array());
      const n = Number(key.slice('row'.length));
      expect([at, (filler as Uint8Array).length]).toEqual([height, (height * 31 + n) % 400]);
    }
  }
  const recent = store.keysAfter('transcript', '', TABLE_END, 1_000);
  expect(recent).toHaveLength(Math.min(height, 5));
  expect(store.keysAfter('blocks', '', TABLE_END, 1_000_000)).toHaveLength(height + 1);
}

test(`crash: SIGKILL at ${KILLS} random moments (seed ${seed}) -> last block whole, none lost`,
  { tags: ['sized'] }, async () => {
    console.log(`crash.test.ts: HEIRLOOM_SEED=${seed}`);
    const random = randomFrom(seed);
    const directory = temporaryDirectory();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = startChild(process.execPath, [fixture('kill-writer.mjs'), directory]);
      let acknowledged = Number(await nextLine(child));
      // The one place where a test waits: the moment of the kill is what it varies.
      const killed = sleep(Math.floor(random() * 150)).then(() => child.process.kill('SIGKILL'));
      for (let line = await nextLine(child); line !== '(end)'; line = await nextLine(child)) {
        acknowledged = Number(line);
      }
      await killed;
      await child.exited;
      const store = await Store.open({ directory, readersMax: 70 });
      expect(store.head.height).toBeGreaterThanOrEqual(acknowledged);
      expect(store.head.height).toBeLessThanOrEqual(acknowledged + 1);
      assertWhole(store);
      await store.close();
    }
  });

interface Event {
  readonly [name: string]: unknown;
}

async function eventsOf(child: Child): Promise<Event[]> {
  const events: Event[] = [];
  for (let line = await nextLine(child); line !== '(end)'; line = await nextLine(child)) {
    events.push(JSON.parse(line) as Event);
  }
  await child.exited;
  return events;
}

interface Filled {
  /** The last good one. */
  readonly height: number;
  readonly turns: unknown;
}

/** Fills the disk, and checks that the store died with one error. */
async function fillDisk(command: string, args: readonly string[]): Promise<Filled> {
  const events = await eventsOf(startChild(command, args));
  const committed = events.filter((event) => 'committed' in event).length;
  expect(committed).toBeGreaterThan(0);
  const [failure, ...calls] = events.slice(committed);
  expect(failure).toMatchObject({ code: 'COMMIT_FAILED', cause: 'Input/output error' });
  const same = ['get', 'keysAfter', 'head', 'commit'].map((name) => ({ name, same: true }));
  const turns = calls.at(-1)?.['turns'];
  expect(calls).toEqual([...same, { closed: true, turns }]);
  return { height: committed, turns };
}

async function assertReopens(directory: string, height: number, bytes = 2_000): Promise<void> {
  const store = await Store.open({ directory, readersMax: 70 });
  expect(store.head.height).toBe(height);
  expect(store.get('kernel', `${height}/99`)).toEqual(new Uint8Array(bytes).fill(height));
  expect(store.get('kernel', `${height + 1}/0`)).toBeUndefined();
  await store.commit({ height: heightAfter(store.head.height), changes: [], unhashed: [] });
  await store.close();
}

test('full disk: file size limit -> COMMIT_FAILED, reopens at the block before', async () => {
  const directory = path.join(temporaryDirectory(), 'store');
  // With SIGXFSZ ignored, a write past the limit fails with EFBIG.
  const limited = 'trap "" XFSZ; ulimit -f 4000; exec "$0" "$@"';
  const args = ['-c', limited, process.execPath, fixture('fill.mjs'), directory, '1000'];
  const { height, turns } = await fillDisk('/bin/sh', args);
  expect(turns).toBe(0);
  await assertReopens(directory, height);
});

test('full disk amid long blocks -> COMMIT_FAILED, reopens at the block before', async () => {
  const directory = path.join(temporaryDirectory(), 'store');
  const limited = 'trap "" XFSZ; ulimit -f 8000; exec "$0" "$@"';
  const args = ['-c', limited, process.execPath, fixture('fill.mjs'), directory, '1000', '9000'];
  const { height, turns } = await fillDisk('/bin/sh', args);
  expect(turns).toBeGreaterThan(height);
  await assertReopens(directory, height, 20);
});

/** A file system of 3 MB, or undefined where mounting is not allowed. */
function mountSmall(): string | undefined {
  const mountPoint = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mountPoint], { stdio: 'pipe' });
  } catch {
    return undefined; // needs root
  }
  onTestFinished(() => {
    execFileSync('umount', [mountPoint]);
  });
  return mountPoint;
}

test('full disk: no space -> COMMIT_FAILED, reopens once there is room', async (context) => {
  const mountPoint = mountSmall();
  if (mountPoint === undefined) return context.skip('mount is not allowed here');
  const ballast = path.join(mountPoint, 'ballast');
  fs.writeFileSync(ballast, new Uint8Array(1_000_000));
  const directory = path.join(mountPoint, 'store');
  const { height } = await fillDisk(process.execPath, [fixture('fill.mjs'), directory, '1000']);
  fs.rmSync(ballast);
  await assertReopens(directory, height);
});
