/** A vat end to end on real threads and a real store: calls, data, references, promises. */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

/** `relay` and what it talks to; each test talks of things of its own. */
const VATS = ['relay', 'other', 'third'];
const shared = useSharedKernel({
  begin: async ({ kernel: fresh }) => {
    const bundleId = await shared.install('relay.js');
    for (const name of VATS) await fresh.createVat({ name, bundleId });
  },
});

let kernel: Kernel;
let relay: VatReference;
let other: VatReference;

beforeEach(() => {
  ({ kernel } = shared);
  [relay, other] = ['relay', 'other'].map(name => kernel.vat(name).root) as [
    VatReference,
    VatReference,
  ];
});

describe('call', () => {
  test('a method returns data -> the call resolves to it, frozen', async () => {
    expect(await kernel.call(relay, 'add', [20n, 22n])).toBe(42n);
    const value = { list: [1, 'two', null, undefined, -0, NaN], nested: { big: 2n ** 90n } };
    const echoed = await kernel.call(relay, 'echo', [value]);
    expect(echoed).toEqual({ ...value, list: [1, 'two', null, undefined, 0, NaN] });
    expect(Object.isFrozen(echoed)).toBe(true);
  });

  test('a method throws -> the call rejects with an error of that name and message', async () => {
    const call = kernel.call(relay, 'fail', ['no such luck']);
    await expect(call).rejects.toThrow(TypeError);
    await expect(kernel.call(relay, 'fail', ['no luck'])).rejects.toThrow('no luck');
  });

  test('no such method -> the call rejects and names it; the vat goes on', async () => {
    await expect(kernel.call(relay, 'jump')).rejects.toThrow(/jump/);
    expect(await kernel.call(relay, 'add', [1, 1])).toBe(2);
  });

  test('an object is returned -> a reference that can be called and passed', async () => {
    const echo = (await kernel.call(relay, 'makeEcho')) as VatReference;
    expect(echo.type).toBe('object');
    expect(Object.isFrozen(echo)).toBe(true);
    expect(await kernel.call(echo, 'echo', ['hello'])).toBe('hello');
    expect(await kernel.call(relay, 'echo', [echo])).toBe(echo);
    const [inside] = (await kernel.call(relay, 'echo', [[echo]])) as [VatReference];
    expect(inside).toBe(echo);
  });

  test('calls at the same time -> each gets its own answer', async () => {
    const calls = Array.from({ length: 50 }, (_, i) => kernel.call(relay, 'add', [i, i]));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i));
  });
});

describe('promises', () => {
  test('a promise in data -> the host can wait for its settlement', async () => {
    const held = kernel.call(other, 'makePromise');
    const [promise] = (await kernel.call(relay, 'echo', [[relay]])) as [VatReference];
    expect(promise.type).toBe('object');
    await kernel.call(other, 'resolve', ['settled']);
    expect(await held).toBe('settled');
  });

  test('a message through another vat -> its result comes back', async () => {
    expect(await kernel.call(relay, 'forward', [other, 'add', [1, 2]])).toBe(3);
    await expect(kernel.call(relay, 'forward', [other, 'fail', ['far']])).rejects.toThrow('far');
  });

  test('a send to an unsettled promise -> delivered when it settles (pipelining)', async () => {
    const third = kernel.vat('third').root;
    // echo answers with `third` itself, and makeEcho is sent to that answer before it is there.
    const echo = await kernel.call(relay, 'pipeline', [other, 'echo', third, 'makeEcho']);
    expect(await kernel.call(echo as VatReference, 'echo', [7])).toBe(7);
  });

  test('a send to a promise that becomes data -> data is not callable', async () => {
    const call = kernel.call(relay, 'pipeline', [other, 'echo', 5, 'makeEcho']);
    await expect(call).rejects.toThrow(/makeEcho/);
  });

  test('a promise passed on -> watchers in another vat see it fulfilled and rejected', async () => {
    const held = kernel.send(relay, 'makePromise');
    kernel.send(relay, 'send', ['held', other, 'echo', [1]]);
    await kernel.call(relay, 'resolve', ['done']);
    expect(await held.result).toBe('done');
    const failing = kernel.send(relay, 'makePromise');
    await kernel.call(relay, 'reject', ['on purpose']);
    await expect(failing.result).rejects.toBe('on purpose');
    expect(await kernel.call(relay, 'getLog')).toEqual([['held', 'fulfilled', 1]]);
  });
});

describe('blocks', () => {
  test('a host that owns its blocks -> nothing is told before the commit', async () => {
    const owner = await kernelOver({ blocks: 'host' });
    const bundleId = install(owner, 'relay.js');
    while (owner.lastInput === 0) await new Promise(resolve => setImmediate(resolve));
    await owner.run();
    await owner.commit();
    const created = owner.createVat({ name: 'relay', bundleId: await bundleId });
    await owner.run();
    await owner.commit();
    const { root } = await created;
    const { result } = owner.send(root, 'add', [1, 2]);
    let told = false;
    void result.then(() => (told = true));
    expect(await owner.run()).toMatchObject({ waves: 1, deliveries: 1 });
    await new Promise(resolve => setImmediate(resolve));
    expect(told).toBe(false);
    const before = owner.blockHash;
    await owner.commit();
    expect(await result).toBe(3);
    expect(owner.blockHash).not.toBe(before);
  });
});
