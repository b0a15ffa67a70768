/** What a dry run warns of: upgrades that succeed and break something, beside right ones. */
import type { DryRunReport, Kernel, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel();

const kind = (methods: string, options = '{}', key = 'Order'): string => `
  if (!baggage.has('${key}')) baggage.init('${key}', VatData.makeKindHandle('Order'));
  $.make = VatData.defineDurableKind(baggage.get('${key}'), () => ({ n: null }), { ${methods} },
    ${options});`;
const PAY = 'pay: ({ state }) => state.n';

interface Scene {
  readonly kernel: Kernel;
  readonly root: VatReference;
  run(code: string, args?: readonly unknown[]): Promise<unknown>;
  check(setup: string, more?: object): Promise<DryRunReport>;
}

const scene = async (setup: string, more: object = {}): Promise<Scene> => {
  const { kernel } = shared;
  const parameters = { setup, ...more };
  const vat = await shared.create('workbench.js', { vatParameters: parameters });
  return {
    kernel,
    root: vat.root,
    run: (code, args = []) => kernel.call(vat.root, 'run', [code, args]),
    check: async (next, given = more) => {
      await kernel.idle();
      const vatParameters = { setup: next, ...given };
      const { bundleId } = vat;
      return kernel.checkUpgrade(vat.vatId, { bundleId, vatParameters, compare: true });
    },
  };
};

const codesOf = ({ warnings }: DryRunReport): string[] => warnings.map(({ code }) => code);
const textOf = ({ warnings }: DryRunReport, code: string): string =>
  warnings.find(warning => warning.code === code)?.text ?? '';

describe('a dry run warns of', () => {
  test('nothing -> the verdict is ok', async () => {
    const { check, run } = await scene(kind(PAY));
    await run('$.make()');
    const report = await check(kind(`${PAY}, more: () => 1`));
    expect(report.warnings).toEqual([]);
    expect(report.verdict).toBe('ok');
  });

  test('objects of the heap that others hold -> which, and who', async () => {
    const { check, kernel, run } = await scene('1');
    const ticket = await run('Far("ticket", {})');
    const other = await shared.create('workbench.js');
    await kernel.call(other.root, 'run', ['$.ticket = args[0]; 1', [ticket]]);
    const report = await check('1');
    expect(report.verdict).toBe('warnings');
    const who = `"ticket", held by vat "${other.name}", the host`;
    expect(textOf(report, 'EXPORT_LOST')).toContain(who);
    const named = await scene('vatPowers.nameExport("t", $.t = Far("ticket", {}))');
    await named.run('$.t');
    const reconnect = 'vatPowers.reconnectExport("t", Far("ticket", {}))';
    expect(codesOf(await named.check(reconnect))).toEqual([]);
    expect(codesOf(await named.check('1'))).toEqual(['EXPORT_LOST']);
  });

  test('objects of more interfaces than are told -> the first, and how many others', async () => {
    const { check, run } = await scene('1');
    const count = 30;
    for (let i = 0; i < count; i += 1) await run(`Far("ticket ${i}", {})`);
    const lost = (await check('1')).warnings.filter(({ code }) => code === 'EXPORT_LOST');
    expect(lost.map(warning => warning.count)).toEqual([...Array<number>(20).fill(1), 10]);
    const named = lost.filter(({ text }) => text.includes('", held by the host, will answer'));
    expect(named).toHaveLength(21);
    expect(lost.at(-1)!.text).toMatch(/^10 more, of which the first is: 1 object "ticket /);
  });

  test('answers that nobody will hear -> of whom, or of the clock', async () => {
    const { check, run } = await scene('1');
    const holder = await shared.create('promises/holder.js');
    await run('void E(args[0]).result("p").then(() => 1); 1', [holder.root]);
    const { clock } = shared.kernel.services;
    await run('void E(args[0]).wakeAt(10n ** 6n).then(() => 1); 1', [clock]);
    const report = await check('1');
    expect(codesOf(report)).toEqual(['PROMISE_NOT_WATCHED', 'ALARM_LOST']);
    expect(textOf(report, 'PROMISE_NOT_WATCHED')).toContain(`an answer of vat "${holder.name}"`);
    expect(textOf(report, 'ALARM_LOST')).toContain('first for 1000000');
    const told = kind('onFulfilled: () => undefined');
    const watching = await scene(told);
    await watching.run('VatData.watchPromise(E(args[0]).result("q"), $.make()); 1', [holder.root]);
    expect(codesOf(await watching.check(told))).toEqual([]);
  });

  test('promises that the vat owes -> to whom', async () => {
    const { check, kernel, root } = await scene('1');
    const asker = await shared.create('workbench.js');
    const ask = 'void E(args[0]).run("new Promise(() => {})").catch(() => 1); 1';
    await kernel.call(asker.root, 'run', [ask, [root]]);
    const report = await check('1');
    expect(textOf(report, 'ANSWER_LOST')).toContain(`vat "${asker.name}" waits for 1 promise`);
  });

  test('a handle that was not taken over -> refused, and why', async () => {
    const { check } = await scene(kind(PAY));
    const report = await check(kind(PAY, '{}', 'Orders'));
    expect(report.verdict).toBe('refused');
    expect(report.kinds.unbound).toEqual(['Order']);
    expect(textOf(report, 'HANDLE_NOT_KEPT')).toContain('Was the key of the handle renamed?');
    const sale = 'VatData.makeKindHandle("Sale")';
    const renamed = await check(`VatData.defineDurableKind(${sale}, () => ({}), {})`);
    expect(textOf(renamed, 'KIND_RENAMED')).toContain('"Order" is lost and "Sale" is new');
  });

  test('methods that are gone from what others hold -> which, and the nearest', async () => {
    const { check, run } = await scene(kind(PAY));
    expect(codesOf(await check(kind('payOut: () => 1')))).toEqual([]);
    await run('$.make()');
    const report = await check(kind('payOut: () => 1'));
    expect(textOf(report, 'METHOD_GONE')).toContain('"Order" has no pay any more; nearest: payOut');
  });

  test('watches whose watchers lack the method', async () => {
    const told = 'onFulfilled: () => undefined';
    const { check, run } = await scene(kind(told));
    await run('VatData.watchPromise(new Promise(() => {}), $.make()); 1');
    const report = await check(kind(PAY));
    const text = '1 watch would tell onFulfilled of kind "Order"';
    expect(textOf(report, 'WATCHER_LOST')).toContain(text);
  });

  test('stores that each start makes -> which', async () => {
    const store = 'VatData.makeScalarBigMapStore("orders", { durable: true })';
    const { check } = await scene('1');
    expect(codesOf(await check(`$.orders = ${store}`))).toEqual(['MADE_ANEW']);
    const kept = `if (!baggage.has('orders')) baggage.init('orders', ${store})`;
    expect(codesOf(await check(kept))).toEqual([]);
  });

  test('what each start sends, or writes, again', async () => {
    const holder = await shared.create('promises/holder.js');
    const store = `if (!baggage.has('prices')) {
        baggage.init('prices', VatData.makeScalarBigMapStore('prices', { durable: true }));
        baggage.get('prices').init('bread', 3);
      }`;
    const { check } = await scene(store, { args: [holder.root] });
    const send = 'void E(args[0]).settle("p", "resolve", 1).catch(() => 1)';
    const report = await check(`${store}; ${send}`);
    expect(textOf(report, 'START_REPEATS')).toContain(`sends settle to vat "${holder.name}" again`);
    const once = `${store}; if (!baggage.has('told')) { baggage.init('told', 1); ${send} }`;
    expect(codesOf(await check(once))).toEqual([]);
    const rescale = `const prices = baggage.get('prices');
      prices.set('bread', 100 * prices.get('bread'))`;
    const scaled = await check(`${store}; ${rescale}`);
    expect(textOf(scaled, 'START_REPEATS')).toContain('writes 1 entries of store "prices" again');
    const first = `if (!baggage.has('unit')) { baggage.init('unit', 1); ${rescale} }`;
    expect(codesOf(await check(`${store}; ${first}`))).toEqual([]);
  });

  test('parameters that are left out -> which; not what baggage has', async () => {
    const { check } = await scene('1', { fee: 25n });
    expect(textOf(await check('1', {}), 'PARAMETER_LEFT_OUT')).toContain('"fee"');
    const kept = await scene('baggage.init("fee", args[0])', { fee: 25n, args: [25n] });
    expect(codesOf(await kept.check('1', { args: [25n] }))).toEqual([]);
  });

  test('versions and migrations', async () => {
    const { check, run } = await scene(kind(PAY));
    await run('$.make()');
    const good = await check(kind(PAY, '{ version: 1, migrate: () => ({ n: 1 }) }'));
    expect(codesOf(good)).toEqual(['VERSION_RAISED']);
    const bad = await check(kind(PAY, '{ version: 1, migrate: ({ n }) => ({ n: n.length }) }'));
    expect(codesOf(bad)).toEqual(['MIGRATION_FAILS', 'VERSION_RAISED']);
  });

  test('keys of baggage that a first start alone puts there', async () => {
    const { kernel } = shared;
    const old = await shared.create('faulty/desk.js', { vatParameters: { isOld: true } });
    const fresh = await shared.create('faulty/desk.js');
    const { bundleId } = old;
    const vatParameters = { isOld: true };
    const report = await kernel.checkUpgrade(old.vatId, { bundleId, vatParameters });
    expect(textOf(report, 'KEY_MISSING')).toContain('reads "waiting" from its baggage');
    expect(codesOf(await kernel.checkUpgrade(fresh.vatId, { bundleId }))).toEqual([]);
  });

  test('tried twice -> the same report, and nothing stays', async () => {
    const { check, kernel, run } = await scene(kind(PAY));
    await run('$.make()');
    await kernel.idle();
    const before = [kernel.height, kernel.blockHash];
    const { cost: first, ...one } = await check(kind('more: () => 1'));
    const { cost: second, ...two } = await check(kind('more: () => 1'));
    expect(two).toEqual(one);
    expect(second.bytes).toBe(first.bytes);
    expect([kernel.height, kernel.blockHash]).toEqual(before);
  });
});
