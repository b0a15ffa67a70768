/**
 * Constructors of errors, `then` and `toString` of ours beside those of another realm, which are
 * the engine's. Prints what each shows, as JSON.
 */
import { createContext, runInContext } from 'node:vm';
import '../error-constructors.js';
import '../promise-then.js';

/** Evaluated in both realms; gives lines of text. */
const LOOKS = String.raw`(async () => {
  const lines = [];
  const say = (...parts) => lines.push(parts.map(String).join(' '));
  const names = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError',
    'URIError', 'AggregateError'];
  const describe = (title, value) => {
    const kind = Object.prototype.toString.call(value);
    say(title, typeof value, kind, Reflect.ownKeys(value).join());
    for (const key of Reflect.ownKeys(value)) {
      const { value: held, get, ...attributes } = Object.getOwnPropertyDescriptor(value, key);
      const shown = typeof held === 'function' ? 'function ' + held.name : String(held);
      if (['stackTraceLimit', 'prepareStackTrace', 'stack'].includes(key)) continue;
      say(title, key, shown, JSON.stringify(attributes));
    }
  };
  const why = thunk => { try { return String(thunk()); } catch (error) { return String(error); } };
  for (const name of names) {
    const Class = globalThis[name];
    const few = name === 'AggregateError' ? [[1, 2]] : [];
    describe(name, Class);
    describe(name + '.prototype', Class.prototype);
    say(name, Function.prototype.toString.call(Class), String(Class), Class.length, Class.name);
    say(Object.getPrototypeOf(Class).name, Class.prototype.constructor === Class);
    class Sub extends Class { x = 1; }
    function Old() { return Reflect.construct(Class, [...few, 'old'], new.target); }
    Old.prototype = Object.create(Class.prototype);
    const Bound = Class.bind(null, ...few);
    const cause = { cause: 1 };
    for (const made of [
      new Class(...few, 'm'), Class(...few, 'm'), new Class(...few), Class(...few),
      new Class(...few, 'm', cause), new Class(...few, undefined, { cause: undefined }),
      new Sub(...few, 'm'), new Old(), new Bound('b'), Bound('b'),
      Reflect.construct(Class, [...few, 'm']), Reflect.construct(Class, few, Sub),
      Reflect.construct(Object, [], Class), Class.call(1, ...few, 'm'),
      Reflect.construct(Sub, few, Class), Reflect.construct(Class, few, Array)]) {
      describe('made', made);
      say(made instanceof Class, made instanceof Error, made instanceof Sub);
      say(Object.getPrototypeOf(made) === Class.prototype, made.name, made.message);
      say(made.constructor.name);
    }
    const trace = [];
    const traced = (title, target) => new Proxy(target, {
      get: (it, key, self) => {
        trace.push(title + '.' + String(key));
        return Reflect.get(it, key, self);
      },
      has: (it, key) => { trace.push(title + ' has ' + String(key)); return key in it; },
      getPrototypeOf: it => { trace.push(title + ' proto'); return Reflect.getPrototypeOf(it); },
    });
    const message = { toString: () => { trace.push('message'); return 'text'; } };
    const errors = {
      [Symbol.iterator]: () => { trace.push('errors'); return [1][Symbol.iterator](); },
    };
    const given = name === 'AggregateError' ? [errors] : [];
    const options = traced('options', { cause: 1 });
    Reflect.construct(Class, [...given, message, options], traced('new', Sub));
    new (traced('new', Sub))(...given, message);
    Class(...given, message);
    say(name, trace.join());
    say(why(() => Class(...few, Symbol('s'))), why(() => new Class.x()), why(() => Class.x()));
    say(why(() => Reflect.construct(Class, few, () => 0)));
    Object.freeze(Class);
    say(why(() => { 'use strict'; Class.extra = 1; }));
    say(why(() => { 'use strict'; Class.prototype = 1; }));
    say(why(() => { 'use strict'; delete Class.name; }), Object.isFrozen(Class));
    say(why(() => Object.defineProperty(Class, 'x', { value: 1 })));
    say(why(() => Object.setPrototypeOf(Class, null)));
  }
  const { then } = Promise.prototype;
  describe('then', then);
  const text = Function.prototype.toString;
  say(text.call(then), text.call(text), text.name, text.length);
  describe('toString', text);
  for (const bad of [1, null, {}, () => 0]) {
    say(why(() => then.call(bad, 1)), why(() => text.call(bad)));
  }
  say(why(() => new then()), why(() => new text()));
  const order = [];
  const step = async title => {
    for (let i = 0; i < 12; i += 1) { await null; order.push(title + i); }
  };
  const log = title => value => { order.push(title + ':' + String(value)); return value; };
  const fail = title => value => { order.push(title + ':' + String(value)); throw value; };
  class P extends Promise {
    static get [Symbol.species]() { order.push('species'); return Promise; }
    then(...args) {
      order.push('then of P ' + args.length);
      return super.then(...args);
    }
  }
  const p = Promise.reject(1);
  const all = [
    step('s'), p.then(log('a'), log('b')), p.then(log('c')).catch(log('d')),
    p.catch(fail('e')).then(0, log('f')),
    p.finally(log('g')).catch(log('h')), Promise.allSettled([p]).then(log('i')),
    Promise.any([p]).catch(log('j')),
    Promise.race([p]).catch(log('k')), P.resolve(2).then(log('l')), P.reject(3).catch(log('m')),
    new Promise(done => done(p)).catch(log('n')), (async () => p)().catch(log('o')),
    (async () => { try { await p; } catch (error) { log('p')(error); } })(),
    Promise.resolve({ then: (yes, no) => no(4) }).catch(log('q')),
    p.then(undefined, function (...args) {
      order.push('args ' + args.length + ' ' + (this === undefined));
    }),
    Promise.all([P.resolve(5), P.reject(6)]).catch(log('r')),
    p.then(null, undefined).then(null, log('s')),
    P.resolve(P.reject(7)).then(null, 'none').catch(log('t')),
    (async () => {
      for await (const x of [Promise.resolve(8), P.reject(9)]) log('u')(x);
    })().catch(log('v')),
  ];
  await Promise.allSettled(all);
  return [...lines, ...order];
})()`;

const context = createContext({});
const ours = (await (0, eval)(LOOKS)) as string[];
const native = (await runInContext(LOOKS, context)) as string[];
process.stdout.write(JSON.stringify({ ours, native: Array.from(native) }));
