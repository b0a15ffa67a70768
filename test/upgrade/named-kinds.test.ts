/**
 * Kinds that are found by name, and the end of an upgrade (docs/upgrade/named-kinds.md).
 *
 * @module-tag sized
 */
import type { VatReference } from '@heirloom/kernel';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { testLast } from '../support/suite/last-test.js';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** Rows and tables agree, whatever a test did. */
afterEach(() => {
  expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
});

const methods = (version: number): string => `{
  get: ({ state }) => state.n, version: () => ${version},
  add: ({ state }, m) => { state.n += m; return state.n; },
}`;
const make = (name = 'Counter'): string =>
  `$.make = vatPowers.makeKind('${name}', n => ({ n }), ${methods(1)});`;
const replace = (version: number, name = 'Counter'): string =>
  `$.make = vatPowers.replaceKind('${name}', n => ({ n }), ${methods(version)});`;
const KIT = '{ up: { step: () => 1 }, down: { step: () => -1 } }';

describe('named kinds', () => {
  test('named kinds: replaced -> old objects, new code, no handle in baggage', async () => {
    const bench = await benches.make(make());
    const it = (await bench.run('$.make(5)')) as VatReference;
    const peer = await benches.make();
    await peer.run('$.it = args[0]; 0', [it]);
    expect(await bench.run('[...baggage.keys()]')).toEqual([]);
    for (const version of [2, 3]) {
      await bench.upgrade(replace(version));
      expect(await peer.run('E($.it).version()')).toBe(version);
      expect(await peer.run('E($.it).add(1)')).toBe(version + 4);
    }
    expect(await bench.run('getInterfaceOf(args[0])', [it])).toBe('Alleged: Counter');
    expect(await bench.run('$.make(1) === args[0]', [it])).toBe(false);
    await benches.restart();
    expect(await peer.run('E($.it).get()')).toBe(7);
  });

  test('named kinds: facets, options -> as with handles', async () => {
    const bench = await benches.make(`
      $.make = vatPowers.makeKindMulti('Pair', n => ({ n }), ${KIT},
        { stateShape: { n: M.number() } });
      baggage.init('up', $.make(1).up)`);
    expect(await bench.run(`why(() => $.make('x'))`)).toContain('Must be a number');
    const more = KIT.replace('{ up', '{ side: { step: () => 0 }, up');
    const shape = '{ stateShape: { n: M.number() } }';
    const setup = `$.make = vatPowers.replaceKindMulti('Pair', n => ({ n }), ${more}, ${shape})`;
    await bench.upgrade(setup);
    expect(await bench.run(`[baggage.get('up').step(), $.make(2).side.step()]`)).toEqual([1, 0]);
    const less = setup.replace('side', 'up2').replace('down', 'x');
    expect(await bench.failedUpgrade(less)).toContain(
      'durable kind "Pair" facets (up,up2,x) is missing down,side from original definition',
    );
  });

  test('named kinds: a kind with a handle and one with a name -> the same tag may be', async () => {
    const bench = await benches.make(`
      baggage.init('handle', VatData.makeKindHandle('Counter'));
      $.other = VatData.defineDurableKind(baggage.get('handle'), null, { version: () => 'h' });
      ${make()}`);
    expect(await bench.failedUpgrade(replace(2))).toContain('not called for tags: [Counter]');
    await bench.upgrade(`${replace(2)}
      $.other = VatData.defineDurableKind(baggage.get('handle'), null, { version: () => 'h2' })`);
    expect(await bench.run('[$.make(1).version(), $.other().version()]')).toEqual([2, 'h2']);
  });

  test('named kinds: not replaced -> the upgrade fails and names all', async () => {
    const bench = await benches.make(make('A') + make('B'));
    expect(await bench.failedUpgrade('')).toContain('not called for tags: [A,B]');
    expect(await bench.failedUpgrade(replace(2, 'B'))).toContain('not called for tags: [A]');
    await bench.upgrade(replace(2, 'A') + replace(2, 'B'));
  });

  test('named kinds: made in a later crank -> to be replaced by the next upgrade', async () => {
    const bench = await benches.make();
    await bench.run(`${make()} 0`);
    expect(await bench.failedUpgrade('')).toContain('not called for tags: [Counter]');
    await bench.upgrade(replace(2));
  });

  const facts = [
    ['a name twice', `vatPowers.makeKind('Counter', null, {})`,
      'Error: makeKind: there is a kind "Counter" already; replaceKind defines it again'],
    ['replaced in the incarnation that made it', replace(2),
      'Error: redefinition of durable kind Counter'],
    ['an unknown name', `vatPowers.replaceKind('Purse', null, {})`,
      'Error: replaceKind: no kind is named "Purse"; there are ["Counter"]'],
    ['no behaviour', `vatPowers.makeKind('x', null, 1)`,
      'Error: invalid behavior specifier for "x"'],
    ['facets without Multi', `vatPowers.makeKind('x', null, ${KIT})`, 'Error: Check failed'],
    ['a guard kit without Multi', `vatPowers.makeKind('x', null, {}, { interfaceGuardKit: {} })`,
      'Error: Use an interfaceGuard, not interfaceGuardKit, to protect class "x"'],
    ['no name', `vatPowers.makeKind(undefined, null, {})`,
      'Error: a name must be a well-formed string of 1 to 200 bytes: "[undefined]"'],
  ] as const;
  /** One vat that does all of it. */
  describe('all of one vat', () => {
    let bench: Workbench;
    beforeAll(async () => {
      bench = await benches.hold(make());
    });

    test.each(facts)('named kinds: %s -> refused, nothing left of it', async (_, code, text) => {
      const rows = bench.rowCount;
      expect(await bench.run(`why(() => { ${code} })`)).toBe(text);
      expect(bench.rowCount).toBe(rows);
    });

    testLast('named kinds: after all of it -> the one kind, and no other', [], async () => {
      expect(await bench.upgrade(replace(2))).toEqual({ incarnationNumber: 1 });
    });
  });

  test('named kinds: an upgrade that fails -> the names are as before', async () => {
    const bench = await benches.make(make());
    expect(await bench.failedUpgrade(`${replace(2)} ${make('B')} throw Error('x')`)).toContain('x');
    await bench.run(`${make('B')} 0`);
    await bench.upgrade(replace(3) + replace(3, 'B'));
  });
});

describe('finishedUpgrade', () => {
  const later = (code: string): string =>
    `void Promise.resolve().then(() => {}).then(() => { ${code} }); 0`;

  test('finishedUpgrade: kinds bound in later turns of the start -> in time', async () => {
    const bench = await benches.make(make());
    const it = (await bench.run('$.make(1)')) as VatReference;
    await bench.upgrade(later(`${replace(2)} vatPowers.finishedUpgrade()`));
    expect(await bench.run('args[0].version()', [it])).toBe(2);
    // Without the call the same is found when the crank has come to rest.
    await bench.upgrade(later(replace(3)));
    expect(await bench.run('args[0].version()', [it])).toBe(3);
  });

  test('finishedUpgrade: too early -> the upgrade fails, also if vat code catches it', async () => {
    const bench = await benches.make(make());
    const early = `why(() => vatPowers.finishedUpgrade()); ${replace(2)}`;
    expect(await bench.failedUpgrade(early)).toContain('not called for tags: [Counter]');
    expect(await bench.run('$.make(1).version()')).toBe(1);
  });

  test('finishedUpgrade: names of exports -> abandoned there and then', async () => {
    const bench = await benches.make(`vatPowers.nameExport('it', $.it = Far('it', {}))`);
    expect(
      await bench.upgrade(`vatPowers.finishedUpgrade();
        $.why = why(() => vatPowers.reconnectExport('it', Far('it', {})))`),
    ).toMatchObject({ incarnationNumber: 1, abandonedNames: ['it'] });
    expect(await bench.run('$.why')).toContain('no export is named "it"');
  });

  test('finishedUpgrade: twice, after the start -> refused', async () => {
    const text = 'Error: finishedUpgrade: the start is over, or finished already';
    const bench = await benches.make(`vatPowers.finishedUpgrade();
      $.why = why(() => vatPowers.finishedUpgrade())`);
    expect(await bench.run('$.why')).toBe(text);
    expect(await bench.run('why(() => vatPowers.finishedUpgrade())')).toBe(text);
  });
});

benches.testRepetition();
