/**
 * States of an older version of their kind: migrated when touched (docs/upgrade/migration.md).
 *
 * @module-tag sized
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches({ parameters: { sweepRowsMax: 4 } });

/** Rows and tables agree, whatever a test did. */
afterEach(() => {
  expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
});

const THOROUGH = { tags: ['thorough'] };

const HANDLE = `
  const handle = tag => {
    if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(tag));
    return baggage.get(tag);
  };
  const behavior = {
    all: ({ state }) => harden(Object.fromEntries(Object.keys($.names).map(n => [n, state[n]]))),
    get: ({ state }, name) => state[name],
    set: ({ state }, name, value) => { state[name] = value; },
    idle: () => 'idle',
  };`;
const COINS = '{ coins: M.nat() }';
/** A purse of version 0: `{ coins }`, as `baggage.get('p0')`, `p1`, ... */
const OLD = `${HANDLE}
  $.make = VatData.defineDurableKind(handle('Purse'), coins => ({ coins }), behavior,
    { stateShape: ${COINS} });`;
const FILL = `for (let i = 0; i < 3; i += 1) baggage.init('p' + i, $.make(BigInt(i))); 0`;
/** Later code, with options of the kind. */
const later = (options: string, init = '() => ({})'): string => `${HANDLE}
  $.make = VatData.defineDurableKind(handle('Purse'), ${init}, behavior, { ${options} });`;
/** Version 1: `{ amount, notes }`. */
const SHAPE = 'stateShape: { amount: M.bigint(), notes: M.arrayOf(M.string()) }';
const MIGRATE = `migrate: (old, from) => {
  $.seen.push([from, Object.isFrozen(old), Object.keys(old).join()]);
  return { amount: old.coins * 100n, notes: [] };
}`;
const NEW = `$.seen = []; ${later(`version: 1, ${SHAPE}, ${MIGRATE}`)}`;

const purses = async (): Promise<Workbench> => {
  const bench = await benches.make(OLD);
  await bench.run(FILL);
  return bench;
};
/** Why reading the first purse fails under later code. */
const whyUnreadable = async (bench: Workbench, setup: string): Promise<unknown> => {
  await bench.upgrade(setup);
  return bench.run(`why(() => baggage.get('p0').get('amount'))`);
};
const FAILED = 'Error: durable kind "Purse", instance 1 (o+d10/1), ' +
  'cannot be migrated from version 0 to 1: ';

describe('migration: definitions', () => {
  /** Of which no upgrade succeeds. */
  let wrong: Workbench;
  beforeAll(async () => {
    wrong = await benches.hold(OLD);
    await wrong.run(FILL);
  });

  test('migration: another shape, a higher version -> accepted', async () => {
    const bench = await purses();
    expect(await bench.failedUpgrade(later(SHAPE))).toContain('stateShape mismatch (body coins)');
    await bench.upgrade(NEW);
    expect(await bench.run(`baggage.get('p2').get('amount')`)).toBe(200n);
  });

  test('migration: the shape given up, or one where there was none -> accepted', async () => {
    const bench = await purses();
    await bench.upgrade(later('version: 1, migrate: ({ coins }) => ({ a: coins })'));
    expect(await bench.run(`baggage.get('p2').get('a')`)).toBe(2n);
    await bench.upgrade(later('version: 2, stateShape: { b: M.nat() }, ' +
      'migrate: (old, from) => ({ b: from === 1 ? old.a : old.coins + 10n })'));
    expect(await bench.run(`[baggage.get('p1').get('b'), baggage.get('p2').get('b')]`))
      .toEqual([11n, 2n]);
  });

  test('migration: a lower version, or none any more -> the upgrade fails', async () => {
    const bench = await purses();
    await bench.upgrade(NEW);
    const text = (version: number): string =>
      `durable kind "Purse": version ${version} is older than version 1 of what is stored`;
    expect(await bench.failedUpgrade(later(SHAPE))).toContain(text(0));
    expect(await bench.failedUpgrade(later(`version: 0, ${SHAPE}`))).toContain(text(0));
    expect(await bench.run(`baggage.get('p1').get('amount')`)).toBe(100n);
  });

  test('migration: a higher version without migrate -> the upgrade fails', async () => {
    expect(await wrong.failedUpgrade(later(`version: 3, ${SHAPE}`)))
      .toContain('durable kind "Purse": version 3 follows version 0 without migrate');
  });

  test('migration: the same version -> the rules as without', { tags: ['thorough'] }, async () => {
    const bench = await purses();
    await bench.upgrade(NEW);
    const other = later(`version: 1, stateShape: { amount: M.string() }, ${MIGRATE}`);
    expect(await bench.failedUpgrade(other)).toContain('mismatch (body amount), (body notes)');
  });

  test.each([
    ['version: -1', /version of kind "Purse" must be a whole number from 0 to 4294967295/],
    ['version: 1.5', /must be a whole number/],
    ['version: "2"', /must be a whole number/],
    ['version: 2 ** 32', /must be a whole number/],
    ['version: 1, migrate: {}', /migrate of kind "Purse" must be a function/],
  ])('migration: %s -> refused', async (options, text) => {
    expect(await wrong.failedUpgrade(later(`${options}, ${SHAPE}`))).toMatch(text);
  });

  test('migration: facets, a named kind -> likewise', { tags: ['thorough'] }, async () => {
    const kit = (define: string, options: string): string => `${HANDLE}
      $.make = ${define}, x => ({ x }), { a: behavior, b: behavior }, { ${options} });`;
    const bench = await benches.make(kit(`vatPowers.makeKindMulti('Kit'`, ''));
    await bench.run(`baggage.init('a', $.make(5).a); 0`);
    await bench.upgrade(kit(`vatPowers.replaceKindMulti('Kit'`,
      'version: 7, migrate: ({ x }, from) => ({ y: x + from, z: 1 })'));
    expect(await bench.run(`baggage.get('a').get('y')`)).toBe(5);
    expect(await bench.run(`baggage.get('a').set('y', 6), baggage.get('a').get('y')`)).toBe(6);
  });

  test('migration: a merely-virtual kind -> has no versions', { tags: ['thorough'] }, async () => {
    const bench = await benches.make(`$.make = VatData.defineKind('v', () => ({ x: 1 }),
      { get: ({ state }) => state.x }, { version: 3, migrate: () => { throw Error('never'); } })`);
    expect(await bench.run('$.it = $.make(); $.it.get()')).toBe(1);
    expect(await bench.run('$.it.get()')).toBe(1);
  });
});

describe('migration: on first touch', () => {
  test('migration: what is touched, once, with the old state as it was', async () => {
    const bench = await purses();
    await bench.upgrade(NEW);
    expect(await bench.run(`baggage.get('p1').idle()`)).toBe('idle');
    expect(await bench.run('[...$.seen]')).toEqual([]);
    expect(await bench.run(`baggage.get('p1').get('amount')`)).toBe(100n);
    expect(await bench.run(`baggage.get('p1').get('notes')`)).toEqual([]);
    expect(await bench.run('[...$.seen]')).toEqual([[0, true, 'coins']]);
    await bench.run(`baggage.get('p2').set('notes', harden(['n'])); 0`);
    expect(await bench.run(`baggage.get('p2').get('amount')`)).toBe(200n);
    expect(await bench.run('$.seen.length')).toBe(2);
    await benches.restart();
    expect(await bench.run('$.seen.length')).toBe(2);
    expect(await bench.run(`baggage.get('p2').get('notes')`)).toEqual(['n']);
    await bench.upgrade(NEW);
    const amounts = `['p0', 'p1', 'p2'].map(name => baggage.get(name).get('amount'))`;
    expect(await bench.run(amounts)).toEqual([0n, 100n, 200n]);
    expect(await bench.run('[...$.seen]')).toEqual([[0, true, 'coins']]);
  });

  test('migration: versions skipped -> migrate is told the version of each row', async () => {
    const bench = await purses();
    await bench.upgrade(later('version: 1, migrate: ({ coins }) => ({ v1: coins })'));
    await bench.run(`baggage.get('p1').get('v1'); baggage.init('p3', $.make()); 0`);
    await bench.upgrade(later('version: 5, migrate: (old, from) => ' +
      '({ told: [from, ...Object.keys(old)] })'));
    expect(await bench.run(`[0, 1, 3].map(i => baggage.get('p' + i).get('told'))`))
      .toEqual([[0, 'coins'], [1, 'v1'], [1]]);
  });

  test('migration: a start touches what it has not defined yet -> later it can', async () => {
    const bench = await benches.make(`${HANDLE}
      $.makeB = VatData.defineDurableKind(handle('B'), () => ({}), behavior);
      $.make = VatData.defineDurableKind(handle('Purse'), b => ({ b }), behavior)`);
    await bench.run(`baggage.init('p0', $.make($.makeB())); 0`);
    await bench.upgrade(`${later('version: 1, migrate: ({ b }) => ({ mine: b })')}
      $.early = why(() => baggage.get('p0').get('mine'));
      VatData.defineDurableKind(handle('B'), () => ({}), behavior);
      $.late = baggage.get('p0').get('mine').idle()`);
    expect(await bench.run('$.early')).toMatch(/cannot be migrated.*no kind info for 10 \(B\)/);
    expect(await bench.run('$.late')).toBe('idle');
  });

  test('migration: in an upgrade that fails -> the old code finds its state', async () => {
    const bench = await purses();
    expect(await bench.failedUpgrade(`${NEW}; baggage.get('p1').get('amount'); throw Error('no')`))
      .toContain('no');
    expect(await bench.run(`baggage.get('p1').get('coins')`)).toBe(1n);
  });

  test('migration: references come and go -> what nothing holds is collected', async () => {
    const bench = await benches.make(`${HANDLE}
      $.makeB = VatData.defineDurableKind(handle('B'), () => ({ big: 'x'.repeat(600) }), behavior);
      $.make = VatData.defineDurableKind(handle('Purse'), (a, b) => ({ a, b }), behavior)`);
    const peer = await benches.make(`$.far = Far('far', {})`);
    await bench.run(`baggage.init('kept', $.makeB());
      baggage.init('p0', $.make($.makeB(), args[0])); 0`, [await peer.run('$.far')]);
    const rows = bench.rowCount;
    const code = `${later('version: 1, migrate: ({ b }) => ({ b, kept: $.kept })')}
      VatData.defineDurableKind(handle('B'), () => ({}), behavior);
      $.kept = baggage.get('kept')`;
    await bench.upgrade(code);
    await bench.run(`baggage.get('p0').get('b'); baggage.delete('kept'); 0`);
    expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
    await bench.upgrade(code.replace(`baggage.get('kept')`, '0'));
    // The instance that only the old state held, with its large state; and the entry of baggage.
    expect(bench.rowCount).toBe(rows - 3);
    expect(await bench.run(`baggage.get('p0').get('kept').get('big').length`)).toBe(600);
    expect(await bench.run(`baggage.get('p0').get('b')`)).toBe(await peer.run('$.far'));
  });
});

describe('migration: that fails', () => {
  test('migration: throws -> that call is rejected, everything else works', async () => {
    const bench = await purses();
    const picky = `migrate: ({ coins }) => {
      if (coins === 0n) throw TypeError('nothing in it');
      return { amount: coins, notes: [] };
    }`;
    await bench.upgrade(later(`version: 1, ${SHAPE}, ${picky}`));
    const get = `why(() => baggage.get('p0').get('amount'))`;
    expect(await bench.run(get)).toBe(`${FAILED}TypeError: nothing in it`);
    expect(await bench.run(`why(() => E(baggage.get('p0')).set('amount', 1n))`))
      .toBe(`${FAILED}TypeError: nothing in it`);
    expect(await bench.run(`[baggage.get('p0').idle(), baggage.get('p1').get('amount')]`))
      .toEqual(['idle', 1n]);
    await benches.restart();
    expect(await bench.run(get)).toBe(`${FAILED}TypeError: nothing in it`);
    // Code that knows how repairs it, also with no version of its own.
    await bench.upgrade(NEW);
    expect(await bench.run(get)).toBe('nothing thrown');
    expect(await bench.run(`baggage.get('p0').get('amount')`)).toBe(0n);
  });

  const without = 'migration: code without migrate, rows left -> that call is rejected';
  test(without, THOROUGH, async () => {
    const bench = await purses();
    await bench.upgrade(NEW);
    expect(await whyUnreadable(bench, later(`version: 1, ${SHAPE}`)))
      .toBe(`${FAILED}Error: the kind has no migrate`);
  });
});

/** One purse, of which every migration fails: `$.migrate` says how. */
const testFailures = (
  failures: readonly (readonly [title: string, migrate: string, text: string])[],
): void => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await benches.hold(OLD);
    await bench.run(FILL);
    const migrate = `version: 1, ${SHAPE}, migrate: (...them) => $.migrate(...them)`;
    await bench.upgrade(`${later(migrate)}
      $.other = baggage.get('p1');
      $.far = Far('far', { hello: () => { $.wasCalled = true; } });
      VatData.defineDurableKind(handle('Spy'), () => ({ amount: 1n }),
        { spy: ({ state }) => { $.state = state; } })().spy()`);
  });
  for (const [title, migrate, text] of failures) {
    test(`migration: ${title} -> rejected`, async () => {
      const code = `$.iterator = baggage.keys(); $.migrate = ${migrate};
        why(() => baggage.get('p0').get('amount'))`;
      const reason = await bench.run(code);
      expect(reason).toContain(FAILED);
      expect(reason).toContain(text);
      // Nothing has happened.
      const late = `$.migrate = old => ({ amount: old.coins, notes: [] });
        const amount = baggage.get('p1').get('amount'); [amount, baggage.has('p0'), $.wasCalled]`;
      expect(await bench.run(late)).toEqual([1n, true, undefined]);
    });
  }
};

const NO_RECORD = 'Error: migrate must return a copyRecord';
describe('migration: to what is no state', () => testFailures([
  ['nothing', '() => undefined', NO_RECORD],
  ['a promise', 'async () => ({ amount: 1n, notes: [] })', NO_RECORD],
  ['an array', '() => [1n, []]', NO_RECORD],
  ['a remotable', `() => Far('state', {})`, NO_RECORD],
  ['another shape', '() => ({ amount: 1, notes: [] })', 'state field "amount"'],
  ['a field less', '() => ({ amount: 1n })', 'state field "notes"'],
  ['a field more', '() => ({ amount: 1n, notes: [], more: 1 })', 'must only have fields'],
  ['an accessor', '() => ({ get amount() { return 1n; }, notes: [] })', 'accessor'],
  ['not durable', `() => ({ amount: 1n, notes: [Far('far', {})] })`, 'state field "notes"'],
  ['nothing thrown', '() => { throw undefined; }', 'undefined'],
  ['a hostile error',
    `() => { throw Object.create(Error.prototype, { message: { get() { throw 1; } } }); }`,
    'it threw what has no words'],
]));

const deeds: readonly (readonly [title: string, deed: string, what: string])[] = [
  ['a send', `E($.far).hello()`, 'a send'],
  ['a send only', `HandledPromise.applyMethodSendOnly($.far, 'hello', [])`, 'a send'],
  ['VatData', `VatData.makeKindHandle('x')`, 'makeKindHandle'],
  ['vatPowers', `vatPowers.exitVat()`, 'exitVat'],
  ['a store', `baggage.get('Purse')`, 'a collection'],
  ['an iterator', `$.iterator.next()`, 'a collection'],
  ['a maker', `$.make()`, 'a maker'],
  ['a method', `$.other.idle()`, 'a method'],
  ['a state', `$.state.amount`, "an object's state"],
  ['to set a state', `$.state.amount = 1n`, "an object's state"],
];
describe('migration: that does more than compute', () => testFailures(
  deeds.flatMap(([title, deed, what]) => {
    const refused = `Error: a migration sees its old state and nothing else: ${what} is refused`;
    const good = 'return { amount: 1n, notes: [] };';
    return [
      [title, `() => { ${deed}; ${good} }`, refused],
      [`${title}, caught`, `() => { try { ${deed}; } catch {} ${good} }`, refused],
    ] as const;
  }),
));

benches.testRepetition();
