/**
 * Sends, results and their limits (sections 2.1 and 2.11 of README.md); errors on the way (2.12).
 * Which syscalls are made, one by one: packages/worker/src/liveslots/promises/promises.test.ts.
 *
 * @module-tag sized
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { useWorkbenches } from '../support/drivers/workbench.js';
import type { Workbench } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const SERVER = `
  $.log = [];
  $.server = Far('server', {
    note: n => { $.log.push(n); return n; }, echo: it => it, log: () => harden([...$.log]),
    self: () => $.server, local: it => Far('local', { got: () => it }),
    later: () => new Promise(resolve => { $.resolve = resolve; }),
    fail: (name, text) => { throw new globalThis[name](text); },
  });
  0`;

let server: Workbench;
let client: Workbench;
beforeAll(async () => {
  server = await benches.hold(SERVER);
  client = await benches.hold();
  await client.run('$.server = args[0]; 0', [await server.run('$.server')]);
});

describe('messages: order and pipelines', () => {
  test('sends of one turn and of many -> arrive in the order in which they were made', async () => {
    await server.run('$.log.length = 0');
    await client.run(`const note = (from, to) => {
        for (let i = from; i < to; i += 1) E($.server).note(i); };
      note(0, 100); Promise.resolve().then(() => note(100, 200)); 0`);
    const all = Array.from({ length: 200 }, (_, i) => i);
    expect(await client.run('E($.server).log()')).toEqual(all);
  });

  test('a send -> its result settles in a later crank', async () => {
    expect(await client.run(`let seen = 'nothing';
      $.result = E($.server).echo('x').then(it => { seen = it; return seen; });
      Promise.resolve().then(() => seen)`)).toBe('nothing');
    expect(await client.run('$.result')).toBe('x');
  });

  test('pipelines: to results of results, before any has settled -> carried out', async () => {
    expect(await client.run(`const self = E(E(E($.server).self()).self()).self();
      Promise.all([E(self).echo(1), E(E($.server).local('in')).got()])`)).toEqual([1, 'in']);
  });

  test('pipelines: the result is an object of the sender -> stays in the vat', async () => {
    expect(await client.run(`const own = Far('own', { ping: () => 'pong' });
      const back = E($.server).echo(own);
      Promise.all([back.then(it => it === own), E(back).ping(), back.then(it => E(it).ping())])`))
      .toEqual([true, 'pong', 'pong']);
  });

  test('pipelines: the result is data or a rejection -> each send fails', async () => {
    expect(await client.run(`const text = E($.server).echo('text');
      const none = E($.server).echo(undefined); const no = E($.server).fail('RangeError', 'no');
      const bytes = new ArrayBuffer(2).sliceToImmutable();
      Promise.all([why(() => E(text).nope(bytes)), why(() => E(none).nope()),
        why(() => E(no).nope()),
        text.then(() => why(() => E(text).nope())), no.catch(() => why(() => E(no).nope()))])`))
      .toEqual([
        'TypeError: data is not callable, has no method nope',
        'TypeError: data is not callable, has no method nope',
        'RangeError: no',
        expect.stringMatching(/^TypeError: .*no method "nope"/),
        'RangeError: no',
      ]);
  });

  test('promises in arguments -> settle there; settled ones at once', async () => {
    expect(await client.run(`const rejected = Promise.reject(TypeError('t'));
      const list = [Promise.resolve(1), rejected, new Promise(resolve => { $.settle = resolve; })];
      E($.server).echo(list).then(([a, b, c]) => {
        $.c = c; return Promise.all([a, why(() => b)]); })`)).toEqual([1, 'TypeError: t']);
    await client.run(`$.settle(Far('late', { ping: () => 'late' }))`);
    expect(await client.run('E($.c).ping()')).toBe('late');
  });

  test('a promise that a method returns -> the result follows it over vats', async () => {
    const result = client.run('E($.server).later()');
    await server.run(`$.resolve(E($.server).echo(['followed']))`);
    expect(await result).toEqual(['followed']);
  });

  test('a promise mentioned again after it settled -> settled for whoever gets it', async () => {
    await client.run(`$.settled = E($.server).echo('kept'); $.settled`);
    const read = 'E($.server).echo([$.settled]).then(([it]) => it)';
    expect([await client.run(read), await client.run(read)]).toEqual(['kept', 'kept']);
  });
});

describe('messages: limits', () => {
  const TOO_LARGE = 'RangeError: syscall capdata too large';

  test('arguments past 10,000,000 bytes or 10,000 slots -> the send rejects, nothing leaves',
    async () => {
      await server.run('$.log.length = 0');
      expect(await client.run(`const far = n => Array.from({ length: n }, () => Far('x', {}));
        Promise.all([why(() => E($.server).note('x'.repeat(10_000_001))),
          why(() => E($.server).note(far(10_001)))])`)).toEqual([TOO_LARGE, TOO_LARGE]);
      expect(await server.run('$.log.length')).toBe(0);
    });

  test('arguments just under both limits -> delivered', { tags: ['thorough'] }, async () => {
    const length = `list => list.length`;
    expect(await client.run(`const far = Array.from({ length: 10_000 }, () => Far('x', {}));
      Promise.all([E($.server).echo('x'.repeat(9_900_000)).then(${length}),
        E($.server).echo(far).then(${length})])`)).toEqual([9_900_000, 10_000]);
  });

  test.each([
    ['a result', `'x'.repeat(10_000_001)`],
    ['a settlement', `$.p = Promise.resolve('x'.repeat(10_000_001)); harden([$.p])`],
  ])('%s past the limit -> the vat ends, its result says so', async (_title, code) => {
    const bench = await benches.make();
    const from = benches.log.length;
    await expect(bench.run(code)).rejects.toThrow('vat terminated');
    const faults = benches.log.slice(from).filter(({ level }) => level === 'fault');
    expect(faults.map(({ text }) => text).join()).toContain('syscall capdata too large');
    expect(await client.run('E($.server).echo(1)')).toBe(1);
  });

  test('state too large as a whole, each property being not -> the vat ends', async () => {
    const bench = await benches.make(`const half = () => 'x'.repeat(6_000_000);
      $.make = VatData.defineKind('k', () => ({ a: half(), b: half() }), {});`);
    await expect(bench.run('$.thing = $.make(); 0')).rejects.toThrow('vat terminated');
  });
});

describe('messages: errors', () => {
  const NAMES = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError',
    'URIError'];

  test('thrown errors -> name and message; an error of its realm, hardened, no stack', async () => {
    expect(await client.run(`Promise.all(${JSON.stringify(NAMES)}.map(name =>
      E($.server).fail(name, 'text').then(() => 0, error => [error.name, error.message,
        error instanceof globalThis[name], Object.isFrozen(error), error.stack,
        Reflect.ownKeys(error).sort().join()])))`)).toEqual(
      NAMES.map(name => [name, 'text', true, true, '', 'message,stack']),
    );
  });

  test('errors that are not passable -> told by name and message', async () => {
    const thrown = [
      `Object.assign(Error('coded'), { code: 7 })`,
      `new (class Own extends TypeError {})('own')`,
      `Object.defineProperty(RangeError('named'), 'name', { value: 'Other' })`,
      `Object.defineProperty(Error('renamed'), 'name', { value: 'TypeError' })`,
    ];
    const reasons = [];
    for (const code of thrown) {
      const reason: unknown = await server.run(`throw ${code}`).catch((error: unknown) => error);
      reasons.push(String(reason));
    }
    expect(reasons).toEqual(
      ['Error: coded', 'TypeError: own', 'Error: named', 'TypeError: renamed'],
    );
  });

  test('thrown data -> as it is; data with what cannot be passed -> the reason why', async () => {
    await expect(server.run('throw harden({ a: [1n] })')).rejects.toEqual({ a: [1n] });
    await expect(server.run('throw { f: () => 1 }')).rejects.toThrow(
      'Remotables must be explicitly declared',
    );
  });

  test('no such method, no function -> the texts of eventual-send', async () => {
    expect(await client.run(`Promise.all([why(() => E($.server).nope()),
      why(() => E(E($.server).local(1)).nope())])`)).toEqual([
      'TypeError: target has no method "nope", has ["__getMethodNames__","echo","fail","later",' +
        '"local","log","note","self"]',
      'TypeError: target has no method "nope", has ["__getMethodNames__","got"]',
    ]);
  });

  test('rejections that nobody handles -> a line of the console, nothing else', async () => {
    const from = benches.log.length;
    await client.run(`Promise.reject(Error('lonely')); E($.server).fail('Error', 'unseen'); 0`);
    await client.run('0');
    const lines = benches.log.slice(from).map(({ text }) => text);
    for (const text of ['lonely', 'unseen']) {
      expect(lines.filter(line => line.includes(text))).toHaveLength(1);
    }
  });
});

benches.testRepetition();
