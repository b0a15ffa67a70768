/** `@agoric/vow`, unmodified: vows watched across upgrades of who watches and of who decides. */
import type { CreatedVat, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const FILES = { provider: 'libraries/vow-provider.js', watcher: 'libraries/vow-watcher.js' };
type Name = keyof typeof FILES;

const shared = useSharedKernel();
let vats: Record<Name, CreatedVat>;
let provider: VatReference;

beforeEach(async () => {
  vats = {
    provider: await shared.create(FILES.provider, { vatParameters: { version: 1 } }),
    watcher: await shared.create(FILES.watcher, { vatParameters: { version: 1 } }),
  };
  provider = vats.provider.root;
});

const provide = (method: string, ...args: unknown[]) => shared.kernel.call(provider, method, args);
const ask = (method: string, ...args: unknown[]) =>
  shared.kernel.call(vats.watcher.root, method, args);
const send = (method: string, ...args: unknown[]) =>
  shared.kernel.send(vats.watcher.root, method, args);
const upgrade = async (name: Name, version = 2): Promise<void> => {
  const bundleId = await shared.install(FILES[name]);
  await shared.kernel.upgradeVat(vats[name].vatId, { bundleId, vatParameters: { version } });
};

/** After every message has been delivered. */
const log = async (): Promise<unknown> => {
  await shared.kernel.run();
  return ask('getLog');
};

describe('one incarnation', () => {
  test('watch, when, asPromise -> the value, the reason, the arguments', async () => {
    const good = await provide('make', 'good');
    const bad = await provide('make', 'bad');
    const result = await ask('watch', good, 'a', 1n);
    await ask('watch', bad, 'b');
    const waiting = ['when', 'asPromise'].map(method => send(method, good));
    expect(await log()).toEqual([]);
    await provide('resolve', 'good', 7n);
    await provide('reject', 'bad', 'no reason');
    expect(await log()).toEqual([
      ['fulfilled by 1', 7n, 'a', 1n],
      ['rejected by 1', 'no reason', 'b'],
    ]);
    expect(await Promise.all(waiting.map(({ result: each }) => each))).toEqual([7n, 7n]);
    expect(await ask('when', result)).toEqual(['seen', 7n]);
    expect(await ask('when', 'no vow')).toBe('no vow');
    await expect(ask('when', bad)).rejects.toBe('no reason');
    expect(await ask('when', await provide('asVow', 'value', false))).toBe('value');
    await expect(ask('when', await provide('asVow', 'thrown', true))).rejects.toThrow('thrown');
  });

  test('a vow of a vow -> shortened; a cycle -> refused', { tags: ['thorough'] }, async () => {
    const [a, b] = [await provide('make', 'a'), await provide('make', 'b')];
    const passed = await ask('passOn', 'passed', a);
    await provide('resolveToOther', 'a', 'b');
    await provide('resolve', 'b', 'end of the chain');
    expect(await ask('when', passed)).toBe('end of the chain');
    expect(await ask('when', b)).toBe('end of the chain');
    const c = await provide('make', 'c');
    await provide('make', 'd');
    await provide('resolveToOther', 'c', 'd');
    await provide('resolveToOther', 'd', 'c');
    await expect(ask('when', c)).rejects.toThrow('Vow resolution cycle detected');
    await ask('watch', c);
    expect(await log()).toContainEqual(['rejected by 1', 'Vow resolution cycle detected']);
  });
});

describe('upgrades', () => {
  test('the watching vat -> the new code is told, with the old arguments', async () => {
    const vow = await provide('make', 'vow');
    await ask('watch', vow, 'kept', [1n]);
    await upgrade('watcher');
    await provide('resolve', 'vow', 7n);
    expect(await log()).toEqual([['fulfilled by 2', 7n, 'kept', [1n]]]);
  });

  const thrice = 'the deciding vat, thrice -> watched again each time, fulfilled once';
  test(thrice, { tags: ['thorough'] }, async () => {
    const vow = await provide('make', 'vow');
    await ask('watch', vow, 'patient');
    const waiting = send('when', vow);
    for (const version of [2, 3, 4]) await upgrade('provider', version);
    expect(await log()).toEqual([]);
    await provide('resolve', 'vow', 7n);
    expect(await log()).toEqual([['fulfilled by 1', 7n, 'patient']]);
    expect(await waiting.result).toBe(7n);
  });

  const inTurn = 'both, in turn -> fulfilled once, and what was made of it as well';
  test(inTurn, { tags: ['thorough'] }, async () => {
    const vow = await provide('make', 'vow');
    const result = await ask('watch', vow, 'x');
    await ask('passOn', 'passed', result);
    for (const name of ['watcher', 'provider', 'watcher'] as const) await upgrade(name);
    await provide('resolve', 'vow', 7n);
    expect(await log()).toEqual([['fulfilled by 2', 7n, 'x']]);
    expect(await ask('result', 'passed')).toEqual(['seen', 7n]);
    expect(await ask('when', await provide('get', 'vow'))).toBe(7n);
  });

  const plain = 'a plain promise that the upgraded vat decided -> the disconnection';
  test(plain, { tags: ['thorough'] }, async () => {
    const disconnected = {
      name: 'vatUpgraded',
      upgradeMessage: 'vat upgraded',
      incarnationNumber: 0,
    };
    await ask('watchSend', provider, 'slow');
    await ask('watchOwn', 'own');
    await upgrade('provider');
    expect(await log()).toEqual([['rejected by 1', disconnected, 'slow']]);
    await upgrade('watcher');
    expect(await log()).toEqual([
      ['rejected by 1', disconnected, 'slow'],
      ['rejected by 2', disconnected, 'own'],
    ]);
  });

  const unstorable = 'a value that no store can keep -> there until the upgrade, then lost';
  test(unstorable, { tags: ['thorough'] }, async () => {
    const vow = await provide('make', 'vow');
    await provide('resolveToFar', 'vow');
    const value = (await ask('when', vow)) as VatReference;
    expect(await shared.kernel.call(value, 'hello')).toBe('hi');
    await upgrade('provider');
    await expect(ask('when', vow)).rejects.toThrow(/^Vow fulfillment value was not stored: /);
  });

  const together = 'all, allSettled -> the results of vows settled before, between and after';
  test(together, { tags: ['thorough'] }, async () => {
    const vows: unknown[] = [];
    for (const name of ['a', 'b', 'c']) vows.push(await provide('make', name));
    await provide('resolve', 'a', 1n);
    await ask('all', 'all', [...vows, 'plain']);
    await ask('allSettled', 'settled', [...vows, 'plain']);
    await upgrade('watcher');
    await provide('resolve', 'b', 2n);
    await upgrade('provider');
    await provide('resolve', 'c', 3n);
    expect(await ask('result', 'all')).toEqual([1n, 2n, 3n, 'plain']);
    expect(await ask('result', 'settled')).toEqual(
      [1n, 2n, 3n, 'plain'].map(value => ({ status: 'fulfilled', value })),
    );
  });

  const rejected = 'all with a rejection -> that reason, after an upgrade too';
  test(rejected, { tags: ['thorough'] }, async () => {
    const vows = [await provide('make', 'a'), await provide('make', 'b')];
    await ask('all', 'all', vows);
    await ask('allSettled', 'settled', vows);
    await upgrade('watcher');
    await provide('reject', 'b', 'no');
    await provide('resolve', 'a', 1n);
    await expect(ask('result', 'all')).rejects.toBe('no');
    expect(await ask('result', 'settled')).toEqual([
      { status: 'fulfilled', value: 1n },
      { status: 'rejected', reason: 'no' },
    ]);
  });
});

describe('retryable', () => {
  test('the vat that it asks is upgraded -> asked again', async () => {
    await ask('ask', 'answer', provider, 'key');
    await upgrade('provider');
    expect(await ask('result', 'answer')).toBe('key, call 1 of version 2');
  });

  const own = 'its own vat is upgraded -> run again by the new code';
  test(own, { tags: ['thorough'] }, async () => {
    // The library retries for a rising incarnation number, whichever vat it is of.
    await upgrade('provider', 1);
    await ask('ask', 'answer', provider, 'key');
    await upgrade('watcher');
    await upgrade('provider');
    expect(await ask('result', 'answer')).toBe('key, call 1 of version 2');
  });

  test('an argument that no store can keep -> a rejected vow', async () => {
    await ask('askWithFar', 'answer');
    await expect(ask('result', 'answer')).rejects.toThrow(/^retryable arguments must be storable/);
  });
});
