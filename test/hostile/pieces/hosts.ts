/** Hosts and what they hand in; starts, upgrades, forks, ends and services that fail hostilely. */
import type { Kind } from '../piece.js';
import { TEXTS } from './texts.js';

const FIRST_TEXTS = JSON.stringify(TEXTS.slice(0, 6));

/** Starts vats, each of which fails with another text; which were told otherwise. */
const startsThatFail = (how: string): string => `
  const { bundleId } = kernel.vat(me);
  const wrong = [];
  let n = 0;
  for (const text of ${FIRST_TEXTS}) {
    const setup = ${how};
    const vatParameters = { setup, args: [text] };
    const name = 'late-' + (n += 1) + '-' + me;
    const told = await settle(() => kernel.createVat({ name, bundleId, vatParameters }))
      .then(() => 'started', error => error.name + ': ' + error.message);
    if (!told.endsWith(text)) wrong.push(text + ' -> ' + told);
  }
  return wrong.join('; ') || 'all as they were';`;

export const HOSTS: Kind = {
  title: 'Arguments, answers and bundles of hosts',
  pieces: [
    {
      name: 'arguments that are no data',
      tries: 'proxies, getters, classes, cycles, functions, giant texts from the host',
      steps: [['host', `
        const bad = () => { throw RangeError('Out of memory'); };
        const cycle = []; cycle.push(cycle);
        let deep = []; for (let i = 0; i < 100_000; i += 1) deep = [deep];
        const told = [];
        for (const it of [new Proxy({}, { get: bad, ownKeys: bad }), { get a() { return bad(); } },
          new (class A {})(),
          cycle, deep, () => 1, Symbol('x'), new Map(), 'x'.repeat(11_000_000), new Proxy([], {
            get: bad }),
          Object.assign(Error('x'), { message: { toString: bad } }), { then: bad }, new Date(), -0,
            NaN]) {
          try { await settle(() => kernel.call(root(me), 'run', ['typeof args[0]', [it]]));
            told.push('passed'); }
          catch (e) { told.push(e.name === 'HostError' ? 'stopped' : 'refused'); }
        }
        return told.join();`]],
      gives: `${'refused,'.repeat(13)}passed,passed`,
      isQuick: true,
    },
    {
      name: 'errors of the host with hostile fields',
      tries: 'causes without end, messages that are objects, AggregateErrors of errors',
      steps: [['host', `
        let cause = RangeError('Stack overflow'); for (let i = 0; i < 400;
          i += 1) cause = Error('x', { cause });
        const round = Error('round'); round.cause = round;
        const told = [];
        for (const it of [cause, round, AggregateError([cause, round], 'Out of memory'),
          Object.create(Error.prototype)]) {
          try { await settle(() => kernel.call(root(me), 'run', ['args[0] instanceof Error',
            [it]])); told.push('passed'); }
          catch (e) { told.push(e.name === 'HostError' ? 'stopped' : 'refused'); }
        }
        return told.includes('stopped');`]],
      gives: 'false',
    },
    {
      name: 'answers of host objects',
      tries: 'answers that are no data, promises that never settle, thenables',
      steps: [
        ['host', `
          const bad = () => { throw RangeError('Out of memory'); };
          const oracle = await settle(() => kernel.registerHostObject('oracle-' + me, {
            proxy: () => new Proxy({}, { get: bad, ownKeys: bad }), thenable: () => ({ then: bad }),
            deep: () => { let a = []; for (let i = 0; i < 100_000; i += 1) a = [a]; return a; },
            giant: () => 'x'.repeat(11_000_000), f: () => () => 1, throwsNothing: () => {
              throw undefined; },
            throwsProxy: () => { throw new Proxy(Error('x'), { get: bad,
              getOwnPropertyDescriptor: bad }); },
          }));
          return () => kernel.call(root(me), 'run', ['$.oracle = args[0]; 1', [oracle]])`],
        ['hostile', `$.told = []; for (const m of ['proxy', 'thenable', 'deep', 'giant', 'f',
          'throwsNothing', 'throwsProxy'])
          E($.oracle)[m]().then(() => $.told.push(m + ' passed'), () => $.told.push('refused'));
            1`],
        ['host', `for (let i = 0; i < 4; i += 1) { await kernel.run(); await kernel.commit(); }
          return () => kernel.call(root(me), 'run', ['$.told.join()'])`],
      ],
      gives: 'refused,refused,refused,refused,refused,refused,refused',
    },
    {
      name: 'methods that host objects do not have',
      tries: 'constructor, __proto__, then and other names of prototypes',
      steps: [
        ['host', `
          const oracle = await settle(() => kernel.registerHostObject('oracle-' + me, { ok: () =>
            1 }));
          return () => kernel.call(root(me), 'run', ['$.oracle = args[0]; 1', [oracle]])`],
        ['hostile', `$.told = []; for (const m of ['constructor', '__proto__', 'hasOwnProperty',
          'toString', 'valueOf', '__defineGetter__'])
          E($.oracle)[m]('x').then(() => $.told.push(m + ' passed'), () => $.told.push('refused'));
            1`],
        ['host', `for (let i = 0; i < 3; i += 1) { await kernel.run(); await kernel.commit(); }
          return () => kernel.call(root(me), 'run', ['$.told.join()'])`],
      ],
      gives: 'refused,refused,refused,refused,refused,refused',
    },
    {
      name: 'options of the host',
      tries: 'options that are proxies, have getters, or are of other types',
      steps: [['host', `
        const bad = () => { throw RangeError('Out of memory'); };
        const { vatId, bundleId } = kernel.vat(me);
        const tries = [() => kernel.createVat(new Proxy({}, { get: bad })), () =>
          kernel.createVat(),
          () => kernel.createVat({ name: {}, bundleId }), () => kernel.createVat({ name: 'x',
            bundleId, critical: 'false' }),
          () => kernel.createVat({ name: 'x', bundleId, vatParameters: { get a() { return bad();
            } } }),
          () => kernel.upgradeVat(vatId, { get bundleId() { return bad(); } }), () =>
            kernel.terminateVat({ toString: bad }),
          () => kernel.call(null, 'x', []), () => kernel.call(root(me), { toString: bad }, []),
            () => kernel.call(root(me), 'x', { length: 2 ** 53 }),
          () => kernel.beginBlock({ height: 1e300, time: NaN }), () => kernel.bind({}, {}), () =>
            kernel.forkVat(vatId, 7)];
        const told = [];
        for (const it of tries) { try { await settle(it); told.push('passed'); }
          catch (e) { told.push(e.name === 'HostError' ? 'stopped' : 'refused'); } }
        return [...new Set(told)].join();`]],
      gives: 'refused',
    },
    {
      name: 'sends whose results nobody takes',
      tries: 'rejections of the host’s own calls that nobody looks at',
      steps: [['host', `
        for (const text of ${FIRST_TEXTS}) kernel.send(root(me), 'run',
          ['throw RangeError(args[0])', [text]]).result?.catch(() => {});
        return () => kernel.call(root(me), 'run', ['7', []])`]],
      gives: '7',
      isQuick: true,
    },
  ],
};

export const LIVES: Kind = {
  title: 'Starts, upgrades, forks, ends and services',
  pieces: [
    {
      name: 'starts that throw',
      tries: 'buildRootObject that throws texts of V8’s',
      steps: [['host', startsThatFail(`"throw RangeError(args[0])"`)]],
      gives: 'all as they were',
      isQuick: true,
    },
    {
      name: 'starts that are rejected',
      tries: 'buildRootObject whose promise is rejected so',
      steps: [
        [
          'host',
          startsThatFail(`"Promise.reject(RangeError(args[0], { cause: Error(args[0]) }))"`),
        ],
      ],
      gives: 'all as they were',
    },
    {
      name: 'starts with roots that are none',
      tries: 'roots that are promises, proxies, data, nothing',
      steps: [['host', `
        const { bundleId } = kernel.vat(me);
        const told = []; let n = 0;
        for (const root of ['undefined', '7', '[]', 'new Proxy({}, {})',
          'Promise.reject(RangeError("Out of memory"))', '({})', 'Far("x", () => 1)',
            'new Promise(() => {})']) {
          const name = 'late-' + (n += 1) + '-' + me;
          told.push(await settle(() => kernel.createVat({ name, bundleId, vatParameters: {
            root } })).then(() => 'started', e => e.name));
        }
        return told.join();`]],
      gives: 'Error,Error,Error,Error,RangeError,Error,started,Error',
    },
    {
      name: 'starts that are too deep',
      tries: 'a start that faults',
      steps: [['host', `
        const { bundleId } = kernel.vat(me);
        return () => kernel.createVat({ name: 'late-' + me, bundleId, vatParameters: {
          setup: 'const f = () => f(); f()' } })`]],
      gives: 'rejected: …',
    },
    {
      name: 'upgrades that throw',
      tries: 'upgrades that fail with texts of V8’s: the predecessor goes on',
      steps: [
        ['hostile', `$.mine = 7; 1`],
        ['host', `
          const { vatId, bundleId } = kernel.vat(me);
          const wrong = [];
          for (const text of ${FIRST_TEXTS}) {
            const vatParameters = { setup: 'throw RangeError(args[0])', args: [text] };
            const told = await settle(() => kernel.upgradeVat(vatId, { bundleId,
              vatParameters })).then(() => 'upgraded', e => e.message);
            if (!told.endsWith(text)) wrong.push(text + ' -> ' + told);
          }
          return () => kernel.call(root(me), 'run', ['[$.mine, args[0]].join()', [wrong.join()]])`],
      ],
      gives: '7,',
      isQuick: true,
    },
    {
      name: 'upgrades that leave kinds out',
      tries: 'an upgrade that does not define what its predecessor had',
      steps: [
        ['hostile', `const h = VatData.makeKindHandle('Out of memory'); baggage.init('h', h);
          const make = VatData.defineDurableKind(h, () => ({}), {}); baggage.init('one', make());
            1`],
        ['host', `
          const { vatId, bundleId } = kernel.vat(me);
          return () => kernel.upgradeVat(vatId, { bundleId })`],
      ],
      gives: 'rejected: …',
    },
    {
      name: 'an upgrade, while its promises are rejected',
      tries: 'promises of the predecessor with errors in them',
      steps: [
        ['hostile', `E($.innocent).hear(new Promise(() => {}));
          E($.innocent).keep(harden([RangeError('Out of memory')])); 1`],
        ['host', `const { vatId, bundleId } = kernel.vat(me); return () => kernel.upgradeVat(vatId,
          { bundleId }).then(({ warnings: _, ...it }) => it)`],
      ],
      gives: '{ incarnationNumber: 1, rejectedPromises: 1 }',
    },
    {
      name: 'a dry run that fails',
      tries: 'checkUpgrade of hostile code',
      steps: [['host', `
        const { vatId, bundleId } = kernel.vat(me);
        const told = [];
        for (const text of ${FIRST_TEXTS}) {
          const vatParameters = { setup: 'throw RangeError(args[0])', args: [text] };
          const { ok } = await kernel.checkUpgrade(vatId, { bundleId, vatParameters });
          told.push(ok);
        }
        return told.join();`]],
      gives: 'false,false,false,false,false,false',
    },
    {
      name: 'a fork of a vat that holds errors',
      tries: 'a replay of errors in a forked vat',
      steps: [
        ['hostile', `$.kept = ${FIRST_TEXTS}.map(text => RangeError(text)); baggage.init('kept',
          harden([...$.kept])); 1`],
        ['host', `
          const { vatId } = kernel.vat(me);
          await settle(() => kernel.forkVat(vatId, { name: 'fork-of-' + me }));
          return () => kernel.call(root('fork-of-' + me), 'run',
            ['try { throw $.kept[3]; } catch (e) { e.message }', []])`],
      ],
      gives: 'Out of memory',
    },
    {
      name: 'an end of a vat that others wait for',
      tries: 'terminateVat while an innocent vat waits for it',
      steps: [
        ['hostile', `$.evil = Far('evil', { price: () => new Promise(() => {}) });
          $.heard = E($.innocent).ask($.evil); 1`],
        ['host', `return () => kernel.terminateVat(kernel.vat(me).vatId)`],
      ],
      gives: 'undefined',
      ends: 'leaves',
    },
    {
      name: 'vats that vats make',
      tries: 'vat-admin with hostile bundles, options and reasons',
      code: `
        const bad = [[undefined], ['b1-' + '0'.repeat(64)], [Far('cap', {})], [{}, {}],
          ['x'.repeat(1_000_000)]];
        Promise.all(bad.map(args => E($.vatAdmin).createVat(...args).then(() => 'made', () =>
          'refused')))
          .then(it => [...new Set(it)].join())`,
      gives: 'refused',
    },
    {
      name: 'the clock',
      tries: 'wakers that throw, times of no size, handlers that are none',
      code: `
        const waker = Far('waker', { wake: () => { throw RangeError('Out of memory'); } });
        const tries = [E($.clock).setWakeup(2n ** 70n, waker), E($.clock).setWakeup(-1n, waker),
          E($.clock).setWakeup('x', waker),
          E($.clock).repeatAfter(0n, 0n, waker), E($.clock).nothing(), E($.clock).setWakeup(1n)];
        Promise.allSettled(tries).then(it => it.length)`,
      gives: '6',
    },
    {
      name: 'watched promises',
      tries: 'watchers that throw, of promises that are rejected so',
      code: `
        const h = VatData.makeKindHandle('w'); baggage.init('w', h);
        const make = VatData.defineDurableKind(h, () => ({}), {
          onFulfilled: () => { throw RangeError('Out of memory'); },
          onRejected: (_, reason) => { throw reason; },
        });
        for (const text of ${FIRST_TEXTS}) {
          VatData.watchPromise(E($.innocent).rethrow(RangeError(text)), make());
        }
        'watched'`,
      gives: 'watched',
    },
    {
      name: 'rows of collections',
      tries: 'errors as keys, values and patterns of durable collections',
      code: `
        const s = VatData.makeScalarBigMapStore('s', { durable: true });
        for (const text of ${FIRST_TEXTS}) { s.init(text, harden(RangeError(text, {
          cause: Error(text) }))); }
        [...s.values()].map(e => { try { throw e; } catch (it) {
          return it.message === it.cause.message; } }).join()`,
      gives: 'true,true,true,true,true,true',
      isQuick: true,
    },
    {
      name: 'an exit of everybody’s vat',
      tries: 'to have the innocent vat, or the till, leave or fail',
      code: `
        Promise.allSettled([E($.innocent).exit(), E($.till).open('a', -1n), E($.till).move('a',
          'b', 10n ** 30n),
          E($.till).move('a', 'b', 1), E($.purse).add(1n), E($.till).open({ get a() { throw 1;
            } })]).then(it =>
          it.map(({ status }) => status).join())`,
      gives: 'rejected,rejected,rejected,rejected,rejected,rejected',
      isQuick: true,
    },
  ],
};
