/** What a dry run warns of: upgrades that succeed and break something, beside right ones. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  CheckUpgradeOptions,
  DryRunReport,
  Kernel,
  LogRecord,
  UpgradeResult,
  UpgradeWarning,
  VatReference,
} from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
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
  check(setup: string, more?: object, how?: CheckUpgradeOptions): Promise<DryRunReport>;
  upgrade(setup: string, more?: object): Promise<UpgradeResult>;
}

const scene = async (setup: string, more: object = {}): Promise<Scene> => {
  const { kernel } = shared;
  const parameters = { setup, ...more };
  const vat = await shared.create('workbench.js', { vatParameters: parameters });
  return {
    kernel,
    root: vat.root,
    run: (code, args = []) => kernel.call(vat.root, 'run', [code, args]),
    check: async (next, given = more, how = {}) => {
      await kernel.idle();
      const vatParameters = { setup: next, ...given };
      const { bundleId } = vat;
      return kernel.checkUpgrade(vat.vatId, { bundleId, vatParameters, compare: true, ...how });
    },
    upgrade: (next, given = more) => {
      const { bundleId } = vat;
      return kernel.upgradeVat(vat.vatId, { bundleId, vatParameters: { setup: next, ...given } });
    },
  };
};

interface Warned {
  readonly warnings?: readonly UpgradeWarning[];
}

const codesOf = ({ warnings = [] }: Warned): string[] => warnings.map(({ code }) => code);
const textOf = ({ warnings = [] }: Warned, code: string): string =>
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

  test('guards of what others hold that ask for more -> which methods, and how', async () => {
    const pay = (guard: string): string =>
      kind(PAY, guard === '' ? '{}' : `{ interfaceGuard: M.interface('O', { pay: ${guard} }) }`);
    const { check, run } = await scene(pay('M.call(M.string()).optional(M.nat()).returns()'));
    const told = async (guard: string): Promise<string[]> => {
      const { warnings } = await check(pay(guard));
      return warnings.map(({ code, text }) => `${code} ${/pay .*?(?=\. Calls)/.exec(text)?.[0]}`);
    };
    expect(await told('M.call().returns()')).toEqual([]);
    await run('$.make()');
    const same = 'M.call(M.string()).optional(M.nat())';
    expect(await told(`${same}.returns(M.any())`)).toEqual([]);
    expect(await told(`${same}.rest(M.string()).returns()`)).toEqual([]);
    expect(await told('M.call().optional(M.any(), M.nat(), M.nat()).returns()')).toEqual([]);
    expect(await told('M.callWhen(M.await(M.string())).rest(M.any()).returns()')).toEqual([]);
    expect(await told('M.call(M.raw()).rest(M.raw()).returns(M.raw())')).toEqual([]);
    expect(await told('')).toEqual([]);
    const changed = (how: string): string[] => [`GUARD_CHANGED pay ${how}`];
    expect(await told('M.call(M.string(), M.nat()).returns()')).toEqual(
      changed('asks for 2 arguments, not 1'),
    );
    expect(await told('M.call(M.string()).returns()')).toEqual(
      changed('takes at most 1 arguments'),
    );
    expect(await told('M.call(M.nat()).optional(M.nat()).returns()')).toEqual(
      changed('argument 0 is changed'),
    );
    const open = await scene(kind(PAY));
    await open.run('$.make()');
    const now = await open.check(pay('M.call(M.string()).returns()'));
    expect(now.warnings).toMatchObject([{ code: 'GUARD_CHANGED', subject: '"Order": pay' }]);
    expect(now.warnings[0]?.text).toContain('pay had no guard');
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

  test('fields that states of one version lack -> which, by init or by a first state', async () => {
    const { check, run } = await scene(kind(PAY));
    const fields = (init: string, options = '{}', more = ''): string =>
      kind(PAY, options).replace('() => ({ n: null })', init) + more;
    const more = '(n = null, tip = 0) => ({ n, tip })';
    // Nothing is stored yet.
    expect(codesOf(await check(fields(more)))).toEqual([]);
    await run('$.make()');
    const report = await check(fields(more));
    expect(codesOf(report)).toEqual(['FIELD_UNDEFINED']);
    expect(report.warnings[0]).toMatchObject({ subject: 'Order: tip', count: 1 });
    const text = 'states of kind "Order" that are stored have no tip, which new ones have';
    expect(textOf(report, 'FIELD_UNDEFINED')).toContain(text);
    const hidden = '() => JSON.parse(\'{"n":1,"fee":2}\')';
    expect(codesOf(await check(fields(hidden)))).toEqual([]);
    expect(codesOf(await check(fields(hidden, '{}', '$.make()')))).toContain('FIELD_UNDEFINED');
    expect(codesOf(await check(fields('() => ({})')))).toEqual([]);
    const migrate = '{ version: 1, migrate: ({ n }) => ({ n, tip: 0 }) }';
    expect(codesOf(await check(fields(more, migrate)))).toEqual(['VERSION_RAISED']);
  });

  test('the same of a kind with versions -> by comparing alone', async () => {
    const migrate = '{ version: 1, migrate: ({ n }) => ({ n, tip: 0 }) }';
    const of = (names: string): string =>
      kind(PAY, migrate).replace('() => ({ n: null })', `() => ({ ${names} })`);
    const { check, run, upgrade } = await scene(kind(PAY));
    await run('$.make()');
    await upgrade(of('n: 1, tip: 0'));
    // Nothing with a tip is stored yet, and it is no mistake.
    expect(codesOf(await check(of('n: 1, tip: 0')))).toEqual([]);
    const report = await check(of('n: 1, tip: 0, fee: 2'));
    expect(report.warnings).toMatchObject([{ code: 'FIELD_UNDEFINED', subject: 'Order: fee' }]);
    expect(codesOf(await check(of('n: 1, fee: 2'), {}, { compare: false }))).toEqual([]);
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

  test('a start that reads a key which baggage lacks -> the key, in the trace alone', async () => {
    const { check } = await scene('1');
    const { errors, trace } = await check('baggage.get("waiting")');
    expect(errors).toEqual(['Error: key (a string) not found in collection "baggage"']);
    expect(trace).toContain('baggage has no key "waiting"');
  });

  test('the kind of resolvers of durable promises -> it is nowhere among kinds', async () => {
    const { check, run } = await scene(kind(PAY));
    const promise = '$.kit = VatData.makeDurablePromiseKit(); 1';
    const made = await check(`${kind(PAY)}; ${promise}`);
    expect(made.kinds).toEqual({ bound: ['Order'], unbound: [], dismissed: [], added: [] });
    expect(codesOf(await check(`${kind(PAY, '{}', 'Orders')}; ${promise}`))).toEqual([
      'HANDLE_NOT_KEPT',
    ]);
    await run(promise);
    const { kinds } = await check(kind(PAY));
    expect(kinds).toEqual({ bound: ['Order'], unbound: [], dismissed: [], added: [] });
    expect((await check('1')).kinds.unbound).toEqual(['Order']);
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

describe('warnings that are accepted', () => {
  const VERSIONED = kind(PAY, '{ version: 1, migrate: s => s }');
  const RAISED = { code: 'VERSION_RAISED', subject: 'Order 0-1' } as const;
  const TICKET = { code: 'EXPORT_LOST', subject: 'ticket' } as const;

  test('by code and subject -> they are listed aside and count for no verdict', async () => {
    const { check, run } = await scene(kind(PAY));
    await run('$.make(); Far("ticket", {})');
    const accepting = async (accept: CheckUpgradeOptions['accept']) => {
      const { accepted, unneeded, verdict, ...report } = await check(VERSIONED, {}, { accept });
      return [verdict, codesOf(report), codesOf({ warnings: accepted }), unneeded];
    };
    const all = ['EXPORT_LOST', 'VERSION_RAISED'];
    expect(await accepting([])).toEqual(['warnings', all, [], []]);
    const why = { ...RAISED, why: 'we go on' };
    expect(await accepting([why])).toEqual(['warnings', ['EXPORT_LOST'], ['VERSION_RAISED'], []]);
    expect(await accepting([RAISED, TICKET])).toEqual(['ok', [], all, []]);
    const other = { ...TICKET, subject: 'tickets' };
    expect(await accepting([RAISED, other])).toEqual([
      ...['warnings', ['EXPORT_LOST'], ['VERSION_RAISED'], [other]],
    ]);
  });

  test('a start that fails, a code that nobody looks for -> nothing is told of it', async () => {
    const { check, run } = await scene(kind(PAY));
    await run('$.make()');
    const gone = { code: 'METHOD_GONE', subject: '"Order": pay' } as const;
    const accept = [RAISED, gone];
    const refused = await check('1', {}, { accept });
    expect([refused.verdict, refused.unneeded]).toEqual(['refused', []]);
    expect((await check(kind(PAY), {}, { accept })).unneeded).toEqual(accept);
    const { unneeded } = await check(kind(PAY), {}, { accept, compare: false });
    expect(unneeded).toEqual([RAISED]);
  });

  test.each([
    [{}, 'accept: it is a list of { code, subject }'],
    [['x'], 'accept[0]: it is a record of code and subject'],
    [[{ code: 'VERSION', subject: '' }], 'accept[0]: code is "VERSION"; codes: HANDLE_NOT_KEPT, '],
    [[RAISED, { ...RAISED, subjects: 1 }], 'accept[1]: unknown field subjects; fields: code, '],
    [[{ code: 'VERSION_RAISED' }], 'accept[0]: subject must be the text of a warning'],
    [[{ ...RAISED, why: 1 }], 'accept[0]: why must be a text'],
  ])('%j -> BAD_OPTION says what is right', async (accept, text) => {
    const { check } = await scene('1');
    const checking = check('1', {}, { accept: accept as never });
    await expect(checking).rejects.toThrow(`checkUpgrade: ${text}`);
  });

  test('in a file beside the code, by the command -> the same; its errors', async () => {
    const home = await freshDirectory();
    const [store, code] = [join(home, 'store'), join(home, 'code')];
    await mkdir(code);
    const entry = join(code, 'vat.json');
    await writeFile(entry, JSON.stringify(await fixture('workbench.js')));
    const kernel = await kernelOver({ directory: store });
    const bundleId = await install(kernel, 'workbench.js');
    const vatParameters = { setup: 'Far("ticket", {})', root: 'Far("root", { it: () => $.it })' };
    await kernel.createVat({ name: 'shop', bundleId, vatParameters: { ...vatParameters, fee: 1 } });
    await kernel.close();
    const parameters = JSON.stringify(vatParameters);
    const run = (...flags: string[]) => {
      const usual = ['--strict', '--no-compare', '--parameters', parameters];
      return heirloom('check-upgrade', store, 'shop', entry, ...usual, ...flags);
    };
    const told = await run();
    expect(told.status).toBe(3);
    expect(told.stdout).toContain('[fee]');
    const fee = { code: 'PARAMETER_LEFT_OUT', subject: 'fee', why: 'nobody pays' };
    const elsewhere = { ...fee, vat: 'bank', subject: 'rent' };
    const file = join(code, 'heirloom.accept.json');
    await writeFile(file, JSON.stringify({ accept: [fee, elsewhere, TICKET] }));
    const accepted = await run();
    expect(accepted.status).toBe(0);
    expect(accepted.stdout).toMatch(/^warnings accepted +1: PARAMETER_LEFT_OUT \[fee\]$/m);
    expect(accepted.stdout).toMatch(/^accepted in vain +1: EXPORT_LOST \[ticket\]$/m);
    const json = JSON.parse((await run('--json')).stdout) as unknown;
    const accepts = { accepted: [{ subject: 'fee' }], unneeded: [TICKET] };
    expect(json).toMatchObject({ verdict: 'ok', ...accepts });
    expect((await run('--no-accept')).status).toBe(3);
    const other = join(home, 'other.json');
    await writeFile(other, '{ "accept": [{ "code": "FEE", "subject": "fee" }] }');
    const wrong = await run('--accept', other);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('code is "FEE"; codes');
    await writeFile(other, '[]');
    expect((await run('--accept', other)).stderr).toContain('must be { "accept": [{ "code": ');
    expect((await run('--accept', join(home, 'none'))).stderr).toContain('cannot be read');
  }, 120_000);
});

describe('an upgrade that is carried out tells', () => {
  test('nothing where there is nothing', async () => {
    const { run, upgrade } = await scene(kind(PAY));
    await run('$.make()');
    expect(await upgrade(kind(PAY))).toEqual({ incarnationNumber: 1 });
  });

  test('what its dry run has told of losses, parameters, stores, versions', async () => {
    const holder = await shared.create('promises/holder.js');
    const { check, kernel, root, run, upgrade } = await scene(kind(PAY), { fee: 25n });
    await run('$.make()');
    const ticket = await run('vatPowers.nameExport("t", Far("named", {})); Far("ticket", {})');
    const asker = await shared.create('workbench.js');
    await kernel.call(asker.root, 'run', ['$.ticket = args[0]; 1', [ticket]]);
    const ask = 'void E(args[0]).run("new Promise(() => {})").catch(() => 1); 1';
    await kernel.call(asker.root, 'run', [ask, [root]]);
    await run('void E(args[0]).result("p").then(() => 1); 1', [holder.root]);
    const { clock } = kernel.services;
    await run('void E(args[0]).wakeAt(10n ** 6n).then(() => 1); 1', [clock]);
    const next = `${kind(PAY, '{ version: 1, migrate: s => s }')}
      VatData.makeScalarBigMapStore('orders', { durable: true });`;
    const { warnings } = await check(next, {});
    const done = await upgrade(next, {});
    // Places are known by who asks the worker.
    const unplaced = warnings.map(({ place: _place, ...warning }) => warning);
    expect(done.warnings).toEqual(unplaced);
    expect(codesOf(done)).toEqual([
      ...['EXPORT_LOST', 'EXPORT_LOST', 'PROMISE_NOT_WATCHED', 'ALARM_LOST', 'MADE_ANEW'],
      ...['PARAMETER_LEFT_OUT', 'ANSWER_LOST', 'VERSION_RAISED'],
    ]);
    expect(textOf(done, 'EXPORT_LOST')).toContain(`held by vat "${asker.name}", the host`);
    const again = await upgrade(next);
    expect(codesOf(again)).toEqual(['MADE_ANEW']);
  });

  test('a thousand exports -> counted so far, and who holds some', async () => {
    const { run, upgrade } = await scene('1');
    await run('$.all = Array.from({ length: 1_100 }, () => Far("ticket", {}))');
    const { warnings } = await upgrade('1');
    expect(warnings).toMatchObject([{ code: 'EXPORT_LOST', subject: 'ticket', count: 1_000 }]);
    expect(warnings?.[0]?.text).toContain('held by the host');
  });

  test('by upgradeAll, and in the log -> the verdict', async () => {
    const records: LogRecord[] = [];
    const { kernel, run, root, upgrade } = await scene('1');
    kernel.setLog({ categories: ['upgrade'], write: record => records.push(record) });
    const { name } = kernel.vats().find(vat => vat.root === root) ?? { name: '' };
    await run('$.it = [Far("ticket", {}), Far("coupon", {})]');
    const all = await kernel.upgradeAll({});
    const one = all.find(result => result.name === name);
    expect(one?.succeeded === true && codesOf(one)).toEqual(['EXPORT_LOST', 'EXPORT_LOST']);
    await upgrade('1');
    await expect(upgrade('throw Error("no")')).rejects.toThrow('no');
    kernel.setLog(undefined);
    const told = records.filter(record => record['name'] === name);
    expect(told.map(({ event, verdict, warnings }) => [event, verdict, warnings])).toEqual([
      ['upgraded', 'warnings', ['EXPORT_LOST 2']],
      ['upgraded', 'ok', []],
      ['upgraded', 'refused', []],
    ]);
  });
});
