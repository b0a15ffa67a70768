/** Dry runs: what an upgrade would do, of which nothing stays. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CreatedVat, Kernel, VatReference } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { AdminBench } from '../support/drivers/admin.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const BANK = fileURLToPath(new URL('../vats/bank.js', import.meta.url));
/** Of the kernels in which code never ends: on no machine does other code take so long. */
const DELIVERY_TIMEOUT_MS = 5_000;

interface Bank extends CreatedVat {
  readonly name: string;
  readonly bundleId: string;
  readonly purse: VatReference;
}

/** A bank with a purse, a counter that others hold, and a promise that it has not settled. */
const bankIn = async (kernel: Kernel, bundleId: string, name: string): Promise<Bank> => {
  const made = await kernel.createVat({ name, bundleId });
  const purse = (await kernel.call(made.root, 'makePurse', ['a', 1n])) as VatReference;
  await kernel.call(made.root, 'makeCounter');
  kernel.send(purse, 'depositAfter', [5n, kernel.vat('relay').root]);
  return { ...made, name, bundleId, purse };
};
const relayIn = async (kernel: Kernel): Promise<void> => {
  await kernel.createVat({ name: 'relay', bundleId: await install(kernel, 'relay.js') });
};
const checkOf = (kernel: Kernel, { vatId, bundleId }: Bank, vatParameters: unknown = {}) =>
  kernel.checkUpgrade(vatId, { bundleId, vatParameters });

describe('dry run:', () => {
  const shared = useSharedKernel();
  let kernel: Kernel;
  let bank: Bank;
  beforeAll(() => relayIn(shared.kernel));
  beforeEach(async () => {
    ({ kernel } = shared);
    bank = await bankIn(kernel, await shared.install('bank.js'), shared.takeName('bank'));
  });

  test('an upgrade that would succeed -> what it would do; nothing has changed', async () => {
    const { purse, root, vatId, name } = bank;
    await kernel.idle();
    const { blockHash, height, lastInput } = kernel;
    const calls = await kernel.call(root, 'countCalls');
    const report = await checkOf(kernel, bank, { version: 2 });
    expect(report).toMatchObject({
      vatId,
      ok: true,
      errors: [],
      incarnationNumber: 1,
      kinds: { bound: ['Purse'], unbound: [], dismissed: [], added: [] },
      exportsAbandoned: 1,
      abandonedExamples: [expect.stringMatching(/^o\+e0\//)],
      abandonedNames: [],
      promisesRejected: 1,
    });
    expect(report.cost.milliseconds).toBeGreaterThan(0);
    expect(report.cost.bytes).toBeGreaterThan(0);
    const after = [kernel.height, kernel.lastInput];
    expect(after).toEqual([height + 1, lastInput + 1]); // of countCalls
    expect(kernel.vat(name).incarnation).toBe(0);
    expect(await kernel.call(root, 'getVersion')).toBe(1);
    // Its heap is the one that it had.
    expect(await kernel.call(root, 'countCalls')).toBe(Number(calls) + 1);
    expect(await kernel.call(purse, 'deposit', [1n])).toBeGreaterThan(0n);
    expect(blockHash).not.toBe(kernel.blockHash);
  });

  test('a call that it owes, asked for meanwhile -> its answer, not what is undone', async () => {
    const relay = await shared.create('relay.js');
    const { input } = kernel.send(relay.root, 'makePromise', []);
    await kernel.idle();
    const asked: Promise<unknown>[] = [];
    let isOver = false;
    const { bundleId } = relay;
    const check = kernel.checkUpgrade(relay.vatId, { bundleId }).finally(() => (isOver = true));
    while (!isOver) {
      const answer = kernel.resultOf(input);
      answer.catch(() => undefined);
      asked.push(answer);
      await setImmediate();
    }
    expect(await check).toMatchObject({ ok: true, promisesRejected: 1 });
    await kernel.call(relay.root, 'resolve', ['done']);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['done']));
  });

  const unseen = 'between the same inputs -> the same hashes as without';
  test(unseen, { tags: ['thorough'] }, async () => {
    const hashes: string[][] = [];
    for (const isDry of [true, false]) {
      kernel = await kernelOver({ blocks: 'host' });
      const settle = async <T>(work: Promise<T>): Promise<T> => {
        await kernel.run();
        await kernel.commit();
        return work;
      };
      const bundleId = await settle(kernel.installBundle(await fixture('bank.js')));
      const made = settle(kernel.createVat({ name: 'bank', bundleId }));
      const { root, vatId } = await made;
      const of: string[] = [];
      for (let n = 0; n < 4; n += 1) {
        const sent = kernel.send(root, 'makePurse', [`p${n}`, 1n]);
        // In the middle of a block, too: what it wrote is handed over.
        if (n % 2 === 0) await kernel.run();
        if (isDry) {
          const plan = { bundleId, vatParameters: { fail: n === 2 ? 'unclaimed' : undefined } };
          expect((await kernel.checkUpgrade(vatId, plan)).ok).toBe(n !== 2);
        }
        await settle(sent.result);
        if (n === 1) {
          await settle(kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } }));
        }
        of.push(kernel.blockHash);
      }
      hashes.push(of);
    }
    expect(hashes[0]).toEqual(hashes[1]);
  });

  test('upgrades that would fail -> why, and which kinds are missing', async () => {
    const unclaimed = await checkOf(kernel, bank, { fail: 'unclaimed' });
    expect(unclaimed).toMatchObject({
      ok: false,
      errors: ['Error: defineDurableKind not called for tags: [Purse]'],
      kinds: { bound: [], unbound: ['Purse'], dismissed: [], added: [] },
      cost: { rowsWritten: 0, syscalls: 0 },
    });
    const thrown = await checkOf(kernel, bank, { fail: 'throw' });
    expect(thrown).toMatchObject({ ok: false, errors: ['Error: version is broken'] });
    const never = await checkOf(kernel, bank, { fail: 'never' });
    expect(never.errors).toEqual(['Error: buildRootObject unresolved']);
    expect(await kernel.call(bank.root, 'getVersion')).toBe(1);
  });

  const dismissing = 'kinds that the start dismisses -> told apart; later on they are none';
  test(dismissing, { tags: ['thorough'] }, async () => {
    kernel = await kernelOver({ blocks: 'host' });
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await kernel.run({ waves: 1 });
      await kernel.commit();
      return work;
    };
    const bundleId = await settle(kernel.installBundle(await fixture('workbench.js')));
    const begin = `for (const tag of ['Coin', 'Note', 'Purse']) {
        if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(tag));
      }
      const define = tag => VatData.defineDurableKind(baggage.get(tag), () => ({}), {});`;
    const first = `${begin} for (const tag of ['Coin', 'Note', 'Purse']) {
        baggage.init('a' + tag, define(tag)());
      }`;
    const made = { name: 'vat', bundleId, vatParameters: { setup: first } };
    const { vatId } = await settle(kernel.createVat(made));
    const giveUp = `${begin} vatPowers.dismissKind(baggage.get('Note')); define('Coin');`;
    const codeOf = (setup: string) => ({ bundleId, vatParameters: { setup } });
    const more = `baggage.init('More', VatData.makeKindHandle('More')); define('More');`;
    const good = `${giveUp} define('Purse'); ${more}
      vatPowers.dismissKind(VatData.makeKindHandle('Whim'));`;
    const { kinds } = await kernel.checkUpgrade(vatId, codeOf(good));
    const dismissed = ['Note', 'Whim'];
    const bound = ['Coin', 'Purse'];
    expect(kinds).toEqual({ bound, unbound: [], dismissed, added: ['More'] });
    const bad = await kernel.checkUpgrade(vatId, codeOf(giveUp));
    const unbound = ['Purse'];
    expect(bad.kinds).toEqual({ bound: ['Coin', 'Note'], unbound, dismissed: [], added: [] });
    await settle(kernel.upgradeVat(vatId, codeOf(`${giveUp} define('Purse');`)));
    const next = codeOf(`${begin} define('Purse'); define('Coin');`);
    const later = await kernel.checkUpgrade(vatId, next);
    expect(later).toMatchObject({ ok: true, kinds: { bound, unbound: [], dismissed: [] } });
  });

  test('a bundle that is not installed -> tried all the same, and not installed then', async () => {
    const { vatId, bundleId } = bank;
    const bundle = await fixture('relay.js');
    const report = await kernel.checkUpgrade(vatId, { bundle });
    expect([report.ok, report.kinds.unbound]).toEqual([false, ['Purse']]);
    await expect(kernel.checkUpgrade(vatId, { bundle, bundleId })).rejects.toThrow('give either');
    await expect(kernel.checkUpgrade(vatId, {})).rejects.toThrow('give either');
    await expect(kernel.checkUpgrade(vatId, { bundleId: 'b1-0' })).rejects.toThrow('not installed');
    const wrong = { bundleID: bundleId } as never;
    await expect(kernel.checkUpgrade(vatId, wrong)).rejects.toThrow('options: bundleId, bundle');
  });

  test('code that never ends -> the report says so, the kernel goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    kernel = await shared.reopen({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    const bundle = await fixture('faulty/endless-module.js');
    let isTold = false;
    const checking = kernel.checkUpgrade(bank.vatId, { bundle }).finally(() => (isTold = true));
    // The watchdog's timer stands still until it is turned: nothing else has anything to do.
    while (!isTold) {
      vi.advanceTimersByTime(DELIVERY_TIMEOUT_MS);
      await sleep(10);
    }
    const report = await checking;
    expect(report.ok).toBe(false);
    expect(report.errors[0]).toMatch(/^DELIVERY_TIMEOUT/);
    expect(await kernel.call(kernel.vat(bank.name).root, 'getVersion')).toBe(1);
  });

  test('closed amid code that never ends -> KERNEL_CLOSED, and no finding', async () => {
    kernel = await kernelOver();
    await relayIn(kernel);
    const { vatId } = kernel.vat('relay');
    const bundleId = await install(kernel, 'faulty/endless-module.js');
    const checking = kernel.checkUpgrade(vatId, { bundleId });
    await Promise.all([
      expect(checking).rejects.toMatchObject({ code: 'KERNEL_CLOSED' }),
      setImmediate().then(() => kernel.close({ timeoutMs: 3_000 })),
    ]);
  });

  test('upgradeVat with dryRun -> what checkUpgrade gives, no input, no upgrade', async () => {
    const { vatId, bundleId } = bank;
    await kernel.idle();
    const { height, lastInput } = kernel;
    const { cost, ...report } = await kernel.upgradeVat(vatId, { bundleId, dryRun: true });
    const { cost: _other, ...checked } = await kernel.checkUpgrade(vatId, { bundleId });
    expect(report).toEqual(checked);
    expect(cost.milliseconds).toBeGreaterThan(0);
    const bundle = await fixture('relay.js');
    expect(await kernel.upgradeVat(vatId, { bundle, dryRun: true })).toMatchObject({ ok: false });
    expect([kernel.height, kernel.lastInput]).toEqual([height, lastInput]);
    const done = await kernel.upgradeVat(vatId, { bundleId, dryRun: false });
    expect(done.incarnationNumber).toBe(1);
  });
});

describe('dry run: by vats and the host:', () => {
  const bench = AdminBench.use();

  const many = 'very many exports -> counted to 10,000 for a vat, all for the host';
  test(many, { tags: ['thorough'] }, async () => {
    const { kernel } = bench;
    const bundleId = await bench.provide('workbench');
    await bench.call('createVat', 'w', '$workbench', {});
    const exported = ` harden(Array.from({ length: 3_500 }, () => Far('it')))`;
    for (const part of ['a', 'b', 'c']) await bench.tell('w.root', 'run', [exported], part);
    const report = await bench.tell('w.node', 'upgrade', ['$workbench', { dryRun: true }]);
    expect(report).toMatchObject({ ok: true, exportsAbandoned: 10_000 });
    expect((report as { abandonedExamples: string[] }).abandonedExamples).toHaveLength(20);
    const { vatId } = kernel.vats().at(-1)!;
    const { exportsAbandoned } = await kernel.checkUpgrade(vatId, { bundleId });
    expect(exportsAbandoned).toBe(10_500);
  });

  // Of code that never ends, dry runs of hosts and of vats, there are others in npm test.
  const endless = 'a migration that never ends -> a finding; for a vat a HostError';
  test(endless, { tags: ['thorough'] }, async () => {
    const bundleId = await bench.provide('workbench');
    const code = (options: string) => ({
      setup: ` if (!baggage.has('Purse')) baggage.init('Purse', VatData.makeKindHandle('Purse'));
        const make = VatData.defineDurableKind(baggage.get('Purse'), () => ({}), {}, ${options});
        if (!baggage.has('purse')) baggage.init('purse', make());`,
    });
    await bench.call('createVat', 'w', '$workbench', { vatParameters: code('{}') });
    const vatParameters = code('{ version: 1, migrate: () => { for (;;); } }');
    await bench.restart({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    const { vatId } = bench.kernel.vats().at(-1)!;
    const report = await bench.kernel.checkUpgrade(vatId, { bundleId, vatParameters });
    expect(report).toMatchObject({ ok: true, migrations: { fault: 'DELIVERY_TIMEOUT' } });
    const asking = bench.tell('w.node', 'upgrade', ['$workbench', { dryRun: true, vatParameters }]);
    await expect(asking).rejects.toMatchObject({ code: 'DELIVERY_TIMEOUT' });
    await bench.restart();
    expect(await bench.tell('w.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
  });

  const wrong: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ dryRun: true, mode: 'replay' }, 'dryRun excludes mode: a dry run takes vatParameters only'],
    [{ dryRun: true, emergency: true, drain: { waves: 1 } }, 'dryRun excludes drain, emergency: '],
    [{ dryRun: true, upgradeMessage: 'x' }, 'dryRun excludes upgradeMessage: '],
  ];
  const byHost: typeof wrong = [
    ...wrong,
    [{ dryRun: 1 }, 'upgradeVat: dryRun must be true or false'],
    [{ dryRun: true, first: true }, 'dryRun excludes first: '],
    [{ dryRun: true, bundle: {} }, 'give either bundleId or bundle'],
    [{ dryRun: true, pace: 1 }, 'unknown option pace; options: bundle, bundleId'],
    [{ mode: 'dryRun' }, 'mode dryRun; there are swap, replay'],
  ];
  test('what makes no sense beside dryRun -> refused, to the host and to vats', async () => {
    await bench.make('w');
    const { vatId } = bench.kernel.vats().at(-1)!;
    const bundleId = (await bench.tell('worker', 'getBundleID')) as string;
    for (const [options, text] of byHost) {
      const asking = bench.kernel.upgradeVat(vatId, { bundleId, ...options });
      await expect(asking).rejects.toMatchObject({
        code: 'BAD_OPTION',
        message: expect.stringContaining(text) as string,
      });
    }
    for (const [options, text] of [...wrong, [{ dryRun: 1 }, 'upgrade() dryRun not boolean']]) {
      const asking = bench.tell('w.node', 'upgrade', ['$worker', options]);
      await expect(asking).rejects.toThrow(text as string);
    }
    expect(await bench.tell('w.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
  });

  test('what says nothing -> as if it was left out', async () => {
    await bench.make('w');
    const ask = (options: unknown) => bench.tell('w.node', 'upgrade', ['$worker', options]);
    const plain = { dryRun: true, mode: 'swap', emergency: false, drain: undefined };
    expect(await ask(plain)).toMatchObject({ ok: true });
    expect(await ask({ dryRun: false })).toEqual({ incarnationNumber: 1 });
  });
});

describe('heirloom check-upgrade:', () => {
  const title = 'prints a screen or JSON; its exit status says whether it would fail, or warns';
  test(title, { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    const kernel = await kernelOver({ directory });
    await relayIn(kernel);
    await bankIn(kernel, await install(kernel, 'bank.js'), 'bank');
    await kernel.idle();
    const { blockHash } = kernel;
    await kernel.close();
    const json = join(await freshDirectory(), 'bank.json');
    await writeFile(json, JSON.stringify(await fixture('bank.js')));
    const good = await heirloom('check-upgrade', directory, 'bank', BANK);
    expect([good.status, good.stderr]).toEqual([0, '']);
    expect(good.stdout).toMatch(/^The upgrade of vat "bank" \(v\d+\) would succeed/);
    expect(good.stdout).toMatch(/kinds defined again +1: Purse/);
    const lines = good.stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(lines.filter(line => line.length > 80)).toEqual([]);
    const strictly = await heirloom('check-upgrade', directory, 'bank', json, '--strict');
    expect(strictly.stdout).toContain('EXPORT_LOST: 1 object "counter"');
    expect([strictly.status, strictly.stderr]).toEqual([3, '']);
    const help = await heirloom('check-upgrade', '--help');
    expect([help.status, help.stdout]).toEqual([0, expect.stringContaining('--strict')]);
    const flags = ['--json', '--parameters', '{"fail":"unclaimed"}'];
    const bad = await heirloom('check-upgrade', directory, 'bank', json, ...flags);
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, kinds: { unbound: ['Purse'] } });
    const unknown = await heirloom('check-upgrade', directory, 'banc', json);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('relay, bank')]);
    const again = await kernelOver({ directory });
    expect(again.blockHash).toBe(blockHash);
  });
});
