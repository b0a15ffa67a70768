/**
 * Promises between a vat and the kernel, as syscalls (docs/protocol.md, section 2.11 of
 * test/objects/README.md).
 */
import { describe, expect, it } from 'vitest';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { ref, type CrankView, type VatHarness } from '../../testing/vat-harness.js';

const NOTHING = undefined;

/** A vat whose root runs the bodies given by name; `kept` lives as long as the incarnation. */
const vatOf = (methods: Record<string, string>): string => `(() => {
  const kept = {};
  const kit = () => {
    let settle = {};
    const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
    return { promise, ...settle };
  };
  const buildRootObject = ({ exitVat, exitVatWithFailure }) => Far('root', {
    ${Object.entries(methods).map(([name, body]) => `${name}${body}`).join(',\n')}
  });
  return { buildRootObject };
})()`;

const started = async (methods: Record<string, string>): Promise<VatHarness> => {
  const vat = makePlainHarness();
  const crank = await vat.start(vatOf(methods));
  expect(crank.outcome).toBeNull();
  return vat;
};

/** One delivery per wave, without a result unless given. */
const send = async (
  vat: VatHarness,
  method: string,
  args: unknown[] = [],
  result: string | null = null,
): Promise<CrankView['syscalls']> => {
  const [crank] = await vat.wave(vat.message('o+0', method, args, result));
  expect(crank!.outcome).toBeNull();
  return crank!.syscalls;
};

describe('promises: sends', () => {
  it('sends of one turn -> in order, results numbered, no subscribe for a result', async () => {
    const go = '(a, b) { E(a).one(1); E(b).two(a); E.sendOnly(a).three(); }';
    const vat = await started({ go });
    expect(await send(vat, 'go', [ref('o-1'), ref('o-2')])).toEqual([
      ['send', 'o-1', 'one', [1], 'p+0/1'],
      ['send', 'o-2', 'two', [ref('o-1')], 'p+0/2'],
      ['send', 'o-1', 'three', [], null],
    ]);
  });

  it('a result that is no promise -> after the sends that the method made', async () => {
    const vat = await started({ go: '(a) { E(a).one(); return 7; }' });
    expect(await send(vat, 'go', [ref('o-1')], 'p-9')).toEqual([
      ['send', 'o-1', 'one', [], 'p+0/1'],
      ['resolve', ['p-9', 'fulfilled', 7]],
    ]);
  });

  it('a function called by E -> a message without method', async () => {
    const vat = await started({ go: '(f) { E(f)(1, 2); }' });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([
      ['send', 'o-1', NOTHING, [1, 2], 'p+0/1'],
    ]);
  });

  it('a send to the result of a send -> pipelined to its vpid', async () => {
    const vat = await started({ go: '(a) { return E(E(a).one()).two(); }' });
    expect(await send(vat, 'go', [ref('o-1')], 'p-9')).toEqual([
      ['send', 'o-1', 'one', [], 'p+0/1'],
      ['send', 'p+0/1', 'two', [], 'p+0/2'],
    ]);
    const [crank] = await vat.wave(vat.notify(['p+0/2', false, 'done']));
    expect(crank!.syscalls).toEqual([['resolve', ['p-9', 'fulfilled', 'done']]]);
  });

  it('a send after the result became a presence -> to the presence', async () => {
    const vat = await started({
      go: '(a) { kept.p = E(a).one(); }',
      on: '() { E(kept.p).two(); }',
    });
    await send(vat, 'go', [ref('o-1')]);
    await vat.wave(vat.notify(['p+0/1', false, ref('o-5')]));
    expect(await send(vat, 'on')).toEqual([['send', 'o-5', 'two', [], 'p+0/2']]);
  });

  it('arguments that cannot be passed -> the send rejects, nothing leaves', async () => {
    const go = '(a) { return E(a).one(Symbol("x")).catch(e => e.name); }';
    const vat = await started({ go });
    expect(await send(vat, 'go', [ref('o-1')], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', 'TypeError']],
    ]);
  });

  it('E.get of a presence -> its own property, no message', async () => {
    const vat = await started({ go: '(a) { return E.get(a).size; }' });
    expect(await send(vat, 'go', [ref('o-1')], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', NOTHING]],
    ]);
  });
});

describe('promises: imports', () => {
  it('a promise in arguments -> subscribed, sends pipelined, settled by notify', async () => {
    const vat = await started({ go: '(p) { E(p).one(); return p; }' });
    expect(await send(vat, 'go', [ref('p-4')], 'p-9')).toEqual([
      ['subscribe', 'p-4'],
      ['send', 'p-4', 'one', [], 'p+0/1'],
    ]);
    const [crank] = await vat.wave(vat.notify(['p-4', true, Error('gone')]));
    expect(crank!.syscalls).toHaveLength(1);
    expect(crank!.syscalls[0]![1]).toMatchObject(['p-9', 'rejected', { message: 'gone' }]);
  });

  it('the same vpid twice -> one promise, one subscribe', async () => {
    const vat = await started({ a: '(p) { kept.p = p; }', b: '(p) { return p === kept.p; }' });
    await send(vat, 'a', [ref('p-4')]);
    expect(await send(vat, 'b', [ref('p-4')], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', true]],
    ]);
  });

  it('promises first seen in a notify -> subscribed after it, but for settled ones', async () => {
    const vat = await started({ go: '(p) { return p; }' });
    await send(vat, 'go', [ref('p-4')], 'p-9');
    const [crank] = await vat.wave(
      vat.notify(['p-4', false, [ref('p-7'), ref('p-6'), ref('p-5')]], ['p-6', false, 1]),
    );
    expect(crank!.syscalls).toEqual([
      ['subscribe', 'p-5'],
      ['subscribe', 'p-7'],
      ['resolve', ['p-9', 'fulfilled', [ref('p-7'), ref('p-6'), ref('p-5')]]],
    ]);
  });

  it('resolutions that mention each other, in any order -> all settled', async () => {
    const vat = await started({
      go: '(p) { return p; }',
      see: `() {
        const same = ([a, b]) => [a[0] === kept.q, b[0] === kept.p];
        return Promise.all([kept.p, kept.q]).then(same);
      }`,
      keep: '(p) { kept.p = p; p.then(([q]) => { kept.q = q; }); }',
    });
    await send(vat, 'keep', [ref('p-4')]);
    const batch = vat.notify(['p-5', false, [ref('p-4')]], ['p-4', false, [ref('p-5')]]);
    const [crank] = await vat.wave(batch);
    expect(crank!.syscalls).toEqual([]);
    expect(await send(vat, 'see', [], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', [true, true]]],
    ]);
  });

  it('a notify for what this incarnation does not know -> ignored', async () => {
    const vat = await started({ go: '() {}' });
    const [crank] = await vat.wave(vat.notify(['p+0/88', false, 1], ['p-3', true, ref('p-8')]));
    expect(crank!.outcome).toBeNull();
    expect(crank!.syscalls).toEqual([]);
  });
});

describe('promises: exports', () => {
  it('a local promise in a send -> a fresh vpid, followed and resolved', async () => {
    const vat = await started({
      go: '(a) { kept.k = kit(); E(a).one(kept.k.promise); }',
      settle: '(v) { kept.k.resolve(v); }',
    });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'one', [ref('p+0/1')], 'p+0/2'],
    ]);
    expect(await send(vat, 'settle', [ref('o-3')])).toEqual([
      ['resolve', ['p+0/1', 'fulfilled', ref('o-3')]],
    ]);
  });

  it('a promise fulfilled with a promise -> follows it', async () => {
    const vat = await started({
      go: '(a) { kept.k = kit(); E(a).one(kept.k.promise); }',
      settle: '(v) { kept.k.resolve(v); }',
    });
    await send(vat, 'go', [ref('o-1')]);
    expect(await send(vat, 'settle', [ref('p-6')])).toEqual([['subscribe', 'p-6']]);
    const [crank] = await vat.wave(vat.notify(['p-6', false, 'at last']));
    expect(crank!.syscalls).toEqual([['resolve', ['p+0/1', 'fulfilled', 'at last']]]);
  });

  it('mentioned again in the wave that settled it -> the same vpid, settled once', async () => {
    const vat = await started({
      go: '(a) { kept.k = kit(); kept.k.resolve(5); E(a).one(kept.k.promise); }',
      again: '(a) { E(a).two(kept.k.promise); }',
    });
    const cranks = await vat.wave(
      vat.message('o+0', 'go', [ref('o-1')], null),
      vat.message('o+0', 'again', [ref('o-1')], null),
    );
    expect(cranks.map(({ syscalls }) => syscalls)).toEqual([
      [
        ['send', 'o-1', 'one', [ref('p+0/1')], 'p+0/2'],
        ['resolve', ['p+0/1', 'fulfilled', 5]],
      ],
      [['send', 'o-1', 'two', [ref('p+0/1')], 'p+0/3']],
    ]);
  });

  it('mentioned again in a later wave -> a fresh vpid, resolved in the same crank', async () => {
    const vat = await started({
      go: '(a) { kept.k = kit(); kept.k.resolve(5); E(a).one(kept.k.promise); }',
      again: '(a) { E(a).two(kept.k.promise); }',
    });
    await send(vat, 'go', [ref('o-1')]);
    expect(await send(vat, 'again', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'two', [ref('p+0/3')], 'p+0/4'],
      ['resolve', ['p+0/3', 'fulfilled', 5]],
    ]);
  });

  it('data that reaches settled promises -> one batch with all of them', async () => {
    const vat = await started({
      go: `(a) {
        kept.inner = Promise.resolve(1);
        kept.outer = Promise.resolve(harden([kept.inner]));
        E(a).one(harden([kept.inner, kept.outer]));
      }`,
      again: '(a) { return harden({ all: kept.outer }); }',
    });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'one', [[ref('p+0/1'), ref('p+0/2')]], 'p+0/3'],
      ['resolve', ['p+0/1', 'fulfilled', 1]],
      ['resolve', ['p+0/2', 'fulfilled', [ref('p+0/1')]]],
    ]);
    expect(await send(vat, 'again', [ref('o-1')], 'p-9')).toEqual([
      [
        'resolve',
        ['p-9', 'fulfilled', { all: ref('p+0/4') }],
        ['p+0/4', 'fulfilled', [ref('p+0/5')]],
        ['p+0/5', 'fulfilled', 1],
      ],
    ]);
  });

  it('promises fulfilled with each other in data -> settled once each', async () => {
    const vat = await started({
      go: `(a) {
        const p = kit(), q = kit();
        p.resolve(harden([q.promise])); q.resolve(harden([p.promise]));
        kept.p = p.promise;
        E(a).one(p.promise);
      }`,
      again: '(a) { E(a).two(kept.p); }',
    });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'one', [ref('p+0/1')], 'p+0/2'],
      ['resolve', ['p+0/1', 'fulfilled', [ref('p+0/3')]]],
      ['resolve', ['p+0/3', 'fulfilled', [ref('p+0/1')]]],
    ]);
    expect(await send(vat, 'again', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'two', [ref('p+0/4')], 'p+0/5'],
      [
        'resolve',
        ['p+0/4', 'fulfilled', [ref('p+0/6')]],
        ['p+0/6', 'fulfilled', [ref('p+0/4')]],
      ],
    ]);
  });

  it('a resolution that cannot be passed -> rejected with the reason', async () => {
    const vat = await started({ go: '() { return Promise.resolve(Symbol("x")); }' });
    const [resolve] = await send(vat, 'go', [], 'p-9');
    expect(resolve![1]).toMatchObject(['p-9', 'rejected', { name: 'TypeError' }]);
  });

  it.each([
    ['nested too deep', '() { let v = 1; for (let i = 0; i < 501; i += 1) v = [v]; return v; }'],
    ['cyclic', '() { const v = []; v[0] = v; return Promise.reject(v); }'],
  ])('a resolution that is %s -> rejected with the reason, no fault', async (_title, go) => {
    const vat = await started({ go });
    const [resolve] = await send(vat, 'go', [], 'p-9');
    const message = 'passable nested deeper than nestingMax 500';
    expect(resolve![1]).toMatchObject(['p-9', 'rejected', { name: 'RangeError', message }]);
  });

  it('a resolution past the limit -> a fault', async () => {
    const vat = await started({ go: '() { return "x".repeat(10_000_001); }' });
    const [crank] = await vat.wave(vat.message('o+0', 'go', [], 'p-9'));
    expect(crank!.outcome).toMatchObject({
      code: 'LIMIT',
      error: { message: 'syscall capdata too large' },
    });
  });

  it('a failed encode -> takes no export number', async () => {
    const vat = await started({
      go: `(a) {
        kept.x = Far("x", {});
        E(a).one(kept.x, Far("y", {}), Symbol("x")).catch(() => {});
      }`,
      again: '(a) { E(a).two(Far("z", {}), kept.x); }',
    });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([]);
    expect(await send(vat, 'again', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'two', [ref('o+e0/1'), ref('o+e0/2')], expect.anything()],
    ]);
  });

  it('a failed encode -> the names it took are not left with the promises', async () => {
    const vat = await started({
      go: '(a) { kept.p = Promise.resolve(3); E(a).one(kept.p, Symbol("x")).catch(() => {}); }',
      again: '(a) { E(a).two(kept.p); }',
    });
    expect(await send(vat, 'go', [ref('o-1')])).toEqual([]);
    expect(await send(vat, 'again', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'two', [ref('p+0/2')], 'p+0/3'],
      ['resolve', ['p+0/2', 'fulfilled', 3]],
    ]);
  });
});

describe('promises: results of deliveries', () => {
  it('thrown -> rejected with the error; without a result -> nothing', async () => {
    const vat = await started({ go: '() { throw RangeError("no"); }' });
    const [resolve] = await send(vat, 'go', [], 'p-9');
    expect(resolve![1]).toMatchObject(['p-9', 'rejected', { name: 'RangeError', message: 'no' }]);
    expect(await send(vat, 'go', [])).toEqual([]);
  });

  it('no such method -> the error names those that there are', async () => {
    const vat = await started({ go: '() {}', stop: '() {}' });
    const [resolve] = await send(vat, 'gone', [], 'p-9');
    expect(resolve![1]).toMatchObject([
      'p-9',
      'rejected',
      {
        name: 'TypeError',
        message: 'target has no method "gone", has ["__getMethodNames__","go","stop"]',
      },
    ]);
  });

  it('a function as target -> applied when there is no method', async () => {
    const vat = await started({ make: '() { return Far("f", (a, b) => a + b); }' });
    expect(await send(vat, 'make', [], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', ref('o+e0/1')]],
    ]);
    const [crank] = await vat.wave(vat.message('o+e0/1', undefined, [2, 3], 'p-10'));
    expect(crank!.syscalls).toEqual([['resolve', ['p-10', 'fulfilled', 5]]]);
  });

  it('the result among its own arguments -> subscribed, forwarded, resolved', async () => {
    const go = '(p) { kept.p = p; return 5; }';
    const vat = await started({ go, see: '() { return kept.p; }' });
    expect(await send(vat, 'go', [ref('p-9')], 'p-9')).toEqual([
      ['subscribe', 'p-9'],
      ['resolve', ['p-9', 'fulfilled', 5]],
    ]);
    const [late] = await vat.wave(vat.notify(['p-9', false, 'stale']));
    expect(late!.syscalls).toEqual([]);
    expect(await send(vat, 'see', [], 'p-10')).toEqual([
      ['resolve', ['p-10', 'fulfilled', 5]],
    ]);
  });

  it('an awaited promise given back as a result -> this vat settles it', async () => {
    const vat = await started({
      go: '(a) { kept.p = E(a).one(); }',
      one: '() { return kept.late = new Promise(r => { kept.r = r; }); }',
      see: '() { kept.r(6); return kept.p; }',
    });
    await send(vat, 'go', [ref('o-1')]);
    expect(await send(vat, 'one', [], 'p+0/1')).toEqual([]);
    expect(await send(vat, 'see', [], 'p-9')).toEqual([
      ['resolve', ['p+0/1', 'fulfilled', 6]],
      ['resolve', ['p-9', 'fulfilled', 6]],
    ]);
  });

  it('a result mentioned in the same wave -> the promise, settled with the value', async () => {
    const vat = await started({ go: '() { return "v"; }', see: '(p) { return p; }' });
    const cranks = await vat.wave(
      vat.message('o+0', 'go', [], 'p-1'),
      vat.message('o+0', 'see', [ref('p-1')], 'p-2'),
    );
    expect(cranks[1]!.syscalls).toEqual([['resolve', ['p-2', 'fulfilled', 'v']]]);
  });

  it('its own result as its result -> rejected, as a promise that follows itself', async () => {
    const vat = await started({ go: '(p) { return p; }' });
    const syscalls = await send(vat, 'go', [ref('p-9')], 'p-9');
    expect(syscalls[1]![1]).toMatchObject(['p-9', 'rejected', { name: 'TypeError' }]);
  });

  it('a thenable -> followed', async () => {
    const vat = await started({ go: '() { return Far("t", { then: r => r("thenned") }); }' });
    expect(await send(vat, 'go', [], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', 'thenned']],
    ]);
  });
});

describe('promises: rows of merely-virtual collections', () => {
  it('a promise kept in a row -> the same promise, also after its name is gone', async () => {
    const vat = await started({
      go: '(p) { kept.m = VatData.makeScalarBigMapStore("m"); kept.m.init("p", p); kept.p = p; }',
      see: '() { return kept.m.get("p") === kept.p; }',
      send: '(a) { E(a).one(kept.m.get("p")); }',
    });
    await send(vat, 'go', [ref('p-4')]);
    await vat.wave(vat.notify(['p-4', false, 1]));
    expect(await send(vat, 'see', [], 'p-9')).toEqual([
      ['resolve', ['p-9', 'fulfilled', true]],
    ]);
    expect(await send(vat, 'send', [ref('o-1')])).toEqual([
      ['send', 'o-1', 'one', [ref('p+0/1')], 'p+0/2'],
      ['resolve', ['p+0/1', 'fulfilled', 1]],
    ]);
  });
});

describe('promises: exit', () => {
  it('exitVat -> a syscall; the rest of the crank counts', async () => {
    const vat = makePlainHarness();
    await vat.start(`({ buildRootObject: ({ exitVat, exitVatWithFailure }) => Far('root', {
      good() { exitVat('bye'); return 1; },
      bad(o) { exitVatWithFailure(harden([Error('ouch'), o])); },
    }) })`);
    expect(await send(vat, 'good', [], 'p-9')).toEqual([
      ['exit', false, 'bye'],
      ['resolve', ['p-9', 'fulfilled', 1]],
    ]);
    const [exit] = await send(vat, 'bad', [ref('o-1')]);
    expect(exit).toMatchObject(['exit', true, [{ message: 'ouch' }, ref('o-1')]]);
  });
});
