/**
 * Durable promises: unresolved across upgrades, settled by whichever incarnation; a call that is
 * answered with one survives.
 */
import { inspectStore } from '@heirloom/kernel';
import type { CreatedVat, Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

/** Promises that come and go; every other one lives through an upgrade. */
const ROUNDS = amount({ quick: 2, thorough: 5 });

const shared = useSharedKernel();

interface Scene {
  kernel: Kernel;
  readonly promiser: CreatedVat & { readonly name: string };
  relay: VatReference;
  call(method: string, ...args: unknown[]): Promise<unknown>;
  upgrade(vatParameters?: unknown): Promise<unknown>;
  reopen(options?: Partial<KernelOptions>): Promise<void>;
}

const scene = async (): Promise<Scene> => {
  const promiser = await shared.create('promises/promiser.js');
  const relay = await shared.create('relay.js');
  const { bundleId, vatId, name } = promiser;
  const stage: Scene = {
    kernel: shared.kernel,
    promiser,
    relay: relay.root,
    call: (method, ...args) => stage.kernel.call(stage.kernel.vat(name).root, method, args),
    upgrade: vatParameters => stage.kernel.upgradeVat(vatId, { bundleId, vatParameters }),
    reopen: async options => {
      stage.kernel = await shared.reopen(options);
      stage.relay = stage.kernel.vat(relay.name).root;
    },
  };
  return stage;
};
const rootOf = ({ kernel, promiser }: Scene): VatReference => kernel.vat(promiser.name).root;
/** Has the relay ask, so that another vat waits; its log says what it got. */
const ask = (stage: Scene, name: string, method: string, ...args: unknown[]): Promise<unknown> =>
  stage.kernel.call(stage.relay, 'send', [name, rootOf(stage), method, args]);
const logOf = async (stage: Scene): Promise<unknown> => stage.kernel.call(stage.relay, 'getLog');

describe('durable promises:', () => {
  test('a call that waits while its vat is upgraded -> the last answers', async () => {
    const stage = await scene();
    await ask(stage, 'slow', 'wait', 'a');
    const host = stage.kernel.send(stage.promiser.root, 'wait', ['a']).result;
    await ask(stage, 'lost', 'waitInHeap');
    for (let n = 0; n < 3; n += 1) await stage.upgrade();
    expect(await logOf(stage)).toEqual([
      ['lost', 'rejected', expect.objectContaining({ name: 'vatUpgraded' })],
    ]);
    await stage.call('settle', 'a', 42);
    expect(await host).toBe(42);
    expect(await logOf(stage)).toEqual([expect.anything(), ['slow', 'fulfilled', 42]]);
    // Settled for good; who asks later is answered at once.
    await stage.call('settle', 'a', 43);
    expect(await stage.call('wait', 'a')).toBe(42);
    await stage.upgrade();
    expect(await stage.call('wait', 'a')).toBe(42);
  });

  test('a promise that others were given -> settles for them, messages to it go on', async () => {
    const stage = await scene();
    await stage.kernel.call(stage.relay, 'forward', [stage.promiser.root, 'give', ['a']]);
    const given = (await stage.call('give', 'a')) as { readonly promise: VatReference };
    const settled = stage.kernel.settlement(given.promise);
    await ask(stage, 'same', 'isSame', 'a', given.promise);
    await stage.upgrade();
    // The successor sees the promise that its predecessor gave away.
    await ask(stage, 'still', 'isSame', 'a', given.promise);
    await stage.kernel.call(stage.relay, 'send', ['queued', given.promise, 'echo', ['x']]);
    await stage.upgrade();
    await stage.call('settle', 'a', stage.relay);
    expect(await settled).toEqual(stage.relay);
    expect(await logOf(stage)).toEqual([
      ['same', 'fulfilled', true],
      ['still', 'fulfilled', true],
      ['queued', 'fulfilled', 'x'],
    ]);
  });

  test('rejected, by its resolver, which another vat holds -> so', async () => {
    const stage = await scene();
    const resolver = (await stage.call('resolverOf', 'a')) as VatReference;
    await ask(stage, 'slow', 'wait', 'a');
    await stage.upgrade();
    await stage.kernel.call(resolver, 'reject', ['no']);
    await stage.kernel.call(resolver, 'resolve', [1]);
    expect(await logOf(stage)).toEqual([['slow', 'rejected', 'no']]);
    await expect(stage.kernel.call(resolver, 'getPromise')).rejects.toBe('no');
  });

  test('settled with what is not durable -> for as long as the heap lasts', async () => {
    const stage = await scene();
    await ask(stage, 'slow', 'wait', 'a');
    await stage.call('settleWithHeap', 'a');
    expect(await stage.call('wait', 'a')).toBeDefined();
    expect(await logOf(stage)).toEqual([['slow', 'fulfilled', expect.anything()]]);
    await stage.upgrade();
    await expect(stage.call('wait', 'a')).rejects.toThrow('settled with what is not durable');
  });

  const following = 'resolved to a promise -> follows it; an upgrade forgets that';
  test(following, { tags: ['thorough'] }, async () => {
    const stage = await scene();
    const promiseOf = async (name: string): Promise<VatReference> =>
      ((await stage.call('give', name)) as { readonly promise: VatReference }).promise;
    for (const [name, other] of [['a', 'b'], ['c', 'd']] as const) {
      await ask(stage, name, 'wait', name);
      await stage.call('follow', name, await promiseOf(other));
      // It is resolved, if not settled: what comes now is ignored.
      await stage.call('settle', name, 'ignored');
    }
    await stage.call('settle', 'b', 1);
    expect(await logOf(stage)).toEqual([['a', 'fulfilled', 1]]);
    await stage.upgrade();
    await stage.call('settle', 'd', 2);
    expect(await logOf(stage)).toEqual([['a', 'fulfilled', 1]]);
    await stage.call('settle', 'c', 3);
    expect(await logOf(stage)).toEqual([['a', 'fulfilled', 1], ['c', 'fulfilled', 3]]);
  });

  test('watched -> the watcher is told once, by the incarnation that settles it', async () => {
    const stage = await scene();
    await stage.call('watch', 'a');
    await stage.upgrade();
    await stage.upgrade();
    await stage.call('settle', 'a', 7);
    await stage.kernel.idle();
    expect(await stage.call('getTold')).toEqual([['a', 7]]);
    await stage.call('watch', 'b');
    await stage.call('settle', 'b', 8);
    expect(await stage.call('getTold')).toEqual([['a', 7], ['b', 8]]);
  });

  test('an upgrade that fails -> the predecessor settles it', async () => {
    const stage = await scene();
    await ask(stage, 'slow', 'wait', 'a');
    await expect(stage.upgrade({ fail: true })).rejects.toThrow('it does not start');
    await stage.call('settle', 'a', 1);
    expect(await logOf(stage)).toEqual([['slow', 'fulfilled', 1]]);
  });

  test('restarts, one vat online at a time -> all the same', { tags: ['thorough'] }, async () => {
    const stage = await scene();
    await stage.reopen({ maxVatsOnline: 1 });
    await ask(stage, 'slow', 'wait', 'a');
    const reopen = async (): Promise<void> => {
      await stage.kernel.idle();
      await stage.reopen({ maxVatsOnline: 1 });
      expect(stage.kernel.vats().every(({ replayable }) => replayable)).toBe(true);
    };
    const log = () => logOf(stage);
    await reopen();
    await stage.upgrade();
    await reopen();
    expect(await log()).toEqual([]);
    await stage.call('settle', 'a', 1);
    expect(await log()).toEqual([['slow', 'fulfilled', 1]]);
    await reopen();
    expect(await stage.call('wait', 'a')).toBe(1);
  });

  test('the vat ends -> they are rejected like any other', async () => {
    const stage = await scene();
    await ask(stage, 'slow', 'wait', 'a');
    await stage.upgrade();
    await stage.kernel.terminateVat(stage.promiser.vatId);
    const log = (await logOf(stage)) as unknown[][];
    expect(log[0]).toEqual(['slow', 'rejected', expect.objectContaining({})]);
    expect(String(log[0]![2])).toContain('vat terminated');
  });

  test('settled and forgotten -> no row of them is left', { tags: ['sized'] }, async () => {
    const stage = await scene();
    const rows = async (): Promise<number> => {
      await stage.upgrade();
      await stage.kernel.idle();
      const { vats } = await inspectStore(shared.directory);
      return vats.find(({ name }) => name === stage.promiser.name)!.rows.rows;
    };
    await stage.call('settle', 'warm', 1);
    await stage.call('forget', 'warm');
    const before = await rows();
    for (let n = 0; n < ROUNDS; n += 1) {
      await ask(stage, `p${n}`, 'wait', `p${n}`);
      if (n % 2 === 0) await stage.upgrade();
      await stage.call('settle', `p${n}`, n);
      await stage.call('forget', `p${n}`);
    }
    expect(await rows()).toBe(before);
  });
});
