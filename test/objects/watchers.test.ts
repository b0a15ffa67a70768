/**
 * `watchPromise` and `providePromiseWatcher` (section 2.11 of README.md). Watches over upgrades and
 * restarts, of promises of other vats: promises.test.ts.
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

/** `$.watcher` writes down what it is told; `$.told` gives it some turns later. */
const WATCHERS = `
  const { defineDurableKind, defineKind, makeKindHandle } = VatData;
  $.log = [];
  $.note = how => (context, value, ...args) => void $.log.push([how, value, ...args]);
  $.both = { onFulfilled: $.note('fulfilled'), onRejected: $.note('rejected') };
  $.define = behavior => defineDurableKind(makeKindHandle('w'), null, behavior)();
  $.watcher = $.define($.both);
  $.watch = (...list) => VatData.watchPromise(...list);
  $.turns = async n => { for (let i = 0; i < n; i += 1) await null; };
  $.told = async () => { await $.turns(20); return harden([...$.log]); };
  0`;

describe('watchers: what they are told', () => {
  testFacts(benches, [
    ['fulfilled -> onFulfilled with the value and the arguments',
      `$.watch(Promise.resolve(5), $.watcher, 'a', 2n); $.told()`, [['fulfilled', 5, 'a', 2n]]],
    ['rejected -> onRejected with the reason and the arguments',
      `$.watch(Promise.reject(Error('no')), $.watcher, $.watcher); $.told()
         .then(([[how, { message }, self]]) => [how, message, self === $.watcher])`,
      ['rejected', 'no', true]],
    ['settled later -> then, once',
      `let settle; $.watch(new Promise(resolve => { settle = resolve; }), $.watcher, 'a');
       $.told().then(before => { settle('late'); settle('again');
         return $.told().then(after => [before.length, after]); })`,
      [0, [['fulfilled', 'late', 'a']]]],
    ['several watchers of one promise -> each told, in order',
      `const p = Promise.resolve(1); $.watch(p, $.watcher, 'a'); $.watch(p, $.define($.both), 'b');
       $.watch(p, $.watcher, 'c'); $.told().then(all => all.map(([, , arg]) => arg))`,
      ['a', 'b', 'c']],
    ['the same watch twice -> told twice',
      `const p = Promise.resolve(1); $.watch(p, $.watcher); $.watch(p, $.watcher); $.told()`,
      [['fulfilled', 1], ['fulfilled', 1]]],
    ['a promise for a promise -> what that one settles to',
      `$.watch(Promise.resolve(Promise.resolve(7)), $.watcher); $.told()`, [['fulfilled', 7]]],
    ['the call -> undefined at once; nothing is told in its turn',
      `const value = $.watch(Promise.resolve(1), $.watcher); [value, $.log.length]`,
      [undefined, 0]],
    ['handlers -> called as methods of the watcher, with its context',
      `const watcher = VatData.defineDurableKind(VatData.makeKindHandle('s'), () => ({ n: 0 }), {
         onFulfilled: ({ state, self }, value) => {
           state.n += value; $.log.push([self === watcher, state.n]); } })();
       $.watch(Promise.resolve(1), watcher); $.watch(Promise.resolve(2), watcher); $.told()`,
      [[true, 1], [true, 3]]],
    ['onFulfilled left out -> a value is ignored, a reason told',
      `const watcher = $.define({ onRejected: $.note('rejected') });
       $.watch(Promise.resolve(1), watcher); $.watch(Promise.reject(2), watcher); $.told()`,
      [['rejected', 2]]],
    ['onRejected left out -> a value told',
      `const watcher = $.define({ onFulfilled: $.note('fulfilled') });
       $.watch(Promise.resolve(1), watcher); $.watch(Promise.reject(2), watcher); $.told()`,
      [['fulfilled', 1]]],
    ['a facet of a durable kit -> can watch',
      `const make = VatData.defineDurableKindMulti(VatData.makeKindHandle('kit'), null,
         { watcher: $.both, other: { get: () => 1 } });
       $.watch(Promise.resolve(1), make().watcher, 'kit'); $.told()`, [['fulfilled', 1, 'kit']]],
    ['arguments that are not durable -> the watch is refused, nothing is told',
      `$.watch(Promise.resolve(1), $.watcher, Far('far', {}));
       $.watch(Promise.resolve(2), $.watcher, harden([Promise.resolve()])); $.told()`, []],
  ], WATCHERS);
});

describe('watchers: provided ones', () => {
  testFacts(benches, [
    ['providePromiseWatcher -> a durable object of its handle, with both handlers',
      `const watcher = VatData.providePromiseWatcher(VatData.makeKindHandle('p'), $.note('yes'));
       [passStyleOf(watcher), getInterfaceOf(watcher), VatData.canBeDurable(watcher),
         watcher.__getMethodNames__()]`,
      ['remotable', 'Alleged: p', true,
        ['__getInterfaceGuard__', '__getMethodNames__', 'onFulfilled', 'onRejected']]],
    ['providePromiseWatcher: its handlers -> called with settlement and arguments, no context',
      `const plain = how => (...args) => void $.log.push([how, ...args]);
       const watcher = VatData.providePromiseWatcher(VatData.makeKindHandle('p'), plain('yes'),
         plain('no'));
       $.watch(Promise.resolve(1), watcher, 'a'); $.watch(Promise.reject(2), watcher, 'b');
       $.told()`, [['yes', 1, 'a'], ['no', 2, 'b']]],
    ['providePromiseWatcher without handlers -> a value is ignored',
      `const watcher = VatData.providePromiseWatcher(VatData.makeKindHandle('p'));
       $.watch(Promise.resolve(1), watcher); [watcher.onFulfilled(1), why(() =>
         watcher.onRejected(Error('no')))]`, [undefined, 'Error: no']],
    ['providePromiseWatcher twice for a handle -> the kind is defined already',
      `const handle = VatData.makeKindHandle('p'); VatData.providePromiseWatcher(handle);
       why(() => VatData.providePromiseWatcher(handle))`,
      expect.stringMatching(/^Error: redefinition of durable kind/)],
    ['providePromiseWatcher: no handle, no function -> refused',
      `[why(() => VatData.providePromiseWatcher({})),
        why(() => VatData.providePromiseWatcher(VatData.makeKindHandle('p'), 3))]`,
      ['Error: unknown handle (an object)', expect.stringMatching(/^(Type)?Error: /)]],
  ], WATCHERS);

  test('providePromiseWatcher in every incarnation -> the same object', async () => {
    const setup = `if (!baggage.has('h')) baggage.init('h', VatData.makeKindHandle('p'));
      $.log = [];
      $.watcher = VatData.providePromiseWatcher(baggage.get('h'), it => void $.log.push(it));
      if (!baggage.has('w')) baggage.init('w', $.watcher);
      $.same = baggage.get('w') === $.watcher;`;
    const bench = await benches.make(setup);
    await bench.upgrade(setup);
    await bench.upgrade(setup);
    expect(await bench.run('$.same')).toBe(true);
    await bench.run('VatData.watchPromise(Promise.resolve(3), $.watcher); 0');
    expect(await bench.run('harden($.log)')).toEqual([3]);
  });
});

describe('watchers: misuse', () => {
  const misuses: readonly (readonly [title: string, code: string, text: string])[] = [
    ['a watcher on the heap', `$.watch(Promise.resolve(), Far('w', { onFulfilled() {} }))`,
      'promise watcher must be a virtual object'],
    ['a watcher that is no object', `$.watch(Promise.resolve(), 'w')`, ''],
    ['a watcher without handlers', '$.watch(Promise.resolve(), $.define({ other: () => 1 }))',
      'promise watcher must implement at least one handler method'],
    ['no promise', '$.watch(3, $.watcher)', ''],
    ['a remotable for a promise', '$.watch($.watcher, $.watcher)',
      'watchPromise only watches promises'],
    ['an argument that is not durable', `$.watch(Promise.resolve(), $.watcher, Far('x', {}))`,
      'value is not durable'],
    ['an argument that cannot be passed', '$.watch(Promise.resolve(), $.watcher, () => 1)',
      'Remotables must be explicitly declared'],
    ['a handler that throws',
      `$.watch(Promise.resolve(), $.define({ onFulfilled: () => { throw Error('in turn'); } }))`,
      'in turn'],
    ['a rejection without onRejected',
      `$.watch(Promise.reject(Error('unseen')), $.define({ onFulfilled: () => {} }))`, 'unseen'],
    ['a rejection for the default handler',
      `$.watch(Promise.reject(Error('default')),
        VatData.providePromiseWatcher(VatData.makeKindHandle('p')))`, 'default'],
  ];

  test('misuse -> no throw, an unhandled rejection that says why, the vat goes on', async () => {
    const bench = await benches.make(WATCHERS);
    for (const [title, code, text] of misuses) {
      const from = benches.log.length;
      expect(await bench.run(`why(() => ${code})`), title).toBe('nothing thrown');
      expect(await bench.run('1 + 1'), title).toBe(2);
      const lines = benches.log.slice(from).map(line => line.text);
      expect(lines.filter(line => line.includes(text)), title).not.toEqual([]);
    }
    expect(await bench.run('$.told()')).toEqual([]);
  });
});

benches.testRepetition();
