/** Dry runs that vats ask for: carried out at their place in the block, told as plain data. */
import { inspectStore, type VatId, type VatInspection } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture } from '../support/kernels/fresh-kernels.js';
import { inReplicas, Replica } from '../support/kernels/replicas.js';
import { AdminBench } from '../support/drivers/admin.js';

const NO_MIGRATION = { kinds: [], sampled: 0, failed: [], fault: null };
/** Of the kernels in which code never ends: on no machine does other code take so long. */
const DELIVERY_TIMEOUT_MS = 5_000;

/** Of one wave each; in some replicas there is a restart after each. */
const SHORT_BLOCKS = 8;

const bench = AdminBench.use();
beforeAll(async () => {
  const bundleId = await bench.provide('workbench');
  await bench.kernel.createVat({ name: 'gates', bundleId });
});
beforeEach(async () => {
  for (const name of ['bank', 'workbench']) await bench.provide(name);
});

const runInGates = (code: string): Promise<unknown> =>
  bench.kernel.call(bench.kernel.vat('gates').root, 'run', [code]);

/** A bank with a purse, a counter that others hold, and a deposit that waits for `$.go()`. */
const makeBank = async (): Promise<void> => {
  await bench.call('createVat', 'bank', '$bank', {});
  await bench.tell('bank.root', 'makePurse', ['a', 1n], 'purse');
  await bench.tell('bank.root', 'makeCounter', [], 'counter');
  const gate = `Far('gate', { open: () => new Promise(go => { $.go = go; }) })`;
  await bench.call('keep', 'gate', await runInGates(gate));
  await bench.watch('purse', 'depositAfter', [5n, '$gate'], 'deposit');
  expect(await bench.tell('bank.root', 'countCalls')).toBe(1);
};
/** The bank is the vat that was made last. */
const bankId = (): VatId => bench.kernel.vats().at(-1)!.vatId;
const inspectBank = async (): Promise<VatInspection> => {
  const { vats } = await inspectStore(bench.directory);
  return vats.find(({ vatId }) => vatId === bankId())!;
};

const tried = (cap: string, vatParameters: unknown = {}): Promise<unknown> =>
  bench.tell('bank.node', 'upgrade', [`$${cap}`, { dryRun: true, vatParameters }]);

/** Heap, exports, rows and promises of the bank are what they were. */
const expectUntouched = async (): Promise<void> => {
  expect(await bench.tell('bank.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
  expect(await bench.tell('bank.root', 'countCalls')).toBe(2);
  expect(await bench.tell('counter', 'getVersion')).toBe(1);
  expect(await bench.tell('bank.root', 'getNames')).toEqual(['a']);
  expect(await bench.log()).toEqual([]);
  await runInGates('$.go(); 0');
  await bench.kernel.idle();
  expect(await bench.log()).toEqual([['deposit', 'fulfilled', 6n]]);
};

const setupOf = (setup: string): Readonly<Record<string, unknown>> => ({ setup: ` ${setup}` });

describe('dry run by a vat:', () => {
  test('an upgrade that would succeed -> a report without anything of this host', async () => {
    await makeBank();
    const records: unknown[] = [];
    const { upgradeCount } = bench.kernel.stats();
    bench.kernel.setLog({ categories: ['upgrade'], write: record => records.push(record) });
    const report = await tried('bank', { version: 2, gate: '$gate', other: '$svc' });
    expect(report).toEqual({
      vatId: bankId(),
      ok: true,
      verdict: 'warnings',
      warnings: [
        { code: 'EXPORT_LOST', count: 1 },
        { code: 'PROMISE_NOT_WATCHED', count: 1 },
        { code: 'ANSWER_LOST', count: 1 },
      ],
      errors: [],
      incarnationNumber: 1,
      kinds: { bound: ['Purse'], unbound: [], dismissed: [], added: [] },
      migrations: NO_MIGRATION,
      exportsAbandoned: 1,
      abandonedExamples: [expect.stringMatching(/^o\+e0\//)],
      abandonedNames: [],
      promisesRejected: 1,
      cost: { rowsWritten: 5, syscalls: 1, bytes: expect.any(Number) as number },
    });
    await expectUntouched();
    expect(bench.kernel.stats().upgradeCount).toBe(upgradeCount);
    bench.kernel.setLog(undefined);
    const told = { event: 'tried', vat: bankId(), incarnation: 0, ok: true };
    expect(records).toEqual([expect.objectContaining(told)]);
  });

  test('the target, then everything, is rebuilt -> nobody remembers; the caller does', async () => {
    await makeBank();
    await bench.kernel.idle();
    const historyOf = async () => (await inspectBank()).deliveries;
    const before = await historyOf();
    const node = await bench.call('get', 'bank.node');
    await bench.call('keep', 'own', node);
    await bench.watch('own', 'upgrade', ['$bank', { dryRun: true }], 'report');
    await bench.kernel.idle();
    expect(await historyOf()).toBe(before);
    await bench.restart();
    expect(await bench.log()).toEqual([['report', 'fulfilled', expect.objectContaining({
      ok: true,
      incarnationNumber: 1,
    })]]);
    await bench.call('forget');
    expect(await bench.kernel.call(bench.kernel.vat(bankId()).root, 'countCalls')).toBe(2);
  });

  test('of the vat that asks for it -> the report reaches its heap', async () => {
    await bench.call('createVat', 'w', '$workbench', {});
    const ask = ` $.heap = 7; E(args[0]).upgrade(args[1], { dryRun: true })
      .then(({ ok, promisesRejected }) => [ok, promisesRejected, $.heap])`;
    // It decides the result of `run` itself.
    const asked = ['$w.node', '$workbench'].map(name => bench.call('get', name.slice(1)));
    const { root } = bench.kernel.vats().at(-1)!;
    const answer = bench.kernel.call(root, 'run', [
      ask,
      await Promise.all(asked),
    ]);
    expect(await answer).toEqual([true, 1, 7]);
  });

  test('what the successor says and writes -> of all that nothing', async () => {
    await makeBank();
    const talk = setupOf(`
      E(args[0]).keep('said', 1);
      const kept = VatData.makeScalarBigMapStore('kept', { durable: true });
      kept.init('all', args[0]);
      baggage.init('kept', kept);
      VatData.defineDurableKind(baggage.get('Purse'), () => ({}), { idle: () => 1 });
      baggage.init('More', VatData.makeKindHandle('More'));
      VatData.defineDurableKind(baggage.get('More'), () => ({}), { idle: () => 1 });`);
    await bench.kernel.idle();
    const { rows } = await inspectBank();
    const report = await bench.tell('bank.node', 'upgrade', [
      '$workbench',
      { dryRun: true, vatParameters: { ...talk, args: [bench.admin] } },
    ]);
    expect(report).toMatchObject({ ok: true, kinds: { bound: ['Purse'], added: ['More'] } });
    expect(report).toHaveProperty('cost.syscalls', 2);
    expect((report as { cost: { rowsWritten: number } }).cost.rowsWritten).toBeGreaterThan(3);
    await bench.kernel.idle();
    expect((await inspectBank()).rows).toEqual(rows);
    await expect(bench.call('get', 'said')).rejects.toThrow('key (a string) not found');
    await expectUntouched();
  });

  test('states of an older version -> a sample of them is migrated, none stays so', async () => {
    await makeBank();
    const later = (migrate: string): Readonly<Record<string, unknown>> => setupOf(`
      VatData.defineDurableKind(baggage.get('Purse'), () => ({ coins: 0n }),
        { coins: ({ state }) => state.coins }, { version: 1, migrate: old => { ${migrate} } })`);
    const migrationsOf = async (migrate: string) =>
      ((await tried('workbench', later(migrate))) as { migrations: unknown }).migrations;
    const kinds = [{ kind: 'Purse', from: 0, to: 1 }];
    const good = { kinds, sampled: 1, failed: [], fault: null };
    expect(await migrationsOf('return { coins: old.balance };')).toEqual(good);
    const failed = [{ kind: 'Purse', instance: 'o+d10/1', version: 0, reason: 'Error: too poor' }];
    expect(await migrationsOf(`throw Error('too poor');`)).toEqual({ ...good, failed });
    const deep = { ...good, sampled: 0, fault: 'LIMIT' };
    expect(await migrationsOf('const deeper = () => deeper() + 1; return deeper();')).toEqual(deep);
    await expectUntouched();
  });

  const failing = 'upgrades that would fail -> why, as data; the old code goes on';
  test(failing, { tags: ['sized'] }, async () => {
    await makeBank();
    const deeper = 'const deeper = () => deeper() + 1; deeper()';
    const leave = `VatData.defineDurableKind(baggage.get('Purse'), () => ({}), {});
      vatPowers.exitVat('done')`;
    const all: readonly (readonly [string, unknown, string])[] = [
      ['bank', { fail: 'unclaimed' }, 'Error: defineDurableKind not called for tags: [Purse]'],
      ['bank', { fail: 'throw' }, 'Error: version is broken'],
      ['bank', { fail: 'never' }, 'Error: buildRootObject unresolved'],
      ['workbench', setupOf(deeper), 'calls of vat code nest at most'],
      ['workbench', setupOf(`baggage.init('a', 'y'.repeat(10_000_001))`), 'capdata too large'],
      ['workbench', setupOf(leave), 'done'],
    ];
    // Kinds that are missing, a limit, and a start that ends otherwise than by an error.
    const some = [0, 3, 5].map(i => all[i]!);
    for (const [cap, vatParameters, text] of amount({ quick: some, thorough: all })) {
      expect(await tried(cap, vatParameters)).toMatchObject({
        ok: false,
        errors: [expect.stringContaining(text)],
        cost: { rowsWritten: 0, syscalls: 0 },
      });
    }
    expect(await tried('bank', { fail: 'unclaimed' })).toMatchObject({
      kinds: { bound: [], unbound: ['Purse'] },
    });
    await expectUntouched();
  });

  test('a meter that is too empty -> it would fail; nothing is taken from it', async () => {
    const left = async (): Promise<bigint> =>
      ((await bench.tell('meter', 'get')) as { remaining: bigint }).remaining;
    const metered = async (remaining: bigint): Promise<bigint> => {
      await bench.tell('svc', 'createMeter', [remaining, 0n], 'meter');
      await bench.make('w', { meter: '$meter' });
      return left();
    };
    const upgrade = () => bench.tell('w.node', 'upgrade', ['$worker', { dryRun: true }]);
    const rich = await metered(1000n);
    expect(await upgrade()).toMatchObject({ ok: true });
    expect(await left()).toBe(rich);
    await metered(1000n - rich + 2n);
    await bench.tell('w.root', 'count'); // takes the 2
    const errors = ['Error: meter underflow, vat terminated'];
    expect(await upgrade()).toMatchObject({ ok: false, errors, cost: { syscalls: 1 } });
    await bench.tell('meter', 'addRemaining', [2n]);
    expect(await bench.tell('w.root', 'count')).toBe(2);
  });
});

/** The admin vat and a bank of its own, in a kernel of which the host makes the blocks. */
const sceneIn = async (replica: Replica): Promise<void> => {
  const { kernel } = replica;
  const bundleId = await replica.settle(kernel.installBundle(await fixture('services/admin.js')));
  await replica.settle(kernel.installBundle(await fixture('bank.js'), { name: 'bank' }));
  const { root } = await replica.settle(kernel.createVat({ name: 'admin', bundleId }));
  const vats = { vatAdmin: kernel.services.vatAdmin };
  await replica.settle(kernel.call(root, 'bootstrap', [vats, {}]));
  const named = ['svc', 'getNamedBundleCap', ['bank'], 'bank'];
  await replica.settle(kernel.call(root, 'tell', named));
  await replica.settle(kernel.call(root, 'createVat', ['bank', '$bank', {}]));
};

describe('dry run by a vat: its place', () => {
  const title = 'dry runs, upgrades and drains in one block -> the same hashes everywhere';
  test(title, { tags: ['thorough'] }, async () => {
    const dry = { dryRun: true, vatParameters: { version: 2 } };
    const log = await inReplicas(async replica => {
      await sceneIn(replica);
      const watched = (name: string, method: string, args: unknown[], as: string): void => {
        const { kernel } = replica;
        const sent = kernel.send(kernel.vat('admin').root, 'watch', [name, method, args, as]);
        sent.result.catch(() => undefined); // of a kernel that is closed meanwhile
      };
      const node = (cap: string, options: unknown, as: string): void =>
        watched('bank.node', 'upgrade', [cap, options], as);
      const count = (as: string): void => watched('bank.root', 'countCalls', [], as);
      watched('bank.root', 'makeCounter', [], 'counter');
      count('before');
      node('$bank', dry, 'dry');
      count('old code');
      node('$bank', { ...dry, vatParameters: { fail: 'unclaimed' } }, 'fails');
      node('$bank', { vatParameters: { version: 2 }, drain: { waves: 2 } }, 'real');
      node('$bank', dry, 'again');
      await replica.block(2);
      count('new code');
      for (let waves = 0; waves < SHORT_BLOCKS; waves += 1) await replica.block(1);
      await replica.block();
      const { kernel } = replica;
      const told = await replica.settle(kernel.call(kernel.vat('admin').root, 'getLog'));
      return (told as [string, string, unknown][]).map(([as, , value]) => [as, value]);
    });
    const told = Object.fromEntries(log.filter(([as]) => as !== 'counter')) as unknown;
    expect(told).toMatchObject({
      ...{ before: 1, 'old code': 2, 'new code': 1 },
      dry: { ok: true, incarnationNumber: 1, exportsAbandoned: 1 },
      fails: { ok: false, kinds: { unbound: ['Purse'] } },
      real: { incarnationNumber: 1 },
      again: { ok: true, incarnationNumber: 2, exportsAbandoned: 0 },
    });
  });

  test('a dry run -> closes the vat to what is behind it, for the wave only', async () => {
    const replica = await Replica.open({}, false);
    await sceneIn(replica);
    const { kernel } = replica;
    const { root } = kernel.vat('v2');
    const ask = ['bank.node', 'upgrade', ['$bank', { dryRun: true }]];
    const { result: report } = kernel.send(kernel.vat('admin').root, 'tell', ask);
    const queue = async (): Promise<unknown> => {
      await kernel.run({ waves: 1 });
      return kernel.queued().map(({ type, vatId }) => [type, vatId]);
    };
    await queue(); // the admin vat has asked
    expect(await queue()).toEqual([['upgrade', 'v2']]);
    const { result: count } = kernel.send(root, 'countCalls');
    expect(await queue()).toEqual([['message', 'v2'], ['notify', 'v1']]);
    expect(await replica.settle(count)).toBe(1);
    expect(await report).toMatchObject({ ok: true });
  });

  const offline = 'a target without a thread -> tried; it is not brought online for that';
  test(offline, { tags: ['thorough'] }, async () => {
    await makeBank();
    await bench.restart({ maxVatsOnline: 1 });
    await bench.kernel.idle();
    await bench.call('get', 'bank');
    const { vatsPagedIn } = bench.kernel.stats();
    expect(await tried('bank')).toMatchObject({ ok: true, promisesRejected: 1 });
    expect(bench.kernel.stats().vatsPagedIn).toBe(vatsPagedIn);
    await expectUntouched();
  });

  const ended = 'a target that ends before it -> rejected, as an upgrade';
  test(ended, { tags: ['thorough'] }, async () => {
    await makeBank();
    const { kernel } = bench;
    const id = bankId();
    const [node, cap] = await Promise.all(
      ['bank.node', 'bank'].map(name => bench.call('get', name)),
    );
    const ending = kernel.call(node as never, 'terminateWithFailure', ['enough']);
    const trying = kernel.call(node as never, 'upgrade', [cap, { dryRun: true }]);
    await expect(trying).rejects.toEqual(Error(`vat ${id} is not running`));
    await ending;
  });

  const endless = 'a successor that never ends -> HostError, nothing of the block is kept';
  test(endless, { tags: ['thorough'] }, async () => {
    await makeBank();
    await bench.provide('hazard', 'faulty/hazard.js');
    await bench.kernel.idle();
    const { height, blockHash } = bench.kernel;
    await bench.restart({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    const id = bankId();
    const trying = tried('hazard', { does: 'loop' });
    await expect(trying).rejects.toMatchObject({ code: 'DELIVERY_TIMEOUT', vat: id });
    await bench.restart();
    expect(bench.kernel.blockHashAt(height)).toBe(blockHash);
    expect(await bench.tell('bank.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
    expect(await bench.tell('bank.root', 'countCalls')).toBe(2);
  });
});
