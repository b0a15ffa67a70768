/**
 * The bench `replicas`, smaller: the same blocks of a mixed workload on replicas of every kind, and
 * the hash of every block is the same. Most kernels are in this process.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  firstDifference,
  heightOf,
  liveThrough,
  makePlan,
  Replica,
  type Code,
  type PlanOptions,
} from '@heirloom/bench/replicas';
import { exportState, importState, type KernelOptions } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const MIXER = fileURLToPath(new URL('../../bench/vats/vat-mixer.js', import.meta.url));
const BLOCKS = amount({ quick: 8, thorough: 20 });
const EXPORTED = BLOCKS / 2;
const REOPENED_EVERY = amount({ quick: 3, thorough: 7 });
const KILLED_EVERY = amount({ quick: 2, thorough: 7 });
/** A seed of which something of everything happens in so many blocks: the first test says so. */
const SEED = amount({ quick: 1181, thorough: 24 });
const PLAN: PlanOptions = { seed: SEED, blocks: BLOCKS, vats: 4 };
const all = { from: 1, last: BLOCKS };

let code: Code;
let first: ReadonlyMap<number, string>;
let exportDirectory: string;
const events = new Map<string, number>();

interface RunOptions {
  readonly options: Partial<KernelOptions>;
  readonly directory?: string;
  readonly plan?: PlanOptions;
  /** Is called after every block; true: the kernel is closed and opened again. */
  readonly after?: (replica: Replica, directory: string) => Promise<boolean>;
  readonly opened?: (replica: Replica) => void;
}

/** The hashes of a replica's blocks, from wherever its directory is. */
const runReplica = async (run: RunOptions): Promise<Map<number, string>> => {
  const directory = run.directory ?? join(await freshDirectory(), 'store');
  const plan = makePlan(run.plan ?? PLAN);
  const parameters = { stateRootInterval: heightOf(EXPORTED) };
  const { options } = run;
  const hashes = new Map<number, string>();
  for (let isDone = false; !isDone; ) {
    const replica = await Replica.open({ directory, code, plan, options, parameters });
    try {
      run.opened?.(replica);
      for (let reopens = false; !reopens && !isDone; ) {
        const hash = await replica.runBlock();
        isDone = hash === undefined;
        if (hash === undefined) break;
        hashes.set(replica.number, hash);
        reopens = (await run.after?.(replica, directory)) ?? false;
      }
      expect(replica.kernel.audit().findings).toEqual([]);
    } finally {
      await replica.close();
    }
  }
  return hashes;
};

const expectEqual = (hashes: ReadonlyMap<number, string>, range = all): void => {
  expect(firstDifference(first, hashes, range), `seed ${SEED}`).toBeNull();
};

const exportHalfWay = async ({ number }: Replica, directory: string): Promise<false> => {
  if (number === EXPORTED) await exportState({ directory, to: exportDirectory });
  return false;
};

const countEvents = ({ kernel }: Replica): void =>
  kernel.setLog({
    categories: ['vat', 'upgrade', 'gc'],
    write: ({ event, ...fields }) => {
      const name = fields['ok'] === false ? `${event} failed` : event;
      events.set(name, (events.get(name) ?? 0) + 1);
    },
  });

const prepareCode = async (): Promise<Code> => {
  const bundle = await bundleOf(MIXER);
  const kernel = await kernelOver();
  return { bundle, bundleId: await kernel.installBundle(bundle) };
};

beforeAll(async () => {
  code = await prepareCode();
  exportDirectory = join(await freshDirectory(), 'export');
  const options = { threads: 1, spareThreads: 0 };
  first = await runReplica({ options, after: exportHalfWay, opened: countEvents });
});

describe('replicas:', { tags: ['sized'] }, () => {
  test('the workload -> vats end and are made, upgrades fail, garbage goes', () => {
    expect([...events.keys()]).toEqual(
      expect.arrayContaining([
        ...['created', 'forked', 'upgraded', 'upgraded failed', 'exited', 'sweep'],
        ...['dropExports', 'retireExports', 'retireImports'],
      ]),
    );
  });

  test('another plan -> the hash of the first block that differs', async () => {
    const hashes = await runReplica({ options: {}, plan: { ...PLAN, seed: SEED + 1, blocks: 2 } });
    expect(firstDifference(first, hashes, all)).toMatchObject({ block: 2 });
  });

  type Places = readonly (readonly [string, Partial<KernelOptions>])[];
  const places: Places = [
    // Also in `npm test`; in test:all all facts of test/objects are repeated so (rules.md#o1).
    ['V8 collects before every crank', { collectsEveryCrank: true }],
    ['every vat in a process', { isolation: 'process' }],
  ];
  /** Smaller scenarios of their own show these in `npm test`: threads and paging.test.ts. */
  const more: Places = [
    ['eight threads', { threads: 8, spareThreads: 2 }],
    ['two vats online', { maxVatsOnline: 2 }],
  ];
  const title = '%s -> the same hash of every block';
  const inPlace = async (_title: string, options: Partial<KernelOptions>): Promise<void> =>
    expectEqual(await runReplica({ options }));
  test.each(places)(title, inPlace);
  test.each(more)(title, { tags: ['thorough'] }, inPlace);

  const reopened = 'closed and opened again every few blocks -> the same hash of every block';
  test(reopened, { tags: ['thorough'] }, async () => {
    const after = ({ number }: Replica) => Promise.resolve(number % REOPENED_EVERY === 0);
    expectEqual(await runReplica({ options: {}, after }));
  });

  test('killed in the midst of blocks -> the same hash of every block', async () => {
    const directory = await freshDirectory();
    const life = await liveThrough({
      file: join(directory, 'job.json'),
      job: {
        directory: join(directory, 'store'),
        code,
        plan: PLAN,
        options: {},
        stateRootInterval: heightOf(EXPORTED),
      },
      killEvery: KILLED_EVERY,
      advance: () => undefined,
    });
    expect(life.kills.length).toBeGreaterThan(1);
    expect(life.auditOk).toBe(true);
    expectEqual(life.hashes);
  });

  test('joined half-way by state sync -> the same hash of every block from then on', async () => {
    const directory = join(await freshDirectory(), 'store');
    const hash = first.get(EXPORTED)!;
    await importState({ from: exportDirectory, directory, hash });
    const hashes = await runReplica({ options: {}, directory });
    expect(hashes.size).toBe(BLOCKS - EXPORTED);
    expectEqual(hashes, { from: EXPORTED + 1, last: BLOCKS });
  });
});
