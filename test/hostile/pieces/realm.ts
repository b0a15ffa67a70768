/** To change, or to leave something in, what vats and compartments share,
  or what the image uses. */
import type { Kind } from '../piece.js';

export const REALM: Kind = {
  title: 'The realm and its compartments',
  pieces: [
    {
      name: 'shared prototypes',
      tries: 'to write to every intrinsic that can be reached from globalThis',
      code: `
        const seen = new Set(); const open = [];
        const walk = (value, path) => {
          if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
          if (seen.has(value)) return; seen.add(value);
          if (!Object.isFrozen(value) && path.length > 1) open.push(path.join('.'));
          for (const key of Reflect.ownKeys(value)) {
            const d = Reflect.getOwnPropertyDescriptor(value, key);
            for (const part of [d.value, d.get, d.set]) walk(part, [...path, String(key)]);
          }
          walk(Object.getPrototypeOf(value), [...path, '__proto__']);
        };
        for (const name of Reflect.ownKeys(outer)) {
          const { value } = Reflect.getOwnPropertyDescriptor(outer, name);
          if (name !== 'globalThis' && name !== '$') walk(value, ['outer', String(name)]);
        }
        [seen.size > 500, open.filter(it => !it.startsWith('outer.Infinity')).join()].join(';')`,
      gives: 'true;',
      isQuick: true,
    },
    {
      name: 'prototype pollution by data',
      tries: '__proto__, constructor and prototype as keys of what others copy',
      code: `
        const bomb = JSON.parse(
          '{"__proto__":{"stolen":1},"constructor":{"prototype":{"stolen":2}}}');
        E($.innocent).pass(bomb).then(it => [Object.keys(it).join(), ({}).stolen,
          it.stolen].join(';'),
          e => [e.name, ({}).stolen].join(';'))`,
      gives: '__proto__,constructor;;',
    },
    {
      name: 'what liveslots calls',
      tries: 'to replace methods that the image calls: iteration, then, map, push, toString',
      code: `
        const tries = [
          () => { Array.prototype[Symbol.iterator] = function* () {}; },
          () => { Promise.prototype.then = () => 1; }, () => { Promise.resolve = () => 1; },
          () => { Map.prototype.set = () => 1; }, () => { WeakMap.prototype.get = () => 1; },
          () => { Function.prototype.apply = () => 1; }, () => { Reflect.apply = () => 1; },
          () => { Object.prototype.toString = () => '[object Error]'; },
          () => { Object.defineProperty(Object.prototype, 'then', { get() { return 1; } }); },
          () => { Object.setPrototypeOf(Object.prototype, { then: 1 }); },
          () => { Symbol.prototype.description = 1; }, () => { Error.prototype.message = 1; },
          () => { Uint8Array.prototype.slice = () => 1; }, () => { JSON.stringify = () => 1; },
          () => { RegExp.prototype.exec = () => null; }, () => { String.prototype.slice = () => '';
            },
        ];
        tries.map(thunk => why(thunk)).filter(it => it === 'nothing thrown').length`,
      gives: '0',
      isQuick: true,
    },
    {
      name: 'its own globals replaced',
      tries: 'Promise, Error, Object and others of its global object, all broken',
      code: `
        for (const name of ['Promise', 'Map', 'WeakMap', 'Object', 'Array', 'Error', 'RangeError',
          'Symbol',
          'Reflect', 'JSON', 'String', 'BigInt', 'TypeError', 'assert']) {
          try { outer[name] = () => { throw Error('replaced'); }; } catch {}
        }
        E($.innocent).pass([1, { n: 2n }]).then(([one, { n }]) => one + Number(n))`,
      gives: '3',
    },
    {
      name: 'constructors of functions',
      tries: 'to reach the start compartment by constructors of functions',
      code: `
        const froms = [() => {}, async () => {}, function* g() {}, async function* h() {}, class {},
          Object, Array.prototype.push, E, Far, why];
        froms.map(f => { try { return typeof f.constructor('return this.process')(); } catch (e) {
          return e.name; } })
          .filter(it => it !== 'TypeError' && it !== 'undefined').length`,
      gives: '0',
    },
    {
      name: 'compartments of one’s own',
      tries: 'transforms, module hooks, globals and names that the weaver knows',
      code: `
        const name = '$heir' + 'loom_take';
        const look = options => { try { return typeof new Compartment({ ...options,
          __options__: true })
          .evaluate('typeof process + typeof require + typeof ' + 'globalThis.process');
            } catch (e) { return e.name; } };
        [look({ transforms: [s => s + ';0'] }), look({ globals: { [name]: () => 1 } }),
          look({ __evadeHtmlCommentTest__: true }), look({ sloppyGlobalsMode: true }),
          look({ globalLexicals: { eval: 1 } }), look({ transforms: [() => {
            throw RangeError('Out of memory'); }] }),
        ].every(it => ['string', 'number', 'TypeError', 'SyntaxError', 'RangeError',
          'Error'].includes(it))`,
      gives: 'true',
    },
    {
      name: 'a module hook that fails',
      tries: 'errors that go through the module loader of SES',
      code: `
        const c = new Compartment({ resolveHook: s => s, importHook: async () => {
          throw RangeError('Out of memory'); },
          __options__: true });
        Promise.allSettled([c.import('a'), c.import('b')]).then(it => it.map(({ reason }) =>
          reason.name).join())`,
      gives: 'TypeError,TypeError',
    },
    {
      name: 'arguments, caller, callee',
      tries: 'to see, or to change, who called',
      code: `
        function f() { return [typeof f.caller, why(() => arguments.callee).slice(0, 9)].join(); }
        f()`,
      gives: 'undefined,TypeError',
    },
    {
      name: 'species',
      tries: 'constructors that native methods call for what they make',
      code: `
        class Mine extends Array { static get [Symbol.species]() { return function () {
          throw RangeError('Out of memory'); }; } }
        class P extends Promise { static get [Symbol.species]() { return class { constructor(f) {
          f(() => {}, () => {}); } }; } }
        [why(() => new Mine(3).map(it => it)), why(() => new Mine(1).concat([1])),
          typeof P.resolve(1).then(1)].join()`,
      gives: 'RangeError: Out of memory,RangeError: Out of memory,object',
    },
    {
      name: 'well-known symbols',
      tries: 'objects that lie to native code about what they are',
      code: `
        const liar = new Proxy(function () {}, { get: (t, k) => (k === Symbol.toPrimitive ? () =>
          'x' : liar),
          has: () => true, ownKeys: () => ['prototype'], getPrototypeOf: () => Error.prototype,
            apply: () => liar });
        [String(liar), liar instanceof Error, why(() => { throw liar; }).length > 0, why(() =>
          [...liar]),
          why(() => liar[Symbol.hasInstance](1))].length`,
      gives: '5',
      isQuick: true,
    },
    {
      name: 'a promise with a then of its own',
      tries: 'promises that liveslots, or the codec, must not call',
      code: `
        const bad = () => { throw RangeError('Out of memory'); };
        class P extends Promise { then() { return bad(); } }
        const made = [P.resolve(1), Object.defineProperty(Promise.resolve(1), 'then', {
          value: bad }),
          Object.setPrototypeOf(Promise.resolve(1), { then: bad }), new Proxy(Promise.resolve(1),
            {})];
        Promise.all(made.map(p => { try { return E($.innocent).hear(p).then(() => 'passed', () =>
          'refused'); }
          catch { return 'refused'; } })).then(it => it.join())`,
      gives: 'refused,refused,refused,refused',
    },
    {
      name: 'methods and getters of what it sends',
      tries: 'code of the vat that runs while its arguments are packed',
      code: `
        const bad = () => { throw RangeError('Maximum call stack size exceeded'); };
        Promise.all([
          new Proxy({}, { ownKeys: bad }), Object.freeze({ get a() { return bad(); } }),
            new (class A {})(),
          Object.freeze([1, , 3]), Object.assign(() => 1, { x: 1 }), Object.create({ a: 1 }),
            new Date(0), /x/,
          new Map(), new Uint8Array(1), Symbol('x'), new Proxy([], { get: bad }), Object(1n),
        ].map(it => { try { return E($.innocent).pass(it).then(() => 'passed', () => 'refused');
          } catch { return 'refused'; } }))
          .then(it => [...new Set(it)].join())`,
      gives: 'refused',
    },
    {
      name: 'Far of everything',
      tries: 'remotables made of proxies, accessors, arrays, functions and classes',
      code: `
        const bad = () => { throw RangeError('Out of memory'); };
        [() => Far('x', new Proxy({}, { ownKeys: bad })), () => Far('x', { get m() { return 1; } }),
          () => Far('x', []), () => Far('x', new (class { m() {} })()), () => Far(Symbol('x')),
            () => Far('x', { a: 1 }),
          () => Far({ toString: bad }, {}), () => Far('x', Promise.resolve()), () => Far('x',
            Far('y', {}))]
          .map(thunk => why(thunk)).filter(it => it === 'nothing thrown').length`,
      gives: '0',
    },
    {
      name: 'handled promises by hand',
      tries: 'HandledPromise with handlers that throw, resolve twice, or never',
      code: `
        const { HandledPromise } = outer;
        const bad = () => { throw RangeError('Stack overflow'); };
        Promise.allSettled([
          new HandledPromise((_, no) => no(RangeError('Out of memory')), { get: bad,
            applyMethod: bad }),
          E(new HandledPromise((r, _n, presence) => presence({ get: bad, applyMethod: bad }))).x(),
          HandledPromise.applyMethod(new Proxy({}, { get: bad }), 'x', []),
          HandledPromise.get({ get a() { return bad(); } }, 'a'),
        ]).then(it => it.map(({ status }) => status).join())`,
      gives: 'rejected,rejected,rejected,rejected',
    },
    {
      name: 'two compartments',
      tries: 'to find in one compartment what was left in another, by objects of the image',
      code: `
        const [one, two] = [new Compartment(), new Compartment()];
        const shared = Reflect.ownKeys(one.globalThis).filter(key => {
          const [a, b] = [one.globalThis[key], two.globalThis[key]];
          return a === b && (typeof a === 'object' || typeof a === 'function') && a !== null &&
            !Object.isFrozen(a);
        });
        shared.join()`,
      gives: '',
      isQuick: true,
    },
    {
      name: 'kinds with hostile behaviour',
      tries: 'init, finish, methods and state shapes that throw texts of V8’s',
      code: `
        const bad = () => { throw RangeError('Out of memory'); };
        const make = how => why(() => {
          const handle = VatData.makeKindHandle('k');
          return VatData.defineDurableKind(handle, how.init ?? (() => ({})), how.methods ?? {},
            how.options)();
        });
        [make({ init: bad }), make({ options: { finish: bad } }), make({ init: () => ({ get a() {
          return bad(); } }) }),
          make({ init: () => new Proxy({}, { ownKeys: bad }) })].filter(it =>
            it === 'nothing thrown').length`,
      gives: '0',
    },
    {
      name: 'clock and chance',
      tries: 'to see the time, or chance, by any road',
      code: `
        [() => Date.now(), () => new Date(), () => Math.random(), () => Date(), () =>
          new Intl.DateTimeFormat(),
          () => new WeakRef({}), () => performance.now(), () => setTimeout(() => {}), () =>
            new SharedArrayBuffer(8)]
          .map(thunk => why(thunk)).filter(it => it === 'nothing thrown').length`,
      gives: '0',
    },
  ],
};

const CROWD = 1_000;

export const FLOODS: Kind = {
  title: 'Floods of promises, messages and lines',
  pieces: [
    {
      name: 'console lines',
      tries: 'a hundred thousand lines in one crank',
      code: `for (let i = 0; i < 100_000; i += 1) console.log('x'.repeat(200)); 'logged'`,
      gives: 'logged',
      isQuick: true,
    },
    {
      name: 'large console lines',
      tries: 'lines of a megabyte each',
      code: `for (let i = 0; i < 200; i += 1) console.log('x'.repeat(1_000_000)); 'logged'`,
      gives: 'logged',
    },
    {
      name: 'lines with errors',
      tries: 'errors with stacks and causes in lines',
      code: `for (let i = 0; i < 2_000; i += 1) console.error(Error('x', { cause: Error('y') }));
        'logged'`,
      gives: 'logged',
    },
    {
      name: 'unhandled rejections',
      tries: 'ten thousand rejections that nobody looks at',
      code: `for (let i = 0; i < 10_000; i += 1) Promise.reject(RangeError('Out of memory'));
        'done'`,
      gives: 'done',
    },
    {
      name: 'promises that others watch',
      tries: 'a crowd of promises, all settled in the next crank',
      steps: [
        ['hostile', `$.all = []; for (let i = 0; i < ${CROWD}; i += 1) {
          E($.innocent).hear(new Promise((_, no) => $.all.push(no))).catch(() => {});
            } $.all.length`],
        ['hostile', `for (const no of $.all) no(RangeError('Stack overflow')); 'rejected'`],
      ],
      gives: 'rejected',
    },
    {
      name: 'messages',
      tries: 'a crowd of messages in one crank',
      code: `for (let i = 0; i < ${CROWD}; i += 1) E.sendOnly($.innocent).answer(); 'sent'`,
      gives: 'sent',
    },
    {
      name: 'more syscalls than a crank may have',
      tries: 'a hundred thousand messages and one',
      code: `for (let i = 0; i < 100_001; i += 1) E.sendOnly($.innocent).answer(); 'sent'`,
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'more bytes than a crank may send',
      tries: 'messages of nine megabytes',
      code: `const x = 'x'.repeat(9_000_000); for (let i = 0; i < 10;
        i += 1) E.sendOnly($.innocent).pass(x); 'sent'`,
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'more rows than a crank may write',
      tries: 'a collection with a million entries and one, in one crank',
      code: `const s = VatData.makeScalarBigMapStore('s', { durable: true });
        for (let i = 0; i <= 1_000_000; i += 1) s.init(i, 0); 'kept'`,
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'exports',
      tries: 'a crowd of remotables in one message',
      code: `E($.innocent).pass(Array.from({ length: 9_000 }, (_, i) => Far('thing' + (i % 7),
        {}))).then(it => it.length)`,
      gives: '9000',
    },
    {
      name: 'more references than data may hold',
      tries: 'ten thousand remotables and one',
      code: `E($.innocent).pass(Array.from({ length: 10_001 }, () => Far('thing', {}))).then(() =>
        'sent', e => e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'messages that wait on one promise',
      tries: 'more than may wait',
      code: `const never = E($.innocent).pass(new Promise(() => {}));
        let refused = 0; const all = [];
        for (let i = 0; i < 10_010; i += 1) all.push(E(never).x().catch(() => { refused += 1; }));
        'sent'`,
      gives: 'sent',
    },
    {
      name: 'promises that hold each other',
      tries: 'tangles of settled promises',
      code: `const n = 40; const kits = Array.from({ length: n }, () => { let r;
        const p = new Promise(it => { r = it; }); return { p, r }; });
        for (const { r } of kits) r(harden(kits.map(({ p }) => [p])));
        E($.innocent).pass(kits.map(({ p }) => [p])).then(it => it.length)`,
      gives: '40',
    },
    {
      name: 'a chain of promises to promises',
      tries: 'promises that resolve to promises, ten thousand in a row',
      code: `let p = Promise.reject(RangeError('Stack overflow'));
        for (let i = 0; i < 10_000; i += 1) { const q = p; p = new Promise(r => r(q)); }
        E($.innocent).hear(p)`,
      gives: 'rejected RangeError: Stack overflow',
    },
    {
      name: 'a promise that resolves to itself',
      tries: 'circles that never settle',
      code: `let r; const p = new Promise(it => { r = it; }); r(p);
        let s; const q = new Promise(it => { s = it; }); const t = new Promise(it => { it(q); });
          s(t);
        p.then(() => 'fulfilled', e => e.name)`,
      gives: 'TypeError',
    },
  ],
};
