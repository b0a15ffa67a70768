/**
 * Errors are data, whatever they say: every text with which V8 tells that a host has no stack or no
 * memory, in errors of every make, on every road that an error can take. What the engine itself
 * says so stops the kernel, or ends the vat before, and vat code never sees it (rules.md#h4).
 */
import { HostError } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { expectOwnIntact, ownScene, Scenes } from '../../support/hostile/scene.js';
import { install, kernelOver } from '../../support/kernels/fresh-kernels.js';
import { errorOf } from '../../support/suite/rejections.js';

/** As V8 writes them, and what was taken for them. */
const WHOLE = [
  'Maximum call stack size exceeded',
  'Array buffer allocation failed',
  'ArrayBuffer.prototype.resize: Out of memory',
  'SharedArrayBuffer.prototype.grow: Out of memory',
  'Invalid regular expression: /(a)/v: Maximum call stack size exceeded',
  'Invalid regular expression: /a/: Stack overflow',
  'Invalid regular expression: /a/: Regular expression too large',
  'Out of memory',
  'Stack overflow',
  'Data cannot be cloned, out of memory.',
  'Failed to allocate memory',
  'Invalid array length',
  'Invalid string length',
  'Map maximum size exceeded',
  'Maximum BigInt size exceeded',
];
const TEXTS = [...WHOLE, ...WHOLE.map(text => `sorry: ${text}`)];

/** Ways to make an error that says `text`. */
const MAKES = `({
  'new RangeError': text => new RangeError(text),
  'Error()': text => Error(text),
  'SyntaxError()': text => SyntaxError(text),
  'a subclass': text => new (class Shortage extends RangeError {})(text),
  'a class with fields': text => new (class A extends Error { name = 'RangeError'; })(text),
  'Reflect.construct': text => Reflect.construct(RangeError, [text], class {}),
  'another new.target': text => Reflect.construct(Error, [text], RangeError),
  'another prototype': text => Object.setPrototypeOf(TypeError(text), RangeError.prototype),
  'a bound constructor': text => new (RangeError.bind(null, text))(),
  'another message': text => Object.defineProperty(RangeError('x'), 'message', { value: text }),
  'no constructor': text => Object.create(RangeError.prototype, { message: { value: text } }),
  'AggregateError': text => AggregateError([RangeError(text)], text),
  'a cause': text => RangeError(text, { cause: RangeError(text) }),
  'assert.error': text => outer.assert.error(outer.assert.details([text]), RangeError),
  'assert.fail': text => {
    try { outer.assert.fail(text, RangeError); } catch (e) { return e; }
  },
  'of the engine': text => { try { null[text]; } catch (e) { return e; } },
  'of the engine, with a value': text => {
    try { return 'a'.repeat(Object.assign(RangeError(text), { valueOf: () => -1 })); }
    catch (e) { return e; }
  },
  'of the engine, a name': text => {
    try { Object.defineProperty(Object.freeze({}), text, { value: 1 }); } catch (e) { return e; }
  },
  'of the engine, a code point': text => {
    try { String.fromCodePoint(text); } catch (e) { return e; }
  },
  'of the engine, an expression': text => {
    try { new RegExp('(/: ' + text); } catch (e) { return e; }
  },
  'of the engine, JSON': text => { try { JSON.parse(text); } catch (e) { return e; } },
  'of the engine, rejected': text => Promise.any([Promise.reject(RangeError(text))]).catch(e => e),
  'of the engine, changed': text => {
    try { null.x; } catch (e) {
      Object.setPrototypeOf(e, RangeError.prototype);
      e.message = text;
      return e;
    }
  },
  'of the engine, changed when rejected': text => Promise.resolve(0).then(x => null.x).catch(e => {
    e.message = text;
    return Object.setPrototypeOf(e, RangeError.prototype);
  }),
})`;

/** Roads from `error` to code that has caught it and gives its message. */
const ROADS = `({
  'throw': error => { try { throw error; } catch (e) { return e.message; } },
  'throw through a native': error => {
    try { [1].map(() => { throw error; }); } catch ({ message }) { return message; }
  },
  'throw through a getter': error => {
    try { return { get x() { throw error; } }.x; } catch (e) { return e.message; }
  },
  'throw through toString': error => {
    try { return String({ toString() { throw error; } }); } catch (e) { return e.message; }
  },
  'throw through a proxy': error => {
    try { return new Proxy({}, { get() { throw error; } }).x; } catch (e) { return e.message; }
  },
  'throw through an iterator': error => {
    try { return [...(function* () { throw error; })()]; } catch (e) { return e.message; }
  },
  'finally': error => {
    try { (() => { try { throw error; } finally { 1; } })(); } catch (e) { return e.message; }
  },
  'await': async error => { try { await Promise.reject(error); } catch (e) { return e.message; } },
  'then': error => Promise.reject(error).then(undefined, e => e.message),
  'catch': error => Promise.reject(error).then(1).finally(() => 0).catch(e => e.message),
  'allSettled': async error => {
    const [{ reason }] = await Promise.allSettled([Promise.reject(error)]);
    return reason.message;
  },
  'any': error => Promise.any([Promise.reject(error)]).catch(e => e.errors[0].message),
  'executor': error => new Promise(() => { throw error; }).catch(e => e.message),
  'thenable': error => Promise.resolve({ then() { throw error; } }).catch(e => e.message),
  'a parameter': error => (async (x = (() => { throw error; })()) => x)().catch(e => e.message),
  'for await': async error => {
    try { for await (const x of [Promise.reject(error)]); } catch (e) { return e.message; }
  },
  'evaluated': error => {
    try { new Compartment({ globals: { error }, __options__: true }).evaluate('throw error'); }
    catch (e) { return e.message; }
  },
  'cause': error => {
    try { throw Error('x', { cause: error }); } catch ({ cause: { message } }) { return message; }
  },
  'HandledPromise': error => E(() => { throw error; })().catch(e => e.message),
  'nobody': async error => { Promise.reject(error); await null; return error.message; },
  'console': error => { console.log(error, [error], { error }); return error.message; },
  'note': error => {
    outer.assert.note(Object.freeze(error), outer.assert.details(['x']));
    try { throw harden(error); } catch (e) { return e.message; }
  },
})`;

/** The same across vats, in both directions; the message is that of the error that is encoded. */
const CROSSING = `({
  'data': error => E($.other).run('args[0].message', [error]),
  'data thrown': error =>
    E($.other).run('try { throw args[0]; } catch (e) { e.message }', [error]),
  'data in data': error =>
    E($.other).run('try { throw args[0].list[0]; } catch (e) { e.message }', [{ list: [error] }]),
  'answer': async error => {
    const made = await E($.other).run('RangeError(args[0])', [error.message]);
    try { throw made; } catch (e) { return e.message; }
  },
  'rejection': error => E($.other).run('throw args[0]', [error]).catch(e => e.message),
  'rejection of an object': error =>
    E($.other).run('E(args[0]).f().catch(e => e.message)', [
      Far('f', { f: () => Promise.reject(error) }),
    ]),
  'awaited there': error =>
    E($.other).run('(async () => { try { await args[0]; } catch (e) { return e.message; } })()', [
      Promise.reject(error),
    ]),
})`;

/** What other vats may get. */
const PASSABLE_MAKES = `({
  'Error': text => harden(Error(text)),
  'RangeError': text => harden(RangeError(text)),
  'SyntaxError': text => harden(SyntaxError(text, { cause: RangeError(text) })),
  'AggregateError': text => harden(AggregateError([RangeError(text)], text)),
})`;

/** Every make, with every text, on every road: what came out otherwise than it went in. */
const eachOf = (makes: string, roads: string): string => `
  (async () => {
    const [makes, roads, wrong] = [${makes}, ${roads}, []];
    let count = 0;
    for (const text of args[0]) for (const [make, makeError] of Object.entries(makes)) {
      for (const [road, take] of Object.entries(roads)) {
        const error = await makeError(text);
        const { message } = error;
        const got = await take(error);
        count += 1;
        if (got !== message) wrong.push([make, road, text, String(got)].join(' / '));
      }
    }
    return [count, wrong.slice(0, 5)];
  })()`;

const MAKES_COUNT = 24;

describe('errors are data:', () => {
  const scenes = new Scenes();

  test('within a vat -> every text, make and road', { timeout: 60_000 }, async () => {
    const stage = await scenes.begin();
    const found = await stage.kernel.call(stage.hostile, 'run', [eachOf(MAKES, ROADS), [TEXTS]]);
    expect(found).toEqual([TEXTS.length * MAKES_COUNT * 22, []]);
    expect(stage.log.filter(({ level }) => level === 'fault')).toEqual([]);
    await scenes.expectIntact(stage, 'survives');
  });

  test('across vats -> every text, make and road', { timeout: 60_000 }, async () => {
    const stage = await scenes.begin();
    const code = eachOf(PASSABLE_MAKES, CROSSING);
    const found = await stage.kernel.call(stage.hostile, 'run', [code, [TEXTS]]);
    expect(found).toEqual([TEXTS.length * 4 * 7, []]);
    await scenes.expectIntact(stage, 'survives');
  });

  test('of a host, and to it -> the same', async () => {
    const stage = await scenes.begin();
    for (const text of TEXTS) {
      for (const Class of [Error, RangeError, SyntaxError]) {
        const thrown = 'try { throw args[0]; } catch (e) { e.message }';
        expect(await stage.kernel.call(stage.hostile, 'run', [thrown, [Class(text)]])).toBe(text);
      }
      const { message } = await errorOf(stage.run(`throw RangeError(${JSON.stringify(text)})`));
      expect(message).toBe(text);
    }
    await scenes.expectIntact(stage, 'survives');
  });

  test('in rows -> every text, also where a later crank throws it', async () => {
    const stage = await scenes.begin();
    const code = `
      const store = VatData.makeScalarBigMapStore('errors');
      args[0].forEach((text, i) => store.init(i, harden(RangeError(text))));
      $.store = store;
      args[0].length`;
    expect(await stage.kernel.call(stage.hostile, 'run', [code, [TEXTS]])).toBe(TEXTS.length);
    const read = `
      [...$.store.values()].map(error => { try { throw error; } catch (e) { return e.message; } })`;
    expect(await stage.run(read)).toEqual(TEXTS);
    await scenes.expectIntact(stage, 'survives');
  });
});

describe('errors are data, where a kernel of its own is needed:', () => {
  test('answers of host objects -> every text', async () => {
    const says = { say: (_: unknown, text: string) => Promise.reject(RangeError(text)) };
    const kernel = await kernelOver({ hostObjects: { says } });
    const bundleId = await install(kernel, 'workbench.js');
    const { root } = await kernel.createVat({ name: 'one', bundleId });
    const code = `
      Promise.all(args[1].map(async text => {
        try { await E(args[0]).say(text); } catch (error) { return error.message; }
      }))`;
    const found = await kernel.call(root, 'run', [code, [kernel.hostObject('says'), TEXTS]]);
    expect(found).toEqual(TEXTS);
  });

  test('starts and upgrades that fail -> told, the vat goes on', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'workbench.js');
    const { vatId, root } = await kernel.createVat({ name: 'one', bundleId });
    for (const text of WHOLE) {
      const vatParameters = { setup: `throw RangeError(${JSON.stringify(text)})` };
      const upgrade = kernel.upgradeVat(vatId, { bundleId, vatParameters });
      expect((await errorOf(upgrade)).message).toContain(text);
      const creation = kernel.createVat({ name: `no ${text}`, bundleId, vatParameters });
      expect((await errorOf(creation)).message).toContain(text);
    }
    expect(await kernel.call(root, 'run', ['6 * 7'])).toBe(42);
  });
});

/** What the engine throws where no `catch` of vat code stands; `natively` throws it. */
const SHORTAGES: readonly (readonly [road: string, code: string])[] = [
  ['a native handler', 'Promise.resolve().then(natively).then(done, done)'],
  [
    'a native handler, allSettled',
    'Promise.allSettled([Promise.resolve().then(natively)]).then(done)',
  ],
  [
    'a native handler, awaited',
    '(async () => { try { await Promise.resolve().then(natively); } finally { done(); } })()',
  ],
  ['a native handler, unhandled', 'Promise.resolve().then(natively); new Promise(() => 0)'],
  ['a parameter', 'const g = (x = g()) => x; (async (x = g()) => x)().then(done, done)'],
  [
    'a parameter, unhandled',
    'const g = (x = g()) => x; (async (x = g()) => x)(); new Promise(() => 0)',
  ],
  ['a native method', `E(Far('far', { natively })).natively().then(done, done)`],
  [
    'a native method, asked by another vat',
    `E($.other).run('E(args[0]).natively().then(() => 1, () => 1)', [Far('far', { natively })])
       .then(done, done)`,
  ],
  [
    'a native getter of a thenable',
    `Promise.resolve(Object.defineProperty({}, 'then', { get: natively })).then(done, done)`,
  ],
  [
    'a proxy that is resolved',
    'Promise.resolve(new Proxy({}, { get: natively })).then(done, done)',
  ],
];
/** A text that is asked for by a native function, of a native function: nothing counts these. */
const SHORTAGE_CODE = `
  const natively = String.bind(null, { toString: String.prototype.slice });
  const done = () => 'seen';`;

describe('the engine has no more, and no catch of vat code stands there:', () => {
  const never = async (_road: string, code: string): Promise<void> => {
    const stage = await ownScene({ maxVatsOnline: 1 });
    const settled = stage.run(`${SHORTAGE_CODE} ${code}`).then(
      value => String(value),
      (error: unknown) => error,
    );
    const idle = stage.kernel.idle().then(
      () => 'idle',
      (error: unknown) => error,
    );
    const first = await Promise.race([settled, idle]);
    expect(first).toBeInstanceOf(Error);
    const isHosts = first instanceof HostError;
    if (isHosts) expect(first.message).toMatch(/^hostile \(v\d+\), incarnation 0, position \d+ /);
    const vats = ['bank', 'other', ...(isHosts ? ['hostile'] : [])];
    await expectOwnIntact(stage, vats);
  };
  const title = '%s -> never seen, the rest is whole';
  test.each(SHORTAGES.slice(0, 2))(title, never);
  test.each(SHORTAGES.slice(2))(title, { tags: ['thorough'] }, never);
});
