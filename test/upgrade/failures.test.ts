/**
 * Every way in which an upgrade can fail, at every step: what the requester is told, and that the
 * predecessor goes on unharmed. One vat lives through all of them, so its heap has to survive each.
 *
 * @module-tag sized
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { amount } from '../support/suite/amounts.js';
import { fixture } from '../support/kernels/fresh-kernels.js';
import { testLast } from '../support/suite/last-test.js';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const THOROUGH = { tags: ['thorough'] };

const METHODS = '{ get: ({ state }) => state.a }';
const SHAPE = '{ a: M.number(), b: M.opt(M.string()) }';

/** What the predecessor is, and what a successor has to define again. */
const PREDECESSOR = `
  for (const tag of ['Single', 'Kit']) baggage.init(tag, VatData.makeKindHandle(tag));
  const make = VatData.defineDurableKind(baggage.get('Single'), a => ({ a }), ${METHODS},
    { stateShape: ${SHAPE} });
  const methods = ${METHODS};
  VatData.defineDurableKindMulti(baggage.get('Kit'), null, { a: methods, b: methods, c: methods });
  vatPowers.makeKind('Named', null, methods);
  baggage.init('it', $.it = make(5));
  vatPowers.nameExport('gate', $.gate = Far('gate', { count: () => ($.gateCount += 1) }));
  $.gateCount = 0;
  $.count = 0;
  $.far = Far('far', { count: () => ($.count += 1) });
  $.promise = new Promise(() => {});
  0`;

const PARTS = {
  first: '',
  single: `VatData.defineDurableKind(baggage.get('Single'), null, ${METHODS},
    { stateShape: ${SHAPE} });`,
  kit: `VatData.defineDurableKindMulti(baggage.get('Kit'), null,
    { a: ${METHODS}, b: ${METHODS}, c: ${METHODS} });`,
  named: `vatPowers.replaceKind('Named', null, ${METHODS});`,
  gate: `vatPowers.reconnectExport('gate', Far('gate', { count: () => 'new' }));`,
  last: '',
};
/** The code of a good successor, with parts replaced. */
const good = (changes: Partial<typeof PARTS> = {}): string => {
  const { first, single, kit, named, gate, last } = { ...PARTS, ...changes };
  return [first, single, kit, named, gate, last].join('\n');
};
const single = (options: string): string =>
  PARTS.single.replace(`{ stateShape: ${SHAPE} }`, options);
const kit = (names: string): string =>
  PARTS.kit.replace(/\{ a: .* \}\);$/, `{ ${names.split(',').map(n => `${n}: {}`).join()} });`);

type Failure = readonly [title: string, setup: string, reason: string];

/**
 * One test for each. `npm test` runs the `representatives`: one of each part of the start that
 * finds something wrong, and of each way in which it is told.
 */
const testEach = (
  title: string,
  representatives: readonly string[],
  table: readonly Failure[],
  run: (setup: string, reason: string) => Promise<void>,
): void => {
  for (const [what, setup, reason] of table) {
    const tags = representatives.includes(what) ? [] : ['thorough'];
    test(title.replace('%s', what), { tags }, () => run(setup, reason));
  }
};

describe('one vat', () => {
  let bench: Workbench;
  let peer: Workbench;
  let failures = 0;
  /** The good upgrade at the end is no failure. */
  let hasEnded = false;

  beforeAll(async () => {
    bench = await benches.hold(PREDECESSOR);
    peer = await benches.hold();
    const told = await bench.run('harden({ far: $.far, gate: $.gate, it: $.it })');
    await peer.run(`Object.assign($, args[0]); $.log = []; const note = it => $.log.push(it);
      E(args[1]).run('$.promise').then(note, note); 0`, [told, bench.root]);
  });

  /** Heap, exports, durable state, promises and rows are what they were. */
  const expectUnharmed = async (): Promise<void> => {
    failures += 1;
    const seen = `Promise.all([E($.far).count(), E($.gate).count(), E($.it).get(), [...$.log]])`;
    expect(await peer.run(seen)).toEqual([failures, failures, 5, []]);
    expect(bench.incarnation).toBe(0);
    expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
  };
  afterEach(async () => {
    if (!hasEnded) await expectUnharmed();
  });

  describe('kinds', () => {
    const shape = (where: string): string =>
      `Error: durable kind "Single": durable Kind stateShape mismatch ${where}`;
    const table: readonly Failure[] = [
      ['one not defined', good({ single: '' }),
        'Error: defineDurableKind not called for tags: [Single]'],
      ['none defined', '', 'Error: defineDurableKind not called for tags: [Single,Kit,Named]'],
      ['single to multi', good({ single: kit('a,b').replace('Kit', 'Single') }),
        'AggregateError: defineDurableKindMulti called for unfaceted KindHandle "Single"; ' +
          'durable kind "Single": durable Kind stateShape mismatch (no new shape)'],
      ['multi to single', good({ kit: single('{}').replace('Single', 'Kit') }),
        'Error: defineDurableKind called for faceted KindHandle "Kit"'],
      ['facets less', good({ kit: kit('d,b') }),
        'Error: durable kind "Kit" facets (b,d) is missing a,c from original definition (a,b,c)'],
      ['no shape any more', good({ single: single('{}') }), shape('(no new shape)')],
      ['a shape where there was none',
        good({ named: PARTS.named.replace(');', ', { stateShape: { a: M.any() } });') }),
        'Error: durable kind "Named": durable Kind stateShape mismatch (no old shape)'],
      ['a field widened',
        good({ single: single('{ stateShape: { a: M.any(), b: M.opt(M.string()) } }') }),
        shape('(body a)')],
      ['fields removed, changed, added',
        good({ single: single('{ stateShape: { b: M.string(), c: M.number() } }') }),
        shape('(body a), (body b), (body new field c)')],
      ['a field with a reference added',
        good({ single: single(`{ stateShape: { ...${SHAPE}, c: M.or(undefined, baggage) } }`) }),
        shape('(slots.length), (field c)')],
      ['several wrong, one missing', good({ single: single('{}'), kit: kit('a,b'), named: '' }),
        'AggregateError: durable kind "Single": durable Kind stateShape mismatch (no new shape); ' +
          'durable kind "Kit" facets (a,b) is missing c from original definition (a,b,c); ' +
          'defineDurableKind not called for tags: [Named]'],
      ['one wrong, and what comes of it thrown',
        good({ single: `$.make = ${single('{}')} $.make(1);` }),
        `AggregateError: ${shape('(no new shape)').slice(7)}; ${shape('(no new shape)').slice(7)}`],
      ['a shape that is not durable',
        good({ single: single(`{ stateShape: { a: Far('far', {}) } }`) }),
        'Error: stateShape is not durable: slot 0 of (an object)'],
      ['no behaviour', good({ kit: kit('a,b').replace('a: {}', 'a: 1') }),
        'Error: invalid behavior specifier for "Kit"'],
      ['one defined twice', good({ last: PARTS.single }),
        'Error: redefinition of durable kind Single'],
      ['no handle', good({ first: 'VatData.defineDurableKind(baggage, null, {});' }),
        'Error: unknown handle (an object)'],
      ['an instance read before its kind is defined', good({ first: `baggage.get('it');` }),
        'Error: failed to reanimate "Alleged: Single": no kind info for 10 (Single); ' +
          'check deserialize preceding kind definitions'],
      ['finished before all are defined', good({ first: 'vatPowers.finishedUpgrade();' }),
        'Error: defineDurableKind not called for tags: [Single,Kit,Named]'],
      ['an unknown name', good({ named: PARTS.named.replace('Named', 'named') }),
        'Error: replaceKind: no kind is named "named"; there are ["Named"]'],
      ['a name made again', good({ named: PARTS.named.replace('replace', 'make') }),
        'Error: makeKind: there is a kind "Named" already; replaceKind defines it again'],
      ['one dismissed and defined',
        good({ first: `vatPowers.dismissKind(baggage.get('Single'));` }),
        'Error: kind "Single" was dismissed'],
    ];
    const some = [
      ...['one not defined', 'single to multi', 'facets less', 'a field widened'],
      ...['an instance read before its kind is defined', 'finished before all are defined'],
      'one dismissed and defined',
    ];
    testEach('failures: kinds, %s -> told which', some, table, async (setup, reason) => {
      expect(await bench.failedUpgrade(setup)).toBe(reason);
    });

    test('failures: several kinds -> one error for each', async () => {
      const last = `throw TypeError('last')`;
      const setup = good({ single: single('{}'), kit: kit('a,b'), last });
      const reason = (await bench.whyUpgradeFails({ setup })) as AggregateError;
      expect(reason.errors.map(String)).toEqual([
        'Error: durable kind "Single": durable Kind stateShape mismatch (no new shape)',
        'Error: durable kind "Kit" facets (a,b) is missing c from original definition (a,b,c)',
        'TypeError: last',
      ]);
    });

    const causes: readonly Failure[] = [
      ['facets given to defineDurableKind',
        good({ single: single('{}').replace(METHODS, '{ a: {}, b: {} }') }),
        'kind "Single" is given facets: that is for its Multi variant'],
      ['methods given to defineDurableKindMulti',
        good({ kit: kit('a,b').replace(/\{ a.*\}/, METHODS) }),
        'kind "Kit" is given methods: that is for the one without Multi'],
      ['a kit of one facet', good({ kit: kit('only') }), 'kind "Kit" has one facet, "only"'],
    ];
    const one = ['a kit of one facet'];
    testEach('failures: kinds, %s -> the cause says which', one, causes, async (setup, cause) => {
      const reason = (await bench.whyUpgradeFails({ setup })) as Error;
      expect(reason.cause).toEqual(Error(cause));
    });
  });

  describe('names of exports', () => {
    const table: readonly Failure[] = [
      ['an unknown one', good({ gate: PARTS.gate.replace('gate', 'Gate') }),
        'Error: reconnectExport: no export is named "Gate"; to be reconnected are ["gate"]'],
      ['one twice', good({ last: PARTS.gate }),
        'Error: reconnectExport: "gate" is connected already in this incarnation'],
      ['one given away again', good({ gate: PARTS.gate.replace('reconnectExport', 'nameExport') }),
        'Error: nameExport: "gate" is of an earlier incarnation: use reconnectExport'],
      ['an object exported before',
        good({ first: `$.far = Far('far', {}); E(args[0]).run('0', [$.far]);`, gate: '',
          last: `Promise.resolve().then(() => vatPowers.reconnectExport('gate', $.far))` }),
        'Error: reconnectExport: what "gate" is to name has been exported before it was named'],
    ];
    const some = ['an unknown one', 'an object exported before'];
    testEach('failures: names, %s -> told which', some, table, async (setup, reason) => {
      const args = [peer.root];
      expect(String(await bench.whyUpgradeFails({ setup, args }))).toBe(reason);
    });
  });

  describe('buildRootObject', () => {
    const table: readonly Failure[] = [
      ['throws', good({ last: `throw TypeError('broken')` }), 'TypeError: broken'],
      ['rejects', good({ last: `Promise.reject(RangeError('broken'))` }), 'RangeError: broken'],
      ['throws data', good({ last: `throw harden({ why: 'broken' })` }), '[object Object]'],
      ['throws references', good({ last: 'throw harden({ who: args[0] })' }),
        'Error: {"who":"[Alleged: workbench]"}'],
      ['throws an error with references',
        good({ last: `throw Error('broken', { cause: args[0] })` }),
        'Error: broken'],
      ['is no JavaScript', good({ last: '(' }), 'SyntaxError: Unexpected token'],
      ['never settles', good({ last: 'new Promise(() => {})' }),
        'Error: buildRootObject unresolved'],
      ['exits', good({ last: `vatPowers.exitVat('done')` }), 'done'],
      ['exits with failure', good({ last: `vatPowers.exitVatWithFailure(Error('broken'))` }),
        'Error: broken'],
      ['exits with references', good({ last: 'vatPowers.exitVat(args[0])' }),
        'Error: the vat exited with a reason that mentions references'],
      ['makes too many syscalls',
        good({ last: `for (let i = 0; i < 100_001; i += 1) E(args[0]).run('0');` }),
        'Error: a crank makes at most 100000 syscalls'],
      ['stores too much', good({ last: `baggage.init('big', 'x'.repeat(10_000_001))` }),
        'too large'],
    ];
    const some = [
      ...['throws', 'throws references', 'is no JavaScript', 'never settles', 'exits'],
      'stores too much',
    ];
    testEach('failures: buildRootObject %s -> told so', some, table, async (setup, reason) => {
      const args = [peer.root];
      expect(String(await bench.whyUpgradeFails({ setup, args }))).toContain(reason);
    });

    const roots: readonly Failure[] = [
      ['data', 'harden({ a: 1 })', 'returned {"a":1}, which is not Far'],
      ['a promise for data', 'Promise.resolve(harden([]))', 'returned [], which is not Far'],
      ['nothing', 'undefined', 'returned "[undefined]", which is not Far'],
      ['a durable object', 'baggage', 'must return ephemeral, not virtual/durable object'],
      ['a presence', 'args[0]', 'must return an object of its own, not one of another vat'],
      ['what it has sent', `const it = Far('it', {}); void E(args[0]).run('0', [it]); it`,
        'must not return what it has sent or stored'],
      ['what it has stored',
        `const it = Far('it', {}); VatData.makeScalarBigMapStore('s').init('it', it); it`,
        'must not return what it has sent or stored'],
      ['a named export', `const root = Far('root', {}); vatPowers.nameExport('root', root); root`,
        'must not return a named export'],
    ];
    const two = ['data', 'a durable object', 'what it has sent'];
    const title = 'failures: buildRootObject returns %s -> told so';
    testEach(title, two, roots, async (root, reason) => {
      const parameters = { setup: good(), root, args: [peer.root] };
      expect(String(await bench.whyUpgradeFails(parameters))).toContain(reason);
    });
  });

  describe('before buildRootObject', () => {
    test('failures: a bundle that throws -> told what', async () => {
      const bundleId = await benches.install('faulty/unloadable.js');
      expect(await bench.whyUpgradeFails({}, bundleId)).toEqual(TypeError('no code today'));
    });

    test('failures: a bundle without buildRootObject -> told so', THOROUGH, async () => {
      const bundleId = await benches.install('faulty/empty.js');
      expect(String(await bench.whyUpgradeFails({}, bundleId))).toBe(
        'Error: vat source bundle lacks buildRootObject() function: it exports "nothing"',
      );
    });

    test('failures: parameters mention a durable object of the vat -> told its kind', async () => {
      const it = await bench.run('$.it');
      expect(String(await bench.whyUpgradeFails({ setup: good(), args: [it] }))).toMatch(
        /^Error: failed to reanimate "Alleged: Single": no kind info for 10 \(Single\)/,
      );
    });

    test('failures: parameters mention a named export -> told so', THOROUGH, async () => {
      const gate = await bench.run('$.gate');
      expect(String(await bench.whyUpgradeFails({ setup: good(), args: [gate] }))).toMatch(
        /^Error: failed to reanimate named export o\+n1: /,
      );
    });

    test('failures: no such vat, bundle, option -> refused at once, nothing queued', async () => {
      const { kernel } = benches;
      const { vatId, bundleId } = kernel.vat(bench.name);
      const { lastInput } = kernel;
      const wrong = [
        kernel.upgradeVat('v99' as never, { bundleId }),
        kernel.upgradeVat(vatId, { bundleId: `b1-${'0'.repeat(64)}` }),
        kernel.upgradeVat(vatId, { bundleId, vatParameter: 1 } as never),
        kernel.upgradeVat(vatId, { bundleId, upgradeMessage: 1 } as never),
      ];
      for (const refused of wrong) {
        await expect(refused).rejects.toMatchObject({ name: 'KernelError' });
      }
      expect(kernel.lastInput).toBe(lastInput);
    });
  });

  describe('nothing of a failed start is left', () => {
    test('failures: what the start sent, stored, settled, dismissed -> undone', async () => {
      const rows = bench.rowCount;
      const last = `
        E(args[0]).run('$.log.push("sent")', []);
        baggage.init('extra', VatData.makeScalarBigMapStore('extra', { durable: true }));
        baggage.set('it', 'other');
        vatPowers.makeKind('Extra', null, {})();
        vatPowers.nameExport('extra', Far('extra', {}));
        vatPowers.dismissKind('Named');
        throw Error('after all that');`;
      const reason = await bench.whyUpgradeFails({ setup: good({ last }), args: [peer.root] });
      expect(reason).toEqual(Error('after all that'));
      expect(bench.rowCount).toBe(rows);
      expect(await bench.run(`baggage.get('it') === $.it`)).toBe(true);
      // The name is free: what is wrong is the object. A name that stays would be seen by others.
      expect(await bench.run(`why(() => vatPowers.nameExport('extra', $.far))`)).toBe(
        'Error: nameExport: what "extra" is to name has been exported before it was named',
      );
    });

    test('failures: a restart after many of them -> the predecessor is rebuilt', async () => {
      await benches.restart();
    });
  });

  testLast('failures: a good upgrade after all of them -> succeeds', [], async () => {
    hasEnded = true;
    expect(await bench.upgrade(good())).toMatchObject({ incarnationNumber: 1 });
    const seen = `Promise.all([why(() => E($.far).count()), E($.gate).count(), E($.it).get()])`;
    expect(await peer.run(seen)).toEqual(['Error: vat terminated', 'new', 5]);
    expect(await peer.run('$.log')).toMatchObject([{ name: 'vatUpgraded', incarnationNumber: 0 }]);
    expect(failures).toBeGreaterThan(amount({ quick: 15, thorough: 50 }));
  });
});

describe('by adminNode', () => {
  test('failures: by adminNode -> the vat that asked is told the same', async () => {
    const admin = await AdminBench.open();
    const bundle = await admin.kernel.installBundle(await fixture('workbench.js'));
    await admin.tell('svc', 'getBundleCap', [bundle], 'bench');
    await admin.call('createVat', 'w', '$bench', { vatParameters: { setup: PREDECESSOR } });
    const failing = (setup: string) =>
      admin.tell('w.node', 'upgrade', ['$bench', { vatParameters: { setup } }]);
    await expect(failing(good({ single: '' }))).rejects.toThrow('for tags: [Single]');
    await expect(failing(good({ kit: kit('a,b') }))).rejects.toThrow('durable kind "Kit" facets');
    await expect(failing(good({ last: `throw TypeError('broken')` }))).rejects.toEqual(
      TypeError('broken'),
    );
    expect(await admin.tell('w.root', 'run', ['[$.far]'])).toBeDefined();
    expect(await failing(good({ gate: '' }))).toEqual({
      incarnationNumber: 1,
      abandonedNames: ['gate'],
    });
  });
});

benches.testRepetition();
