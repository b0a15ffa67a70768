/** Promises across vats, upgrades and restarts, in a real kernel (section 2.11 of README.md). */
import type { CreatedVat, Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import {
  clistKrefKindPrefix,
  KREF_PROMISE,
  openReader,
  prefixEnd,
  PROMISE_PREFIX,
  ROW_WATCH_PREFIX,
  vatstoreKey,
} from '@heirloom/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

interface Held {
  readonly promise: VatReference;
}

const logged: KernelLogEntry[] = [];
const shared = useSharedKernel({ log: entry => void logged.push(entry) });
let kernel: Kernel;
/** Of a test that needs a store for itself. */
let ownDirectory: string | undefined;
/** What the vats of the test are called in the kernel, by their names here. */
const names = new Map<string, string>();

const openOwn = async (directory: string): Promise<void> => {
  ownDirectory = directory;
  kernel = await kernelOver({ directory });
};
const reopen = async (): Promise<void> => {
  if (ownDirectory === undefined) {
    kernel = await shared.reopen();
    return;
  }
  await kernel.close();
  await openOwn(ownDirectory);
};
const nameOf = (name: string): string => names.get(name)!;
const root = (name: string): VatReference => kernel.vat(nameOf(name)).root;
const bundleOf = (source: string): Promise<string> =>
  ownDirectory === undefined ? shared.install(source) : install(kernel, source);
const create = async (name: string, source: string): Promise<CreatedVat> => {
  names.set(name, ownDirectory === undefined ? shared.takeName(name) : name);
  return kernel.createVat({ name: nameOf(name), bundleId: await bundleOf(source) });
};
const call = (name: string, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.call(root(name), method, args);
const make = async (name: string): Promise<VatReference> =>
  ((await call('holder', 'make', name)) as Held).promise;
const upgrade = async (version: number, more: object = {}): Promise<void> => {
  const { vatId } = kernel.vat(nameOf('watcher'));
  const bundleId = await bundleOf('promises/watcher.js');
  const vatParameters = { version, ...more };
  await kernel.upgradeVat(vatId, { bundleId, vatParameters, upgradeMessage: `to ${version}` });
};
/** The reason that promises get when `version` is replaced by the next. */
const disconnected = (version: number) => ({
  name: 'vatUpgraded',
  upgradeMessage: `to ${version + 1}`,
  incarnationNumber: version - 1,
});

beforeEach(async () => {
  ({ kernel } = shared);
  ownDirectory = undefined;
  logged.length = 0;
  await create('holder', 'promises/holder.js');
});

describe('watched promises', () => {
  beforeEach(async () => {
    await create('watcher', 'promises/watcher.js');
  });
  const settle = (how: 'resolve' | 'reject', value: unknown) =>
    call('holder', 'settle', 'p', how, value);
  const getLog = () => call('watcher', 'getLog');
  /** The rest of the test has a kernel for itself. */
  const beAlone = async (): Promise<void> => {
    await openOwn(await freshDirectory());
    await create('holder', 'promises/holder.js');
    await create('watcher', 'promises/watcher.js');
  };

  test('watches: no upgrade -> fulfilled or rejected, with the args', async () => {
    await call('watcher', 'watch', await make('p'), 'a', root('holder'));
    await call('watcher', 'watch', await make('q'), 'b');
    await settle('resolve', 5n);
    await call('holder', 'settle', 'q', 'reject', 'no');
    expect(await getLog()).toEqual([
      [1, 'fulfilled', 5n, 'a', root('holder')],
      [1, 'rejected', 'no', 'b'],
    ]);
  });

  test('watches: an own promise, upgraded -> the successor gets the disconnection', async () => {
    const { promise } = (await call('watcher', 'watchOwn', 'a')) as Held;
    await upgrade(2);
    expect(await getLog()).toEqual([[2, 'rejected', disconnected(1), 'a']]);
    await expect(kernel.settlement(promise)).rejects.toEqual(disconnected(1));
    await upgrade(3);
    expect(await getLog()).toHaveLength(1);
  });

  const anOwnPromise = 'watches: an own promise that nobody else knows -> the same';
  test(anOwnPromise, { tags: ['thorough'] }, async () => {
    await call('watcher', 'watchOwn', 'a');
    await call('watcher', 'watchOwn', 'b');
    await call('watcher', 'settle', 'resolve', 1);
    await reopen();
    await upgrade(2);
    expect(await getLog()).toEqual([
      [1, 'fulfilled', 1, 'b'],
      [2, 'rejected', disconnected(1), 'a'],
    ]);
  });

  const twice = 'watches: of another vat, two upgrades, a restart after each step -> once';
  test(twice, { tags: ['thorough'] }, async () => {
    await call('watcher', 'watch', await make('p'), 'a', 1n);
    for (const version of [2, 3]) {
      await reopen();
      await upgrade(version);
    }
    await reopen();
    expect(await getLog()).toEqual([]);
    await settle('resolve', 'at last');
    await reopen();
    await upgrade(4);
    expect(await getLog()).toEqual([[3, 'fulfilled', 'at last', 'a', 1n]]);
  });

  test('watches: the result of a send, upgraded -> the successor is told', async () => {
    await call('watcher', 'watchSend', root('holder'), 'result', ['p'], 'a');
    await upgrade(2);
    await settle('reject', ['why', root('holder')]);
    expect(await getLog()).toEqual([[2, 'rejected', ['why', root('holder')], 'a']]);
  });

  test('watches: settled, and upgraded before the notify -> the successor is told', async () => {
    await call('watcher', 'watch', await make('p'), 'a');
    const bundleId = await bundleOf('promises/watcher.js');
    const owner = await shared.reopen({ blocks: 'host' });
    owner.send(owner.vat(nameOf('holder')).root, 'settle', ['p', 'resolve', 3]);
    const upgraded = owner.upgradeVat(owner.vat(nameOf('watcher')).vatId, {
      bundleId,
      vatParameters: { version: 2 },
    });
    await owner.run({ waves: 1 });
    await owner.commit();
    expect(await upgraded).toEqual({ incarnationNumber: 1 });
    kernel = await shared.reopen();
    await kernel.upgradeVat(kernel.vat(nameOf('watcher')).vatId, {
      bundleId,
      vatParameters: { version: 3 },
    });
    expect(await getLog()).toEqual([[2, 'fulfilled', 3, 'a']]);
  });

  const resultsOfMessages =
    'watches: results of messages that come to the successor itself -> told';
  test(resultsOfMessages, { tags: ['thorough'] }, async () => {
    const promise = await make('p');
    await call('watcher', 'watchSend', promise, 'hang', [], 'a');
    await call('watcher', 'watchSend', promise, 'getLog', [], 'b');
    await upgrade(2);
    await settle('resolve', root('watcher'));
    await reopen();
    await upgrade(3);
    expect(await getLog()).toEqual([
      [2, 'fulfilled', [], 'b'],
      [3, 'rejected', disconnected(2), 'a'],
    ]);
  });

  const aRestartAfter = 'watches: a restart after every step or none -> the same block hash';
  test(aRestartAfter, { tags: ['thorough'] }, async () => {
    const steps = [
      () => call('watcher', 'watchOwn', 'a'),
      async () => call('watcher', 'watch', await make('p'), 'b'),
      () => upgrade(2),
      () => call('watcher', 'watchOwn', 'c'),
      () => settle('resolve', 1),
      () => upgrade(3),
      () => getLog(),
    ];
    const run = async (restarting: boolean): Promise<string> => {
      await beAlone();
      for (const step of steps) {
        await step();
        if (restarting) await reopen();
      }
      expect(await getLog()).toHaveLength(3);
      return kernel.blockHash;
    };
    expect(await run(true)).toBe(await run(false));
  });

  test('watches: the upgrade fails -> promise and watch go on as before', async () => {
    await call('watcher', 'watchOwn', 'a');
    await call('watcher', 'watch', await make('p'), 'b');
    await expect(upgrade(2, { fail: true })).rejects.toThrow('version is broken');
    await reopen();
    await call('watcher', 'settle', 'resolve', 'mine');
    await settle('resolve', 'theirs');
    expect(await getLog()).toEqual([
      [1, 'fulfilled', 'mine', 'a'],
      [1, 'fulfilled', 'theirs', 'b'],
    ]);
  });

  test('watches: watched again by every version -> told once', { tags: ['thorough'] }, async () => {
    const promise = await make('p');
    for (const version of [2, 3, 4]) await upgrade(version, { promise });
    await settle('resolve', 1);
    expect(await getLog()).toEqual([[4, 'fulfilled', 1, 'again']]);
  });

  const aWatchedOwn = 'watches: a watched own promise in vatParameters -> its name is valid still';
  test(aWatchedOwn, { tags: ['thorough'] }, async () => {
    const { promise } = (await call('watcher', 'watchOwn', 'a')) as Held;
    await upgrade(2, { promise });
    expect(await getLog()).toEqual([
      [2, 'rejected', disconnected(1), 'a'],
      [2, 'rejected', disconnected(1), 'again'],
    ]);
  });

  test('watches: already settled when watched, also while the vat starts -> told', async () => {
    const promise = await make('p');
    await settle('resolve', 1);
    await call('watcher', 'watch', promise, 'a');
    await upgrade(2, { promise });
    expect(await getLog()).toEqual([
      [1, 'fulfilled', 1, 'a'],
      [2, 'fulfilled', 1, 'again'],
    ]);
  });

  test('watches: the decider is terminated -> rejected', async () => {
    await call('watcher', 'watch', await make('p'), 'a');
    await upgrade(2);
    await kernel.terminateVat(kernel.vat(nameOf('holder')).vatId);
    expect(await getLog()).toEqual([[2, 'rejected', Error('vat terminated'), 'a']]);
  });

  test('watches: all have settled, in three incarnations -> no row is left of them', async () => {
    await beAlone();
    const { promise } = (await call('watcher', 'watchOwn', 'a')) as Held;
    kernel.release(promise);
    for (const [i, name] of ['p', 'q', 'r'].entries()) {
      await call('watcher', 'watchSend', root('holder'), 'result', [name]);
      await upgrade(i + 2);
      if (name === 'q') await call('holder', 'settle', 'p', 'resolve', 1);
    }
    for (const name of ['q', 'r']) await call('holder', 'settle', name, 'reject', 1);
    expect(await getLog()).toHaveLength(4);
    const vatIds = kernel.vats().map(({ vatId }) => vatId);
    await kernel.close();
    const reader = openReader({ directory: ownDirectory!, readersMax: 100 });
    const view = reader.begin();
    const count = (table: 'kernel' | 'vatstore', prefix: string): number =>
      view.keysAfter(table, prefix, prefixEnd(prefix), 100).length;
    for (const vatId of vatIds) {
      const vat = Number(vatId.slice(1));
      expect(count('kernel', clistKrefKindPrefix(vat, KREF_PROMISE))).toBe(0);
      expect(count('vatstore', vatstoreKey(vat, ROW_WATCH_PREFIX))).toBe(0);
    }
    // The host may ask again for the result of its last call.
    expect(count('kernel', PROMISE_PREFIX)).toBe(1);
    view.done();
    await reader.close();
  });

  test('watches: misuse -> a line in the log, the vat goes on', async () => {
    await call('watcher', 'misuse', await make('p'));
    expect(await getLog()).toEqual([]);
    expect(logged.map(({ text }) => text).join('\n')).toContain(
      'promise watcher must be a virtual object',
    );
  });
});

describe('settlements', () => {
  beforeEach(async () => {
    await create('looker', 'promises/looker.js');
  });

  test('rejections: data of every kind, thrown or by promise -> arrives as it was', async () => {
    const reasons = [
      ...[undefined, null, true, 7, NaN, -Infinity, 10n ** 40n, 'text', Symbol.iterator],
      ...[[1, [2]], { a: { b: 1 } }, root('looker'), { o: root('holder') }],
      ...[Error('plain'), TypeError('typed')],
    ];
    for (const [i, reason] of reasons.entries()) {
      await expect(call('holder', 'throw', reason), `thrown ${i}`).rejects.toEqual(reason);
      const { promise } = (await call('holder', 'make', `r${i}`)) as Held;
      await call('holder', 'settle', `r${i}`, 'reject', reason);
      await expect(kernel.settlement(promise), `rejected ${i}`).rejects.toEqual(reason);
    }
  });

  test('results: promises inside data -> each settles by itself, pipelined or not', async () => {
    const asked = kernel.send(root('looker'), 'ask', [root('holder'), 'make', ['p']]);
    await call('holder', 'settle', 'p', 'resolve', { deep: 1 });
    expect(await asked.result).toEqual({ deep: 1 });
    const result = kernel.send(root('holder'), 'result', ['q']);
    await call('holder', 'settle', 'q', 'reject', 'late');
    await expect(result.result).rejects.toBe('late');
  });

  test('results: a promise for a promise of another vat -> follows it', async () => {
    await create('other', 'promises/holder.js');
    await call('other', 'settle', 'outer', 'resolve', await make('p'));
    const outer = kernel.send(root('other'), 'result', ['outer']);
    await call('holder', 'settle', 'p', 'resolve', 'inner');
    expect(await outer.result).toBe('inner');
  });

  type Cycle = readonly [
    title: string,
    edges: readonly (readonly [name: string, next: readonly string[]])[],
    seen: readonly string[],
  ];
  const small: readonly Cycle[] = [
    ['to itself', [['a', ['a']]], ['a', 'a', 'a', 'a']],
    ['of two', [['a', ['b']], ['b', ['a']]], ['a', 'b', 'a', 'b']],
  ];
  const great: readonly Cycle[] = [
    ['of three', [['a', ['b', 'c']], ['b', ['c']], ['c', ['a', 'b']]], ['a', 'b', 'c', 'a']],
  ];
  const walk = async (_: string, edges: Cycle[1], seen: Cycle[2]): Promise<void> => {
    const seenBefore = await make('a');
    const walking = kernel.send(root('looker'), 'walk', [seenBefore, 4]);
    for (const [name, next] of edges) await call('holder', 'settleWith', name, 'resolve', next);
    expect(await walking.result).toEqual(seen);
    await reopen();
    expect(await call('looker', 'walk', await make('a'), 4)).toEqual(seen);
  };
  const WALKED = 'cycles in data: %s, settled before or after -> seen';
  test.each(great)(WALKED, walk);
  test.each(small)(WALKED, { tags: ['thorough'] }, walk);

  test('virtual collections: promises as values -> the same ones, also when settled', async () => {
    await call('looker', 'put', 'k', await make('p'));
    const got = kernel.send(root('looker'), 'get', ['k']);
    await call('holder', 'settle', 'p', 'resolve', 9);
    expect(await got.result).toEqual([9, true]);
    await reopen();
    expect(await call('looker', 'get', 'k')).toEqual([9, true]);
  });

  test('promises settled while a vat starts -> settled for others and watched', async () => {
    const parameters = (key: string) => ({ looker: root('looker'), key });
    const early = await shared.create('promises/early.js', { vatParameters: parameters('k') });
    names.set('early', early.name);
    const { vatId, bundleId } = early;
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: parameters('l') });
    await reopen();
    for (const key of ['k', 'l']) {
      expect(await call('looker', 'get', key)).toEqual([key, true]);
      expect(await call('early', 'seen', key)).toBe(key);
    }
  });

  test('unhandled rejections in a vat -> logged, nothing else', async () => {
    await call('looker', 'forget', Error('nobody looks'));
    expect(logged.some(({ text }) => text.includes('nobody looks'))).toBe(true);
    expect(await call('looker', 'walk', undefined, 1)).toEqual([]);
    expect(kernel.vats().map(({ name }) => name).sort()).toEqual(
      ['holder', 'looker'].map(nameOf).sort(),
    );
  });
});
