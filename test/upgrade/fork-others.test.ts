/** What a fork shares with its parent, and what others see of both (docs/upgrade/fork.md). */
import type { CreatedVat, Kernel, VatReference } from '@heirloom/kernel';
import { exportState, importState, inspectStore, verifyStore } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdminBench } from '../support/admin.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels.js';
import { countLiveRows } from '../support/store-rows.js';

let directory: string;
let kernel: Kernel;
let bundleId: string;
let parent: CreatedVat;
let relay: VatReference;

beforeEach(async () => {
  directory = await freshDirectory();
  kernel = await kernelOver({ directory });
  bundleId = await install(kernel, 'hatchery.js');
  parent = await kernel.createVat({ name: 'parent', bundleId });
  const relayId = await install(kernel, 'relay.js');
  ({ root: relay } = await kernel.createVat({ name: 'relay', bundleId: relayId }));
});

const call = (target: VatReference, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.call(target, method, args);
const ref = async (target: VatReference, method: string, ...args: unknown[]) =>
  (await call(target, method, ...args)) as VatReference;
const fork = async (name: string, exports: readonly VatReference[] = []) =>
  kernel.forkVat(parent.vatId, { name, exports });
const reopen = async (): Promise<void> => {
  await kernel.close();
  kernel = await kernelOver({ directory });
};

/** The vats that run, and how many rows each has in spaces of its own and shared ones. */
const rowsOf = async (): Promise<Readonly<Record<string, number>>> => {
  await kernel.idle();
  await kernel.close();
  const { vats } = await inspectStore(directory);
  kernel = await kernelOver({ directory });
  return Object.fromEntries(vats.map(({ name, rows }) => [name, rows.rows]));
};

describe('exports:', () => {
  test('each sort has a counterpart of its own; the root stands for itself', async () => {
    const { root } = parent;
    const pair = (await call(root, 'makePair', 4)) as Record<'front' | 'back', VatReference>;
    const things = [
      ...[root, pair.back, pair.front, await ref(root, 'makeFeather', 'red')],
      ...[await ref(root, 'getCounter'), await ref(root, 'nameCounter', 'named')],
    ];
    const { root: own, exports } = await fork('fork', [...things, things[1]!]);
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
    expect(await call(kernel.vat('fork').root, 'count')).toBe(102);
    expect(await call(kernel.vat('parent').root, 'count')).toBe(101);
  });

  test('what is not asked for gets its reference when it is first given away', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 1n);
    const counter = await ref(parent.root, 'getCounter');
    const { root } = await fork('fork');
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
    const { root: own, vatId } = await fork('fork');
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
    const { root: own } = await fork('fork');
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
    const { root: own } = await fork('fork');
    await call(relay, 'resolve', 'heard');
    await kernel.idle();
    for (const it of [root, own]) expect(await call(it, 'getSettled')).toEqual(['heard']);
    await reopen();
    for (const name of ['parent', 'fork']) {
      expect(await call(kernel.vat(name).root, 'getSettled')).toEqual(['heard']);
    }
  });

  test('settled in the wave before the fork, and told after it -> both hear it', async () => {
    await kernel.close();
    kernel = await kernelOver({ directory, blocks: 'host' });
    const [root, it] = ['parent', 'relay'].map(name => kernel.vat(name).root);
    kernel.send(root!, 'ask', [it, 'makePromise']);
    await kernel.run();
    const all = [
      kernel.send(it!, 'resolve', ['just so']).result,
      kernel.forkVat(parent.vatId, { name: 'fork' }),
    ];
    await kernel.run();
    await kernel.commit();
    await Promise.all(all);
    const told = ['parent', 'fork'].map(name => {
      return kernel.send(kernel.vat(name).root, 'getSettled').result;
    });
    await kernel.run();
    await kernel.commit();
    expect(await Promise.all(told)).toEqual([['just so'], ['just so']]);
  });

  test('durable ones -> each vat has its own, also after an upgrade', async () => {
    const { root } = parent;
    const waiting = kernel.send(root, 'broodDurably').result;
    await kernel.idle();
    const { root: own, vatId } = await fork('fork');
    await kernel.upgradeVat(vatId, { bundleId });
    await call(own, 'hatchDurably', 'by the fork');
    await call(root, 'hatchDurably', 'by the parent');
    expect(await waiting).toBe('by the parent');
  });
});

describe('rows:', () => {
  test('a fork adds next to none; what both list goes with the last of them', async () => {
    await call(parent.root, 'layEggs', 'e', 500);
    const before = await rowsOf();
    await fork('fork');
    const after = await rowsOf();
    // Both counts are of the shared rows, and of the few that each has written.
    expect(after['fork']! - before['parent']!).toBeLessThan(5);
    const store = async (): Promise<number> => {
      await kernel.close();
      const { tables } = await inspectStore(directory);
      kernel = await kernelOver({ directory });
      const rows = tables.filter(({ table }) => table === 'vatstore').map(it => it.rows);
      return rows.reduce((sum, n) => sum + n, 0);
    };
    expect(await store()).toBeLessThan(before['parent']! + before['relay']! + 10);
    await kernel.terminateVat(parent.vatId);
    await kernel.idle();
    expect(await store()).toBeGreaterThan(before['parent']!);
    expect(await call(kernel.vat('fork').root, 'getWeights')).toBe(124_750n);
    await kernel.terminateVat(kernel.vat('fork').vatId);
    await kernel.idle();
    expect(await store()).toBe(before['relay']!);
  });

  test('forked again and again without writing -> no space more', async () => {
    for (let i = 0; i < 70; i += 1) {
      const { vatId } = await fork(`fork${i}`);
      if (i >= 3) await kernel.terminateVat(vatId);
    }
    await call(parent.root, 'layEgg', 'a', 1n);
    expect(await call(kernel.vat('fork0').root, 'getNames')).toEqual([]);
  });

  test('forked too often, having written in between -> an error that says so', async () => {
    for (let i = 0; i < 63; i += 1) {
      await call(parent.root, 'layEgg', `egg${i}`, 1n);
      const { vatId, root } = await fork(`fork${i}`);
      if (i % 20 === 0) expect(await call(root, 'getWeights')).toBe(BigInt(i + 1));
      await kernel.terminateVat(vatId);
    }
    await call(parent.root, 'layEgg', 'last', 1n);
    const text = `vat ${parent.vatId} has been forked 63 times, having written something`;
    await expect(fork('no')).rejects.toThrow(text);
    expect(await call(parent.root, 'getWeights')).toBe(64n);
    await reopen();
    expect(await call(kernel.vat('parent').root, 'getWeights')).toBe(64n);
  });

  test('a store with forks: verified, exported, imported; the copy goes on', async () => {
    const { root } = parent;
    await call(root, 'layEggs', 'e', 5);
    const { root: own } = await fork('fork');
    await call(own, 'dropEgg', 'e1');
    await call(root, 'dropEgg', 'e2');
    await kernel.idle();
    const to = `${await freshDirectory()}/out`;
    const manifest = await exportState({ directory, to });
    const copy = `${await freshDirectory()}/copy`;
    await importState({ from: to, directory: copy, root: manifest.stateRoot });
    await kernel.close();
    for (const it of [directory, copy]) {
      expect(await verifyStore({ directory: it })).toMatchObject({ ok: true });
    }
    kernel = await kernelOver({ directory: copy });
    expect(await call(kernel.vat('fork').root, 'getNames')).toEqual(['e0', 'e2', 'e3', 'e4']);
    expect(await call(kernel.vat('parent').root, 'getNames')).toEqual(['e0', 'e1', 'e3', 'e4']);
  });
});

describe('garbage:', () => {
  const OBJECT = '20';
  const ZERO = '60';
  const tablesOf = (name: string): Promise<Record<string, number>> =>
    countLiveRows(directory, Number(kernel.vat(name).vatId.slice(1)));
  /** An upgrade of the vat, and its sweeps. */
  const sweep = async (name: string): Promise<void> => {
    const { vatId } = kernel.vat(name);
    await kernel.upgradeVat(vatId, { bundleId });
    await kernel.idle();
  };

  test('what only those outside held of the parent is gone from the fork, swept', async () => {
    const { root } = parent;
    const eggs = await Promise.all([1n, 2n, 3n].map(n => ref(root, 'layEgg', undefined, n)));
    await call(root, 'layEgg', 'kept', 4n);
    const pair = (await call(root, 'makePair', 4)) as Record<'front' | 'back', VatReference>;
    const { root: own, exports } = await fork('fork', [eggs[1]!]);
    await call(own, 'layEgg', 'new', 5n);
    await sweep('fork');
    await sweep('parent');
    expect(await call(exports[0]!, 'getWeight')).toBe(2n);
    for (const [i, egg] of eggs.entries()) {
      expect(await call(egg, 'getWeight')).toBe(BigInt(i + 1));
    }
    expect(await call(pair.back, 'read')).toBe(4);
    // The pair, three eggs and the one kept; in the fork that, a new one and that of `exports`.
    expect((await tablesOf('parent'))[OBJECT]).toBe(5);
    expect((await tablesOf('fork'))[OBJECT]).toBe(3);
    kernel.release(exports[0]!);
    await kernel.idle();
    await sweep('fork');
    expect((await tablesOf('fork'))[OBJECT]).toBe(2);
    expect((await tablesOf('fork'))[ZERO]).toBeUndefined();
  });

  test('held by the heap that the replay has made, until that goes', async () => {
    const { root } = parent;
    await call(root, 'warmEgg', 6n);
    const warm = await ref(root, 'takeWarm', 0);
    const { root: own } = await fork('fork');
    expect(await call(own, 'weighWarm')).toEqual([6n]);
    expect(await call(await ref(own, 'takeWarm', 0), 'feed', 1n)).toBe(7n);
    expect(await call(warm, 'getWeight')).toBe(6n);
    await sweep('fork');
    expect(await call(warm, 'getWeight')).toBe(6n);
  });

  test('cycles that the parent had given away: taken apart in the fork alone', async () => {
    const { root } = parent;
    const [a, b] = (await Promise.all([1, 2].map(n => call(root, 'makePair', n)))) as [
      ...Record<'front' | 'back', VatReference>[],
    ];
    await call(a!.front, 'hold', b!.back);
    await call(b!.front, 'hold', a!.back);
    await fork('fork');
    await sweep('fork');
    await kernel.collectCycles(kernel.vat('fork').vatId);
    await kernel.idle();
    expect(await call(a!.back, 'read')).toBe(1);
    expect((await tablesOf('parent'))[OBJECT]).toBe(2);
    expect((await tablesOf('fork'))[OBJECT]).toBeUndefined();
  });
});

describe('afterwards:', () => {
  test('upgrades, a rollback, a fork of the fork: each vat by itself', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 1n);
    const { vatId, root, exports } = await fork('fork', [egg]);
    const own = exports[0]!;
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } });
    expect(await call(own, 'getVersion')).toBe(2);
    expect(await call(egg, 'getVersion')).toBe(1);
    await call(own, 'feed', 9n);
    const third = await kernel.forkVat(vatId, { name: 'third', exports: [own] });
    await kernel.rollbackVat(vatId);
    expect(await call(own, 'getVersion')).toBe(1);
    expect(await call(third.exports[0]!, 'getVersion')).toBe(2);
    expect(await call(third.exports[0]!, 'feed', 1n)).toBe(11n);
    await kernel.upgradeVat(parent.vatId, { bundleId, vatParameters: { version: 5 } });
    await kernel.idle();
    await reopen();
    const weights = ['parent', 'fork', 'third'].map(name => {
      return call(kernel.vat(name).root, 'getWeights');
    });
    expect(await Promise.all(weights)).toEqual([1n, 10n, 11n]);
    expect(kernel.vats().every(({ replayable }) => replayable)).toBe(true);
    expect(root).toBeDefined();
  });

  test('refreshed after so many deliveries of its own, also if its parent is due', async () => {
    const refresh = { deliveries: 3 };
    const { vatId, root } = await kernel.createVat({ name: 'fresh', bundleId, refresh });
    await call(root, 'count');
    await kernel.close();
    kernel = await kernelOver({ directory, blocks: 'host' });
    const told = [1, 2].map(() => kernel.send(kernel.vat('fresh').root, 'count').result);
    const forked = kernel.forkVat(vatId, { name: 'fork' });
    await kernel.run();
    await kernel.commit();
    await forked;
    expect(await Promise.all(told)).toEqual([2, 3]);
    expect(kernel.vat('fresh').incarnation).toBe(1);
    const counted: unknown[] = [];
    for (let i = 0; i < 4; i += 1) {
      const { result } = kernel.send(kernel.vat('fork').root, 'count');
      await kernel.run();
      await kernel.commit();
      counted.push(await result);
    }
    expect(counted).toEqual([4, 5, 6, 1]);
  });

  test('a dry run, an upgrade by replay, a refresh of a fork', async () => {
    await call(parent.root, 'layEgg', 'a', 1n);
    const { vatId, root } = await fork('fork');
    await call(root, 'layEgg', 'b', 2n);
    await call(root, 'count');
    expect(await kernel.checkUpgrade(vatId, { bundleId })).toMatchObject({
      ok: true,
      kinds: { bound: ['Egg', 'Pair'], unbound: [], added: [] },
    });
    await kernel.upgradeVat(vatId, { bundleId, mode: 'replay' });
    expect(await call(root, 'count')).toBe(2);
    expect(await kernel.upgradeAll()).toMatchObject([
      { name: 'parent', succeeded: true },
      { name: 'relay', succeeded: true },
      { name: 'fork', succeeded: true },
    ]);
    expect(await call(root, 'count')).toBe(1);
    expect(await call(root, 'getNames')).toEqual(['a', 'b']);
    expect(await call(parent.root, 'getNames')).toEqual(['a']);
  });
});

describe('by an adminNode:', () => {
  test('fork() -> adminNode, root, exports; it lives and ends as any dynamic vat', async () => {
    const bench = await AdminBench.open();
    await bench.kernel.installBundle(await fixture('hatchery.js'), { name: 'hatchery' });
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
