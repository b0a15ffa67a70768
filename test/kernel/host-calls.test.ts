/**
 * What a host calls: checked at once between runs, and where it is taken while a run is in progress
 * (docs/host-calls.md).
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { ImageSource, Kernel, VatReference } from '@heirloom/kernel';
import { readImage } from '@heirloom/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { hostCallRows } from '../support/documents/host-call-rows.js';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

const ARCHIVE = fileURLToPath(new URL('../vats/relay.js', import.meta.url));
const NO_BUNDLE = `b1-${'0'.repeat(64)}`;

const archive = () => bundleOf(ARCHIVE, 'endoZipBase64');
const nextImage = (): ImageSource => {
  const source = `${readImage().source}// the next release\n`;
  return { id: createHash('sha256').update(source).digest('hex'), source };
};

/** The vat `relay`, v1, and a host object that nobody implements. */
const relayStore = preparedStore(async directory => {
  const kernel = await kernelOver({ directory, blocks: 'host' });
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('relay.js')));
  void kernel.registerHostObject('oracle');
  await settled(kernel, kernel.createVat({ name: 'relay', bundleId }));
  await kernel.close();
});

/** What an input gives, with a block of its own. */
const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

/** Calls are made in the turn in which a run begins, when there is something to run. */
const amidRun = async <T>(kernel: Kernel, call: () => Promise<T>): Promise<T> => {
  kernel.send(kernel.vat('relay').root, 'echo', [1]);
  const running = kernel.run();
  const called = call();
  called.catch(() => undefined);
  await running;
  return settled(kernel, called);
};

let directory: string;
let kernel: Kernel;
let root: VatReference;
let bundleId: string;
beforeEach(async () => {
  directory = await relayStore();
  kernel = await kernelOver({ directory, blocks: 'host' });
  ({ root, bundleId } = kernel.vat('relay'));
});

test('the page of host calls -> a row for each public method and getter, no other', async () => {
  const names: string[] = [];
  // The class and those that it extends.
  for (let at: object = Object.getPrototypeOf(kernel); at !== Object.prototype; ) {
    names.push(...Object.getOwnPropertyNames(at).filter(name => name !== 'constructor'));
    at = Object.getPrototypeOf(at) as object;
  }
  expect([...(await hostCallRows())].sort()).toEqual(names.sort());
});

type Refused = readonly [call: string, code: string, make: () => Promise<unknown>];

/** What the state forbids. */
const REFUSED: readonly Refused[] = [
  ['createVat, a taken name', 'NAME_TAKEN', () => kernel.createVat({ name: 'relay', bundleId })],
  [
    'createVat, no such bundle',
    'UNKNOWN_BUNDLE',
    () => kernel.createVat({ name: 'x', bundleId: NO_BUNDLE }),
  ],
  ['upgradeVat, no such vat', 'UNKNOWN_VAT', () => kernel.upgradeVat('v9', { bundleId })],
  [
    'upgradeVat, no such bundle',
    'UNKNOWN_BUNDLE',
    () => kernel.upgradeVat('v1', { bundleId: NO_BUNDLE }),
  ],
  ['rollbackVat', 'UNKNOWN_VAT', () => kernel.rollbackVat('v9')],
  ['forkVat, no such vat', 'UNKNOWN_VAT', () => kernel.forkVat('v9', { name: 'x' })],
  ['forkVat, a taken name', 'NAME_TAKEN', () => kernel.forkVat('v1', { name: 'relay' })],
  ['terminateVat', 'UNKNOWN_VAT', () => kernel.terminateVat('v9')],
  ['collectCycles', 'UNKNOWN_VAT', () => kernel.collectCycles('v9')],
  ['migrate', 'UNKNOWN_VAT', () => kernel.migrate({ vatId: 'v9' })],
  ['answerHostCall', 'BAD_ARGUMENT', async () => kernel.answerHostCall(9, { value: 1 })],
];

describe('what the state forbids:', () => {
  test('between runs -> refused at once, no input', async () => {
    const { lastInput } = kernel;
    for (const [call, code, make] of REFUSED) {
      await expect(make(), call).rejects.toMatchObject({ name: 'KernelError', code });
    }
    await settled(kernel, Promise.resolve());
    expect(kernel.lastInput).toBe(lastInput);
  });

  test('amid a run -> refused where each is taken; the state has it, too', async () => {
    const first = kernel.lastInput + 2;
    const callAll = () => Promise.allSettled(REFUSED.map(([, , make]) => make()));
    const all = await amidRun(kernel, callAll);
    expect(kernel.lastInput).toBe(first + REFUSED.length - 1);
    await kernel.close();
    kernel = await kernelOver({ directory, blocks: 'host' });
    for (const [at, [call, code]] of REFUSED.entries()) {
      const reason: unknown = { name: 'KernelError', code };
      expect(all[at], call).toMatchObject({ status: 'rejected', reason });
      await expect(kernel.resultOf(first + at), call).rejects.toThrow(RegExp(`^${code}: `));
    }
  });

  test('what is wrong whatever the state is -> at the call, amid a run too', async () => {
    const { lastInput } = kernel;
    await expect(
      amidRun(kernel, () => kernel.createVat({ name: 'no name', bundleId })),
    ).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    await expect(amidRun(kernel, () => kernel.terminateVat('relay'))).rejects.toMatchObject({
      code: 'UNKNOWN_VAT',
    });
    await expect(
      amidRun(kernel, () => kernel.terminateVat('v1', { first: true })),
    ).rejects.toMatchObject({ code: 'BAD_OPTION' });
    expect(kernel.lastInput).toBe(lastInput + 3);
  });
});

describe('amid a run:', () => {
  test('a name that becomes free, one that is taken -> as where it is taken', async () => {
    const ended = kernel.terminateVat('v1');
    const made = kernel.createVat({ name: 'other', bundleId });
    const running = kernel.run();
    const again = kernel.createVat({ name: 'relay', bundleId });
    const other = kernel.createVat({ name: 'other', bundleId });
    other.catch(() => undefined);
    await running;
    await settled(kernel, Promise.all([ended, made, again]));
    await expect(other).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(kernel.vats().map(({ name }) => name)).toEqual(['other', 'relay']);
  });

  test('a bundle that waits -> counts as installed for what is behind it', async () => {
    const bundle = await kernel.prepareBundle(await archive());
    const made = amidRun(kernel, () => {
      void kernel.installBundle(bundle);
      const dry = kernel.checkUpgrade('v1', { bundleId: bundle.bundleId });
      return Promise.all([dry, kernel.createVat({ name: 'b', bundleId: bundle.bundleId })]);
    });
    expect(await made).toMatchObject([{ ok: true }, { vatId: 'v2' }]);
  });

  test('what waits when the run has ended -> ahead of the next call', async () => {
    kernel.send(root, 'echo', [1]);
    const running = kernel.run();
    const bundle = await fixture('bank.js');
    const other = kernel.installBundle(bundle);
    await running;
    const { bundleId: bank } = await kernel.prepareBundle(bundle);
    const made = kernel.createVat({ name: 'bank', bundleId: bank });
    const clash = kernel.createVat({ name: 'relay', bundleId: bank });
    await expect(clash).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await settled(kernel, Promise.all([other, made]));
  });

  test('upgradeAll, migrate -> of the vats that run where it is taken', async () => {
    void kernel.createVat({ name: 'b', bundleId });
    const asked = amidRun(kernel, () => Promise.all([kernel.upgradeAll(), kernel.migrate()]));
    const [upgraded, { vats }] = await asked;
    expect(upgraded).toMatchObject([
      { vatId: 'v1', name: 'relay', succeeded: true, incarnationNumber: 1 },
      { vatId: 'v2', name: 'b', succeeded: true, incarnationNumber: 1 },
    ]);
    expect(vats.map(({ vatId }) => vatId)).toEqual(['v1', 'v2']);
  });

  test('an answer twice -> taken once; the host object is asked no more', async () => {
    const oracle = kernel.hostObject('oracle');
    const { result } = kernel.send(root, 'forward', [oracle, 'ask', []]);
    await settled(kernel, Promise.resolve());
    const [first, second] = [1, 2].map(value => () => kernel.answerHostCall(1, { value }));
    const both = amidRun(kernel, () => Promise.allSettled([first!(), second!()]));
    expect(await both).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'BAD_ARGUMENT' } },
    ]);
    await settled(kernel, Promise.resolve());
    expect([await result, kernel.hostCalls()]).toEqual([1, []]);
  });

  test('resultOf an input that waits -> as its own', async () => {
    const told = amidRun(kernel, () => {
      const { input, result } = kernel.send(root, 'add', [1, 2]);
      return Promise.all([result, kernel.resultOf(input)]);
    });
    expect(await told).toEqual([3, 3]);
    await expect(kernel.resultOf(kernel.lastInput + 1)).rejects.toMatchObject({
      code: 'NO_RESULT',
    });
  });

  const behind = 'behind a run that waits (it has begun: %s) -> not taken by it';
  test.each([false, true])(behind, async later => {
    const first = kernel.run();
    const second = kernel.run();
    if (later) await first;
    const { result } = kernel.send(root, 'echo', [1]);
    expect((await second).deliveries).toBe(0);
    expect((await kernel.run()).deliveries).toBeGreaterThan(0);
    await kernel.commit();
    expect(await result).toBe(1);
  });

  test('closed -> what waits is refused, what is called afterwards too', async () => {
    kernel.send(root, 'echo', [1]);
    const running = kernel.run();
    const { input, result } = kernel.send(root, 'echo', [2]);
    const calls = [result, kernel.resultOf(input), kernel.reapAll(), kernel.upgradeAll()];
    const closing = kernel.close();
    calls.push(kernel.createVat({ name: 'x', bundleId }), kernel.resultOf(1), kernel.commit());
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'KERNEL_CLOSED' } });
    }
    await Promise.all([running, closing]);
  });
});

describe('prepared:', () => {
  test('blocks of the host, what takes time is not prepared -> BAD_OPTION', async () => {
    const [bundle, { lastInput }] = [await archive(), kernel];
    await expect(kernel.installBundle(bundle)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('kernel.prepareBundle(bundle)') as string,
    });
    for (const given of [undefined, { image: nextImage() }]) {
      await expect(kernel.adoptImage(given)).rejects.toMatchObject({
        code: 'BAD_OPTION',
        message: expect.stringContaining('kernel.prepareImage({ image })') as string,
      });
    }
    await settled(kernel, Promise.resolve());
    expect(kernel.lastInput).toBe(lastInput);
  });

  test('a bundle and an image -> opaque; they land where they are called', async () => {
    const bundle = await kernel.prepareBundle(await archive());
    const image = await kernel.prepareImage({ image: nextImage() });
    expect([Object.keys(bundle), Object.keys(image)]).toEqual([['bundleId'], ['imageId']]);
    expect([bundle, image].every(Object.isFrozen)).toBe(true);
    const { lastInput } = kernel;
    const calls = Promise.all([kernel.installBundle(bundle), kernel.adoptImage(image)]);
    expect(kernel.lastInput).toBe(lastInput + 2);
    expect(await settled(kernel, calls)).toEqual([bundle.bundleId, image]);
  });

  test('an image before a bundle is installed -> takes it along', async () => {
    const image = await kernel.prepareImage({ image: nextImage() });
    const bundle = await kernel.prepareBundle(await archive());
    await settled(kernel, kernel.installBundle(bundle));
    await settled(kernel, kernel.adoptImage(image));
    const made = kernel.createVat({ name: 'b', bundleId: bundle.bundleId });
    const { root: relay } = await settled(kernel, made);
    expect(kernel.vat('b').imageId).toBe(image.imageId);
    expect(await settled(kernel, kernel.call(relay, 'add', [1, 2]))).toBe(3);
    await settled(kernel, kernel.upgradeVat('v1', { bundleId }));
    expect(kernel.vat('relay').imageId).toBe(image.imageId);
  });

  test('before or after a bundle is installed, replicas -> the same hashes', async () => {
    const hashes = [];
    for (const isBefore of [true, false]) {
      const replica = await kernelOver({ directory: await relayStore(), blocks: 'host' });
      const before = isBefore ? await replica.prepareImage({ image: nextImage() }) : undefined;
      void replica.installBundle(await replica.prepareBundle(await archive()));
      const image = before ?? (await replica.prepareImage({ image: nextImage() }));
      void replica.adoptImage(image);
      await replica.run();
      hashes.push(await replica.commit());
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('by another kernel, or by this one before it was closed -> BAD_ARGUMENT', async () => {
    const bundle = await kernel.prepareBundle(await archive());
    const image = await kernel.prepareImage();
    await kernel.close();
    const again = await kernelOver({ directory, blocks: 'host' });
    const { lastInput } = again;
    await expect(again.installBundle(bundle)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'another kernel has prepared it: call prepareBundle of this one',
    });
    await expect(again.adoptImage(image)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    expect(again.lastInput).toBe(lastInput);
    await expect(kernel.prepareImage()).rejects.toMatchObject({ code: 'KERNEL_CLOSED' });
  });

  test('blocks of the kernel -> prepared things are taken, too', async () => {
    const own = await kernelOver({ directory: await relayStore() });
    const bundle = await own.prepareBundle(await archive());
    expect(await own.installBundle(bundle, { name: 'relay' })).toBe(bundle.bundleId);
    const image = await own.prepareImage({ image: nextImage() });
    expect(await own.adoptImage(image)).toEqual(image);
    expect(own.imageId).toBe(image.imageId);
    await expect(own.prepareImage({ img: 1 } as never)).rejects.toMatchObject({
      code: 'BAD_OPTION',
    });
  });
});
