/** What presences say that they are: the interface of the object, as its vat exported it first. */
import { beforeAll, describe, expect, test } from 'vitest';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();
const OF_ALL = 'args.map(it => getInterfaceOf(it))';
const REMOTABLE = `iface => harden(Object.setPrototypeOf({}, Object.create(Object.prototype, {
  [Symbol.for('passStyle')]: { value: 'remotable' },
  [Symbol.toStringTag]: { value: iface } })))`;

describe('interface: of a presence', () => {
  let owner: Workbench;
  let other: Workbench;
  beforeAll(async () => {
    owner = await benches.hold(`$.remotable = ${REMOTABLE}`);
    other = await benches.hold();
  });

  const table = [
    ['far objects and functions', `Far('far', {}), Far('call', () => 1)`,
      ['Alleged: far', 'Alleged: call']],
    ['instances and facets',
      `VatData.defineKind('thing', () => ({}), {})(),
       ...Object.values(VatData.defineKindMulti('kit', () => ({}), { reader: {}, writer: {} })())`,
      ['Alleged: thing', 'Alleged: kit reader', 'Alleged: kit writer']],
    ['durable instances and facets',
      `VatData.defineDurableKind(VatData.makeKindHandle('Purse'), () => ({}), {})(),
       VatData.defineDurableKindMulti(VatData.makeKindHandle('Kit'), () => ({}),
         { a: {}, b: {} })().b`,
      ['Alleged: Purse', 'Alleged: Kit b']],
    ['stores, a handle, the baggage',
      `VatData.makeScalarBigMapStore('m', { durable: true }), VatData.makeScalarBigWeakSetStore(),
       VatData.makeKindHandle('h'), baggage`,
      ['Alleged: mapStore', 'Alleged: weakSetStore', 'Alleged: kind', 'Alleged: mapStore']],
    ['other names that endo takes', `...['Remotable', 'DebugName: x'].map($.remotable)`,
      ['Remotable', 'DebugName: x']],
    ['any text', `...['', '!', 'é"\\n', '\u{1f600}', 'a\\udfff'].map(name => Far(name, {}))`,
      ['Alleged: ', 'Alleged: !', 'Alleged: é"\n', 'Alleged: \u{1f600}', 'Alleged: a\udfff']],
    ['a megabyte, half a pair',
      `Far('x'.repeat(2 ** 20), {}), Far('x'.repeat(99) + '\u{1f600}', {})`,
      [`Alleged: ${'x'.repeat(100)}`, `Alleged: ${'x'.repeat(99)}`]],
  ] as const;
  test.each(table)('%s', async (_title, code, expected) => {
    const made = (await owner.run(`harden([${code}])`)) as readonly { iface?: string }[];
    expect(made.map(({ iface }) => iface)).toEqual(expected);
    expect(await other.run(OF_ALL, made)).toEqual(expected);
  });

  test('passable, printed, compared', async () => {
    const far = await owner.run(`Far('far', {})`);
    expect(await other.run(`[passStyleOf(args[0]), String(args[0]), Object.isFrozen(args[0]),
      Reflect.ownKeys(args[0]).length, JSON.stringify({ it: args[0] }),
      Object.isFrozen(Object.getPrototypeOf(args[0]))]`, [far])).toEqual(
      ['remotable', '[object Alleged: far]', true, 0, '{"it":{}}', true],
    );
    const next = await owner.run(`Far('far', {})`);
    const areSame = `Object.getPrototypeOf(args[0]) === Object.getPrototypeOf(args[1])`;
    expect(await other.run(areSame, [far, next])).toBe(true);
    expect(await other.run(areSame, [far, await owner.run(`Far('fear', {})`)])).toBe(false);
  });

  test('it inherits from a proxy -> no code of the vat runs after the crank', async () => {
    const made = await owner.run(`$.asked = 0;
      const prototype = Object.getPrototypeOf(Far('far', {}));
      const get = (it, name) => {
        if (!$.isArmed || name !== Symbol.toStringTag) return Reflect.get(it, name);
        $.asked += 1;
        throw Error('asked');
      };
      const it = harden(Object.create(new Proxy(prototype, { get })));
      $.isArmed = true;
      it`);
    expect((made as { iface?: string }).iface).toBe('Alleged: remote');
    expect(await owner.run('$.asked')).toBe(0);
    expect(await other.run(OF_ALL, [made])).toEqual(['Alleged: remote']);
  });

  test('its prototype as a weak key -> found again when nobody else has held it', async () => {
    const far = await owner.run(`Far('key', {})`);
    const prototype = 'Object.getPrototypeOf(args[0])';
    await other.run(`$.map = new WeakMap([[${prototype}, 1]]);
      $.set = new WeakSet([${prototype}]); 0`, [far]);
    // The vat lets go of the arguments before.
    await other.run('0');
    expect(await other.run(`[$.map.get(${prototype}), $.set.has(${prototype}),
      $.map.delete(${prototype}), $.map.has(${prototype})]`, [far])).toEqual(
      [1, true, true, false],
    );
  });

  test('a promise, and what it settles to', async () => {
    const promise = (await owner.run(`harden([new Promise(r => { $.settle = r; })])`)) as object[];
    expect(await other.run(`$.p = args[0]; [String(args[0]), passStyleOf(args[0])]`, promise))
      .toEqual(['[object Promise]', 'promise']);
    const settled = other.run(`$.p.then(it => getInterfaceOf(it))`);
    await owner.run(`$.settle(Far('settled', {})); 0`);
    expect(await settled).toBe('Alleged: settled');
  });
});

describe('interface: stays', () => {
  test('sent on by others -> the same to everybody', async () => {
    const owner = await benches.make();
    const [second, third] = [await benches.make(), await benches.make()];
    await second.run('$.far = args[0]; 0', [await owner.run(`Far('far', {})`)]);
    expect(await third.run(OF_ALL, [await second.run('$.far')])).toEqual(['Alleged: far']);
    await owner.terminate();
    const fourth = await benches.make();
    expect(await fourth.run(OF_ALL, [await second.run('$.far')])).toEqual(['Alleged: far']);
  });

  test('upgrades of both, restarts -> the same; stored, let go of and sent again', async () => {
    const [owner, other] = [await benches.make(), await benches.make()];
    const define = `if (!baggage.has('h')) baggage.init('h', VatData.makeKindHandle('Purse'));
      $.make = VatData.defineDurableKind(baggage.get('h'), () => ({}), {});
      if (!baggage.has('it')) baggage.init('it', $.make());`;
    await owner.run(`${define} 0`);
    const held = await owner.run(`baggage.get('it')`);
    await other.run(`baggage.init('it', args[0]); 0`, [held]);
    const shown = (bench: Workbench) => bench.run(`getInterfaceOf(baggage.get('it'))`);
    expect(await shown(other)).toBe('Alleged: Purse');
    await other.upgrade();
    expect(await shown(other)).toBe('Alleged: Purse');
    await benches.restart();
    expect(await shown(other)).toBe('Alleged: Purse');
    await owner.upgrade(define);
    await other.run(`baggage.delete('it'); 0`);
    // What nobody holds goes with the sweeps after it.
    await other.upgrade();
    await other.upgrade();
    expect(await other.run(OF_ALL, [await owner.run(`baggage.get('it')`)])).toEqual([
      'Alleged: Purse',
    ]);
  });

  test('a start that fails has been told -> so is the predecessor', async () => {
    const [owner, other] = [await benches.make(), await benches.make()];
    const far = await owner.run(`Far('far', {})`);
    const setup = `throw Error(getInterfaceOf(args[0]))`;
    expect(String(await other.whyUpgradeFails({ setup, args: [far] }))).toBe(
      'Error: Alleged: far',
    );
    expect(await other.run(OF_ALL, [far])).toEqual(['Alleged: far']);
  });

  test('a kind that was dismissed -> its instances are called what they were', async () => {
    const [owner, other] = [await benches.make(), await benches.make()];
    const made = await owner.run(`const handle = VatData.makeKindHandle('Purse');
      baggage.init('handle', handle);
      VatData.defineDurableKind(handle, () => ({}), {})()`);
    await other.run(`baggage.init('it', args[0]); 0`, [made]);
    await owner.upgrade(`vatPowers.dismissKind(baggage.get('handle'))`);
    const third = await benches.make();
    expect(await third.run(OF_ALL, [await other.run(`baggage.get('it')`)])).toEqual([
      'Alleged: Purse',
    ]);
  });
});

benches.testRepetition();
