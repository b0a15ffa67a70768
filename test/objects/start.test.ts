/**
 * Starting a vat (section 2.2 of README.md). Faults of `buildRootObject` one by one, without a
 * kernel: packages/worker/src/liveslots/vat/start.test.ts; of upgrades: test/upgrade.
 *
 * @module-tag sized
 */
import type { Kernel } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { kernelOver } from '../support/kernels/fresh-kernels.js';
import { useWorkbenches } from '../support/drivers/workbench.js';

describe('start: what a bundle must give', () => {
  let kernel: Kernel;
  beforeEach(async () => {
    kernel = await kernelOver();
  });
  /** The reason for which a vat of `source` does not start. */
  const refusal = async (source: string, vatParameters?: unknown): Promise<string> => {
    const bundleId = await kernel.installBundle({ moduleFormat: 'endoScript', source });
    return kernel.createVat({ name: 'vat', bundleId, vatParameters }).then(
      () => 'it started',
      (error: unknown) => String(error),
    );
  };
  const building = (body: string): string =>
    `({ buildRootObject(vatPowers, parameters, baggage) { ${body} } })`;

  const refused = 'buildRootObject: missing, failing, unsettled, giving no Far -> refused';
  test(refused, async () => {
    const all: readonly (readonly [source: string, reason: RegExp])[] = [
      ['({})', /vat source bundle lacks buildRootObject\(\) function/],
      ['({ buildRootObject: 1 })', /vat source bundle lacks buildRootObject\(\) function/],
      [building(`throw RangeError('no');`), /^RangeError: no$/],
      [building(`return Promise.reject(TypeError('no'));`), /^TypeError: no$/],
      [building('return new Promise(() => {});'), /buildRootObject unresolved$/],
      [building('return harden({ a: 1 });'), /vat v\d+ returned .*, which is not Far$/],
      [building('return { f() {} };'), /which is not Far$/],
      [building('return baggage;'), /must return ephemeral, not virtual\/durable object$/],
      [building(`return VatData.defineKind('k', null, {})();`), /must return ephemeral/],
      [building(`VatData.makeKindHandle('a'); VatData.makeKindHandle('b');
        return baggage;`), /must return ephemeral/],
    ];
    // Without one, one that throws, never settles, gives data, gives what is durable.
    const some = [0, 2, 4, 5, 7].map(i => all[i]!);
    const cases = amount({ quick: some, thorough: all });
    for (const [source, reason] of cases) expect(await refusal(source)).toMatch(reason);
    expect(kernel.vats()).toEqual([]);
  });

  test('buildRootObject: a function as root, the promise of one -> started', async () => {
    const remotable = (value: string): string => `Object.setPrototypeOf(${value},
      Object.create(Function.prototype, { [Symbol.for('passStyle')]: { value: 'remotable' },
        [Symbol.toStringTag]: { value: 'Alleged: root' } }))`;
    const source = building(`return Promise.resolve(${remotable('() => 7')});`);
    expect(await refusal(source)).toBe('it started');
  });
});

describe('start: what buildRootObject is given', () => {
  const benches = useWorkbenches();

  test('vatParameters: anything passable -> as it was, hardened', async () => {
    const other = await benches.make();
    const bench = await benches.make();
    const given = [{ a: [1n, 'x', undefined] }, other.root, NaN];
    await bench.upgrade('$.seen = args; $.frozen = Object.isFrozen(args[0].a)', given);
    expect(await bench.run('[$.seen, $.frozen]')).toEqual([given, true]);
    expect(await bench.run(`E($.seen[1]).run('3')`)).toBe(3);
  });

  test('vatParameters: an object of the vat itself -> refused, no kind defined', async () => {
    const setup = `if (!baggage.has('h')) baggage.init('h', VatData.makeKindHandle('thing'));
      $.make = VatData.defineDurableKind(baggage.get('h'), null, { get: () => 1 });`;
    const bench = await benches.make(setup);
    const thing = await bench.run(`baggage.init('it', $.make()); baggage.get('it')`);
    await expect(bench.upgrade(setup, [thing])).rejects.toThrow('failed to reanimate');
    await expect(bench.upgrade(setup, [bench.root])).rejects.toThrow(/root/);
    expect([bench.incarnation, await bench.run(`baggage.get('it').get()`)]).toEqual([0, 1]);
    await bench.upgrade(setup);
    expect(await bench.run('args[0].get()', [thing])).toBe(1);
  });

  test('vatParameters: stores and handles of the vat itself -> taken', async () => {
    const bench = await benches.make();
    const store = await bench.run(`baggage.init('m', VatData.makeScalarBigMapStore('m',
      { durable: true })); baggage.get('m')`);
    await bench.upgrade(`$.same = args[0] === baggage.get('m')`, [store]);
    expect(await bench.run('$.same')).toBe(true);
  });

  test('what buildRootObject leaves to later turns -> done before the first message', async () => {
    const bench = await benches.make(`let n = 0;
      (async () => { while (n < 1_000) { await null; n += 1; } $.n = n; })();`);
    expect(await bench.run('$.n')).toBe(1_000);
  });

  test('sends and watches of buildRootObject -> made; results come in later cranks', async () => {
    const other = await benches.make();
    const bench = await benches.make();
    await bench.upgrade(`E(args[0]).run('40 + 2').then(it => { $.answer = it; }); 0`, [other.root]);
    expect(await bench.run('$.answer')).toBe(42);
  });

  test('root: each incarnation makes another, under the same reference', async () => {
    const bench = await benches.make('$.incarnation = "first"');
    const { root } = bench;
    await bench.upgrade('$.incarnation = "second"');
    expect(bench.root).toBe(root);
    expect(await bench.run('$.incarnation')).toBe('second');
  });

  benches.testRepetition();
});
