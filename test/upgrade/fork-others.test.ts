/** What a fork shares with its parent, and what others see of both (docs/upgrade/fork.md). */
import type { CreatedVat, ForkedVat, Kernel, VatReference } from '@heirloom/kernel';
import { exportState, importState, inspectStore, verifyStore } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { countLiveRows } from '../support/stores/store-rows.js';

interface Named {
  readonly name: string;
}

const shared = useSharedKernel();
let kernel: Kernel;
let bundleId: string;
let parent: CreatedVat & Named;
let relay: VatReference;

beforeAll(async () => {
  const relayId = await shared.install('relay.js');
  await shared.kernel.createVat({ name: 'relay', bundleId: relayId });
});
beforeEach(async () => {
  ({ kernel } = shared);
  parent = await shared.create('upgrade/hatchery.js');
  ({ bundleId } = kernel.vat(parent.name));
  relay = kernel.vat('relay').root;
});

const call = (target: VatReference, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.call(target, method, args);
const ref = async (target: VatReference, method: string, ...args: unknown[]) =>
  (await call(target, method, ...args)) as VatReference;
const fork = async (exports: readonly VatReference[] = []): Promise<ForkedVat & Named> => {
  const name = shared.takeName('fork');
  return { ...(await kernel.forkVat(parent.vatId, { name, exports })), name };
};
const reopen = async (): Promise<void> => {
  kernel = await shared.reopen();
};
/** The root of a vat as the present kernel names it. */
const rootOf = ({ name }: Named): VatReference => kernel.vat(name).root;

/** How many rows a vat has in spaces of its own and shared ones. */
const rowsOf = async (...named: readonly Named[]): Promise<number[]> => {
  await kernel.idle();
  const { vats } = await inspectStore(shared.directory);
  return named.map(({ name }) => vats.find(it => it.name === name)!.rows.rows);
};
/** The rows of a table, or of one part of it. */
const tableRows = async (table: string, part?: string): Promise<number> => {
  await kernel.idle();
  const { tables } = await inspectStore(shared.directory);
  const counted = tables.filter(it => it.table === table && it.part === (part ?? it.part));
  return counted.reduce((sum, { rows }) => sum + rows, 0);
};

describe('exports:', () => {
  test('each sort has a counterpart of its own; the root stands for itself', async () => {
    const { root } = parent;
    const pair = (await call(root, 'makePair', 4)) as Record<'front' | 'back', VatReference>;
    const things = [
      ...[root, pair.back, pair.front, await ref(root, 'makeFeather', 'red')],
      ...[await ref(root, 'getCounter'), await ref(root, 'nameCounter', 'named')],
    ];
    const made = await fork([...things, things[1]!]);
    const { root: own, exports } = made;
    const [itself, back, front, feather, counter, named, again] = exports as VatReference[];
    expect(itself).toBe(own);
    expect(again).toBe(back);
    expect(new Set([...exports, ...things]).size).toBe(12);
    expect(await call(front!, 'add', 3)).toBe(7);
    expect(await call(back!, 'read')).toBe(7);
    expect(await call(pair.back, 'read')).toBe(4);
    await call(feather!, 'paint', 'blue');
    expect(await call(things[3]!, 'getColour')).toBe('red');
    expect(await call(feather!, 'getColour')).toBe('blue');
    expect(await call(counter!, 'count')).toBe(1);
    expect(await call(named!, 'count')).toBe(101);
    expect(await call(things[5]!, 'count')).toBe(100);
    await reopen();
    expect(await call(rootOf(made), 'count')).toBe(102);
    expect(await call(rootOf(parent), 'count')).toBe(101);
  });

  test('what is not asked for gets its reference when it is first given away', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 1n);
    const counter = await ref(parent.root, 'getCounter');
    const { root } = await fork();
    const own = await ref(root, 'getEgg', 'a');
    expect(await ref(root, 'getEgg', 'a')).toBe(own);
    expect(own).not.toBe(egg);
    expect(await ref(root, 'getCounter')).not.toBe(counter);
    expect(await call(relay, 'echo', own)).toBe(own);
  });
});

describe('imports:', () => {
  test('both call the same object; each lets go of it for itself', async () => {
    const { root } = parent;
    const echo = await ref(relay, 'makeEcho');
    await call(root, 'keepImport', 'echo', echo);
    await call(root, 'recognize', echo, 'known');
    const { root: own, vatId } = await fork();
    for (const it of [root, own]) {
      expect(await call(it, 'callImport', 'echo', 'echo', [7n])).toBe(7n);
      expect(await call(it, 'recall', echo)).toBe('known');
    }
    await call(own, 'dropImport', 'echo');
    await kernel.upgradeVat(vatId, { bundleId });
    await kernel.idle();
    expect(await call(root, 'callImport', 'echo', 'echo', [8n])).toBe(8n);
    expect(await call(own, 'recall', echo)).toBe('known');
    await kernel.terminateVat(parent.vatId);
    await kernel.idle();
    expect(await call(own, 'recall', echo)).toBe('known');
  });
});

describe('promises:', () => {
  test('of the parent: it settles them, what waits on the fork is its own', async () => {
    const { root } = parent;
    const waiting = kernel.send(root, 'brood').result;
    await kernel.idle();
    const { root: own } = await fork();
    await call(own, 'hatch', 'by the fork');
    await call(root, 'hatch', 'by the parent');
    expect(await waiting).toBe('by the parent');
    const later = kernel.send(own, 'brood').result;
    await call(own, 'hatch', 'again');
    expect(await later).toBe('again');
  });

  test('of others: both are told, also of what has settled and was not told yet', async () => {
    const { root } = parent;
    const promise = kernel.send(relay, 'makePromise');
    await kernel.idle();
    // The promise goes to the parent as what the relay's answer follows.
    await call(relay, 'forward', root, 'wait', [promise.result]).catch(() => undefined);
    await call(root, 'ask', relay, 'makePromise');
    await kernel.idle();
    const made = await fork();
    await call(relay, 'resolve', 'heard');
    await kernel.idle();
    for (const it of [root, made.root]) expect(await call(it, 'getSettled')).toEqual(['heard']);
    await reopen();
    for (const it of [parent, made]) {
      expect(await call(rootOf(it), 'getSettled')).toEqual(['heard']);
    }
  });

  test('settled in the wave before the fork, and told after it -> both hear it', async () => {
    kernel = await shared.reopen({ blocks: 'host' });
    const name = shared.takeName('fork');
    const [root, it] = [parent.name, 'relay'].map(vat => kernel.vat(vat).root);
    kernel.send(root!, 'ask', [it, 'makePromise']);
    await kernel.run();
    const all = [
      kernel.send(it!, 'resolve', ['just so']).result,
      kernel.forkVat(parent.vatId, { name }),
    ];
    await kernel.run();
    await kernel.commit();
    await Promise.all(all);
    const told = [parent.name, name].map(vat => {
      return kernel.send(kernel.vat(vat).root, 'getSettled').result;
    });
    await kernel.run();
    await kernel.commit();
    expect(await Promise.all(told)).toEqual([['just so'], ['just so']]);
  });

  test('durable ones -> each vat has its own, also after an upgrade', async () => {
    const { root } = parent;
    const waiting = kernel.send(root, 'broodDurably').result;
    await kernel.idle();
    const { root: own, vatId } = await fork();
    await kernel.upgradeVat(vatId, { bundleId });
    await call(own, 'hatchDurably', 'by the fork');
    await call(root, 'hatchDurably', 'by the parent');
    expect(await waiting).toBe('by the parent');
  });
});

describe('rows:', () => {
  const EGGS = 500;

  test('a fork adds next to none; what both list goes with the last of them', async () => {
    await call(parent.root, 'layEggs', 'e', EGGS);
    const all = (): Promise<number> => tableRows('vatstore');
    const [before, ofRelay] = (await rowsOf(parent, { name: 'relay' })) as [number, number];
    const made = await fork();
    const [after] = (await rowsOf(made)) as [number];
    // Both counts are of the shared rows, and of the few that each has written.
    expect(after - before).toBeLessThan(5);
    expect(await all()).toBeLessThan(before + ofRelay + 10);
    await kernel.terminateVat(parent.vatId);
    expect(await all()).toBeGreaterThan(before);
    await reopen();
    expect(await call(rootOf(made), 'getWeights')).toBe(BigInt((EGGS * (EGGS - 1)) / 2));
    await kernel.terminateVat(made.vatId);
    expect(await all()).toBe(ofRelay);
  });

  const forks = amount({ quick: 4, thorough: 70 });
  test(`forked without writing, ${forks} times -> no space more`, { tags: ['sized'] }, async () => {
    const shares = (): Promise<number> => tableRows('kernel', 'shared spaces');
    const before = await shares();
    const first = await fork();
    const spaces = await shares();
    expect(spaces).toBe(before + 1);
    for (let i = 1; i < forks; i += 1) {
      const { vatId } = await fork();
      if (i >= 3) await kernel.terminateVat(vatId);
    }
    expect(await shares()).toBe(spaces);
    await call(parent.root, 'layEgg', 'a', 1n);
    await fork();
    expect(await shares()).toBe(spaces + 1);
    expect(await call(first.root, 'getNames')).toEqual([]);
  });

  const often = 'forked 70 times, having written in between -> one space when the forks have ended';
  test(often, { tags: ['thorough'] }, async () => {
    const shares = (): Promise<number> => tableRows('kernel', 'shared spaces');
    const layForkDrop = async (weight: bigint, isAsked: boolean): Promise<void> => {
      kernel.release(await ref(parent.root, 'layEgg', 'egg', weight));
      const { vatId, root } = await fork();
      if (isAsked) expect(await call(root, 'getWeights')).toBe(weight);
      await kernel.terminateVat(vatId);
      await call(parent.root, 'dropEgg', 'egg');
    };
    /** What is left once the next incarnation has begun, and nothing is to be done. */
    const left = async (): Promise<unknown> => {
      await kernel.upgradeVat(parent.vatId, { bundleId });
      await kernel.idle();
      return [await shares(), await rowsOf(parent)];
    };
    await layForkDrop(1n, true);
    const before = await left();
    for (let i = 0; i < 70; i += 1) await layForkDrop(BigInt(i), i % 20 === 0);
    expect(await left()).toEqual(before);
    await reopen();
    expect(await call(rootOf(parent), 'getWeights')).toBe(0n);
  });

  const carried = 'a store with forks: verified, exported, imported; the copy goes on';
  test(carried, { tags: ['thorough'] }, async () => {
    const { root } = parent;
    await call(root, 'layEggs', 'e', 5);
    const made = await fork();
    await call(made.root, 'dropEgg', 'e1');
    await call(root, 'dropEgg', 'e2');
    await kernel.idle();
    const to = `${await freshDirectory()}/out`;
    const manifest = await exportState({ directory: shared.directory, to });
    const copy = `${await freshDirectory()}/copy`;
    await importState({ from: to, directory: copy, root: manifest.stateRoot });
    const verified = await shared.closedFor(directory => verifyStore({ directory }));
    for (const it of [verified, await verifyStore({ directory: copy })]) {
      expect(it).toMatchObject({ ok: true });
    }
    kernel = await kernelOver({ directory: copy });
    expect(await call(rootOf(made), 'getNames')).toEqual(['e0', 'e2', 'e3', 'e4']);
    expect(await call(rootOf(parent), 'getNames')).toEqual(['e0', 'e1', 'e3', 'e4']);
  });
});

describe('garbage:', () => {
  const OBJECT = '20';
  const ZERO = '60';
  const tablesOf = ({ vatId }: CreatedVat): Promise<Record<string, number>> =>
    countLiveRows(shared.directory, Number(vatId.slice(1)));
  /** An upgrade of the vat, and its sweeps. */
  const sweep = async ({ vatId }: CreatedVat): Promise<void> => {
    await kernel.upgradeVat(vatId, { bundleId });
    await kernel.idle();
  };

  test('what only those outside held of the parent is gone from the fork, swept', async () => {
    const { root } = parent;
    const eggs = await Promise.all([1n, 2n, 3n].map(n => ref(root, 'layEgg', undefined, n)));
    await call(root, 'layEgg', 'kept', 4n);
    const pair = (await call(root, 'makePair', 4)) as Record<'front' | 'back', VatReference>;
    const made = await fork([eggs[1]!]);
    const { root: own, exports } = made;
    await call(own, 'layEgg', 'new', 5n);
    await sweep(made);
    await sweep(parent);
    expect(await call(exports[0]!, 'getWeight')).toBe(2n);
    for (const [i, egg] of eggs.entries()) {
      expect(await call(egg, 'getWeight')).toBe(BigInt(i + 1));
    }
    expect(await call(pair.back, 'read')).toBe(4);
    // The pair, three eggs and the one kept; in the fork that, a new one and that of `exports`.
    expect((await tablesOf(parent))[OBJECT]).toBe(5);
    expect((await tablesOf(made))[OBJECT]).toBe(3);
    kernel.release(exports[0]!);
    await kernel.idle();
    await sweep(made);
    expect((await tablesOf(made))[OBJECT]).toBe(2);
    expect((await tablesOf(made))[ZERO]).toBeUndefined();
  });

  const byTheHeap = 'held by the heap that the replay has made, until that goes';
  test(byTheHeap, { tags: ['thorough'] }, async () => {
    const { root } = parent;
    await call(root, 'warmEgg', 6n);
    const warm = await ref(root, 'takeWarm', 0);
    const made = await fork();
    const { root: own } = made;
    expect(await call(own, 'weighWarm')).toEqual([6n]);
    expect(await call(await ref(own, 'takeWarm', 0), 'feed', 1n)).toBe(7n);
    expect(await call(warm, 'getWeight')).toBe(6n);
    await sweep(made);
    expect(await call(warm, 'getWeight')).toBe(6n);
  });

  const takenApartIn = 'cycles that the parent had given away: taken apart in the fork alone';
  test(takenApartIn, { tags: ['thorough'] }, async () => {
    const { root } = parent;
    const [a, b] = (await Promise.all([1, 2].map(n => call(root, 'makePair', n)))) as [
      ...Record<'front' | 'back', VatReference>[],
    ];
    await call(a!.front, 'hold', b!.back);
    await call(b!.front, 'hold', a!.back);
    const made = await fork();
    await sweep(made);
    await kernel.collectCycles(made.vatId);
    await kernel.idle();
    expect(await call(a!.back, 'read')).toBe(1);
    expect((await tablesOf(parent))[OBJECT]).toBe(2);
    expect((await tablesOf(made))[OBJECT]).toBeUndefined();
  });
});

describe('afterwards:', () => {
  test('upgrades, a rollback, a fork of the fork: each vat by itself', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 1n);
    const made = await fork([egg]);
    const { vatId, root, exports } = made;
    const own = exports[0]!;
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } });
    expect(await call(own, 'getVersion')).toBe(2);
    expect(await call(egg, 'getVersion')).toBe(1);
    await call(own, 'feed', 9n);
    const name = shared.takeName('third');
    const third = await kernel.forkVat(vatId, { name, exports: [own] });
    await kernel.rollbackVat(vatId);
    expect(await call(own, 'getVersion')).toBe(1);
    expect(await call(third.exports[0]!, 'getVersion')).toBe(2);
    expect(await call(third.exports[0]!, 'feed', 1n)).toBe(11n);
    await kernel.upgradeVat(parent.vatId, { bundleId, vatParameters: { version: 5 } });
    await kernel.idle();
    await reopen();
    const weights = [parent, made, { name }].map(it => call(rootOf(it), 'getWeights'));
    expect(await Promise.all(weights)).toEqual([1n, 10n, 11n]);
    expect(kernel.vats().every(({ replayable }) => replayable)).toBe(true);
    expect(root).toBeDefined();
  });

  const refreshedAfterSo =
    'refreshed after so many deliveries of its own, also if its parent is due';
  test(refreshedAfterSo, { tags: ['thorough'] }, async () => {
    const refresh = { deliveries: 3 };
    const fresh = await shared.create('upgrade/hatchery.js', { refresh });
    await call(fresh.root, 'count');
    kernel = await shared.reopen({ blocks: 'host' });
    const told = [1, 2].map(() => kernel.send(rootOf(fresh), 'count').result);
    const name = shared.takeName('fork');
    const forked = kernel.forkVat(fresh.vatId, { name });
    await kernel.run();
    await kernel.commit();
    await forked;
    expect(await Promise.all(told)).toEqual([2, 3]);
    expect(kernel.vat(fresh.name).incarnation).toBe(1);
    const counted: unknown[] = [];
    for (let i = 0; i < 4; i += 1) {
      const { result } = kernel.send(rootOf({ name }), 'count');
      await kernel.run();
      await kernel.commit();
      counted.push(await result);
    }
    expect(counted).toEqual([4, 5, 6, 1]);
  });

  test('a dry run, an upgrade by replay, a refresh of a fork', { tags: ['thorough'] }, async () => {
    await call(parent.root, 'layEgg', 'a', 1n);
    const { vatId, root, name } = await fork();
    await call(root, 'layEgg', 'b', 2n);
    await call(root, 'count');
    expect(await kernel.checkUpgrade(vatId, { bundleId })).toMatchObject({
      ok: true,
      kinds: { bound: ['Egg', 'Pair'], unbound: [], added: [] },
    });
    await kernel.upgradeVat(vatId, { bundleId, mode: 'replay' });
    expect(await call(root, 'count')).toBe(2);
    expect(await kernel.upgradeAll()).toMatchObject([
      { name: 'relay', succeeded: true },
      { name: parent.name, succeeded: true },
      { name, succeeded: true },
    ]);
    expect(await call(root, 'count')).toBe(1);
    expect(await call(root, 'getNames')).toEqual(['a', 'b']);
    expect(await call(parent.root, 'getNames')).toEqual(['a']);
  });
});

describe('by an adminNode:', () => {
  test('fork() -> adminNode, root, exports; it lives and ends as any dynamic vat', async () => {
    const bench = await AdminBench.open();
    await bench.kernel.installBundle(await fixture('upgrade/hatchery.js'), { name: 'hatchery' });
    await bench.tell('svc', 'getNamedBundleCap', ['hatchery'], 'hatchery');
    await bench.call('createVat', 'h', '$hatchery', { vatParameters: { onFork: ['note'] } });
    await bench.tell('h.root', 'layEgg', ['a', 5n], 'egg');
    const options = { name: 'young', vatParameters: { n: 1 }, exports: ['$egg'] };
    const made = (await bench.tell('h.node', 'fork', [options])) as Record<string, unknown>;
    expect(Object.keys(made).sort()).toEqual(['adminNode', 'exports', 'root']);
    const { adminNode, root, exports } = made as {
      adminNode: VatReference;
      root: VatReference;
      exports: VatReference[];
    };
    const it = bench.kernel;
    await it.call(bench.admin, 'keep', ['node', adminNode]);
    expect(await it.call(exports[0]!, 'feed', [1n])).toBe(6n);
    expect(await bench.tell('egg', 'getWeight')).toBe(5n);
    expect(await it.call(root, 'getForks')).toEqual([{ n: 1 }]);
    expect(await bench.tell('node', 'adminData')).toMatchObject({ name: 'young', running: true });
    await bench.watch('node', 'done', [], 'done');
    await bench.tell('node', 'terminateWithFailure', ['enough']);
    await it.idle();
    expect(await bench.log()).toEqual([['done', 'rejected', 'enough']]);
    await expect(it.call(root, 'count')).rejects.toThrow('vat terminated');
    expect(await bench.tell('h.root', 'count')).toBe(1);
    const wrong: [object, string][] = [
      [{ vatParameter: 1 }, 'fork() received unknown options: "vatParameter"'],
      [{ exports: ['$node'] }, 'exports[0] is no object of vat'],
      [{ exports: [7] }, 'fork() exports[0] must be an object: 7'],
      [{ exports: 7 }, 'fork() exports must be an array'],
      [{ name: 'a b' }, 'fork() options: bad vat name "a b"'],
    ];
    for (const [given, text] of wrong) {
      await expect(bench.tell('h.node', 'fork', [given])).rejects.toThrow(text);
    }
    await expect(bench.tell('node', 'fork')).rejects.toThrow('on non-running vat');
  });
});
