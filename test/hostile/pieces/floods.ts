/**
 * Floods of every kind. While one goes on, the host and another vat call the till: `amid` says how
 * many waves their answers take.
 */
import type { Kind, Piece } from '../piece.js';

/** More than a wave takes, so that others have to come between. */
const MANY = 1_500;
const times = (n: number, code: string): string => `for (let i = 0; i < ${n}; i += 1) { ${code} }`;
/** `dead`: the root of a vat that has ended. */
const MAKE_DEAD = `
  const { bundleId } = kernel.vat(me);
  const { vatId, root: dead } = await settle(() =>
    kernel.createVat({ name: 'dead-' + me, bundleId }));
  await settle(() => kernel.call(root(me), 'run', ['$.dead = args[0]; 1', [dead]]));
  await settle(() => kernel.terminateVat(vatId));
  return 'dead';`;
/** `$.self`: an object of the vat's own that it reaches by the kernel alone. */
const OUTSIDE = `$.n = 0; $.self = Far('self', { go: () => { $.n += 1; }, pass: it => it });
  const outside = E($.innocent).pass($.self);`;
/** `node`, `root`: of a vat that the piece's vat has made; both known as `$.node` and `$.child`. */
const MAKE_CHILD = `E(E(E($.vatAdmin).createVatAdminService()).getNamedBundleCap('workbench'))
  .getBundleID().then(async () => {
    $.service = await E($.vatAdmin).createVatAdminService();
    $.cap = await E($.service).getNamedBundleCap('workbench');
    const { root, adminNode } = await E($.service).createVat($.cap);
    $.child = root; $.node = adminNode; return 'made'; })`;

const DURABLE = `
  if (!baggage.has('h')) {
    baggage.init('h', VatData.makeKindHandle('thing'));
    $.make = VatData.defineDurableKind(baggage.get('h'), (next, text) => ({ next, text }), {
      onFulfilled: ({ state }) => { $.heard = ($.heard ?? 0) + 1; },
      onRejected: ({ state }) => { $.heard = ($.heard ?? 0) + 1; },
      wake: () => { $.heard = ($.heard ?? 0) + 1; },
      set: ({ state }, next) => { state.next = next; },
    });
  }`;

const MESSAGES: readonly Piece[] = [
  {
    name: 'messages to itself',
    tries: 'a queue full of messages to an object of its own',
    steps: [['amid', `${OUTSIDE} ${times(MANY, 'E.sendOnly(outside).go();')} 'sent'`],
      ['hostile', '$.n']],
    gives: `${MANY}`,
  },
  {
    name: 'messages to another',
    tries: 'the same to the vat whose answer others wait for',
    steps: [['amid', `${times(MANY, 'E.sendOnly($.innocent).answer();')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
    isQuick: true,
  },
  {
    name: 'messages to the one that is called',
    tries: 'the same to the till',
    steps: [['amid', `${times(MANY, 'E.sendOnly($.till).total();')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'messages to a dead object',
    tries: 'messages that the kernel refuses, all at once',
    steps: [['host', MAKE_DEAD],
      ['amid', `${times(MANY, 'E($.dead).x().catch(() => {});')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
    isQuick: true,
  },
  {
    name: 'questions to a dead object, one after the other',
    tries: 'work that never ends, of which never more than one message is on the queue',
    steps: [['host', MAKE_DEAD],
      ['amid', `$.n = 0; const again = () => { $.n += 1;
        if ($.n < 300) E($.dead).x().then(again, again); }; again(); 'begun'`],
      ['hostile', '$.n']],
    gives: '300',
  },
  {
    name: 'questions to another, one after the other',
    tries: 'the same with a vat that answers',
    steps: [['amid', `$.n = 0; const again = () => { $.n += 1;
        if ($.n < 300) E($.innocent).answer().then(again); }; again(); 'begun'`]],
    gives: 'begun; 1 and 3 waves, amid it',
    isQuick: true,
  },
  {
    name: 'messages that make two',
    tries: 'a flood that doubles with every wave',
    steps: [['amid', `$.n = 0; const outside = () => E($.innocent).pass($.self);
      $.self = Far('self', { go: depth => { $.n += 1;
        if (depth > 0) for (let i = 0; i < 2; i += 1) E.sendOnly(outside()).go(depth - 1); } });
      E.sendOnly(outside()).go(10); 'begun'`],
    ['hostile', '$.n']],
    gives: '2047',
  },
  {
    name: 'messages to objects of the host',
    tries: 'a crowd of calls that the host has to answer',
    steps: [
      ['host', `
        const oracle = await settle(() => kernel.registerHostObject('oracle-' + me));
        return () => kernel.call(root(me), 'run', ['$.oracle = args[0]; 1', [oracle]])`],
      ['amid', `$.n = 0; ${times(MANY, 'E($.oracle).ask(i).then(() => { $.n += 1; });')} 'sent'`],
      // When an implementation answers is no matter of blocks, so here the host says when; and it
      // gives others a turn.
      ['host', `for (let i = 0; i < 12; i += 1) {
          for (const [n, { call, args: [value] }] of kernel.hostCalls().entries()) {
            void kernel.answerHostCall(call, { value });
            if (n % 100 === 99) await new Promise(setImmediate);
          }
          await kernel.run();
          await kernel.commit();
        }
        return () => kernel.call(root(me), 'run', ['$.n'])`],
    ],
    gives: `${MANY}`,
  },
  {
    name: 'messages to the kernel’s services',
    tries: 'a crowd of calls that the kernel answers on its own thread',
    steps: [['amid', `const it = E($.vatAdmin).createVatAdminService();
      ${times(MANY, "E(it).getBundleIDByName('none').catch(() => {});")} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'large messages',
    tries: 'messages of a megabyte, twenty of them',
    steps: [['amid', `const x = 'x'.repeat(1_000_000);
      ${times(20, 'E.sendOnly($.innocent).pass(x);')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'messages full of references',
    tries: 'ten thousand references in each of three messages',
    steps: [['amid', `const all = harden(Array.from({ length: 9_999 }, () => Far('x', {})));
      ${times(3, 'E.sendOnly($.innocent).pass(all);')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, when all was done',
  },
  {
    name: 'messages with results that nobody takes',
    tries: 'a promise for each message, none of them ever looked at',
    steps: [['amid', `${times(MANY, 'E($.innocent).pass(i);')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'results of a megabyte',
    tries: 'twenty answers that are large',
    steps: [['amid', `const x = 'x'.repeat(1_000_000);
      Promise.all(Array.from({ length: 20 }, () => E($.innocent).pass(x))).then(it => it.length)`]],
    gives: '20; 1 and 3 waves, amid it',
  },
  {
    name: 'messages in pipelines',
    tries: 'messages to results of messages to results, a thousand deep',
    steps: [['amid', `let p = E($.innocent).pass($.innocent);
      ${times(1_000, 'p = E(p).pass($.innocent);')} E(p).answer()`]],
    gives: '42; 1 and 3 waves, amid it',
  },
];

const PROMISES: readonly Piece[] = [
  {
    name: 'messages on a promise, then its end',
    tries: 'four thousand messages that wait, all moved by one settlement',
    steps: [
      ['hostile', `$.p = E($.innocent).pass(new Promise(go => { $.go = go; }));
        ${times(4_000, 'E.sendOnly($.p).answer();')} 'waiting'`],
      ['amid', `$.go($.innocent); 'settled'`],
    ],
    gives: 'settled; 1 and 3 waves, amid it',
  },
  {
    name: 'messages on many promises, then their end',
    tries: 'the same with thirty promises, settled in one crank',
    steps: [
      ['hostile', `$.all = []; ${times(30, `
        const p = E($.innocent).pass(new Promise(go => { $.all.push(go); }));
        for (let k = 0; k < 300; k += 1) E.sendOnly(p).answer();`)} 'waiting'`],
      ['amid', `for (const go of $.all) go($.innocent); 'settled'`],
    ],
    gives: 'settled; 1 and 3 waves, amid it',
  },
  {
    name: 'messages on a promise that is rejected',
    tries: 'four thousand messages that are refused by one rejection',
    steps: [
      ['hostile', `$.p = E($.innocent).pass(new Promise((_, no) => { $.no = no; }));
        $.n = 0; ${times(4_000, 'E($.p).answer().catch(() => { $.n += 1; });')} 'waiting'`],
      ['amid', `$.no(RangeError('Out of memory')); 'rejected'`],
      ['hostile', '$.n'],
    ],
    gives: '4000',
  },
  {
    name: 'large messages on a promise, then its end',
    tries: 'fifty megabytes that one settlement moves',
    steps: [
      ['hostile', `$.p = E($.innocent).pass(new Promise(go => { $.go = go; }));
        const x = 'x'.repeat(1_000_000); ${times(50, 'E.sendOnly($.p).pass(x);')} 'waiting'`],
      ['amid', `$.go($.innocent); 'settled'`],
    ],
    gives: 'settled; 1 and 3 waves, amid it',
  },
  {
    name: 'notifies',
    tries: 'a crowd of promises, of which another vat hears at once',
    steps: [
      ['hostile', `$.all = [];
        ${times(MANY, 'E($.innocent).hear(new Promise(go => { $.all.push(go); }));')} 'waiting'`],
      ['amid', `for (const go of $.all) go(7); 'settled'`],
    ],
    gives: 'settled; 1 and 3 waves, amid it',
  },
  {
    name: 'notifies of much data',
    tries: 'a chain of promises with a hundred kilobytes each, more than one notify tells',
    steps: [
      ['hostile', `$.all = []; $.ps = ${
        'Array.from({ length: 50 }, () => new Promise(go => { $.all.push(go); }))'};
        E($.innocent).settle([...$.ps]); 'waiting'`],
      ['amid', `const x = 'x'.repeat(100_000);
        $.all.forEach((go, i) => go(harden([x, $.ps[i + 1]]))); 'settled'`],
    ],
    gives: 'settled; 1 and 3 waves, when all was done',
  },
  {
    name: 'one promise to everybody’s messages',
    tries: 'a promise that stands in a thousand messages, then settles',
    steps: [
      ['hostile', `$.p = new Promise(go => { $.go = go; });
        ${times(1_100, 'E($.innocent).hear($.p).then(() => { $.n = ($.n ?? 0) + 1; });')} 'sent'`],
      ['amid', `$.go(7); 'settled'`],
      ['hostile', '$.n'],
    ],
    gives: '1100',
  },
  {
    name: 'durable watchers',
    tries: 'three hundred watched promises, all rejected at once',
    steps: [
      ['hostile', `${DURABLE} $.all = [];
        ${times(300, `VatData.watchPromise(E($.innocent).pass(new Promise((_, no) => {
          $.all.push(no); })), $.make());`)} 'watching'`],
      ['amid', `for (const no of $.all) no(Error('sorry')); 'rejected'`],
      ['hostile', '$.heard'],
    ],
    gives: '300',
  },
  {
    name: 'many watchers of one promise',
    tries: 'a row that grows with each of three hundred watches',
    steps: [
      ['hostile', `${DURABLE} const p = E($.innocent).pass(new Promise(go => { $.go = go; }));
        const one = $.make(); ${times(300, 'VatData.watchPromise(p, one, i);')} 'watching'`],
      ['amid', `$.go(1); 'settled'`],
      ['hostile', '$.heard'],
    ],
    gives: '300',
  },
  {
    name: 'a game of promises',
    tries: 'two vats that settle promises with each other’s promises, two hundred times',
    steps: [['amid', `const again = (n, p) => n === 0 ? p
        : again(n - 1, E($.innocent).pass(harden([p])).then(([q]) => q));
      again(200, Promise.resolve(7))`]],
    gives: '7; 1 and 3 waves, when all was done',
  },
];

const ROWS: readonly Piece[] = [
  {
    name: 'rows',
    tries: 'ten thousand rows in a crank, then all of them gone',
    steps: [
      ['amid', `$.s = VatData.makeScalarBigMapStore('s', { durable: true });
        ${times(10_000, '$.s.init(i, i);')} 'kept'`],
      ['amid', `$.s.clear(); 'gone'`],
    ],
    gives: 'gone; 1 and 3 waves, when all was done',
  },
  {
    name: 'rows of much data',
    tries: 'forty megabytes of rows in a crank, written again in the next',
    steps: [
      ['hostile', `$.s = VatData.makeScalarBigMapStore('s', { durable: true });
        const x = 'x'.repeat(1_000_000); ${times(40, '$.s.init(i, x);')} 'kept'`],
      ['amid', `const y = 'y'.repeat(1_000_000); ${times(40, '$.s.set(i, y);')} 'kept'`],
    ],
    gives: 'kept; 1 and 3 waves, when all was done',
  },
  {
    name: 'collections',
    tries: 'a crowd of collections in a crank, of which nobody knows',
    steps: [['amid', `${times(MANY, "VatData.makeScalarBigMapStore('s', { durable: true });")}
      'made'`]],
    gives: 'made; 1 and 3 waves, when all was done',
  },
  {
    name: 'durable objects, all let go',
    tries: 'fifteen hundred objects that sweeps have to find',
    steps: [
      ['hostile', `${DURABLE} baggage.init('all', VatData.makeScalarBigSetStore('all',
        { durable: true })); ${times(3_000, "baggage.get('all').add($.make());")} 'kept'`],
      ['amid', `baggage.get('all').clear(); 'let go'`],
    ],
    gives: 'let go; 1 and 3 waves, when all was done',
  },
  {
    name: 'virtual objects that others hold',
    tries: 'two thousand durable objects given away, then forgotten by who has them',
    steps: [
      ['hostile', `${DURABLE} const all = Array.from({ length: 2_000 }, () => $.make());
        E($.innocent).hold(harden(all)).then(() => 'given')`],
      ['amid', `E($.innocent).hold(undefined).then(() => 'forgotten')`],
    ],
    gives: 'forgotten; 1 and 3 waves, when all was done',
  },
  {
    name: 'exports, again and again',
    tries: 'five thousand remotables a message, all dropped by the next',
    steps: [['amid', `const all = () => harden(Array.from({ length: 5_000 }, () => Far('x', {})));
      E($.innocent).hold(all()); E($.innocent).hold(all()); E($.innocent).hold(all());
      E($.innocent).hold(undefined).then(() => 'dropped')`]],
    gives: 'dropped; 1 and 3 waves, when all was done',
  },
  {
    name: 'lines amid calls',
    tries: 'ten thousand lines on the console, in cranks of a thousand',
    steps: [['amid', `${OUTSIDE} $.self = Far('self', { go: () => {
        ${times(1_000, "console.log('line', i);")} } });
      const it = E($.innocent).pass($.self); ${times(10, 'E.sendOnly(it).go();')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, when all was done',
  },
];

const SERVICES: readonly Piece[] = [
  {
    name: 'alarms, all at one time',
    tries: 'two thousand promises of the clock that one block settles',
    steps: [
      ['hostile', `$.n = 0; ${times(2_000,
        'E($.clock).wakeAt(10n ** 6n).then(() => { $.n += 1; });')} 'set'`],
      ['host', `void kernel.beginBlock({ height: kernel.height + 1, time: 10n ** 6n });
        await kernel.run({ waves: 1 });
        return 'the others: ' + await beside()`],
      ['host', 'await settle(() => undefined)'],
      ['hostile', '$.n'],
    ],
    gives: '2000',
  },
  {
    name: 'alarms of who has ended',
    tries: 'two thousand promises of the clock for a vat that is gone',
    steps: [
      ['hostile', `${times(2_000, 'E($.clock).wakeAt(10n ** 8n);')} vatPowers.exitVat('bye'); 1`],
      ['host', `void kernel.beginBlock({ height: kernel.height + 1, time: 10n ** 8n });
        await kernel.run({ waves: 1 });
        return 'the others: ' + await beside()`],
    ],
    gives: 'the others: 1 and 3 waves, amid it',
    ends: 'leaves',
  },
  {
    name: 'meters',
    tries: 'a crowd of meters, and as many who wait for one',
    steps: [['amid', `const it = E($.vatAdmin).createVatAdminService();
      const meter = E(it).createMeter(10n, 5n);
      ${times(1_500, 'E(it).createMeter(1n, 1n); E(meter).whenBelowThreshold();')}
      E(meter).setThreshold(100n); 'sent'`]],
    gives: 'sent; 1 and 4 waves, amid it',
  },
  {
    name: 'bundles that never come',
    tries: 'a crowd of promises of a bundle that nobody installs',
    steps: [['amid', `const it = E($.vatAdmin).createVatAdminService();
      ${times(MANY, "E(it).waitForBundleCap('b1-' + '0'.repeat(64));")} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'creations that are refused',
    tries: 'a thousand calls of createVat with options that are none',
    steps: [['amid', `const it = E($.vatAdmin).createVatAdminService();
      const cap = E(it).getNamedBundleCap('workbench');
      cap.then(bundle => { ${times(1_000,
        'E(it).createVat(bundle, { nothing: i }).catch(() => {});')} }); 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'creations that fail',
    tries: 'six vats in one crank that throw as they start',
    steps: [['amid', `const it = E($.vatAdmin).createVatAdminService();
      E(it).getNamedBundleCap('workbench').then(cap => Promise.allSettled(Array.from({ length: 6 },
        () => E(it).createVat(cap, { vatParameters: { setup: 'throw 7' } }))))
        .then(all => all.map(({ status }) => status).join())`]],
    gives: `${Array(6).fill('rejected').join()}; 1 and 3 waves, amid it`,
  },
  {
    name: 'who waits for the end of a vat',
    tries: 'a crowd of promises of a vat’s end, then its end',
    steps: [
      ['hostile', MAKE_CHILD],
      ['hostile', `${times(MANY, "E($.node).done().catch(() => {});")} 'waiting'`],
      ['amid', `E($.node).terminateWithFailure(Error('enough')).then(() => 'ended')`],
    ],
    gives: 'ended; 1 and 3 waves, amid it',
  },
  {
    name: 'upgrades, one behind the other',
    tries: 'five upgrades of a vat that are asked for in one crank',
    steps: [
      ['hostile', MAKE_CHILD],
      ['amid', `Promise.all(Array.from({ length: 5 }, () => E($.node).upgrade($.cap)))
        .then(all => all.at(-1).incarnationNumber)`],
    ],
    gives: '5; 1 and 3 waves, amid it',
  },
  {
    name: 'changes of options',
    tries: 'a thousand calls that write the vat’s row',
    steps: [
      ['hostile', MAKE_CHILD],
      ['amid', `${times(1_000, "E($.node).changeOptions({ reapInterval: 1 + i });")} 'sent'`],
    ],
    gives: 'sent; 1 and 3 waves, amid it',
  },
];

export const FLOODS_AMID: Kind = {
  title: 'Floods, with calls of others beside them',
  pieces: [...MESSAGES, ...PROMISES, ...ROWS, ...SERVICES],
};
