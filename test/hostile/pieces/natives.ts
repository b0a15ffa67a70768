/**
 * Native code that vat code hands what overflows it, by roads without a catch clause: what V8 says
 * of its stack is never seen, and the vat ends at the same depth everywhere.
 */
import type { Ending, Kind } from '../piece.js';

const TOO_DEEP: Ending = { fault: 'LIMIT' };

/** `deep(n)`: arrays in each other. `caught`: what vat code must not come to say. */
const DEEP = `
  const deep = (n = 60_000) => { let a = []; for (let i = 0; i < n; i += 1) a = [a]; return a; };
  const caught = e => 'caught ' + e.name;
`;

export const NATIVES: Kind = {
  title: 'Native code by roads without a catch clause',
  pieces: [
    {
      name: 'then(String)',
      tries: 'a native handler whose RangeError rejects the next promise',
      code: `${DEEP} Promise.resolve(deep()).then(String).then(() => 'ran', caught)`,
      ends: TOO_DEEP,
      isQuick: true,
    },
    {
      name: 'allSettled of a native handler',
      tries: 'a rejection that is handed over as data',
      code: `${DEEP} Promise.allSettled([Promise.resolve(deep()).then(JSON.stringify)])
        .then(([{ reason }]) => caught(reason))`,
      ends: TOO_DEEP,
    },
    {
      name: 'any, race and all of native handlers',
      tries: 'the other combinators',
      code: `${DEEP} const p = () => Promise.resolve(deep()).then(String);
        Promise.any([Promise.all([p()]), Promise.race([p()])]).catch(e => caught(e.errors[0]))`,
      ends: TOO_DEEP,
    },
    {
      name: 'finally(native)',
      tries: 'a native that finally calls',
      code: `${DEEP} const f = String.bind(undefined, deep());
        Promise.resolve(1).finally(f).then(() => 'ran', caught)`,
      ends: TOO_DEEP,
    },
    {
      name: 'new Promise(native)',
      tries: 'an executor that is native',
      code: `${DEEP} new Promise(JSON.stringify.bind(JSON, deep(), null)).then(() => 'ran',
        caught)`,
      ends: TOO_DEEP,
    },
    {
      name: 'a thenable whose then is native',
      tries: 'a then that V8 calls by itself',
      code: `${DEEP} Promise.resolve({ then: JSON.stringify.bind(JSON, deep(), null) })
        .then(() => 'ran', caught)`,
      ends: TOO_DEEP,
    },
    {
      name: 'a resolver that looks into proxies',
      tries: 'a resolve that reads `then` through a chain of proxies',
      code: `let p = {}; for (let i = 0; i < 100_000; i += 1) p = new Proxy(p, {});
        new Promise(resolve => resolve(p)).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'rejected: RangeError: a proxy stands before at most 100 others',
      isQuick: true,
    },
    {
      name: 'a Far method that is a bound native',
      tries: 'a method that liveslots calls, without code of the vat in between',
      code: `${DEEP} const evil = Far('evil', { price: JSON.stringify.bind(JSON, deep()) });
        E($.innocent).ask(evil)`,
      ends: TOO_DEEP,
    },
    {
      name: 'a Far method that is String',
      tries: 'a native method with data of another vat, as deep as data may be',
      code: `const data = Array.from({ length: 400 }).reduce(a => [a], []);
        const evil = Far('evil', { go: String });
        $.evil = evil; E(evil).go(data).then(text => text.length)`,
      gives: '0',
    },
    {
      name: 'default parameters of an async function',
      tries: 'a promise that is rejected before its body begins',
      code: `const g = (k, x = k > 0 ? g(k - 1) : 0) => x; const h = async (n, x = g(n)) => x;
        h(1e6).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
      isQuick: true,
    },
    {
      name: 'parameters taken apart',
      tries: 'getters that call each other in a pattern of parameters',
      code: `const o = { get a() { return f(o); } }; const f = ({ a }) => a;
        (async ({ a }) => a)(o).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'default parameters of a generator',
      tries: 'a generator that fails before its body begins',
      code: `const g = (k, x = k > 0 ? g(k - 1) : 0) => x; function* h(x = g(1e6)) { yield x; }
        Promise.resolve().then(() => [...h()]).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'JSON.stringify',
      tries: 'arrays in each other, by a direct call that is caught',
      code: `${DEEP} try { JSON.stringify(deep()); 'ran'; } catch (e) { caught(e); }`,
      ends: TOO_DEEP,
    },
    {
      name: 'JSON.stringify with toJSON',
      tries: 'a tree that is made while it is written',
      code: `let n = 0; const o = { toJSON: () => ({ x: { toJSON: o.toJSON } }) };
        Promise.resolve(o).then(JSON.stringify).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'JSON.parse',
      tries: 'a text of brackets in each other',
      code: `Promise.resolve('['.repeat(300_000) + ']'.repeat(300_000)).then(JSON.parse)
        .then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'ran',
    },
    {
      name: 'JSON.parse with a reviver',
      tries: 'a walk of native code over a tree that the reviver makes deeper',
      code: `let n = 0;
        Promise.resolve().then(() => JSON.parse('[1]', function (k, v) {
          if (n < 1e6 && k === '0') { n += 1; this[0] = [1]; return [1]; } return v;
        })).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'ran',
    },
    {
      name: 'flat(Infinity)',
      tries: 'a native that recurses into arrays',
      code: `${DEEP} Promise.resolve(deep()).then(a => a.flat(Infinity)).then(() => 'ran', caught)`,
      ends: TOO_DEEP,
    },
    {
      name: 'flat.call of a proxy',
      tries: 'arrays that a proxy makes as they are looked at',
      code: `const p = new Proxy([1], { get: (t, k) => (k === '0' ? [p] : t[k]) });
        Promise.resolve(p).then(a => a.flat(Infinity)).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'join of what contains itself deeply',
      tries: 'join, toString, toLocaleString, concat to a text, template texts, keys',
      code: `${DEEP} const a = deep();
        Promise.allSettled([
          Promise.resolve().then(() => a.join()), Promise.resolve().then(() => \`\${a}\`),
          Promise.resolve().then(() => ({})[a]), Promise.resolve().then(() => a + ''),
        ]).then(list => list.map(it => it.reason?.name).join())`,
      ends: TOO_DEEP,
    },
    {
      name: 'a chain of bound functions',
      tries: '100,000 functions bound to each other, called by then',
      code: `let f = () => 1; for (let i = 0; i < 100_000; i += 1) f = f.bind(null);
        Promise.resolve(1).then(f).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'rejected: RangeError: functions are bound too often',
      isQuick: true,
    },
    {
      name: 'a bound chain as a constructor',
      tries: 'Reflect.construct of functions bound to each other',
      code: `let f = class {}; for (let i = 0; i < 100_000; i += 1) f = f.bind(null);
        Promise.resolve().then(() => Reflect.construct(f, [])).then(() => 'ran', e => 'caught ' +
          e.name)`,
      gives: 'rejected: RangeError: functions are bound too often',
    },
    {
      name: 'a proxy whose handler is a proxy',
      tries: 'traps that native code looks up in traps',
      code: `let h = {}; for (let i = 0; i < 100_000; i += 1) h = new Proxy({}, h);
        Promise.resolve().then(() => h.x).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'rejected: RangeError: a proxy stands before at most 100 others',
    },
    {
      name: 'a chain of prototypes that are proxies',
      tries: 'a get that goes from prototype to prototype',
      code: `let o = {}; for (let i = 0; i < 100_000; i += 1) o = Object.create(new Proxy(o, {}));
        Promise.resolve().then(() => o.nothing).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'rejected: RangeError: a proxy stands before at most 100 others',
    },
    {
      name: 'instanceof through proxies',
      tries: 'Symbol.hasInstance and getPrototypeOf of proxies of proxies',
      code: `let p = {}; for (let i = 0; i < 100_000; i += 1) p = new Proxy(p, {});
        Promise.resolve().then(() => p instanceof Object).then(() => 'ran', e => 'caught ' +
          e.name)`,
      gives: 'rejected: RangeError: a proxy stands before at most 100 others',
    },
    {
      name: 'isArray through proxies',
      tries: 'Array.isArray, which follows proxies in native code',
      code: `let p = []; for (let i = 0; i < 100_000; i += 1) p = new Proxy(p, {});
        Promise.resolve(p).then(Array.isArray).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'rejected: RangeError: a proxy stands before at most 100 others',
    },
    {
      name: 'fields of classes',
      tries: 'fields that make objects of their own class',
      code: `class A { x = new A(); } Promise.resolve().then(() => new A())
        .then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'static fields and computed names',
      tries: 'recursion through what a class evaluates while it is made',
      code: `const f = () => class { static x = f(); [f()]() {} };
        Promise.resolve().then(f).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'yield*',
      tries: 'generators that delegate to each other',
      code: `function* g(n) { if (n > 0) yield* g(n - 1); yield n; }
        Promise.resolve().then(() => g(20_000).next().value).then(() => 'ran', e => 'caught ' +
          e.name)`,
      ends: TOO_DEEP,
      isQuick: true,
    },
    {
      name: 'async yield*',
      tries: 'async generators that delegate to each other',
      code: `async function* g(n) { if (n > 0) yield* g(n - 1); yield n; }
        (async () => { let s = 0; for await (const x of g(2_000)) { s += x; break; } return s;
          })()`,
      gives: '0',
    },
    {
      name: 'sort, map, reduce, replace in each other',
      tries: 'natives that call code that calls natives',
      code: `let n = 0; const f = () => { n += 1; [1].map(() => [1, 2].sort(() =>
          'a'.replace(/a/, () => [1, 2].reduce(f)))); return 1; };
        Promise.resolve().then(f).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'valueOf and toPrimitive in each other',
      tries: 'conversions that convert',
      code: `const o = { [Symbol.toPrimitive]: () => +o };
        Promise.resolve(o).then(Number).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'accessors through Reflect',
      tries: 'getters that native code calls',
      code: `const o = { get x() { return Reflect.get(o, 'x'); } };
        Promise.resolve().then(() => Reflect.get(o, 'x')).then(() => 'ran', e => 'caught ' +
          e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'call, apply and bind of themselves',
      tries: 'Function.prototype methods that call each other',
      code: `const { call, apply } = Function.prototype; let n = 0;
        const f = () => Reflect.apply(call, f, []);
        Promise.resolve().then(f).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'iterators in iterators',
      tries: 'an iterable whose next spreads the iterable',
      code: `const it = { [Symbol.iterator]: () => ({ next: () => ({
        done: [...it].length > 0 }) }) };
        Promise.resolve(it).then(Array.from).then(() => 'ran', e => 'caught ' + e.name)`,
      ends: TOO_DEEP,
    },
    {
      name: 'harden of 60,000 levels',
      tries: 'our own code, which walks what it is given',
      code: `${DEEP} Promise.resolve(deep()).then(harden).then(() => 'ran', caught)`,
      gives: 'ran',
    },
    {
      name: 'data of 60,000 levels, to another vat',
      tries: 'the codec, which walks what it is given',
      code: `${DEEP} E($.innocent).pass(harden(deep())).then(() => 'ran', e => 'refused')`,
      gives: 'refused',
    },
    {
      name: 'console.log of 60,000 levels',
      tries: 'our own printing',
      code: `${DEEP} const a = deep(); console.log(a, '%o', a, '%j', a); 'logged'`,
      gives: 'logged',
    },
    {
      name: 'a spread of a million',
      tries: 'more arguments than a stack holds',
      code: `const list = Array(1e6).fill(0);
        Promise.resolve().then(() => Math.max(...list)).then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'caught RangeError',
    },
    {
      name: 'apply, construct, bind, fromCharCode of a million',
      tries: 'the same by other natives',
      code: `const list = Array(1e6).fill(0);
        Promise.allSettled([
          Promise.resolve().then(() => String.fromCharCode.apply(null, list)),
          Promise.resolve().then(() => Reflect.construct(Array, list)),
          Promise.resolve().then(() => Math.max.bind(null, ...list)()),
          Promise.resolve().then(() => [].push(...list)),
        ]).then(it => it.map(({ reason }) => reason?.name).join())`,
      gives: Array(4).fill('RangeError').join(),
    },
    {
      name: 'matchers, patterns and copy maps',
      tries: 'our libraries with patterns in each other',
      code: `let p = harden(M.any()); for (let i = 0; i < 300; i += 1) p = harden(M.arrayOf(p));
        matches(harden([]), p)`,
      gives: 'true',
    },
  ],
};
