/**
 * A vat that works and is forked again and again: what stays stored follows what the vats have, be
 * it that the forks end or that they run on (rules.md#u5), and free pages are used again.
 */
import { join } from 'node:path';
import { exportState, importState, verifyStore, type Kernel } from '@heirloom/kernel';
import { openReader, unpackFrame, vatKey } from '@heirloom/store';
import { expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { inReplicas, Replica } from '../support/kernels/replicas.js';
import { countLiveRows, countRows } from '../support/stores/store-rows.js';
import { amount } from '../support/suite/amounts.js';
import { seededRandom } from '../support/suite/random.js';

const FORKS = amount({ quick: 3, thorough: 25 });
const RUNNING = amount({ quick: 3, thorough: 30 });
/** As limits.md has it. */
const SPACES_KEPT = 16;
const EGGS = 20;
const SEED = Number(process.env['HEIRLOOM_SEED'] ?? 84);
const SPACES_FIELD = 5;

/** How many rows and tombstones of vats are stored. */
const storedRows = async (directory: string): Promise<number> => {
  const counts = Object.entries(await countRows(directory));
  return counts.reduce((sum, [name, rows]) => sum + (name.startsWith('vat ') ? rows : 0), 0);
};
/** How many rows the vats have, each for itself. */
const liveRows = async (directory: string, vats: readonly string[]): Promise<number> => {
  let sum = 0;
  for (const vatId of vats) {
    const counts = await countLiveRows(directory, Number(vatId.slice(1)));
    sum += Object.values(counts).reduce((all, rows) => all + rows, 0);
  }
  return sum;
};

/** How many spaces each vat lists. */
const spacesOf = async (directory: string, vats: readonly string[]): Promise<number[]> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  const lists = vats.map(vatId => {
    const row = unpackFrame(snapshot.get('kernel', vatKey(Number(vatId.slice(1))))!);
    return (row[SPACES_FIELD] as unknown as readonly number[]).length;
  });
  snapshot.done();
  await reader.close();
  return lists;
};

type Call = readonly [method: string, ...args: unknown[]];
const sendAll = (kernel: Kernel, calls: readonly Call[]): Promise<unknown[]> =>
  Promise.all(
    calls.map(([method, ...args]) => kernel.call(kernel.vat('a').root, method, args)),
  );

/** Eggs of one generation come, those of the one before go. */
const turnOver = (replica: Replica, generation: number): Promise<unknown> => {
  const eggs = Array.from({ length: EGGS }, (_none, i) => i);
  const drops = eggs.map(egg => ['dropEgg', `x${generation - 1}-${egg}`] as const);
  const lays = ['layEggs', `x${generation}-`, EGGS] as const;
  return replica.settle(sendAll(replica.kernel, [lays, ...drops]));
};

const begin = async (replica: Replica): Promise<{ vatId: string; bundleId: string }> => {
  const bundle = await fixture('upgrade/hatchery.js');
  const bundleId = await replica.settle(replica.kernel.installBundle(bundle));
  const { vatId } = await replica.settle(replica.kernel.createVat({ name: 'a', bundleId }));
  await replica.settle(sendAll(replica.kernel, [['layEggs', 'x0-', EGGS]]));
  return { vatId, bundleId };
};

interface Counted {
  readonly stored: number;
  readonly live: number;
  readonly spaces: readonly number[];
}

const count = async ({ directory }: Replica, vats: readonly string[]): Promise<Counted> => {
  const [stored, live] = [await storedRows(directory), await liveRows(directory, vats)];
  return { stored, live, spaces: await spacesOf(directory, vats) };
};

/** The size of the data file of a copy that holds the same state, once vat `a` has run in it. */
const copyBytes = async ({ directory: from }: Replica): Promise<number> => {
  const beside = await freshDirectory();
  const [to, directory] = [join(beside, 'exported'), join(beside, 'copy')];
  const { stateRoot: root } = await exportState({ directory: from, to });
  await importState({ from: to, directory, root });
  const kernel = await kernelOver({ directory });
  await kernel.call(kernel.vat('a').root, 'getVersion');
  const { storeBytes } = kernel.stats();
  await kernel.close();
  return storeBytes;
};

const again = 'forks: made again and again while the vat works, ended at random -> rows follow';
test(again, { tags: ['sized'] }, async () => {
  console.log(`fork-many.test: HEIRLOOM_SEED=${SEED}`);
  const counted = await inReplicas(async replica => {
    const random = seededRandom(SEED);
    const { vatId, bundleId } = await begin(replica);
    const running: string[] = [];
    const counts: Counted[] = [];
    const end = async (): Promise<void> => {
      if (running.length === 0) return;
      const [ended] = running.splice(random.below(running.length), 1);
      await replica.settle(replica.kernel.terminateVat(ended!));
    };
    for (let n = 1; n <= FORKS; n += 1) {
      await turnOver(replica, n);
      if (n % 5 === 0) await replica.settle(replica.kernel.upgradeVat(vatId, { bundleId }));
      const forked = replica.kernel.forkVat(vatId, { name: `fork-${n}` });
      running.push((await replica.settle(forked)).vatId);
      for (let ends = random.below(3); ends > 0; ends -= 1) await end();
      await replica.block();
      counts.push(await count(replica, [vatId, ...running]));
    }
    while (running.length > 0) await end();
    await replica.block();
    expect(replica.kernel.audit({ rows: true }).findings).toEqual([]);
    const [weights] = await replica.settle(sendAll(replica.kernel, [['getWeights']]));
    expect(weights).toBe(BigInt((EGGS * (EGGS - 1)) / 2));
    const { storeBytes } = replica.kernel.stats();
    expect(storeBytes).toBeLessThanOrEqual(2 * (await copyBytes(replica)));
    return [...counts, await count(replica, [vatId])];
  });
  for (const { stored, live } of counted) expect(stored).toBeLessThanOrEqual(2 * live);
  const { stored, live, spaces } = counted.at(-1)!;
  expect([stored, spaces]).toEqual([live, [1]]);
});

const allRun = 'forks: many that all run, the vat working in between -> no list grows long';
test(allRun, { tags: ['sized'] }, async () => {
  const replica = await Replica.open({ maxVatsOnline: 4 }, false);
  const { vatId } = await begin(replica);
  const forks: string[] = [];
  for (let n = 1; n <= RUNNING; n += 1) {
    await turnOver(replica, n);
    const made = replica.kernel.forkVat(vatId, { name: `fork-${n}` });
    forks.push((await replica.settle(made)).vatId);
  }
  await replica.block();
  const { spaces } = await count(replica, [vatId, ...forks]);
  for (const listed of spaces) expect(listed).toBeLessThanOrEqual(SPACES_KEPT);
  expect(replica.kernel.audit({ rows: true }).findings).toEqual([]);
  for (let n = 1; n <= RUNNING; n += 1) {
    const { root } = replica.kernel.vat(`fork-${n}`);
    const names = await replica.settle(replica.kernel.call(root, 'getNames'));
    expect(names).toContain(`x${n}-0`);
    expect(names).toHaveLength(EGGS);
  }
  await replica.kernel.close();
  expect(await verifyStore({ directory: replica.directory })).toMatchObject({ ok: true });
});
