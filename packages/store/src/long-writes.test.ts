/** Blocks of more rows than are written at a stretch: turns for others, and as whole as any. */
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { directoryPlace } from './directory.js';
import { packFrame, unpackFrame } from './frames/frame.js';
import { TABLE_END } from './keys.js';
import { Store } from './store.js';
import { fixture, nextLine, startChild } from './testing/children.js';
import { temporaryDirectory } from './testing/test-data.js';
import type { Environment } from './store-place.js';
import { heightAfter, type RowChange, type TableName } from './types.js';
import type { DriveSteps, Steps } from './steps/stepwise.js';

const ROWS = 20_000;
const rowsOf = (height: number, count = ROWS): RowChange[] =>
  Array.from({ length: count }, (_, n) =>
    ({ table: 'kernel', key: `row${n}`, value: packFrame([height, n]) }));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Gives a turn after every step, and calls `amid` in it. */
const inTurns = (amid: () => void = () => undefined): { turns: number; drive: DriveSteps } => {
  const counted = {
    turns: 0,
    drive: async <T>(steps: Steps<T>): Promise<T> => {
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        await turn();
        counted.turns += 1;
        amid();
      }
    },
  };
  return counted;
};

function openEnvironment(): Environment {
  const place = directoryPlace(temporaryDirectory());
  const lock = place.lock();
  place.prepare();
  const environment = place.openEnvironment(16);
  environment.openTables({ create: true });
  onTestFinished(async () => {
    await environment.close();
    lock.release();
  });
  return environment;
}

const heightIn = (environment: Environment, key: string): unknown => {
  const bytes = environment.get('kernel', key);
  return bytes && unpackFrame(bytes)[0];
};

test('many rows -> written with turns, in which every read shows the block before', async () => {
  const environment = openEnvironment();
  await environment.write(rowsOf(1, 10));
  const snapshot = environment.beginSnapshot();
  const seen = new Set<string>();
  const counted = inTurns(() => {
    const range = { after: '', end: TABLE_END, limit: 100 };
    const rows = environment.rowsAfter('kernel', { ...range, bytes: 1_000 });
    seen.add(JSON.stringify([
      heightIn(environment, 'row1'), heightIn(environment, 'row19'),
      environment.keysAfter('kernel', range).length, rows.length,
      environment.keysAfter('kernel', range, snapshot).length,
      environment.rowCount('kernel'),
    ]));
  });
  await environment.write(rowsOf(2), counted.drive);
  expect(counted.turns).toBeGreaterThan(10);
  expect([...seen]).toEqual(['[1,null,10,10,10,10]']);
  expect(heightIn(environment, 'row1')).toBe(2);
  expect(environment.rowCount('kernel')).toBe(ROWS);
  expect(environment.keysAfter('kernel', { after: '', end: TABLE_END, limit: 100 }, snapshot))
    .toHaveLength(10);
  snapshot.done();
});

test('few rows -> written without a turn', async () => {
  const environment = openEnvironment();
  const counted = inTurns();
  await environment.write(rowsOf(1, 8_000), counted.drive);
  expect(counted.turns).toBe(0);
  expect(environment.rowCount('kernel')).toBe(8_000);
});

test('few rows of many bytes -> written with turns', async () => {
  const environment = openEnvironment();
  const value = new Uint8Array(6_000_000).fill(7);
  const counted = inTurns();
  const rows = ['a', 'b', 'c'].map((key): RowChange => ({ table: 'kernel', key, value }));
  await environment.write(rows, counted.drive);
  expect(counted.turns).toBe(3);
  expect(Buffer.compare(environment.get('kernel', 'c')!, value)).toBe(0);
});

test('a write that fails amid its turns -> the error; the next one is written', async () => {
  const environment = openEnvironment();
  await environment.write([{ table: 'kernel', key: 'row1', value: packFrame([1]) }]);
  const nowhere = { table: 'nowhere' as TableName, key: 'x', value: packFrame([1]) };
  const counted = inTurns();
  const failing = environment.write([...rowsOf(2), nowhere], counted.drive);
  await expect(failing).rejects.toThrow(/table nowhere is not open/);
  expect(counted.turns).toBeGreaterThan(10);
  expect([environment.rowCount('kernel'), heightIn(environment, 'row1')]).toEqual([1, 1]);
  await environment.write(rowsOf(3), inTurns().drive);
  await environment.write([{ table: 'kernel', key: 'row2', value: undefined }]);
  expect(environment.rowCount('kernel')).toBe(ROWS - 1);
  expect(heightIn(environment, 'row1')).toBe(3);
});

test('a block in turns, one at a stretch -> the same hash, sealed or not', async () => {
  const [one, other] = await Promise.all([1, 2].map(async () => {
    const store = await Store.open({ directory: temporaryDirectory(), readersMax: 16 });
    onTestFinished(() => store.close());
    return store;
  }));
  for (const sealed of [false, true]) {
    const { drive } = inTurns();
    const height = heightAfter(one!.head.height);
    const block = { height, changes: rowsOf(height), unhashed: [], sealed };
    expect(await one!.commit({ ...block, drive })).toEqual(await other!.commit(block));
    expect(one!.head).toEqual(other!.head);
  }
});

test('a sealed block of few rows over many -> its root is made with turns', async () => {
  const store = await Store.open({ directory: temporaryDirectory(), readersMax: 16 });
  onTestFinished(() => store.close());
  const height = heightAfter(store.head.height);
  await store.commit({ height, changes: rowsOf(height, 60_000), unhashed: [] });
  const [plain, sealed] = [inTurns(), inTurns()];
  for (const [{ drive }, isSealed] of [[plain, false], [sealed, true]] as const) {
    const next = heightAfter(store.head.height);
    await store.commit({
      height: next, changes: rowsOf(next, 1), unhashed: [], sealed: isSealed, drive,
    });
  }
  expect(sealed.turns - plain.turns).toBeGreaterThan(5);
});

/** The store as the fixture has left it: its last whole block. */
async function assertWhole(directory: string, height: number): Promise<void> {
  const store = await Store.open({ directory, readersMax: 70 });
  expect(store.head.height).toBe(height);
  const keys = store.keysAfter('kernel', '', TABLE_END, 1_000_000);
  expect(keys).toHaveLength(ROWS);
  for (const key of keys) expect(unpackFrame(store.get('kernel', key)!)[0]).toBe(height);
  await store.commit({ height: heightAfter(store.head.height), changes: [], unhashed: [] });
  await store.close();
}

test('SIGKILL amid the rows of a block -> the block before, whole', async () => {
  const directory = temporaryDirectory();
  const child = startChild(process.execPath, [fixture('long-block.mjs'), directory, 'stays']);
  expect(await nextLine(child)).toBe('amid block 2');
  child.process.kill('SIGKILL');
  await child.exited;
  await assertWhole(directory, 1);
});

test('process.exit amid the rows of a block -> it ends, the block before, whole', async () => {
  const directory = temporaryDirectory();
  const child = startChild(process.execPath, [fixture('long-block.mjs'), directory, 'exits']);
  const exited = once(child.process, 'exit');
  expect(await nextLine(child)).toBe('amid block 2');
  expect(await exited).toEqual([3, null]);
  await assertWhole(directory, 1);
});
