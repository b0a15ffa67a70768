/** Migration of everything that is stored, in bounded steps (docs/upgrade/migration.md). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  inspectStore,
  type CreatedVat,
  type Kernel,
  type MigrationSummary,
} from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { auditStore } from '../support/stores/store-audit.js';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));

const SETUP = `
  for (const tag of ['Node', 'Purse']) {
    if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(tag));
  }
  $.makeNode = VatData.defineDurableKind(baggage.get('Node'), n => ({ n, next: null }), {
    n: ({ state }) => state.n, tie: ({ state }, next) => { state.next = next; },
  });
  const behavior = { amount: ({ state }) => state.amount };
  if (!baggage.has('purses')) {
    baggage.init('purses', VatData.makeScalarBigMapStore('purses', { durable: true }));
  }`;
const OLD = `${SETUP}
  $.make = VatData.defineDurableKind(baggage.get('Purse'), (i, node) => ({ i, node }), behavior,
    { stateShape: { i: M.number(), node: M.any() } })`;
const newCode = (migrate: string): string => `${SETUP}
  $.seen = [];
  VatData.defineDurableKind(baggage.get('Purse'), () => ({ amount: 0 }), behavior,
    { stateShape: { amount: M.number() }, version: 1, migrate: old => { ${migrate} } })`;
const ALL = newCode('return { amount: old.i * 2 };');
const NOT_THE_SEVENS =
  newCode(`if (old.i % 7 === 0) throw Error('no ' + old.i); return { amount: old.i * 2 };`);
const fill = (n: number): string => `
  for (let i = 0; i < ${n}; i += 1) baggage.get('purses').init(i, $.make(i, undefined)); 0`;
const SUM = `[...baggage.get('purses').values()].reduce((sum, it) => sum + it.amount(), 0)`;

interface Scene {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly bundleId: string;
  readonly vat: CreatedVat;
}

const sceneOf = async (purses: number, sweepRowsMax: number): Promise<Scene> => {
  const directory = await freshDirectory();
  const parameters = { sweepRowsMax, gc: 'consensus', cycleInterval: 0 } as const;
  const kernel = await kernelOver({ directory, parameters });
  const bundleId = await install(kernel, 'workbench.js');
  const vatParameters = { setup: OLD };
  const vat = await kernel.createVat({ name: 'vat', bundleId, vatParameters });
  await kernel.call(vat.root, 'run', [fill(purses)]);
  return { directory, kernel, bundleId, vat };
};
const upgrade = async ({ kernel, bundleId, vat }: Scene, setup: string): Promise<void> => {
  await kernel.upgradeVat(vat.vatId, { bundleId, vatParameters: { setup } });
};
const run = ({ kernel, vat }: Scene, code: string): Promise<unknown> =>
  kernel.call(vat.root, 'run', [code]);

/** Purses by the version of their state. */
const statesIn = async (directory: string): Promise<Record<number, number>> => {
  const { vats } = await inspectStore(directory);
  const { states } = vats[0]!.kinds.find(({ tag }) => tag === 'Purse')!;
  return Object.fromEntries(states.map(({ version, instances }) => [version, instances]));
};
const onlyVat = ({ vats }: MigrationSummary): MigrationSummary['vats'][number] => {
  expect(vats.length).toBe(1);
  return vats[0]!;
};

describe('migration in steps:', () => {
  test('asked for -> all rows, in the background; what fails is told and stays', async () => {
    const scene = await sceneOf(50, 8);
    const { kernel, directory, vat } = scene;
    await upgrade(scene, NOT_THE_SEVENS);
    await run(scene, `baggage.get('purses').get(1).amount()`);
    expect(await statesIn(directory)).toEqual({ 0: 49, 1: 1 });
    const progress: unknown[] = [];
    const noted = (...step: unknown[]): void => void progress.push(step);
    const done = onlyVat(await kernel.migrate({ vatId: vat.vatId, progress: noted }));
    expect(done).toMatchObject({ vatId: vat.vatId, migrated: 41, failed: 8, hasEnded: false });
    expect(done.failures).toEqual([0, 7, 14, 21, 28, 35, 42, 49].map(i => {
      return { kind: 'Purse', instance: `o+d11/${i + 1}`, version: 0, reason: `Error: no ${i}` };
    }));
    expect(progress.slice(0, 2)).toEqual([[vat.vatId, 8, 50], [vat.vatId, 16, 50]]);
    expect(progress.at(-1)).toEqual([vat.vatId, 50, 50]);
    expect(await statesIn(directory)).toEqual({ 0: 8, 1: 42 });
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
    // Again: what failed is tried again, by the code that is there then.
    expect(onlyVat(await kernel.migrate())).toMatchObject({ migrated: 0, failed: 8 });
    await upgrade(scene, ALL);
    const both = await Promise.all([kernel.migrate(), kernel.migrate()]);
    expect(both.map(onlyVat)).toMatchObject([{ migrated: 8, failed: 0 }, { migrated: 8 }]);
    expect(await run(scene, SUM)).toBe(49 * 50);
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
  });

  const between = 'vat code between the steps, restarts -> the same hashes';
  test(between, { tags: ['thorough'] }, async () => {
    const purses = 40;
    const waves = 24;
    const sevens = Math.ceil(purses / 7);
    const runs = async (restarts: boolean): Promise<string> => {
      const scene = await sceneOf(purses, 3);
      await upgrade(scene, NOT_THE_SEVENS);
      await scene.kernel.close();
      const { directory } = scene;
      const options = { directory, blocks: 'host' } as const;
      let kernel = await kernelOver(options);
      const asked = kernel.migrate().catch(() => undefined);
      for (let n = 0; n < waves; n += 1) {
        if (restarts && n > 0) kernel = await kernelOver(options);
        const code = `baggage.get('purses').get(${(n * 11) % purses}).amount()`;
        void kernel.call(kernel.vat('vat').root, 'run', [code]).catch(() => undefined);
        await kernel.run({ waves: 1 });
        await kernel.commit();
        if (restarts) await kernel.close();
      }
      if (!restarts) await kernel.close();
      await asked;
      expect(await auditStore(directory)).toEqual([]);
      expect(await statesIn(directory)).toEqual({ 0: sevens, 1: purses - sevens });
      return (await inspectStore(directory)).blockHash;
    };
    expect(await runs(true)).toBe(await runs(false));
  });

  // So many that it is killed long before it is done. In npm test restarts stand for it.
  const PURSES = 5_000;
  const killed = 'heirloom migrate, killed -> called again it goes on';
  test(killed, { tags: ['thorough'] }, async () => {
    const scene = await sceneOf(PURSES, 4);
    await upgrade(scene, ALL);
    await scene.kernel.close();
    const { directory } = scene;
    const child = spawn(process.execPath, [MAIN, 'migrate', directory], { stdio: 'ignore' });
    const ended = new Promise(resolve => child.on('close', (_, signal) => resolve(signal)));
    while (!(1 in (await statesIn(directory)))) await new Promise(setImmediate);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    const { 0: left = 0, 1: done = 0 } = await statesIn(directory);
    expect(left + done).toBe(PURSES);
    expect(Math.min(left, done)).toBeGreaterThan(0);
    const { status, stdout, stderr } = await heirloom('migrate', directory, 'vat', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const { vats } = JSON.parse(stdout) as { vats: unknown[] };
    expect(vats).toEqual([
      { name: 'vat', vatId: 'v1', migrated: left, failed: 0, failures: [], hasEnded: false },
    ]);
    expect(await statesIn(directory)).toEqual({ 1: PURSES });
    expect(await auditStore(directory)).toEqual([]);
  });

  const command = 'heirloom migrate -> what stays is listed, status 1; --help says what it does';
  test(command, { tags: ['thorough'] }, async () => {
    const scene = await sceneOf(3, 100);
    await upgrade(scene, NOT_THE_SEVENS);
    await scene.kernel.close();
    const { status, stdout } = await heirloom('migrate', scene.directory);
    expect(status).toBe(1);
    expect(stdout).toMatch(/vat .*v1 .*2 .*1 .*no/);
    expect(stdout).toMatch(/Purse .*o\+d11\/1 .*0 .*Error: no 0/);
    const inspected = await heirloom('inspect', scene.directory);
    expect(inspected.stdout).toContain('1 of 0, 2 of 1');
    expect((await heirloom('migrate', '--help')).stdout).toContain('stays done');
    expect((await heirloom('migrate', scene.directory, 'nobody')).stderr).toContain('UNKNOWN_VAT');
  });
});

describe('migration in steps: limits', () => {
  test('more than 4 MiB of migrated states -> the rest is for the next delivery', async () => {
    const scene = await sceneOf(9, 100);
    await upgrade(scene, `${SETUP}
      VatData.defineDurableKind(baggage.get('Purse'), () => ({ amount: '' }), behavior,
        { version: 1, migrate: () => ({ amount: 'x'.repeat(1_000_000) }) })`);
    const behind: number[] = [];
    const progress = (_vatId: string, done: number): void => void behind.push(done);
    expect(onlyVat(await scene.kernel.migrate({ progress }))).toMatchObject({ migrated: 9 });
    expect(behind).toEqual([5, 9]);
  });

  test('1,001 states -> a dry run tries 1,000; 1,000 failures are listed', async () => {
    const scene = await sceneOf(1_001, 2_000);
    const { kernel, bundleId, vat } = scene;
    const vatParameters = { setup: ALL };
    const { migrations } = await kernel.checkUpgrade(vat.vatId, { bundleId, vatParameters });
    expect(migrations).toMatchObject({ sampled: 1_000, failed: [], fault: null });
    await upgrade(scene, newCode(`throw Error('never')`));
    const done = onlyVat(await kernel.migrate());
    expect(done).toMatchObject({ migrated: 0, failed: 1_001 });
    expect(done.failures.length).toBe(1_000);
    expect(done.failures.at(-1)).toMatchObject({ instance: 'o+d11/1000' });
  });
});

describe('migration in steps: and the dead', () => {
  const STASH = newCode('$.seen.push(old.node); return { amount: 1 };');
  /** What only the heap of the old code held, or only itself: of that, a purse leads to node -1. */
  const LEAVE = `
    const [a, b] = [$.makeNode(-1), $.makeNode(-2)];
    a.tie(b);
    b.tie(harden([a, $.make(0, a)]));
    for (let i = 0; i < 30; i += 1) $.make(0, $.makeNode(-3));
    baggage.get('purses').init(7, $.make(0, $.makeNode(7))); 0`;

  test('after an upgrade -> sweeps first: no dead state is shown to vat code', async () => {
    const scene = await sceneOf(0, 2);
    await run(scene, LEAVE);
    const upgraded = upgrade(scene, STASH);
    await scene.kernel.migrate();
    await upgraded;
    // Of the cycle nobody knows that it is dead: its purse is migrated like any other.
    const seen = '$.seen.map(node => node.n()).sort()';
    expect(await run(scene, seen)).toEqual([-1, 7]);
    await scene.kernel.collectCycles();
    await scene.kernel.idle();
    expect(await run(scene, seen)).toEqual([-1, 7]);
    expect(scene.kernel.audit({ rows: true }).findings).toEqual([]);
    await upgrade(scene, STASH);
    await scene.kernel.collectCycles();
    await scene.kernel.idle();
    expect(await statesIn(scene.directory)).toEqual({ 1: 1 });
    expect(scene.kernel.audit({ rows: true }).findings).toEqual([]);
  });

  test('a dry run -> which kinds, a sample, what would fail; nothing is migrated', async () => {
    const scene = await sceneOf(20, 2);
    const { kernel, directory, bundleId, vat } = scene;
    const check = async (setup: string): Promise<unknown> => {
      const vatParameters = { setup };
      const { ok, migrations } = await kernel.checkUpgrade(vat.vatId, { bundleId, vatParameters });
      return { ok, ...migrations };
    };
    const kinds = [{ kind: 'Purse', from: 0, to: 1 }];
    expect(await check(ALL)).toEqual({ ok: true, kinds, sampled: 20, failed: [], fault: null });
    const picky = await check(NOT_THE_SEVENS);
    expect(picky).toMatchObject({ ok: true, kinds, sampled: 20, fault: null });
    expect(picky).toHaveProperty('failed.1.reason', 'Error: no 7');
    const endless = newCode('const deeper = () => deeper() + 1; return deeper();');
    expect(await check(endless)).toMatchObject({ ok: true, kinds, sampled: 0, fault: 'LIMIT' });
    expect(await check(OLD)).toMatchObject({ ok: true, kinds: [], sampled: 0 });
    expect(await statesIn(directory)).toEqual({ 0: 20 });
    await upgrade(scene, ALL);
    expect(await run(scene, SUM)).toBe(19 * 20);
  });

  test('a migrate that breaks a limit -> the vat ends, as anywhere', async () => {
    const scene = await sceneOf(3, 2);
    await upgrade(scene, newCode('const deeper = () => deeper() + 1; return deeper();'));
    const done = onlyVat(await scene.kernel.migrate());
    expect(done).toMatchObject({ migrated: 0, hasEnded: true });
    expect(scene.kernel.vats()).toEqual([]);
  });

  test('kernel.migrate: an unknown vat, a wrong option -> KernelError', async () => {
    const { kernel } = await sceneOf(0, 2);
    await expect(kernel.migrate({ vatId: 'v99' })).rejects.toThrow('no vat v99 runs');
    const wrong = kernel.migrate({ vat: 'v1' } as never);
    await expect(wrong).rejects.toThrow('options: vatId, progress');
  });
});
