/**
 * Starting a vat: what goes wrong, in the words of the reference (2.2).
 */
import { describe, expect, it } from 'vitest';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { ref, type CrankView } from '../../testing/vat-harness.js';

const start = (script: string, parameters?: unknown): Promise<CrankView> =>
  makePlainHarness().start(script, parameters);
const build = (body: string): string =>
  `({ buildRootObject(vatPowers, parameters, baggage) { ${body} } })`;

const faults: readonly [title: string, script: string, code: string, message: string][] = [
  ['no namespace', 'undefined', 'NO_BUILD_ROOT_OBJECT',
    'vat source bundle lacks buildRootObject() function: the completion value of its script ' +
      'is no namespace, but undefined'],
  ['no buildRootObject', '({ build: 1, default: 2 })', 'NO_BUILD_ROOT_OBJECT',
    'vat source bundle lacks buildRootObject() function: it exports "build", "default"'],
  ['another thing', '({ buildRootObject: 1 })', 'NO_BUILD_ROOT_OBJECT',
    'vat source bundle lacks buildRootObject() function: what it exports by that name is none'],
  ['no exports', '({})', 'NO_BUILD_ROOT_OBJECT',
    'vat source bundle lacks buildRootObject() function: it exports nothing'],
  ['many exports', 'Object.fromEntries("abcdefghijkl".split("").map(key => [key, 1]))',
    'NO_BUILD_ROOT_OBJECT', ': it exports "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", ...'],
  ['a proxy that throws', 'new Proxy({}, { ownKeys: () => { throw Error("no"); } })',
    'NO_BUILD_ROOT_OBJECT', 'vat source bundle lacks buildRootObject() function'],
  ['a syntax error', '({', 'EVALUATION_FAILED', ''],
  ['a throw while evaluated', '(() => { throw TypeError("at load"); })()', 'EVALUATION_FAILED',
    'at load'],
  ['a throw', build('throw Error("no vat today");'), 'START_FAILED', 'no vat today'],
  ['a rejection', build('return Promise.reject(Error("no vat later"));'), 'START_FAILED',
    'no vat later'],
  ['a promise that never settles', build('return new Promise(() => {});'), 'START_FAILED',
    'buildRootObject unresolved'],
  ['data', build('return harden({ a: 1 });'), 'START_FAILED',
    'buildRootObject() for vat v3 returned {"a":1}, which is not Far'],
  ['an object that is no Far', build('return { hi() {} };'), 'START_FAILED', 'which is not Far'],
  ['a presence', build('return parameters;'), 'START_FAILED',
    'buildRootObject() must return an object of its own, not one of another vat'],
  ['a virtual object',
    build('return VatData.defineKind("k", () => ({}), { hi: () => 1 })();'), 'START_FAILED',
    'buildRootObject() must return ephemeral, not virtual/durable object'],
];

describe('startVat', () => {
  for (const [title, script, code, message] of faults) {
    it(`${title} -> ${code}`, async () => {
      const crank = await start(script, ref('o-1'));
      expect(crank.outcome?.code).toBe(code);
      expect((crank.outcome?.error as Error).message).toContain(message);
      expect(crank.tuple.slice(1)).toEqual([[], [], null]);
    });
  }

  it('a promise for a root, settled within the crank -> started', async () => {
    const crank = await start(build('return Promise.resolve().then(() => Far("root", {}));'));
    expect(crank.outcome).toBeNull();
  });

  it('what vat code threw and can be told -> told as it is', async () => {
    const crank = await start(build('throw harden({ why: "because" });'));
    expect(crank.outcome).toEqual({ code: 'START_FAILED', error: { why: 'because' } });
  });

  it('parameters, powers, globals -> there', async () => {
    const script = build(`
      const names = Object.keys(vatPowers).sort().join();
      const same = vatPowers.VatData === VatData && vatPowers.WeakMap === WeakMap;
      return Far('root', { see: () => harden([names, same, parameters]) });
    `);
    const vat = makePlainHarness();
    await vat.start(script, { n: 5, o: ref('o-4') });
    expect(await vat.call('o+0', 'see')).toEqual([
      'D,VatData,WeakMap,WeakSet,dismissKind,exitVat,exitVatWithFailure,finishedUpgrade,' +
        'makeKind,makeKindMulti,nameExport,onFork,reconnectExport,replaceKind,replaceKindMulti',
      true,
      { n: 5, o: ref('o-4') },
    ]);
  });

  it('microtasks of the bundle -> run before buildRootObject, ahead or in the crank', async () => {
    const script = `(() => {
      let ticks = 0;
      const tick = () => { ticks += 1; if (ticks < 50) Promise.resolve().then(tick); };
      tick();
      return { buildRootObject: () => Far('root', { seen: (t => () => t)(ticks) }) };
    })()`;
    for (const evaluateNow of [true, false]) {
      const vat = makePlainHarness();
      await vat.start(script, undefined, evaluateNow);
      expect(await vat.call('o+0', 'seen')).toBe(50);
    }
  });

  it('a durable kind not defined again -> KIND_UNCLAIMED, and nothing is written', async () => {
    const vat = makePlainHarness();
    const keep = `baggage.init('h', VatData.makeKindHandle('thing'));
      VatData.defineDurableKind(baggage.get('h'), () => ({}), {});
      return Far('root', {});`;
    expect((await vat.start(build(keep))).outcome).toBeNull();
    vat.commit();
    const crank = await vat.start(build(`baggage.init('x', 1); return Far('root', {});`));
    expect(crank.outcome).toMatchObject({
      code: 'KIND_UNCLAIMED',
      error: { message: 'defineDurableKind not called for tags: [thing]' },
    });
    expect(crank.tuple[2]).toEqual([]);
  });
});
