/** Drains: a vat's promises settle before its upgrade, while messages wait. */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

/** The bank's `depositAfter` waits for the gate, which `$.go()` opens. */
const GATE = `$.opened = new Promise(go => { $.go = go; });
  Far('gate', { open: () => $.opened })`;
/** Its gate asks the purse first: what a draining vat does not hear. */
const CALLBACK = `Far('gate', { open: () => E(args[0]).getBalance() })`;

interface Scene {
  readonly kernel: Kernel;
  readonly bundleId: string;
  readonly name: string;
  readonly bank: VatReference;
  readonly purse: VatReference;
  readonly bench: VatReference;
}

const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

/** The vat `bench`, and the bundle of banks. */
const stageIn = async (kernel: Kernel): Promise<{ readonly bundleId: string }> => {
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('bank.js')));
  const workbench = await settled(kernel, kernel.installBundle(await fixture('workbench.js')));
  await settled(kernel, kernel.createVat({ name: 'bench', bundleId: workbench }));
  return { bundleId };
};

/** A bank with a purse. */
const sceneIn = async (kernel: Kernel, bundleId: string, name = 'bank'): Promise<Scene> => {
  const { root: bank } = await settled(kernel, kernel.createVat({ name, bundleId }));
  const { root: bench } = kernel.vat('bench');
  const { result } = kernel.send(bank, 'makePurse', ['a', 1n]);
  const purse = (await settled(kernel, result)) as VatReference;
  return { kernel, bundleId, name, bank, bench, purse };
};

const run = (scene: Scene, code: string, args: readonly unknown[] = []): Promise<unknown> =>
  settled(scene.kernel, scene.kernel.send(scene.bench, 'run', [code, args]).result);

/** A deposit that waits for `gate`: the bank has not settled its result. */
const depositLater = async (
  scene: Scene,
  gate = GATE,
): Promise<{ readonly deposit: Promise<unknown> }> => {
  const open = await run(scene, gate, [scene.purse]);
  const { result } = scene.kernel.send(scene.purse, 'depositAfter', [5n, open]);
  // A wave in which it begins; what it asks for is on its way.
  await scene.kernel.run({ waves: 1 });
  return { deposit: result };
};

const upgrade = ({ kernel, bundleId, name }: Scene, waves?: number) =>
  kernel.upgradeVat(kernel.vat(name).vatId, {
    bundleId,
    vatParameters: { version: 2 },
    ...(waves === undefined ? {} : { drain: { waves } }),
  });

describe('drain:', () => {
  const shared = useSharedKernel({ blocks: 'host' });
  let bundleId: string;
  let scene: Scene;
  beforeAll(async () => {
    ({ bundleId } = await stageIn(shared.kernel));
  });
  beforeEach(async () => {
    scene = await sceneIn(shared.kernel, bundleId, shared.takeName('bank'));
  });

  test('what it waits for comes -> no rejection; messages wait for the code', async () => {
    const { kernel, bench, purse } = scene;
    const { deposit } = await depositLater(scene);
    const upgraded = upgrade(scene, 20);
    const answers = ['getVersion', 'getBalance', 'getVersion'].map(
      method => kernel.send(purse, method).result,
    );
    await kernel.run({ waves: 3 });
    expect(kernel.vat(scene.name).incarnation).toBe(0);
    kernel.send(bench, 'run', ['$.go(); 0']);
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toEqual({ incarnationNumber: 1 });
    expect(await deposit).toBe(6n);
    expect(await Promise.all(answers)).toEqual([2, 6n, 2]);
  });

  test('what it waits for does not come -> so many waves, then a rejection', async () => {
    const { kernel, bench, purse } = scene;
    const { deposit } = await depositLater(scene);
    const upgraded = upgrade(scene, 4);
    const deposits = [1n, 2n, 3n].map(amount => kernel.send(purse, 'deposit', [amount]).result);
    await kernel.run({ waves: 4 });
    expect(kernel.vat(scene.name).incarnation).toBe(0);
    // Others are not kept waiting.
    const waiting = ['upgrade', 'message', 'message', 'message'];
    expect(kernel.queued().map(({ type }) => type)).toEqual(waiting);
    await kernel.run({ waves: 1 });
    expect(kernel.vat(scene.name).incarnation).toBe(1);
    kernel.send(bench, 'run', ['$.go(); 0']);
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toMatchObject({ incarnationNumber: 1, rejectedPromises: 1 });
    await expect(deposit).rejects.toMatchObject({ name: 'vatUpgraded', incarnationNumber: 0 });
    expect(await Promise.all(deposits)).toEqual([2n, 4n, 7n]);
  });

  test('a settled vat -> upgraded in the wave in which its turn comes', async () => {
    const upgraded = upgrade(scene, 10_000);
    await scene.kernel.run({ waves: 1 });
    expect(scene.kernel.vat(scene.name).incarnation).toBe(1);
    await scene.kernel.commit();
    expect(await upgraded).toEqual({ incarnationNumber: 1 });
  });

  test('without a drain -> the same promise is rejected at once', async () => {
    const { deposit } = await depositLater(scene);
    const upgraded = upgrade(scene);
    await scene.kernel.run();
    await scene.kernel.commit();
    expect(await upgraded).toMatchObject({ incarnationNumber: 1, rejectedPromises: 1 });
    await expect(deposit).rejects.toMatchObject({ name: 'vatUpgraded' });
  });

  test('what it waits for needs the vat itself -> the waves are what ends it', async () => {
    const { kernel } = scene;
    const { deposit } = await depositLater(scene, CALLBACK);
    const upgraded = upgrade(scene, 6);
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toMatchObject({ incarnationNumber: 1, rejectedPromises: 1 });
    await expect(deposit).rejects.toMatchObject({ name: 'vatUpgraded' });
  });

  test('results of its own sends -> the code that waits for them is told', async () => {
    const { kernel, bench } = scene;
    const gate = await run(scene, GATE);
    const workbench = kernel.vat('bench').bundleId;
    const name = shared.takeName('asker');
    const made = kernel.createVat({ name, bundleId: workbench });
    const { root, vatId } = await settled(kernel, made);
    const ask = `E(args[0]).open().then(() => baggage.init('told', true)); 0`;
    for (const [drain, told] of [[{ waves: 9 }, true], [undefined, false]] as const) {
      await settled(kernel, kernel.send(root, 'run', [ask, [gate]]).result);
      const upgraded = kernel.upgradeVat(vatId, {
        bundleId: workbench,
        ...(drain === undefined ? {} : { drain }),
      });
      kernel.send(bench, 'run', ['$.go(1); 0']);
      await settled(kernel, upgraded);
      const look = `baggage.has('told') && (baggage.delete('told'), true)`;
      const asked = kernel.send(root, 'run', [look]);
      expect(await settled(kernel, asked.result)).toBe(told);
      await run(scene, GATE);
    }
  });

  test('more messages wait than a wave takes -> what the vat waits for reaches it', async () => {
    const kernel = await kernelOver({ blocks: 'host', parameters: { waveLimit: 2 } });
    const narrow = await sceneIn(kernel, (await stageIn(kernel)).bundleId);
    const { deposit } = await depositLater(narrow);
    const upgraded = upgrade(narrow, 20);
    const ask = () => kernel.send(narrow.purse, 'getVersion').result;
    const versions = Array.from({ length: 9 }, ask);
    kernel.send(narrow.bench, 'run', ['$.go(); 0']);
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toEqual({ incarnationNumber: 1 });
    expect(await deposit).toBe(6n);
    expect(new Set(await Promise.all(versions))).toEqual(new Set([2]));
  });

  test('the upgrade fails after the drain -> the old code goes on, with its messages', async () => {
    const { kernel, purse } = scene;
    const { deposit } = await depositLater(scene);
    const failing = kernel.upgradeVat(kernel.vat(scene.name).vatId, {
      ...{ bundleId, vatParameters: { fail: 'throw' }, drain: { waves: 3 } },
    });
    const version = kernel.send(purse, 'getVersion').result;
    await kernel.run();
    await kernel.commit();
    await expect(failing).rejects.toThrow('version is broken');
    expect(await version).toBe(1);
    await run(scene, '$.go(); 0');
    expect(await settled(kernel, deposit)).toBe(6n);
  });

  test('the vat ends while it drains -> the upgrade says so', async () => {
    const { kernel, purse } = scene;
    const { deposit } = await depositLater(scene);
    const upgraded = upgrade(scene, 50);
    const waiting = kernel.send(purse, 'getVersion').result;
    await kernel.run({ waves: 3 });
    await kernel.commit();
    const { vatId } = kernel.vat(scene.name);
    const ended = kernel.terminateVat(vatId, { first: true });
    await kernel.run();
    await kernel.commit();
    await ended;
    await expect(upgraded).rejects.toThrow(`vat ${vatId} is not running`);
    await expect(deposit).rejects.toThrow('vat terminated');
    await expect(waiting).rejects.toThrow('vat terminated');
  });

  test('a termination behind it -> waits for the upgrade', async () => {
    const { kernel } = scene;
    await depositLater(scene);
    const upgraded = upgrade(scene, 3);
    const ended = kernel.terminateVat(kernel.vat(scene.name).vatId);
    await kernel.run();
    await kernel.commit();
    expect(await upgraded).toMatchObject({ incarnationNumber: 1, rejectedPromises: 1 });
    await ended;
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bench']);
  });

  test('wrong options -> BAD_OPTION; nothing is queued', async () => {
    const { kernel } = scene;
    const { vatId } = kernel.vat(scene.name);
    for (const drain of [{ waves: 0 }, { waves: 1.5 }, { waves: 10_001 }, {}, 3, { wave: 1 }]) {
      const options = { bundleId, drain } as unknown as { readonly bundleId: string };
      const text = 'upgradeVat: drain must be { waves: N }, N from 1 to 10000';
      await expect(kernel.upgradeVat(vatId, options)).rejects.toThrow(text);
    }
    const drain = { waves: 1 };
    const replay = kernel.upgradeVat(vatId, { bundleId, mode: 'replay', drain });
    const text = 'takes no vatParameters, upgradeMessage, drain or emergency';
    await expect(replay).rejects.toThrow(text);
    expect(kernel.queued()).toEqual([]);
  });
});

const script = async (replica: Replica): Promise<readonly unknown[]> => {
  const { bundleId } = await stageIn(replica.kernel);
  await depositLater(await sceneIn(replica.kernel, bundleId));
  const upgrading = (waves: number, version: number): void => {
    const { vatId } = replica.kernel.vat('bank');
    const options = { bundleId, vatParameters: { version }, drain: { waves } };
    void replica.kernel.upgradeVat(vatId, options).catch(() => undefined);
  };
  upgrading(40, 2);
  await replica.block(2);
  replica.kernel.send(replica.kernel.vat('bank').root, 'makePurse', ['b', 2n]);
  await replica.block(3);
  const during = replica.kernel.vat('bank').incarnation;
  replica.kernel.send(replica.kernel.vat('bench').root, 'run', ['$.go(); 0']);
  await replica.block(4);
  upgrading(3, 3);
  await replica.block();
  const { kernel } = replica;
  const version = kernel.send(kernel.vat('bank').root, 'getVersion').result;
  const names = kernel.send(kernel.vat('bank').root, 'getNames').result;
  await replica.settle(names);
  return [during, kernel.vat('bank').incarnation, await version, await names];
};

const everywhere = 'drain: one thread, many, paging, restarts in the middle -> the same hashes';
test(everywhere, { tags: ['thorough'] }, async () => {
  expect(await inReplicas(script)).toEqual([0, 2, 3, ['a', 'b']]);
});

test('drain: by an adminNode -> the number of rejections; wrong options refused', async () => {
  const bench = await AdminBench.open();
  await bench.make('w');
  const hanging = bench.tell('w.root', 'hang');
  const options = { drain: { waves: 2 } };
  const upgraded = bench.tell('w.node', 'upgrade', ['$worker', options]);
  expect(await upgraded).toMatchObject({ incarnationNumber: 1, rejectedPromises: 1 });
  await expect(hanging).rejects.toMatchObject({ name: 'vatUpgraded' });
  const again = bench.tell('w.node', 'upgrade', ['$worker', options]);
  expect(await again).toEqual({ incarnationNumber: 2 });
  const wrong = bench.tell('w.node', 'upgrade', ['$worker', { drain: { waves: 0 } }]);
  await expect(wrong).rejects.toThrow('upgrade() drain must be { waves: N }, N from 1 to 10000');
});
