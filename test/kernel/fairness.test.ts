/**
 * A vat that floods, or that goes round in circles, and everybody else: how many cranks, waves and
 * bytes stand between a call and its answer. Counts only: how long they take is the machine's.
 */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { hostWays, openKernelOver } from '@heirloom/kernel/over';
import { describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';
import { amount } from '../support/suite/amounts.js';

/** Calls that are made beside a vat that goes round in circles. */
const CALLS = 5;
/** Of a kernel whose clock shows a millisecond more whenever it is looked at. */
const CRANKS_MAX = 200;
/** More than a quarter of a wave: the queue is shared. */
const FLOOD = amount({ quick: 900, thorough: 5_000 });
const MEGABYTE = 1_000_000;

/** A kernel that owns its blocks, and whose clock goes by how often it looks at it. */
const countedKernel = async (): Promise<Kernel> => {
  const ways = hostWays(await freshDirectory());
  let now = 0;
  const clock = { ...ways.clock, nowMs: () => (now += 1) };
  return openKernelOver({ ...ways, clock }, { spareThreads: 0, log: () => undefined });
};

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

const rootOf = (kernel: Kernel, name: string): VatReference => kernel.vat(name).root;

describe('a kernel that owns its blocks:', () => {
  const CIRCLES = {
    'messages to an object that is dead': `const again = () => E($.dead).run().then(again, again);
      again(); 0`,
    'messages to and from another': `const again = () => E($.echo).run('0').then(again);
      again(); 0`,
  };

  test.each(Object.entries(CIRCLES))('%s, for ever -> calls are answered', async (_name, code) => {
    const kernel = await countedKernel();
    const bundleId = await kernel.installBundle(await fixture('workbench.js'));
    for (const name of ['dead', 'echo', 'y', 'z']) await kernel.createVat({ name, bundleId });
    const known = ['dead', 'echo'].map(name => rootOf(kernel, name));
    await kernel.call(rootOf(kernel, 'y'), 'run', ['[$.dead, $.echo] = args; 0', known]);
    await kernel.terminateVat(kernel.vat('dead').vatId);
    await kernel.call(rootOf(kernel, 'y'), 'run', [code]);
    for (let n = 0; n < CALLS; n += 1) {
      const before = kernel.stats().cranks;
      expect(await kernel.call(rootOf(kernel, 'z'), 'run', ['6 * 7'])).toBe(42);
      expect(kernel.stats().cranks - before).toBeLessThan(CRANKS_MAX);
    }
    await kernel.terminateVat(kernel.vat('y').vatId);
    await kernel.idle();
    expect(kernel.audit().findings).toEqual([]);
    await kernel.close();
  });
});

describe('data of inputs:', () => {
  const largeTo = async (blocks: 'auto' | 'host') => {
    const kernel = await kernelOver({ blocks });
    const ended = async <T>(work: Promise<T>): Promise<T> => {
      if (blocks === 'auto') return work;
      await kernel.run();
      await kernel.commit();
      return work;
    };
    const bundle = await fixture('workbench.js');
    const bundleId = await ended(kernel.installBundle(bundle));
    const { root } = await ended(kernel.createVat({ name: 'x', bundleId }));
    const send = () => kernel.send(root, 'run', ['0', ['a'.repeat(9.9 * MEGABYTE)]]).result;
    return { kernel, root, send };
  };

  test('more than may be in memory -> refused, until what there is is durable', async () => {
    const { kernel, root, send } = await largeTo('auto');
    const taken = Array.from({ length: 6 }, send);
    expect(send).toThrow(/^inputs that are not durable yet have 594\d{5} bytes of data/);
    expect(await kernel.call(root, 'run', ['6 * 7'])).toBe(42);
    expect(await Promise.all(taken)).toEqual(Array(6).fill(0));
    expect(await send()).toBe(0);
  });

  test('of a host that owns its blocks -> none is refused', async () => {
    const { kernel, send } = await largeTo('host');
    const taken = Array.from({ length: 8 }, send);
    while ((await kernel.run()).waves > 0) await kernel.commit();
    expect(await Promise.all(taken)).toEqual(Array(8).fill(0));
  });
});

interface Scene {
  run(name: string, code: string, args?: readonly unknown[]): Promise<unknown>;
  /** Sends a snippet, and runs wave by wave until it is answered. Gives the waves. */
  waves(name: string, code: string): Promise<number>;
}

const sceneOf = async (replica: Replica, names: readonly string[]): Promise<Scene> => {
  const bundle = await fixture('workbench.js');
  const bundleId = await replica.settle(replica.kernel.installBundle(bundle));
  for (const name of names) await replica.settle(replica.kernel.createVat({ name, bundleId }));
  const root = (name: string): VatReference => rootOf(replica.kernel, name);
  const send = (name: string, code: string, args: readonly unknown[]): number =>
    replica.kernel.send(root(name), 'run', [code, args]).input;
  return {
    run: (name, code, args = []) =>
      replica.settle(replica.kernel.call(root(name), 'run', [code, args])),
    async waves(name, code) {
      const input = send(name, code, []);
      for (let waves = 1; waves < 100; waves += 1) {
        await replica.block(1);
        const answer = await Promise.race([replica.kernel.resultOf(input), turn()]);
        if (answer === 'answered') return waves;
      }
      throw Error('it is not answered');
    },
  };
};

describe('replicas:', { tags: ['sized'] }, () => {
  test('a flood of small messages to whom others call -> these calls pass', async () => {
    const counts = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['x', 'y', 'z']);
      const known = [rootOf(replica.kernel, 'z')];
      for (const name of ['x', 'y']) await scene.run(name, '[$.z] = args; 0', known);
      const flood = `for (let n = 0; n < ${FLOOD}; n += 1) E($.z).run('0'); 0`;
      void replica.kernel.send(rootOf(replica.kernel, 'y'), 'run', [flood]);
      await replica.block(1);
      const waves = [
        await scene.waves('z', "'answered'"),
        await scene.waves('x', "E($.z).run(\"'answered'\")"),
      ];
      const left = replica.kernel.stats().runQueueLength;
      await replica.settle(Promise.resolve());
      return { waves, left };
    });
    // To z and back to the host; to x, to z, back to x.
    expect(counts.waves).toEqual([1, 3]);
    expect(counts.left).toBeGreaterThan(FLOOD / 4);
  });

  test('large messages of a vat -> calls of others pass', { tags: ['thorough'] }, async () => {
    const counts = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['w', 'x', 'y']);
      await scene.run('y', '$.w = args[0]; 0', [rootOf(replica.kernel, 'w')]);
      const large = `for (let n = 0; n < 12; n += 1) {
        E($.w).run('0', ['a'.repeat(${5 * MEGABYTE})]);
      } 0`;
      void replica.kernel.send(rootOf(replica.kernel, 'y'), 'run', [large]);
      await replica.block(1);
      const waves = [await scene.waves('x', "'answered'"), await scene.waves('x', "'answered'")];
      const left = replica.kernel.stats().runQueueLength;
      await replica.settle(Promise.resolve());
      return { waves, left };
    });
    expect(counts.waves).toEqual([1, 1]);
    expect(counts.left).toBeGreaterThan(8);
  });

  test('large cranks in one wave -> what is behind them waits, and comes', async () => {
    const result = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['x', 'y']);
      const root = rootOf(replica.kernel, 'y');
      await scene.run('x', '[$.y] = args; 0', [root]);
      const write = `baggage.has('b') ? baggage.set('b', 'b'.repeat(${9 * MEGABYTE}))
        : baggage.init('b', 'a'.repeat(${9 * MEGABYTE}));
        $.count = ($.count ?? 0) + 1; [$.count, typeof args[0]]`;
      const all = `Promise.all([0, 1, 2, 3, 4].map(() =>
        E($.y).run(${JSON.stringify(write)}, [Far('thing', {})])))`;
      const { result: done } = replica.kernel.send(rootOf(replica.kernel, 'x'), 'run', [all]);
      done.catch(() => undefined);
      const left: number[] = [];
      for (let wave = 0; wave < 4; wave += 1) {
        await replica.kernel.run({ waves: 1 });
        left.push(replica.kernel.queued().filter(({ type }) => type === 'message').length);
      }
      await replica.settle(Promise.resolve());
      expect(replica.kernel.audit().findings).toEqual([]);
      expect(replica.kernel.vats().every(({ replayable }) => replayable)).toBe(true);
      return left;
    });
    // Each of them weighs more than a part may; names of what waits are given anew.
    expect(result).toEqual([5, 4, 3, 2]);
  });

  test('an upgrade behind large cranks -> it waits for what was sent before it', async () => {
    const outcome = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['x']);
      const { vatId, bundleId } = replica.kernel.vat('x');
      const write = `baggage.has('b') || baggage.init('b', ''); $.count = ($.count ?? 0) + 1;
        baggage.set('b', String($.count).repeat(${9 * MEGABYTE})); $.count`;
      const root = rootOf(replica.kernel, 'x');
      const sent = [0, 1, 2].map(() => replica.kernel.call(root, 'run', [write]));
      const upgraded = replica.kernel.upgradeVat(vatId, { bundleId });
      const after = replica.kernel.call(root, 'run', ['$.count ?? null']);
      await replica.settle(Promise.all([...sent, upgraded]));
      return [await Promise.all(sent), await after, await scene.run('x', '1')];
    });
    expect(outcome).toEqual([[1, 2, 3], null, 1]);
  });

  test('cranks of many syscalls -> a few in each wave, those of others all', async () => {
    const left = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['x', 'y', 'z']);
      const { vatId: flooding } = replica.kernel.vat('y');
      for (const name of ['x', 'y']) {
        await scene.run(name, '[$.z] = args; 0', [rootOf(replica.kernel, 'z')]);
      }
      const many = `for (let n = 0; n < 128; n += 1) E.sendOnly($.z).run('0'); 0`;
      const results: Promise<unknown>[] = [];
      const send = (name: string, code: string): void => {
        results.push(replica.kernel.send(rootOf(replica.kernel, name), 'run', [code]).result);
      };
      for (let n = 0; n < 11; n += 1) send('y', many);
      for (let n = 0; n < 100; n += 1) send('x', "E.sendOnly($.z).run('0'); 0");
      const counts: number[] = [];
      for (let wave = 0; wave < 3; wave += 1) {
        await replica.kernel.run({ waves: 1 });
        const waiting = replica.kernel.queued(10_000);
        counts.push(waiting.filter(({ vatId }) => vatId === flooding).length);
      }
      await replica.settle(Promise.resolve());
      expect(await Promise.all(results)).toEqual(Array(111).fill(0));
      expect(replica.kernel.audit().findings).toEqual([]);
      return counts;
    });
    // 128 sends and the result are 125 syscalls beyond the ordinary: five cranks weigh 2.5 MB.
    expect(left).toEqual([6, 1, 0]);
  });

  test('answers for which many messages wait -> a few in each wave', async () => {
    const lengths = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['y', 'z']);
      await scene.run('y', '[$.z] = args; 0', [rootOf(replica.kernel, 'z')]);
      const waiting = `for (let n = 0; n < 20; n += 1) {
        const answer = E($.z).run("Far('thing', { swallow: () => {} })");
        for (let m = 0; m < 400; m += 1) E.sendOnly(answer).swallow();
      } 0`;
      void replica.kernel.send(rootOf(replica.kernel, 'y'), 'run', [waiting]);
      const counts: number[] = [];
      for (let wave = 0; wave < 2; wave += 1) {
        await replica.kernel.run({ waves: 1 });
        counts.push(replica.kernel.queued(10_000).filter(({ type }) => type === 'message').length);
      }
      await replica.settle(Promise.resolve());
      expect(replica.kernel.audit().findings).toEqual([]);
      return counts;
    });
    // 400 messages are 800 KiB: the sixth answer fills a wave, in which their 2,400 are moved.
    expect(lengths).toEqual([20, 14 + 6 * 400]);
  });

  test('more bytes than may wait on one promise -> refused', { tags: ['thorough'] }, async () => {
    const refused = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['x', 'y']);
      const make = '$.all = []; harden([0, 1].map(() => new Promise(go => $.all.push(go))))';
      await scene.run('x', '[$.all] = args; $.why = []; 0', [await scene.run('y', make)]);
      const large = `for (const p of $.all) {
        E(p).run('0', ['a'.repeat(${9.9 * MEGABYTE})]).catch(e => $.why.push(e.message));
      } 0`;
      for (let n = 0; n < 7; n += 1) await scene.run('x', large);
      await scene.run('x', "$.why.push('settled'); 0");
      await scene.run('y', 'for (const go of $.all) go(args[0]); 0', [rootOf(replica.kernel, 'x')]);
      return scene.run('x', 'harden([...$.why])');
    });
    // Six fit on each promise, and six of the twelve into one crank.
    const why = 'too many messages wait on the promise';
    expect(refused).toEqual([why, why, 'settled', ...Array<string>(6).fill(why)]);
  });

  const settledApart = 'settled by several cranks of a wave -> as by one, for each sender';
  test(settledApart, { tags: ['thorough'] }, async () => {
    const outcomes = await inReplicas(async replica => {
      const scene = await sceneOf(replica, ['w', 'x', 'y']);
      const make = '$.go = []; harden([0, 1].map(() => new Promise(go => $.go.push(go))))';
      const promises = await scene.run('y', make);
      const keep = '$.all = args[0]; $.is = []; 0';
      for (const name of ['w', 'x']) await scene.run(name, keep, [promises]);
      const flood = (n: number, count: number): string =>
        `for (let n = 0; n < ${count}; n += 1) {
          E($.all[${n}]).run('0', ['a'.repeat(${9.9 * MEGABYTE})])
            .then(() => $.is.push('taken'), () => $.is.push('refused'));
        } 0`;
      await scene.run('x', flood(0, 6));
      await scene.run('x', flood(1, 5));
      await scene.run('w', flood(1, 1));
      const root = rootOf(replica.kernel, 'x');
      const settle = ['$.go[0](args[0]); 0', '$.go[1](args[0]); 0'];
      for (const code of settle) {
        void replica.kernel.send(rootOf(replica.kernel, 'y'), 'run', [code, [root]]);
      }
      await replica.settle(Promise.resolve());
      return [await scene.run('x', 'harden([...$.is])'), await scene.run('w', 'harden($.is)')];
    });
    expect(outcomes.map(list => [...(list as string[])].sort())).toEqual([
      [...Array<string>(5).fill('refused'), ...Array<string>(6).fill('taken')],
      ['taken'],
    ]);
  });
});
