/**
 * What a later incarnation may change of a durable kind (section 3.3 of README.md).
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** `$.define(behavior, options)`: defines the kind `$.tag`, its handle `$.handle` of baggage. */
const DEFINE = `
  $.methods = { get: ({ state }, n) => state[n], set: ({ state }, n, v) => { state[n] = v; } };
  $.kit = (...names) => Object.fromEntries(names.map(name => [name, $.methods]));
  $.tag = 'kind';
  $.handle = 'handle';
  $.define = (behavior = $.methods, options = {}, init = it => harden(it)) => {
    if (!baggage.has($.handle)) baggage.init($.handle, VatData.makeKindHandle($.tag));
    const isMulti = Object.values(behavior).some(it => typeof it === 'object');
    return VatData['defineDurableKind' + (isMulti ? 'Multi' : '')](
      baggage.get($.handle), init, behavior, options);
  };
  $.provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
`;
const SHAPE = '{ a: M.number(), b: M.opt(M.string()) }';
const shaped = (shape: string): string => `$.define($.methods, { stateShape: ${shape} })`;

/** The reason for which an upgrade from `first` to `second` fails. */
const refusal = async (first: string, second: string): Promise<string> => {
  const bench = await benches.make(DEFINE + first);
  const reason = await bench.failedUpgrade(DEFINE + second);
  expect(await bench.run('1 + 1')).toBe(2);
  return reason;
};

/** How a kind is defined first, how then, and what is wrong about that. */
type Change = readonly [title: string, first: string, second: string, wrong?: string];

const tagOf = (i: number): string => `kind ${i}`;

/**
 * One test for each change, all of one upgrade, of a vat that has a kind for each. An upgrade tells
 * of every kind that is wrong, so a test knows what it tells of its own.
 */
const testChanges = (
  changes: readonly Change[],
  title: string,
  check: (told: readonly string[], wrong: string, bench: Workbench) => void,
): void => {
  let bench: Workbench;
  let told: readonly string[] = [];
  beforeAll(async () => {
    const codeOf = (which: 1 | 2): string =>
      changes.map((change, i) => `$.tag = '${tagOf(i)}'; $.handle = 'handle ${i}';
        { ${change[which]} }`).join('\n');
    bench = await benches.hold(DEFINE + codeOf(1));
    const upgraded = bench.upgrade(DEFINE + codeOf(2));
    const reason = await upgraded.then(() => undefined, (error: unknown) => error);
    const reasons = reason instanceof AggregateError ? reason.errors : [reason];
    told = reason === undefined ? [] : reasons.map(String);
  });
  for (const [i, [name, , , wrong = '']] of changes.entries()) {
    test(title.replace('%s', name), async () => {
      const own = told.filter(text => text.includes(`"${tagOf(i)}"`));
      check(own, wrong.replaceAll('"kind"', `"${tagOf(i)}"`), bench);
      expect(await bench.run('1 + 1')).toBe(2);
    });
  }
};
const testAccepted = (changes: readonly Change[], title: string): void =>
  testChanges(changes, title, (told, _, bench) => {
    expect(told).toEqual([]);
    expect(bench.incarnation).toBe(1);
  });
const testRefused = (changes: readonly Change[], title: string): void =>
  testChanges(changes, title, (told, wrong, bench) => {
    expect(told).toEqual([expect.stringContaining(wrong)]);
    expect(bench.incarnation).toBe(0);
  });

const MISMATCH = 'durable Kind stateShape mismatch';

describe('redefinition: behaviour', () => {
  describe('accepted', () => testAccepted([
    ['the same methods', '$.define()', '$.define()'],
    ['other methods', '$.define()', '$.define({ other: () => 1 })'],
    ['no methods', '$.define()', '$.define({})'],
    ['another init', '$.define()', '$.define($.methods, {}, () => ({ other: 1 }))'],
    ['other options', '$.define()', '$.define($.methods, { finish: () => {} })'],
    ['the same facets, in another order', `$.define($.kit('a', 'b'))`, `$.define($.kit('b', 'a'))`],
    ['more facets', `$.define($.kit('a', 'b'))`, `$.define($.kit('c', 'b', 'a'))`],
    ['other methods of facets', `$.define($.kit('a', 'b'))`, '$.define({ a: {}, b: {} })'],
    ['a handle first defined in the second', `
      baggage.init($.handle, VatData.makeKindHandle($.tag));
      VatData.defineDurableKind(baggage.get($.handle), null, {})`, '$.define()'],
  ], 'behaviour: %s -> accepted'));

  describe('refused', () => testRefused([
    ['single to multi', '$.define()', `$.define($.kit('a', 'b'))`,
      'defineDurableKindMulti called for unfaceted KindHandle "kind"'],
    ['multi to single', `$.define($.kit('a', 'b'))`, '$.define()',
      'defineDurableKind called for faceted KindHandle "kind"'],
    ['a facet is missing', `$.define($.kit('a', 'b', 'c'))`, `$.define($.kit('d', 'c', 'a'))`,
      'durable kind "kind" facets (a,c,d) is missing b from original definition (a,b,c)'],
  ], 'behaviour: %s -> refused'));

  test('tag: another in the code -> does not matter, the handle has it', async () => {
    const bench = await benches.make(`${DEFINE} baggage.init('it', $.define()({ n: 1 }))`);
    await bench.upgrade(`${DEFINE} $.define()`.replace(`'kind'`, `'other'`));
    expect(await bench.run(`getInterfaceOf(baggage.get('it'))`)).toBe('Alleged: kind');
  });

  test('facets: more of them -> old instances gain them, old facets stay', async () => {
    const setup = (names: string): string => `${DEFINE}
      $.make = $.define($.kit(${names}));
      $.provide('two', () => $.make({ n: 7 }).two);
      $.whole = facets => harden(Object.keys(facets));
    `;
    const bench = await benches.make(setup(`'one', 'two'`));
    await bench.upgrade(setup(`'four', 'two', 'three', 'one'`).replace('$.methods =',
      '$.methods = { facets: ({ facets }) => facets }; $.rest ='));
    expect(await bench.run(`const facets = baggage.get('two').facets();
      [Object.keys(facets), Object.keys($.make({})), getInterfaceOf(baggage.get('two')),
        facets.two === baggage.get('two'), getInterfaceOf(facets.three)]`)).toEqual([
      ['one', 'two', 'four', 'three'], ['one', 'two', 'four', 'three'], 'Alleged: kind two', true,
      'Alleged: kind three',
    ]);
    await bench.upgrade(setup(`'a', 'four', 'two', 'three', 'one'`));
    expect(await bench.run(`Object.keys($.make({}))`)).toEqual(
      ['one', 'two', 'four', 'three', 'a'],
    );
    expect(await bench.run(`baggage.get('two').get('n')`)).toBe(7);
  });
});

describe('redefinition: stateShape', () => {
  describe('accepted', () => testAccepted([
    ['none before and after', '$.define()', '$.define()'],
    ['the same', shaped(SHAPE), shaped(SHAPE)],
    ['the same, names in another order', shaped(SHAPE),
      shaped('{ b: M.opt(M.string()), a: M.number() }')],
    ['a new field that M.or(undefined, ...) makes optional', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.or(undefined, M.bigint()) }`)],
    ['new fields that M.opt and M.or(M.undefined(), ...) make optional', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.opt(M.bigint()), d: M.or(M.string(), M.undefined()) }`)],
    ['references the same', shaped('{ a: baggage, b: M.any() }'),
      shaped('{ b: M.any(), a: baggage }')],
  ], 'shape: %s -> accepted'));

  const shapes: readonly Change[] = [
    ['added', '$.define()', shaped(SHAPE), '(no old shape)'],
    ['removed', shaped(SHAPE), '$.define()', ''],
    ['a field widened', shaped(SHAPE), shaped(`{ ...${SHAPE}, a: M.any() }`), '(body a)'],
    ['a field written otherwise, in the same sense', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, a: M.and(M.number()) }`), '(body a)'],
    ['a field removed', shaped(SHAPE), shaped('{ a: M.number() }'), '(body b)'],
    ['a new field that must be there', shaped(SHAPE), shaped(`{ ...${SHAPE}, c: M.any() }`),
      '(body new field c)'],
    ['a new field that is M.undefined() itself', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.undefined() }`), '(body new field c)'],
    ['a new M.or without undefined', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.or(M.string(), M.number()) }`), '(body'],
    ['a new field optional deep inside only', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.or(M.string(), M.or(M.undefined(), M.number())) }`), '(body'],
    ['another reference', shaped('{ a: baggage }'), shaped('{ a: baggage.get($.handle) }'),
      '(slot[0])'],
    ['a new optional field that brings a reference', shaped(SHAPE),
      shaped(`{ ...${SHAPE}, c: M.or(M.undefined(), baggage) }`), '(slots.length)'],
  ];
  describe('refused', () => testRefused(
    shapes.map(([title, first, second, where]) => [
      title, first, second, `${MISMATCH} ${where}`.trim(),
    ] as const),
    'shape: %s -> refused',
  ));

  test('shape: a field added -> undefined in old instances, settable, then frozen', async () => {
    const more = shaped(`{ c: M.opt(M.bigint()), ...${SHAPE} }`);
    const bench = await benches.make(`${DEFINE} baggage.init('it', ${shaped(SHAPE)}({ a: 1 }))`);
    await bench.upgrade(`${DEFINE} ${more}`);
    const read = `['a', 'b', 'c'].map(name => baggage.get('it').get(name))`;
    expect(await bench.run(read)).toEqual([1, undefined, undefined]);
    await bench.run(`baggage.get('it').set('c', 5n)`);
    const reason = await bench.failedUpgrade(`${DEFINE} ${shaped(SHAPE)}`);
    expect(reason).toContain(`${MISMATCH} (body c)`);
    await bench.upgrade(`${DEFINE} ${more}`);
    expect(await bench.run(read)).toEqual([1, undefined, 5n]);
  });
});

describe('redefinition: every kind, once', () => {
  test('a kind not defined again -> the upgrade fails and names it', async () => {
    expect(await refusal(`$.define(); baggage.init('b', VatData.makeKindHandle('second'));
      VatData.defineDurableKind(baggage.get('b'), null, {})`, '')).toContain(
      'defineDurableKind not called for tags: [kind,second]',
    );
    expect(await refusal(`$.define(); baggage.init('b', VatData.makeKindHandle('second'));
      VatData.defineDurableKind(baggage.get('b'), null, {})`, '$.define()')).toContain(
      'defineDurableKind not called for tags: [second]',
    );
  });

  test('a handle made and never defined at the start -> the vat does not start', async () => {
    const started = benches.make(`baggage.init('h', VatData.makeKindHandle('never'))`);
    await expect(started).rejects.toThrow('defineDurableKind not called for tags: [never]');
  });

  test('a handle made in a later crank, not defined -> the upgrade must define it', async () => {
    const bench = await benches.make(DEFINE);
    await bench.run(`baggage.init('handle', VatData.makeKindHandle('late'))`);
    expect(await bench.failedUpgrade(DEFINE)).toContain('not called for tags: [late]');
    await bench.upgrade(`${DEFINE} $.define()`);
  });

  test('an instance before its kind is defined -> names it; after -> there', async () => {
    const bench = await benches.make(`${DEFINE}
      baggage.init('it', $.define()({ n: 1 })); baggage.init('list', harden([baggage.get('it')]))`);
    await bench.upgrade(`${DEFINE}
      $.before = [why(() => baggage.get('it')), why(() => baggage.get('list'))];
      $.define();
      $.after = baggage.get('list')[0] === baggage.get('it') && baggage.get('it').get('n')`);
    const [it, list] = (await bench.run('$.before')) as [string, string];
    expect(it).toMatch(/failed to reanimate "?Alleged: kind/);
    expect(it).toContain('check deserialize preceding kind definitions');
    expect(list).toBe(it);
    expect(await bench.run('$.after')).toBe(1);
  });

  test('redefinition twice in one incarnation -> refused there and then', async () => {
    expect(await refusal('$.define()', '$.define(); $.define()')).toContain(
      'redefinition of durable kind',
    );
  });
});

describe('redefinition: what is not durable', () => {
  test('virtual kinds, stores and RAM -> gone; baggage and what it holds -> there', async () => {
    const bench = await benches.make();
    await bench.run(`$.n = 1; $.map = VatData.makeScalarBigMapStore('v'); $.map.init('k', 1);
      baggage.init('n', 2); 0`);
    await bench.upgrade();
    expect(await bench.run('[$.n, $.map, [...baggage.entries()]]')).toEqual(
      [undefined, undefined, [['n', 2]]],
    );
  });

  test('an upgrade that fails -> nothing of it is left', async () => {
    const bench = await benches.make(`${DEFINE} $.define(); $.n = 1; baggage.init('n', 1)`);
    const reason = await bench.failedUpgrade(`${DEFINE} $.define({ get: () => 'new' });
      baggage.set('n', 2); baggage.init('m', 3); throw RangeError('on second thoughts')`);
    expect(reason).toContain('on second thoughts');
    expect(await bench.run(`[$.n, [...baggage.keys()].sort(), baggage.get('n')]`)).toEqual(
      [1, ['handle', 'n'], 1],
    );
  });
});

benches.testRepetition();
