/** A store under an engine that is not its own: refused, or adopted, as the guide says. */
import { verifyStore } from '@heirloom/kernel';
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { afterEach, describe, expect, test } from 'vitest';
import { freshDirectory, install } from '../support/kernels/fresh-kernels.js';
import { engineNamed, kernelUnder } from '../support/kernels/other-engines.js';

const OLD = engineNamed('v8 1, the old one', 'old');
const NEW = engineNamed('v8 2, the new one', 'new');
/** Called otherwise, and shows the same as OLD. */
const PATCHED = engineNamed('v8 1, patched', 'old');

const kernels: Kernel[] = [];
afterEach(async () => {
  const used = kernels.splice(0);
  for (const kernel of used) await kernel.close();
});

const open = async (engine: typeof OLD, options: KernelOptions): Promise<Kernel> => {
  const kernel = await kernelUnder(engine, options);
  kernels.push(kernel);
  return kernel;
};

const code = (name: string): unknown => expect.objectContaining({ code: name });

/** A bank that outlives everything, and a vat that does not start twice. */
const furnish = async (kernel: Kernel): Promise<VatReference> => {
  const bankId = await install(kernel, 'bank.js');
  const onceId = await install(kernel, 'upgrade/once.js');
  const relayId = await install(kernel, 'services/caller.js');
  const bank = await kernel.createVat({ name: 'bank', bundleId: bankId });
  const once = await kernel.createVat({ name: 'once', bundleId: onceId });
  const vatParameters = { target: once.root };
  await kernel.createVat({ name: 'caller', bundleId: relayId, vatParameters });
  const purse = await kernel.call(bank.root, 'makePurse', ['ada', 10]);
  await kernel.call(once.root, 'note', ['before']);
  return purse as VatReference;
};

const furnished = async (): Promise<{ directory: string; purse: string; height: number }> => {
  const directory = await freshDirectory();
  const kernel = await open(OLD, { directory });
  const { kref } = await furnish(kernel);
  await kernel.idle();
  const { height } = kernel;
  await kernel.close();
  return { directory, purse: kref, height };
};

const purseOf = async (kernel: Kernel): Promise<VatReference> =>
  (await kernel.call(kernel.vat('bank').root, 'getPurse', ['ada'])) as VatReference;

/** Has it settled by the time that nothing is left to do? */
const isOpen = async (kernel: Kernel, result: Promise<unknown>): Promise<boolean> => {
  await kernel.idle();
  const mark = {};
  return (await Promise.race([result, Promise.resolve(mark)])) === mark;
};

const onceAgain = (kernel: Kernel): Promise<unknown> => {
  const { vatId, bundleId } = kernel.vat('once');
  return kernel.upgradeVat(vatId, { bundleId, vatParameters: { again: true } });
};

describe('a store under another engine:', () => {
  test('opened -> ENGINE_MISMATCH names what differs, and nothing is changed', async () => {
    const { directory, height } = await furnished();
    const refused = expect.objectContaining({
      code: 'ENGINE_MISMATCH',
      message: expect.stringMatching(/patched|old one.*this is v8 2.*heirloom adopt-engine/) as string,
    }) as Error;
    await expect(open(NEW, { directory })).rejects.toThrow(refused);
    const kernel = await open(OLD, { directory });
    expect(kernel.height).toBe(height);
  });

  test('that shows the same -> opens, vats replayed, and is known from then on', async () => {
    const { directory } = await furnished();
    const kernel = await open(PATCHED, { directory });
    expect(await kernel.call(await purseOf(kernel), 'getBalance')).toBe(10);
    expect(kernel.vat('once').incarnation).toBe(0);
  });

  test('not adopted yet -> it shows what it holds, and takes nothing', async () => {
    const { directory, height } = await furnished();
    const kernel = await open(NEW, { directory, adoptEngine: true });
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bank', 'once', 'caller']);
    expect(kernel.audit().ok).toBe(true);
    const { root, vatId } = kernel.vat('bank');
    expect(() => kernel.send(root, 'getNames')).toThrow(code('ENGINE_NOT_ADOPTED') as Error);
    const refused = [
      () => kernel.call(root, 'getNames'),
      () => kernel.idle(),
      () => kernel.run(),
      () => kernel.commit(),
      () => kernel.terminateVat(vatId),
      () => kernel.adoptImage(),
    ];
    for (const call of refused) await expect(call()).rejects.toThrow(/call kernel.adoptEngine\(\)/);
    const findings = await kernel.adoptEngine({ dryRun: true });
    expect(findings.map(({ name, ok }) => [name, ok])).toEqual([
      ['bank', true],
      ['once', false],
      ['caller', true],
    ]);
    expect(findings[1]?.errors).toEqual(['Error: it has started before']);
    expect(kernel.height).toBe(height);
    await kernel.close();
    expect((await open(OLD, { directory })).height).toBe(height);
  });

  test('opened to adopt, never asked -> as it was; a kernel opened otherwise cannot', async () => {
    const { directory, height } = await furnished();
    await (await open(NEW, { directory, adoptEngine: true })).close();
    const kernel = await open(OLD, { directory });
    expect(kernel.height).toBe(height);
    await expect(kernel.adoptEngine()).rejects.toThrow(code('BAD_OPTION') as Error);
  });

  test('adopted -> every object alive, one vat stranded; its messages wait, in order', async () => {
    const { directory } = await furnished();
    const kernel = await open(NEW, { directory, adoptEngine: true });
    const { restarted, strandedCount, stranded } = await kernel.adoptEngine();
    expect([restarted, strandedCount]).toEqual([2, 1]);
    const { vatId, stranded: why, root } = kernel.vat('once');
    expect(stranded).toEqual([{ vatId, name: 'once', reason: 'Error: it has started before' }]);
    expect(why).toEqual({ reason: 'Error: it has started before' });
    expect(kernel.vats().map(({ incarnation }) => incarnation)).toEqual([1, 0, 1]);
    const purse = await purseOf(kernel);
    expect(await kernel.call(purse, 'deposit', [5])).toBe(15);

    const first = kernel.send(root, 'note', ['first']).result;
    const others = kernel.call(kernel.vat('caller').root, 'call', ['note', 'second']);
    expect(await isOpen(kernel, Promise.race([first, others]))).toBe(true);
    // The others go on.
    expect(await kernel.call(purse, 'deposit', [1])).toBe(16);
    expect(kernel.stats().runQueueLength).toBe(0);
    await kernel.close();
    await expect(first).rejects.toThrow(code('KERNEL_CLOSED') as Error);
    const verified = await verifyStore({ directory }).catch((error: unknown) => error);
    expect(verified).toMatchObject({ code: 'ENGINE_MISMATCH' });

    const again = await open(NEW, { directory });
    expect(again.vat('once').stranded).toEqual(why);
    await onceAgain(again);
    const { root: restartedRoot, stranded: none } = again.vat('once');
    expect(none).toBeUndefined();
    const notes = await again.call(restartedRoot, 'getNotes');
    expect(notes).toEqual(['before', 'first', 'second']);
    await again.idle();
    expect(again.audit({ rows: true })).toMatchObject({ ok: true, counts: { parked: 0 } });
    await again.close();
    await expect(open(OLD, { directory })).rejects.toThrow(code('ENGINE_MISMATCH') as Error);
  });

  test('a stranded vat ends -> what waited is rejected', async () => {
    const { directory } = await furnished();
    const kernel = await open(NEW, { directory, adoptEngine: true });
    await kernel.adoptEngine();
    const { vatId, root } = kernel.vat('once');
    const waits = kernel.send(root, 'note', ['never']).result;
    expect(await isOpen(kernel, waits)).toBe(true);
    await kernel.terminateVat(vatId);
    await expect(waits).rejects.toThrow('vat terminated');
    await kernel.idle();
    expect(kernel.audit({ rows: true })).toMatchObject({ ok: true, counts: { parked: 0 } });
  });

  test('a stranded vat: what needs its heap is refused; upgradeAll tries again', async () => {
    const { directory } = await furnished();
    const kernel = await open(NEW, { directory, adoptEngine: true });
    await kernel.adoptEngine();
    const { vatId, bundleId } = kernel.vat('once');
    const needs = /has no heap on this engine/;
    await expect(kernel.upgradeVat(vatId, { bundleId, mode: 'replay' })).rejects.toThrow(needs);
    await expect(kernel.forkVat(vatId, { name: 'fork' })).rejects.toThrow(needs);
    const [, tried] = await kernel.upgradeAll();
    expect(tried).toMatchObject({ name: 'once', succeeded: false });
    expect(kernel.vat('once').stranded).toEqual({ reason: 'Error: it has started before' });
    // Neither reaps nor sweeps nor migrations wait for it.
    await kernel.reapAll();
    await kernel.collectCycles();
    expect((await kernel.migrate()).vats.map(({ vatId: id }) => id)).not.toContain(vatId);
    await kernel.idle();
  });

  test('garbage of a stranded vat waits for it, and for nobody else', async () => {
    const directory = await freshDirectory();
    const old = await open(OLD, { directory });
    await furnish(old);
    const slip = (await old.call(old.vat('once').root, 'makeSlip', [1])) as VatReference;
    const purse = await purseOf(old);
    await old.idle();
    await old.close();
    const kernel = await open(NEW, { directory, adoptEngine: true });
    await kernel.adoptEngine();
    const objects = (): number => kernel.stats().tables.objects;
    const before = objects();
    for (const { kref } of [slip, purse]) kernel.release(kernel.reference(kref));
    await kernel.idle();
    expect(objects()).toBe(before - 1);
    await onceAgain(kernel);
    await kernel.idle();
    expect(objects()).toBe(before - 2);
  });

  test('the process ends amid the adoption -> the others are tried later', async () => {
    const directory = await freshDirectory();
    const old = await open(OLD, { directory, parameters: { waveLimit: 1 } });
    await furnish(old);
    await old.idle();
    await old.close();
    const options = { directory, blocks: 'host' } as const;
    const adopting = await open(NEW, { ...options, adoptEngine: true });
    void adopting.adoptEngine().catch(() => undefined);
    const { root } = adopting.vat('caller');
    const { input, result } = adopting.send(root, 'getLog');
    result.catch(() => undefined);
    await adopting.run({ waves: 1 });
    await adopting.commit();
    const reasons = (kernel: Kernel): unknown[] =>
      kernel.vats().map(({ stranded }) => (stranded === undefined ? 'runs' : stranded.reason));
    expect(reasons(adopting)).toEqual(['runs', null, null]);
    await adopting.close();
    const kernel = await open(NEW, options);
    expect(reasons(kernel)).toEqual(['runs', null, null]);
    await kernel.run();
    await kernel.commit();
    expect(reasons(kernel)).toEqual(['runs', 'Error: it has started before', 'runs']);
    expect(await kernel.resultOf(input)).toEqual([]);
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
    expect(await kernel.metrics()).toMatch(/heirloom_vats_stranded 1\n/);
  });

  test('its own engine adopted -> no vat is started anew', async () => {
    const { directory } = await furnished();
    const kernel = await open(PATCHED, { directory, adoptEngine: true });
    expect(await kernel.adoptEngine()).toEqual({ restarted: 0, strandedCount: 0, stranded: [] });
    expect(kernel.vats().map(({ incarnation }) => incarnation)).toEqual([0, 0, 0]);
    expect(await kernel.call(await purseOf(kernel), 'getBalance')).toBe(10);
  });

  test('replicas adopt at the same height, one dies amid it -> equal hashes', async () => {
    const hashes: string[][] = [];
    for (const dies of [false, true]) {
      const { directory } = await furnished();
      const options = { directory, blocks: 'host', adoptEngine: true } as const;
      let kernel = await open(NEW, options);
      if (dies) {
        void kernel.adoptEngine().catch(() => undefined);
        await kernel.run();
        await kernel.close();
        kernel = await open(NEW, options);
      }
      const adopted = kernel.adoptEngine();
      const first = kernel.send(kernel.vat('once').root, 'note', ['first']).result;
      first.catch(() => undefined);
      await kernel.run({ waves: 1 });
      const seen = [await kernel.commit()];
      await kernel.run();
      seen.push(await kernel.commit());
      expect((await adopted).restarted).toBe(2);
      void onceAgain(kernel);
      await kernel.run();
      seen.push(await kernel.commit());
      expect(await first).toBe(2);
      hashes.push(seen);
    }
    expect(hashes[1]).toEqual(hashes[0]);
  });
});
