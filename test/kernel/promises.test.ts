/**
 * What promises settle to, and who is told (section 1.4 of README.md).
 *
 * @module-tag sized
 */
import type { VatReference } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

interface Link {
  readonly name: string;
  readonly next: readonly VatReference[];
}

const benches = useWorkbenches();

const SETUP = `
  $.kits = {};
  $.make = name => {
    const kit = {};
    kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
    $.kits[name] = kit;
    return kit.promise;
  };
  $.held = (...names) => harden(Object.fromEntries(names.map(name => [name, $.make(name)])));
  $.seen = [];
  undefined;
`;

type Trio = readonly [a: Workbench, b: Workbench, c: Workbench];

let shared: Trio;
let a: Workbench;
let b: Workbench;
let c: Workbench;

/** From now on vat a holds promises `$.x`, `$.y`, `$.z` that b decides. */
const begin = async (trio: Trio): Promise<void> => {
  [a, b, c] = trio;
  for (const bench of [a, b, c]) {
    await bench.run(SETUP);
    const roots = { a: a.root, b: b.root, c: c.root };
    await bench.run('Object.assign($, args[0]), undefined', [roots]);
  }
  await a.run(`E($.b).run("$.held('x', 'y', 'z')").then(held => { Object.assign($, held); })`);
};
/** For a test that upgrades or ends one of them. */
const beginAfresh = async (): Promise<void> =>
  begin([await benches.make(), await benches.make(), await benches.make()]);

beforeAll(async () => {
  shared = [await benches.hold(), await benches.hold(), await benches.hold()];
});
beforeEach(() => begin(shared));

/** As each settles, its name and what it settled to are seen. */
const watchAll = (): Promise<unknown> =>
  a.run(`
    for (const name of ['x', 'y', 'z']) {
      $[name].then(v => $.seen.push([name, v]), e => $.seen.push([name, 'rejected', e]));
    }
    undefined`);
const seen = () => a.run('[...$.seen]');

describe('data', () => {
  test('every kind of value -> arrives as it was, once', async () => {
    await watchAll();
    await b.run(`$.kits.x.resolve(harden({ n: 1n, list: [undefined, NaN, 'x'] }))`);
    await b.run('$.kits.x.resolve(2), $.kits.x.reject(3), undefined');
    await b.run(`$.kits.y.reject(TypeError('bad'))`);
    expect(await seen()).toEqual([
      ['x', { n: 1n, list: [undefined, Number.NaN, 'x'] }],
      ['y', 'rejected', TypeError('bad')],
    ]);
  });

  test('an object -> a presence with its identity', async () => {
    await b.run('$.kits.x.resolve($.c)');
    expect(await a.run('$.x.then(x => x === $.c)')).toBe(true);
  });

  test('a method called on the promise of an own object -> local identity', async () => {
    await a.run(`E($.b).run('$.kits.x.resolve(args[0])', [$.a])`);
    expect(await a.run('$.x.then(x => x === $.a)')).toBe(true);
  });

  test('promises in data, unresolved -> settle later, on their own', async () => {
    await b.run('$.kits.x.resolve(harden({ deep: [{ y: $.kits.y.promise }] }))');
    await a.run('$.x.then(x => { $.deep = x.deep[0].y; $.deep.then(v => $.seen.push(v)); })');
    expect(await seen()).toEqual([]);
    await b.run('$.kits.y.resolve(5)');
    expect(await seen()).toEqual([5]);
  });

  test('promises in data, settled -> told in the same notify, in order of mention', async () => {
    await watchAll();
    await b.run(`
      $.kits.z.resolve('z');
      $.kits.y.resolve('y');
      $.kits.x.resolve(harden([$.kits.y.promise, $.kits.z.promise]));
      undefined`);
    const order = (await seen()) as unknown[][];
    expect(order.map(([name]) => name).sort()).toEqual(['x', 'y', 'z']);
    expect(await a.run('$.x.then(x => Promise.all(x))')).toEqual(['y', 'z']);
  });

  test('a promise that has settled, passed on -> whoever gets it is told', async () => {
    await b.run('$.kits.x.resolve(9)');
    expect(await a.run('$.x')).toBe(9);
    expect(await a.run(`E($.c).run('args[0].p', [{ p: $.x }])`)).toBe(9);
    expect(await a.run(`E($.c).run('args[0].p', [{ p: Promise.resolve(8) }])`)).toBe(8);
    const failing = `E($.c).run('args[0].p', [{ p: Promise.reject(Error('no')) }])`;
    await expect(a.run(failing)).rejects.toEqual(Error('no'));
  });

  test('many wait for one promise, in several vats -> each is told once', async () => {
    await a.run(`
      $.x.then(v => $.seen.push(v)); $.x.then(v => $.seen.push(v));
      E($.c).run('args[0].x.then(v => { $.seen.push(v); }), undefined', [{ x: $.x }])`);
    await b.run('$.kits.x.resolve(1)');
    expect(await seen()).toEqual([1, 1]);
    expect(await c.run('[...$.seen]')).toEqual([1]);
  });
});

describe('promises to promises', () => {
  test('resolved to a promise of another vat -> settles as that does', async () => {
    await watchAll();
    await b.run(`$.kits.x.resolve(E($.c).run("$.make('far')")); undefined`);
    expect(await seen()).toEqual([]);
    await c.run('$.kits.far.resolve(1)');
    expect(await seen()).toEqual([['x', 1]]);
  });

  test('resolved to a promise that rejects -> rejects', async () => {
    await watchAll();
    await b.run(`$.kits.x.resolve($.kits.y.promise), $.kits.y.reject('no'), undefined`);
    const all = (await seen()) as unknown[];
    expect(all).toContainEqual(['x', 'rejected', 'no']);
    expect(all).toContainEqual(['y', 'rejected', 'no']);
  });

  test('the vat in between is upgraded -> rejected, though the far promise is not', async () => {
    await beginAfresh();
    await b.run(`$.kits.x.resolve(E($.c).run("$.make('far')")); undefined`);
    await b.upgrade();
    await c.run('$.kits.far.resolve(1)');
    expect(await a.run('$.x.catch(e => e.name)')).toBe('vatUpgraded');
  });

  test('rejected with a promise, with itself -> the reason is a promise', async () => {
    await b.run('$.kits.x.reject($.kits.y.promise), undefined');
    await b.run('$.kits.y.resolve(4)');
    const reason = '$.x.catch(async p => [p instanceof Promise, await p])';
    expect(await a.run(reason)).toEqual([true, 4]);
    await b.run('$.kits.z.reject($.kits.z.promise), undefined');
    expect(await a.run('$.z.catch(p => p instanceof Promise || p.then)')).toBe(true);
  });
});

describe('cycles', () => {
  const follow = (from: string, steps: number): Promise<unknown> =>
    a.run(`(async () => {
      const names = [];
      let p = ${from};
      for (let i = 0; i < ${steps}; i += 1) {
        const { name, next } = await p;
        names.push(name);
        p = next;
      }
      return names;
    })()`);

  test('two promises whose data mention each other -> can be followed for ever', async () => {
    await b.run(`
      $.kits.x.resolve(harden({ name: 'x', next: $.kits.y.promise }));
      $.kits.y.resolve(harden({ name: 'y', next: $.kits.x.promise }));
      undefined`);
    expect(await follow('$.x', 7)).toEqual(['x', 'y', 'x', 'y', 'x', 'y', 'x']);
    expect(await follow('$.y', 2)).toEqual(['y', 'x']);
  });

  test('settled in different cranks -> the same', async () => {
    await b.run(`$.kits.x.resolve(harden({ name: 'x', next: $.kits.y.promise }))`);
    expect(await follow('$.x', 1)).toEqual(['x']);
    await b.run(`$.kits.y.resolve(harden({ name: 'y', next: $.kits.x.promise }))`);
    expect(await follow('$.x', 4)).toEqual(['x', 'y', 'x', 'y']);
  });

  test('a promise whose data mentions itself -> the same', async () => {
    await b.run(`$.kits.x.resolve(harden({ name: 'x', next: $.kits.x.promise }))`);
    expect(await follow('$.x', 4)).toEqual(['x', 'x', 'x', 'x']);
  });

  test('over two vats -> the same, for a third', async () => {
    await c.run(`$.make('far'), undefined`);
    await b.run(`
      E($.c).run('$.near = args[0].p; harden({ far: $.kits.far.promise })',
        [{ p: $.kits.x.promise }]).then(({ far }) => { $.far = far; })`);
    await b.run(`$.kits.x.resolve(harden({ name: 'x', next: $.far }))`);
    await c.run(`$.kits.far.resolve(harden({ name: 'far', next: $.near }))`);
    expect(await follow('$.x', 5)).toEqual(['x', 'far', 'x', 'far', 'x']);
  });

  test('followed by the host -> the same', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'promises/holder.js');
    const { root } = await kernel.createVat({ name: 'holder', bundleId });
    const { promise } = (await kernel.call(root, 'make', ['x'])) as { promise: VatReference };
    await kernel.call(root, 'settleWith', ['x', 'resolve', ['y']]);
    await kernel.call(root, 'settleWith', ['y', 'resolve', ['x']]);
    const names: string[] = [];
    let at = promise;
    for (let i = 0; i < 4; i += 1) {
      const { name, next } = (await kernel.settlement(at)) as Link;
      names.push(name);
      at = next[0]!;
    }
    expect(names).toEqual(['x', 'y', 'x', 'y']);
  });
});

describe('who decides', () => {
  test('a result -> decided by the vat that got the message', async () => {
    await beginAfresh();
    await a.run(`$.r = E($.b).run("$.make('answer')"); $.r.catch(() => {}); undefined`);
    await a.upgrade();
    // The sender is another incarnation; the receiver still may settle.
    await b.run(`$.kits.answer.resolve('late')`);
    expect(await b.run('$.kits.answer.promise')).toBe('late');
  });

  test('a result that is handed on -> settles with what the last vat says', async () => {
    await a.run(`$.r = E($.b).run("E($.c).run('$.make(1)')"); undefined`);
    await c.run(`$.kits[1].resolve('from c')`);
    expect(await a.run('$.r')).toBe('from c');
  });

  test('a promise of an ended vat that settled before -> keeps its value', async () => {
    await beginAfresh();
    await watchAll();
    await b.run(`$.kits.x.resolve('before')`);
    await b.terminate();
    expect(await seen()).toEqual([
      ['x', 'before'],
      ['y', 'rejected', Error('vat terminated')],
      ['z', 'rejected', Error('vat terminated')],
    ]);
  });
});

benches.testRepetition();
