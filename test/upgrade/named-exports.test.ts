/**
 * Exports that go on under a name (docs/upgrade/named-exports.md).
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

/** `$.greeter`: says who it is, and how often it was asked. */
const greeter = (who: string): string => `{
  let n = 0;
  $.greeter = Far('greeter', { greet: () => '${who} ' + (n += 1), self: () => $.greeter });
}`;
const naming = (who: string): string =>
  `${greeter(who)} vatPowers.nameExport('greeter', $.greeter);`;
const reconnecting = (who: string): string =>
  `${greeter(who)} vatPowers.reconnectExport('greeter', $.greeter);`;

/** Holds the greeter of whichever vat a test makes, as `$.named`. */
let peer: Workbench;
beforeAll(async () => {
  peer = await benches.hold();
});

/** A vat that exports a named greeter, which the peer holds. */
const pair = async (): Promise<{ bench: Workbench; named: VatReference }> => {
  const bench = await benches.make(naming('one'));
  const named = (await bench.run('$.greeter')) as VatReference;
  await peer.run('$.named = args[0]; 0', [named]);
  return { bench, named };
};
const greet = (): Promise<unknown> => peer.run(`E($.named).greet()`);

describe('reconnected', () => {
  test('named exports: an upgrade -> the same reference, the new object behind it', async () => {
    const { bench, named } = await pair();
    expect(await greet()).toBe('one 1');
    expect(await bench.upgrade(reconnecting('two'))).toEqual({ incarnationNumber: 1 });
    expect(await greet()).toBe('two 1');
    expect(await bench.run('$.greeter')).toBe(named);
    expect(await peer.run('E($.named).self()')).toBe(named);
    expect(await bench.run('args[0] === $.greeter', [named])).toBe(true);
    await bench.upgrade(reconnecting('three'));
    expect(await greet()).toBe('three 1');
  });

  test('named exports: a restart -> rebuilt from the transcript', async () => {
    const { bench } = await pair();
    await bench.upgrade(reconnecting('two'));
    expect(await greet()).toBe('two 1');
    await benches.restart();
    expect(await greet()).toBe('two 2');
    await bench.upgrade(reconnecting('three'));
    await benches.restart();
    expect(await greet()).toBe('three 1');
  });

  test('named exports: not exported before the upgrade -> exported after it', async () => {
    const bench = await benches.make(naming('one'));
    await bench.upgrade(reconnecting('two'));
    const named = await bench.run('$.greeter');
    await bench.upgrade(reconnecting('three'));
    expect(await peer.run('E(args[0]).greet()', [named])).toBe('three 1');
  });

  test('named exports: dropped by everybody -> the name stays', async () => {
    const bench = await benches.make(naming('one'));
    const first = await benches.make();
    await first.run('$.named = args[0]; 0', [await bench.run('$.greeter')]);
    await first.terminate();
    await bench.run('0');
    await bench.upgrade(reconnecting('two'));
    const named = await bench.run('$.greeter');
    expect(await peer.run('E(args[0]).greet()', [named])).toBe('two 1');
  });

  test('named exports: from a later crank, in a later turn of the start -> as well', async () => {
    const bench = await benches.make();
    await bench.run(`${naming('late')} 0`);
    const named = await bench.run('$.greeter');
    await bench.upgrade(`Promise.resolve().then(() => {}).then(() => { ${reconnecting('two')} })`);
    await bench.upgrade(`void Promise.resolve().then(() => { ${reconnecting('three')} }); 0`);
    expect(await peer.run('E(args[0]).greet()', [named])).toBe('three 1');
  });

  test('named exports: merely-virtual rows hold one, WeakMaps recognise it', async () => {
    const { bench, named } = await pair();
    const check = `
      const store = VatData.makeScalarBigMapStore('virtual');
      store.init('it', $.greeter);
      const weak = new vatPowers.WeakMap([[$.greeter, 'known']]);
      [store.get('it') === $.greeter, weak.get(args[0])]`;
    expect(await bench.run(check, [named])).toEqual([true, 'known']);
    expect(await bench.run(`why(() => baggage.init('it', $.greeter))`)).toMatch(/not durable/);
    await bench.upgrade(reconnecting('two'));
    expect(await bench.run(check, [named])).toEqual([true, 'known']);
  });
});

describe('not reconnected', () => {
  test('named exports: unreconnected names -> reported, abandoned, free again', async () => {
    const { bench, named } = await pair();
    await bench.run(`vatPowers.nameExport('a \\u00e9', Far('a', {}))`);
    await bench.run(`vatPowers.nameExport('kept', $.kept = Far('kept', { ok: () => true }))`);
    const kept = await bench.run('$.kept');
    const setup = `vatPowers.reconnectExport('kept', $.kept = Far('kept', { ok: () => 'yes' }))`;
    expect(await bench.upgrade(setup)).toMatchObject({
      incarnationNumber: 1,
      abandonedNames: ['a \u00e9', 'greeter'],
    });
    await expect(greet()).rejects.toThrow('vat terminated');
    expect(await peer.run('E(args[0]).ok()', [kept])).toBe('yes');
    expect(await bench.run('args[0] === $.greeter', [named])).toBe(false);
    await bench.run(`${naming('again')} 0`);
    expect(await bench.run('$.greeter')).not.toBe(named);
    expect(await bench.upgrade(reconnecting('two') + setup)).toEqual({ incarnationNumber: 2 });
  });

  test('named exports: the upgrade fails -> names and exports as before', async () => {
    const { bench, named } = await pair();
    expect(await bench.failedUpgrade(`throw Error('broken')`)).toContain('broken');
    expect(await bench.failedUpgrade(`${reconnecting('bad')} throw Error('broken')`)).toContain(
      'broken',
    );
    expect(await greet()).toBe('one 1');
    expect(await bench.run('$.greeter')).toBe(named);
    await bench.upgrade(reconnecting('two'));
    expect(await greet()).toBe('two 1');
  });

  test('named exports: vatParameters mention one -> the start fails and says why', async () => {
    const { bench, named } = await pair();
    await expect(bench.upgrade(reconnecting('two'), [named])).rejects.toThrow(
      /failed to reanimate named export o\+n1: .* preceding reconnectExport/,
    );
    expect(bench.incarnation).toBe(0);
  });
});

describe('misuse', () => {
  const facts = [
    ['a name twice', `vatPowers.nameExport('greeter', Far('x', {}))`,
      'Error: nameExport: "greeter" names an export already'],
    ['an object twice', `vatPowers.nameExport('again', $.greeter)`,
      'Error: nameExport: what "again" is to name has a name'],
    ['after its export', `vatPowers.nameExport('late', $.exported)`,
      'Error: nameExport: what "late" is to name has been exported before it was named'],
    ['data', `vatPowers.nameExport('data', harden({}))`,
      'TypeError: nameExport: what "data" is to name is no remotable'],
    ['a presence', `vatPowers.nameExport('presence', args[0])`,
      'Error: nameExport: what "presence" is to name is no heap object of this vat'],
    ['a durable object', `vatPowers.nameExport('durable', baggage)`,
      'Error: nameExport: what "durable" is to name keeps its reference anyway'],
    ['no name', `vatPowers.nameExport('', Far('x', {}))`,
      'Error: a name must be a well-formed string of 1 to 200 bytes: ""'],
    ['a name too long', `vatPowers.nameExport('\\u00e9'.repeat(101), Far('x', {}))`,
      `Error: a name must be a well-formed string of 1 to 200 bytes: "${'\u00e9'.repeat(101)}"`],
    ['reconnected in the incarnation that named it',
      `vatPowers.reconnectExport('greeter', Far('x', {}))`,
      'Error: reconnectExport: "greeter" is connected already in this incarnation'],
    ['reconnected without a name', `vatPowers.reconnectExport('other', Far('x', {}))`,
      'Error: reconnectExport: no export is named "other"; to be reconnected are []'],
  ] as const;
  /** One vat that does all of it. */
  describe('all of one vat', () => {
    let bench: Workbench;
    let asked = 0;
    beforeAll(async () => {
      bench = await benches.hold(naming('one'));
      await peer.run('$.named = args[0]; 0', [await bench.run('$.greeter')]);
      await bench.run(`$.exported = Far('exported', {})`);
    });

    test.each(facts)('named exports: %s -> refused, nothing changed', async (_, code, text) => {
      expect(await bench.run(`why(() => ${code})`, [peer.root])).toBe(text);
      asked += 1;
      expect(await greet()).toBe(`one ${asked}`);
    });

    testLast('named exports: after all of it -> the one name, and no other', [], async () => {
      expect(await bench.upgrade(reconnecting('two'))).toMatchObject({ incarnationNumber: 1 });
      expect(await greet()).toBe('two 1');
    });
  });

  const wrongly = 'named exports: a start that reconnects wrongly -> told which are left';
  test(wrongly, { tags: ['thorough'] }, async () => {
    const { bench } = await pair();
    expect(await bench.failedUpgrade(naming('two'))).toContain(
      'nameExport: "greeter" is of an earlier incarnation: use reconnectExport',
    );
    expect(await bench.failedUpgrade(`vatPowers.reconnectExport('other', Far('x', {}))`)).toContain(
      'no export is named "other"; to be reconnected are ["greeter"]',
    );
    expect(await bench.failedUpgrade(`${reconnecting('two')} ${reconnecting('three')}`)).toContain(
      'reconnectExport: "greeter" is connected already in this incarnation',
    );
    await bench.upgrade(reconnecting('two'));
  });

  test('named exports: more names than there may be -> refused', async () => {
    const bench = await benches.make();
    const fill = `for (let i = 0; i < 1_000; i += 1) vatPowers.nameExport('n' + i, Far('x', {}));`;
    const last = `why(() => vatPowers.nameExport('last', Far('x', {})))`;
    const refused = 'Error: nameExport: a vat has at most 1000 named exports';
    expect(await bench.run(`${fill} ${last}`)).toBe(refused);
    const { abandonedNames } = await bench.upgrade(`vatPowers.reconnectExport('n5', Far('x', {}));
      $.why = ${last}`);
    expect(abandonedNames).toHaveLength(999);
    expect(await bench.run(`[$.why, ${last}]`)).toEqual([refused, 'nothing thrown']);
  });

  test('named exports: a name of another vat -> unknown: names are the vat\'s own', async () => {
    await pair();
    expect(await peer.failedUpgrade(reconnecting('thief'))).toContain('no export is named');
    await peer.run(`${naming('own')} 0`);
    expect(await peer.run('E($.named).greet()')).toBe('one 1');
  });
});

benches.testRepetition();
