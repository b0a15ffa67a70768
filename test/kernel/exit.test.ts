/** `vatPowers.exitVat` and `exitVatWithFailure`: a vat ends itself, and nothing else. */
import type { CreatedVat, Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const TERMINATED = Error('vat terminated');

/** One kernel for all tests. A leaver that has not left is the next test's. */
const shared = useSharedKernel({
  keeps: name => name === 'leaver',
  begin: async ({ kernel }) => {
    const bundleId = await shared.install('promises/holder.js');
    await kernel.createVat({ name: 'holder', bundleId });
  },
  end: async () => {
    const names = shared.kernel.vats().map(({ name }) => name);
    expect(names.filter(name => name !== 'leaver')).toEqual(['holder']);
    await expectHolderWorks();
  },
});

let kernel: Kernel;
let leaver: CreatedVat;
let holder: VatReference;
let leaverId: string;
/** How often `leaver` has counted. */
let calls = 0;
/** The names of promises of this test's own. */
let p: string;

const makeLeaver = async (): Promise<void> => {
  leaver = await kernel.createVat({ name: 'leaver', bundleId: leaverId });
  calls = 0;
};
beforeEach(async () => {
  ({ kernel } = shared);
  leaverId = await shared.install('services/leaver.js');
  holder = kernel.vat('holder').root;
  const left = shared.find('leaver');
  if (left === undefined) await makeLeaver();
  else leaver = left;
  p = shared.takeName('p');
});

const faults = (): readonly string[] => shared.faults;
const make = async (name: string): Promise<VatReference> =>
  ((await kernel.call(holder, 'make', [name])) as { promise: VatReference }).promise;
/** The vat settles `p` with its messages: by which it was settled tells which of them left. */
const leave = (how: string, info: unknown): Promise<unknown> => {
  const settle = (value: string) => [p, 'resolve', value];
  const args = [how, info, holder, 'settle', settle('before'), settle('after')];
  return kernel.call(leaver.root, 'leave', args);
};
const expectCounts = async (): Promise<void> => {
  calls += 1;
  expect(await kernel.call(leaver.root, 'countCalls')).toBe(calls);
};
const expectHolderWorks = async (): Promise<void> => {
  const { root } = shared.kernel.vat('holder');
  const later = shared.takeName('later');
  await shared.kernel.call(root, 'settle', [later, 'resolve', 1]);
  expect(await shared.kernel.call(root, 'result', [later])).toBe(1);
};
/**
 * The vat is gone, the others are not, and its name is free. That it stays so after a restart is
 * asserted when all tests are through.
 */
const expectGone = async (): Promise<void> => {
  await expect(kernel.call(leaver.root, 'countCalls')).rejects.toEqual(TERMINATED);
  expect(kernel.vats().map(({ name }) => name)).toEqual(['holder']);
  expect(kernel.audit({ rows: true }).findings).toEqual([]);
  await expectHolderWorks();
  await makeLeaver();
  await expectCounts();
};

describe('exitVat', () => {
  test('exit: well -> the crank is committed, then the vat ends', async () => {
    const promise = await make(p);
    expect(await leave('well', { holder, promise })).toBe('left');
    expect(await kernel.settlement(promise)).toBe('before');
    expect(faults()).toEqual([]);
    await expectGone();
  });

  test('exit: badly -> the crank is undone, its result rejected, the vat ends', async () => {
    const promise = await make(p);
    await expect(leave('badly', Error('no more'))).rejects.toEqual(TERMINATED);
    await kernel.call(holder, 'settle', [p, 'resolve', 'by the host']);
    expect(await kernel.settlement(promise)).toBe('by the host');
    expect(faults()).toEqual(['EXIT_FAILURE: Error: no more']);
    await expectGone();
  });

  test.each(['well', 'badly'])('exit: %s -> what the vat still owed is rejected', async how => {
    const thing = (await kernel.call(leaver.root, 'makeThing')) as VatReference;
    const owed = kernel.send(leaver.root, 'open');
    await expect(leave(how, 1).catch(() => 'undone')).resolves.toBeDefined();
    await expect(owed.result).rejects.toEqual(TERMINATED);
    await expect(kernel.call(thing, 'ping')).rejects.toEqual(TERMINATED);
    await expectGone();
  });

  test.each(['well', 'badly'])('exit: %s, in a later crank -> the same', async how => {
    const leaving = kernel.call(leaver.root, 'leaveLater', [how, holder]);
    if (how === 'well') expect(await leaving).toBe(undefined);
    else await expect(leaving).rejects.toEqual(TERMINATED);
    await expectGone();
  });

  test('exit: messages behind it in the same wave -> rejected, whatever ran', async () => {
    const directory = await freshDirectory();
    const config = { vats: { leaver: { bundle: await fixture('services/leaver.js') } } };
    const owner = await kernelOver({ directory, blocks: 'host', config });
    await owner.run();
    await owner.commit();
    const { root } = owner.vat('leaver');
    const send = (method: string, ...args: unknown[]): Promise<unknown> =>
      owner.send(root, method, args).result;
    const counted = send('countCalls');
    const left = send('leaveTwice', 'well', 'badly');
    const refused = [send('countCalls'), send('open'), send('makeThing')];
    const settled = Promise.allSettled([counted, left, ...refused]);
    await owner.run();
    await owner.commit();
    const rejected = { status: 'rejected', reason: TERMINATED };
    expect(await settled).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: undefined },
      ...[rejected, rejected, rejected],
    ]);
  });

  /** `threads` 1: the bystander gets its turn once the leaver owes nothing any more. */
  test.each([
    ['well', 2],
    ['badly', 2],
    ['well', 1],
    ['badly', 1],
  ])('exit: %s, an endless loop behind it, %s threads -> does not run', async (how, threads) => {
    const bundle = await fixture('services/leaver.js');
    const config = { vats: { leaver: { bundle }, bystander: { bundle } } };
    const log: KernelLogEntry[] = [];
    const owner = await kernelOver({
      ...{ blocks: 'host', config, threads, log: entry => log.push(entry) },
      deliveryTimeoutMs: 20_000,
    });
    await owner.run();
    await owner.commit();
    const leaving = owner.vat('leaver').root;
    const bystander = owner.vat('bystander').root;
    const send = (to: VatReference, method: string, ...args: unknown[]): Promise<unknown> =>
      owner.send(to, method, args).result;
    const results = [
      send(leaving, 'countCalls'),
      send(bystander, 'countCalls'),
      send(leaving, 'leaveTwice', how, how),
      send(leaving, 'speak'),
      send(leaving, 'spin'),
      send(bystander, 'countCalls'),
    ];
    const settled = Promise.allSettled(results);
    await owner.run();
    await owner.commit();
    const rejected = { status: 'rejected', reason: TERMINATED };
    const fulfilled = (value: unknown) => ({ status: 'fulfilled', value });
    const left = how === 'well' ? fulfilled(undefined) : rejected;
    expect(await settled).toEqual([
      ...[fulfilled(1), fulfilled(1), left],
      ...[rejected, rejected, fulfilled(2)],
    ]);
    const faults = how === 'well' ? [] : ['EXIT_FAILURE: badly'];
    expect(log.map(({ text }) => text)).toEqual(faults);
    expect(owner.audit({ rows: true }).findings).toEqual([]);
  });

  test('exit: twice in a crank -> the first counts', async () => {
    const leaving = kernel.call(leaver.root, 'leaveTwice', ['badly', 'well']);
    await expect(leaving).rejects.toEqual(TERMINATED);
    expect(faults()).toEqual(['EXIT_FAILURE: badly']);
    await expectGone();
  });

  test('exit: what cannot be passed -> thrown to the vat, which goes on', async () => {
    const leaving = kernel.call(leaver.root, 'leaveWithSymbol', ['well']);
    await expect(leaving).rejects.toThrow(/unique/);
    await expectCounts();
  });

  test('exit: too large -> a failure that says so', async () => {
    const leaving = kernel.call(leaver.root, 'leaveWithText', ['well', 10_000_001]);
    await expect(leaving).rejects.toEqual(TERMINATED);
    expect(faults()).toEqual(['EXIT_FAILURE: Error: syscall capdata too large']);
    await expectGone();
  });

  test('exit: badly with references -> undone with the crank, the reason says so', async () => {
    await expect(leave('badly', { holder })).rejects.toEqual(TERMINATED);
    expect(faults()).toEqual([
      'EXIT_FAILURE: Error: the vat exited with a reason that mentions references',
    ]);
    await expectGone();
  });
});

describe('exits while a vat starts', () => {
  const inStart = [
    ['well', 'done', 'done'],
    ['badly', Error('no more'), Error('no more')],
    ['badly', undefined, undefined],
  ] as const;

  test.each(inStart)('exit: %s in a new vat -> not created', async (how, info, reason) => {
    const vatParameters = { how, info };
    const creating = kernel.createVat({ name: 'x', bundleId: leaverId, vatParameters });
    await expect(creating).rejects.toEqual(reason);
    expect(kernel.vats().map(({ name }) => name)).toEqual(['holder', 'leaver']);
    await kernel.createVat({ name: 'x', bundleId: leaverId });
  });

  test.each(inStart)('exit: %s in an upgrade -> undone', async (how, info, reason) => {
    await expectCounts();
    const options = { bundleId: leaverId, vatParameters: { how, info } };
    await expect(kernel.upgradeVat(leaver.vatId, options)).rejects.toEqual(reason);
    await expectCounts();
  });

  test('exit: with references -> an error that says so', async () => {
    const vatParameters = { how: 'well', info: { holder } };
    const creating = kernel.createVat({ name: 'x', bundleId: leaverId, vatParameters });
    await expect(creating).rejects.toThrow('exited with a reason that mentions references');
  });
});
