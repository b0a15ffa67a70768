/**
 * What does not end, and what fills the memory. A vat says `looping` before it begins: then the
 * host of the suite takes it to be late, however fast the machine is.
 */
import type { Ending, Kind } from '../piece.js';

const LATE: Ending = { stops: 'DELIVERY_TIMEOUT' };
const DIES: Ending = { stops: 'WORKER_DIED' };

const LOOPING = `console.log('looping');`;

export const LOOPS: Kind = {
  title: 'Endless work',
  pieces: [
    {
      name: 'for (;;)',
      tries: 'a crank that does not end',
      code: `${LOOPING} for (;;) {}`,
      ends: LATE,
    },
    {
      name: 'a loop of microtasks',
      tries: 'a crank whose queue of microtasks is never empty',
      code: `${LOOPING} (async () => { for (;;) await null; })()`,
      ends: LATE,
    },
    {
      name: 'promises that make promises',
      tries: 'the same without await',
      code: `${LOOPING} const again = () => Promise.resolve().then(again); again(); 1`,
      ends: LATE,
    },
    {
      name: 'a thenable that resolves to itself',
      tries: 'a promise that V8 resolves for ever',
      code: `${LOOPING} const t = { then: resolve => resolve(t) }; Promise.resolve(t); 1`,
      ends: LATE,
    },
    {
      name: 'a native loop: sort',
      tries: 'a thread in native code, which Node cannot end',
      code: `${LOOPING} const a = []; a[2 ** 32 - 2] = 1; a.sort(); 1`,
      ends: LATE,
    },
    {
      name: 'a native loop: indexOf',
      tries: 'the same over something that has a length',
      code: `${LOOPING} Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`,
      ends: LATE,
    },
    {
      name: 'a native loop: a regular expression',
      tries: 'backtracking without end',
      code: `${LOOPING} /^(a+)+$/.test('a'.repeat(60) + 'b')`,
      ends: LATE,
    },
    {
      name: 'a native loop: an iterator',
      tries: 'Array.from of an iterator that never ends, and keeps nothing',
      code: `${LOOPING} new Set({ [Symbol.iterator]: () => ({ next: Object }) }).size`,
      ends: LATE,
    },
    {
      name: 'a native loop: join of holes',
      tries: 'join, reverse, fill and includes of what has a length',
      code: `${LOOPING} Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)`,
      ends: LATE,
    },
    {
      name: 'a native loop in a handler',
      tries: 'the same as a handler that no code of the vat calls',
      code: `${LOOPING} const f = [].indexOf.bind({ length: 2 ** 53 - 1 }, 1);
        Promise.resolve(1).then(f); 1`,
      ends: LATE,
    },
    {
      name: 'a loop that catches everything',
      tries: 'to go on whatever is thrown',
      code: `${LOOPING} for (;;) try { for (;;) {} } catch {} finally { continue; }`,
      ends: LATE,
    },
    {
      name: 'exit, then a loop in the same crank',
      tries: 'to leave, and to hold the worker',
      code: `vatPowers.exitVat('bye'); ${LOOPING} for (;;) {}`,
      ends: LATE,
    },
    {
      name: 'exit, then a loop in the next crank',
      tries: 'what stands behind an exit in a wave: it does not run',
      steps: [
        ['host', `
          kernel.send(root(me), 'run', ["vatPowers.exitVat('bye'); 1", []]);
          kernel.send(root(me), 'run', ["console.log('looping'); for (;;) {}", []]);
          return () => kernel.call(root(me), 'run', ['1', []])`],
      ],
      gives: 'rejected: Error: vat terminated',
      ends: 'leaves',
      isQuick: true,
    },
    {
      name: 'a fault, then a loop in the next crank',
      tries: 'the same behind a fault',
      steps: [
        ['host', `
          kernel.send(root(me), 'run', ['const f = () => f(); f()', []]);
          kernel.send(root(me), 'run', ["console.log('looping'); for (;;) {}", []]);
          return () => kernel.call(root(me), 'run', ['1', []])`],
      ],
      gives: 'rejected: Error: vat terminated',
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'exit, then lines on the console',
      tries: 'to be heard behind an exit',
      steps: [
        ['host', `
          kernel.send(root(me), 'run', ["vatPowers.exitVat('bye'); 1", []]);
          return () => kernel.call(root(me), 'run', ["console.log('looping'); for (;;) {}", []])`],
      ],
      gives: 'rejected: Error: vat terminated',
      ends: 'leaves',
    },
    {
      name: 'a loop while a vat starts',
      tries: 'a vat that is never there: the host names the one that it makes',
      steps: [
        ['host', `
          const { bundleId } = kernel.vat(me);
          return () => kernel.createVat({ name: 'late-' + me, bundleId,
            vatParameters: { setup: "console.log('looping'); for (;;) {}" } })`],
      ],
      ends: LATE,
    },
    {
      name: 'a loop in an upgrade',
      tries: 'an upgrade that does not end: the predecessor stays',
      steps: [
        ['host', `
          const { vatId, bundleId } = kernel.vat(me);
          return () => kernel.upgradeVat(vatId, { bundleId,
            vatParameters: { setup: "console.log('looping'); for (;;) {}" } })`],
      ],
      ends: LATE,
    },
    {
      name: 'a native loop in an upgrade',
      tries: 'the same, where no thread can be ended',
      steps: [
        ['host', `
          const { vatId, bundleId } = kernel.vat(me);
          const setup = "console.log('looping'); [].indexOf.call({ length: 2 ** 53 - 1 }, 1)";
          return () => kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup } })`],
      ],
      ends: LATE,
    },
    {
      name: 'a start that waits for ever',
      tries: 'buildRootObject whose promise never settles',
      steps: [
        ['host', `
          const { bundleId } = kernel.vat(me);
          return () => kernel.createVat({ name: 'late-' + me, bundleId,
            vatParameters: { setup: 'new Promise(() => {})' } })`],
      ],
      gives: 'rejected: Error: …',
    },
    {
      name: 'a message to oneself in every crank',
      tries: 'work that never ends, in cranks that do',
      code: `$.n = 0; $.again = Far('again', { go: () => { $.n += 1;
        if ($.n < 2_000) E($.again).go(); } });
        E($.again).go(); 'begun'`,
      gives: 'begun',
    },
  ],
};

export const MEMORY: Kind = {
  title: 'Memory',
  pieces: [
    {
      name: 'an array that grows',
      tries: 'a full heap, in small pieces',
      code: `const a = []; for (;;) a.push({ a: [a.length] })`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'an array that grows by numbers',
      tries: 'one object that becomes too large',
      code: `const a = []; for (;;) a.push(0)`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'a map that grows',
      tries: 'a table that becomes too large',
      code: `const m = new Map(); for (let i = 0; ; i += 1) m.set(i, i)`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'a string that grows',
      tries: 'texts of every length, all kept',
      code: `const a = []; let s = 'x'; for (;;) { s += a.length; a.push(s.split('').join('y')); }`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'closures',
      tries: 'functions in functions',
      code: `let f = () => 1; for (;;) { const g = f; f = () => g; }`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'promises without end',
      tries: 'promises that are never settled',
      code: `const a = []; for (;;) a.push(new Promise(() => {}))`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'microtasks without end',
      tries: 'a queue of microtasks that only grows',
      code: `for (;;) Promise.resolve().then(() => {})`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'fill of a large array',
      tries: 'a gigabyte in one call',
      code: `const a = []; for (;;) a.push(new Array(2 ** 26).fill(0))`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'symbols, regular expressions, proxies',
      tries: 'objects that V8 keeps elsewhere',
      code: `const a = []; for (;;) a.push(Symbol('x'), new RegExp('a' + a.length), new Proxy({},
        {}))`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'errors, all kept',
      tries: 'errors, which our own code remembers',
      code: `const a = []; for (;;) a.push(Error('x' + a.length))`,
      ends: DIES,
      inThreads: 'dies',
    },
    {
      name: 'source, all kept',
      tries: 'functions that are evaluated, all kept',
      code: `const a = []; for (;;) a.push(new Function('return ' + a.length + '/*' +
        'x'.repeat(1e6) + '*/'))`,
      ends: DIES,
      inThreads: 'dies',
    },
  ],
};
