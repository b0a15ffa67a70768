/** Errors as data: what a vat says or throws, in whatever words, is no failure of the host. */
import type { Kind } from '../piece.js';
import { ALL_THERE, EACH } from './texts.js';

/** The innocent vat tells `Error: TEXT`, behind `rejected ` or the like. */
const STRIP = `const strip = (head, got) =>
  got.startsWith(head) ? got.slice(head.length) : 'not ' + head + ': ' + got;`;

export const ERRORS: Kind = {
  title: 'Errors as data',
  pieces: [
    {
      name: 'thrown and caught',
      tries: 'an error with a text of V8’s, thrown and caught in one vat',
      code: `${EACH} each(text => { try { throw Error(text); } catch (e) { return e.message; } })`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'of every constructor',
      tries: 'RangeError, SyntaxError, InternalError and the others, with texts of V8’s',
      code: `${EACH}
        const makers = [RangeError, SyntaxError, TypeError, EvalError, URIError, ReferenceError];
        each(text => makers.map(Maker => {
          try { throw new Maker(text); } catch (e) { return e.message; }
        }).every(it => it === text) ? text : 'another')`,
      gives: ALL_THERE,
    },
    {
      name: 'by Reflect.construct and subclasses',
      tries: 'errors that are constructed by other ways than `new`',
      code: `${EACH}
        class Mine extends RangeError {}
        class Other extends Mine { constructor(t) { super(t); this.message = t; } }
        const ways = [
          t => Reflect.construct(RangeError, [t]),
          t => Reflect.construct(RangeError, [t], Mine),
          t => Reflect.construct(RangeError, [t], function f() {}),
          t => new Mine(t), t => new Other(t), t => RangeError.call(undefined, t),
          t => RangeError.apply(undefined, [t]), t => RangeError.bind(undefined, t)(),
          t => AggregateError([], t), t => new (RangeError.bind(undefined, t))(),
        ];
        each(text => ways.map(way => {
          try { throw way(text); } catch (e) { return e.message; }
        }).every(it => it === text) ? text : 'another')`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'made of other objects',
      tries: 'what only looks like an error of V8’s: prototypes set, created, borrowed',
      code: `${EACH}
        const ways = [
          t => Object.create(RangeError.prototype, { message: { value: t } }),
          t => Object.setPrototypeOf(Error(t), RangeError.prototype),
          t => ({ __proto__: RangeError.prototype, name: 'RangeError', message: t }),
          t => { const e = RangeError(); e.message = t; return e; },
          t => Object.defineProperty(RangeError('x'), 'message', { value: t }),
          t => Object.defineProperty(RangeError('x'), 'message', { get: () => t }),
        ];
        each(text => ways.map(way => {
          try { throw way(text); } catch (e) { return e.message; }
        }).every(it => it === text) ? text : 'another')`,
      gives: ALL_THERE,
    },
    {
      name: 'V8’s own error, with another message',
      tries: 'an error that V8 has made, and vat code has given a text of want',
      code: `${EACH}
        each(text => {
          let own; try { null.x; } catch (e) { own = e; }
          try { Object.defineProperty(own, 'message', { value: text }); } catch {}
          try { throw own; } catch (e) { return e.message; }
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'V8’s own RangeError, with another message',
      tries: 'a RangeError that V8 has made for a number, given a text of want',
      code: `${EACH}
        each(async text => {
          let own; try { (1).toFixed(200); } catch (e) { own = e; }
          try { Object.defineProperty(own, 'message', { value: text }); } catch {}
          try { return await Promise.reject(own).then(); } catch (e) { return e.message; }
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'rejections that another vat catches',
      tries: 'a promise that is rejected so stops whoever catches it',
      code: `${EACH} ${STRIP}
        each(async text => {
          const evil = Far('evil', { price: () => Promise.reject(Error(text)) });
          return strip('rejected Error: ', await E($.innocent).ask(evil));
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'what a method throws, caught by another vat',
      tries: 'a method that throws such a RangeError',
      code: `${EACH} ${STRIP}
        each(async text => {
          const evil = Far('evil', { price: () => { throw RangeError(text); } });
          return strip('rejected RangeError: ', await E($.innocent).ask(evil));
        })`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'arguments that another vat throws',
      tries: 'errors as plain data, which an innocent vat throws and catches',
      code: `${EACH} ${STRIP}
        each(async text => strip('Error: ', await E($.innocent).catch(Error(text))))`,
      gives: ALL_THERE,
    },
    {
      name: 'arguments that another vat rejects with',
      tries: 'to have the innocent vat throw it back',
      code: `${EACH} each(text => E($.innocent).rethrow(RangeError(text)).catch(e => e.message))`,
      gives: ALL_THERE,
    },
    {
      name: 'answers',
      tries: 'errors as results of calls, there and back',
      code: `${EACH} each(text => E($.innocent).pass(RangeError(text)).then(e => e.message))`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'deep in data',
      tries: 'errors in records, arrays, copy maps and tagged data',
      code: `${EACH}
        each(async text => {
          const data = [{ a: [Error(text)] }, makeTagged('t', [RangeError(text)])];
          const [{ a: [one] }, { payload: [two] }] = await E($.innocent).pass(data);
          try { throw one; } catch (e) { try { throw two; } catch (f) {
            return e.message === f.message ? e.message : 'two texts';
          } }
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'causes',
      tries: 'the text is that of the cause, or of the cause of the cause',
      code: `${EACH} ${STRIP}
        each(async text => {
          const error = Error('a', { cause: RangeError('b', { cause: Error(text) }) });
          const got = await E($.innocent).catch(error);
          return strip('Error: a; cause RangeError: b; cause Error: ', got);
        })`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'AggregateErrors',
      tries: 'the text is that of one of many errors, and of their sum',
      code: `${EACH} ${STRIP}
        each(async text => {
          const error = AggregateError([Error('x', { cause: RangeError(text) })], text);
          const got = await E($.innocent).catch(error);
          return strip('AggregateError: ' + text + '; Error: x; cause RangeError: ', got);
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'Promise.any',
      tries: 'an AggregateError that V8 makes of errors of the vat',
      code: `${EACH}
        each(text => Promise.any([Promise.reject(RangeError(text))]).catch(e =>
          e.errors[0].message))`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'allSettled in another vat',
      tries: 'rejections that no catch clause sees',
      code: `${EACH} ${STRIP}
        each(async text => {
          const got = await E($.innocent).settle([Promise.reject(RangeError(text))]);
          return strip('rejected RangeError: ', got);
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'kept in a durable row',
      tries: 'an error that is data at rest, and thrown when it is read',
      code: `${EACH} ${STRIP}
        each(async text => {
          await E($.innocent).keep(RangeError(text));
          return strip('RangeError: ', await E($.innocent).tell());
        })`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'finally, generators and iterators',
      tries: 'errors that are thrown into and out of what native code drives',
      code: `${EACH}
        each(text => {
          const told = [];
          const look = thunk => { try { thunk(); } catch (e) { told.push(e.message); } };
          const gen = (function* g() { try { yield 1; } finally { told.push(text); } })();
          gen.next(); look(() => gen.throw(RangeError(text)));
          const lists = { [Symbol.iterator]: () => ({
            next: () => ({ done: false }), return: () => { throw RangeError(text); } }) };
          look(() => { const [first] = lists; });
          look(() => new Map({ [Symbol.iterator]: () => ({ next() { throw Error(text); } }) }));
          look(() => Array.from([1], () => { throw RangeError(text); }));
          look(() => [1, 2].sort(() => { throw RangeError(text); }));
          look(() => 'a'.replace(/a/, () => { throw RangeError(text); }));
          look(() => JSON.parse('[1]', () => { throw RangeError(text); }));
          look(() => JSON.stringify({ toJSON() { throw RangeError(text); } }));
          return told.length === 9 && told.every(it => it === text) ? text : told.join();
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'thenables and hooks',
      tries: 'errors that come out of then, toString, valueOf, Symbol.toPrimitive, getters, traps',
      code: `${EACH}
        each(async text => {
          const bad = () => { throw RangeError(text); };
          const caught = await Promise.all([
            Promise.resolve({ then: bad }), (async () => ({ then: (_, no) =>
              no(RangeError(text)) }))(),
            Promise.resolve().then(() => \`\${{ toString: bad }}\`),
            Promise.resolve().then(() => +{ valueOf: bad }),
            Promise.resolve().then(() => ({ [Symbol.toPrimitive]: bad }) + ''),
            Promise.resolve({ get then() { return bad(); } }),
            Promise.resolve(new Proxy({}, { get: bad })),
            Promise.resolve().then(() => Object.keys(new Proxy({}, { ownKeys: bad }))),
            Promise.resolve().then(() => Reflect.construct(Object, [], new Proxy(class {}, {
              get: bad }))),
          ].map(it => Promise.resolve(it).then(() => 'nothing', e => e.message)));
          return caught.every(it => it === text) ? text : caught.join();
        })`,
      gives: ALL_THERE,
      isQuick: true,
    },
    {
      name: 'unhandled rejections',
      tries: 'rejections that nobody ever looks at',
      code: `${EACH} for (const text of texts) Promise.reject(RangeError(text)); 'rejected'`,
      gives: 'rejected',
    },
    {
      name: 'on the console',
      tries: 'errors, and texts of V8’s own last words, in console lines',
      code: `${EACH}
        for (const text of texts) {
          console.error(RangeError(text)); console.log('FATAL ERROR: ' + text); console.warn(text);
        } 'logged'`,
      gives: 'logged',
      isQuick: true,
    },
    {
      name: 'names, codes and fields of the kernel’s errors',
      tries: 'errors that are called HostError, VatFault, or have their fields',
      code: `
        const forged = ['HostError', 'VatFault', 'KernelError', 'WorkerError'].map(name =>
          Object.defineProperty(Error('WORKER_DIED'), 'name', { value: name }));
        console.error(...forged);
        forged.map(error => why(() => { throw error; })).join()`,
      gives: 'HostError: WORKER_DIED,VatFault: WORKER_DIED,KernelError: WORKER_DIED,' +
        'WorkerError: WORKER_DIED',
    },
    {
      name: 'names that are no names',
      tries: 'an error whose name is an object, a getter, or five megabytes',
      code: `
        const odd = [
          Object.assign(Error('a'), { name: {} }),
          Object.defineProperty(Error('b'), 'name', { get() { throw Error('Out of memory'); } }),
          Object.assign(Error('c'), { name: 'x'.repeat(5_000_000) }),
        ];
        Promise.all(odd.map(error => E($.innocent).catch(error).then(() => 'passed', () =>
          'refused')))
          .then(it => it.length)`,
      gives: '3',
    },
    {
      name: 'a message of nine megabytes',
      tries: 'a long text that ends as V8’s do',
      code: `const text = 'x'.repeat(9_000_000) + 'Out of memory';
        E($.innocent).catch(RangeError(text)).then(it => it.length - text.length)`,
      gives: '12',
    },
    {
      name: 'a message longer than data may be',
      tries: 'a rejection that cannot be told',
      code: `const evil = Far('evil', {
          price: () => { throw RangeError('x'.repeat(11_000_000) + 'Out of memory'); } });
        E($.innocent).ask(evil)`,
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'frozen, proxied, accessors',
      tries: 'errors that fight against being looked at',
      code: `${EACH}
        each(text => {
          const seen = [];
          const look = e => { try { throw e; } catch (it) { seen.push(it === e); } };
          look(Object.freeze(RangeError(text)));
          look(new Proxy(RangeError(text), { get() { throw Error('Out of memory'); },
            getOwnPropertyDescriptor() { throw Error('Stack overflow'); } }));
          look(Object.defineProperty(Error(), 'message', { get() { throw RangeError(text); } }));
          look(Object.defineProperty(RangeError(text), 'constructor', { value: null }));
          return seen.every(it => it) ? text : 'another';
        })`,
      gives: ALL_THERE,
    },
    {
      name: 'own stacks',
      tries: 'stack, captureStackTrace, prepareStackTrace, stackTraceLimit',
      code: `
        const tries = [
          () => { Error.prepareStackTrace = () => { throw Error('Out of memory'); }; },
          () => { Error.stackTraceLimit = Infinity; },
          () => { Error.captureStackTrace(Error.prototype); },
          () => { const e = Error('x'); e.stack = 'Out of memory'; throw e; },
          () => { const e = RangeError('x'); Object.defineProperty(e, 'stack', { get() { throw 1;
            } }); throw e; },
        ].map(thunk => why(thunk).split('\\n')[0]);
        E($.innocent).hear(Promise.reject(Error('y'))).then(it => it)`,
      gives: 'rejected Error: y',
      isQuick: true,
    },
    {
      name: 'an exit with such a reason',
      tries: 'exitVatWithFailure with a text of V8’s',
      code: `vatPowers.exitVatWithFailure(RangeError('Maximum call stack size exceeded')); 1`,
      ends: { fault: 'EXIT_FAILURE' },
    },
    {
      name: 'a good exit with such a completion',
      tries: 'exitVat with a text of V8’s',
      code: `vatPowers.exitVat(RangeError('Out of memory')); 1`,
      ends: 'leaves',
    },
    {
      name: 'arguments of the host',
      tries: 'a host that passes such errors in, as others have told them',
      steps: [
        ['hostile', `$.hear = e => { try { throw e; } catch (it) { return it.message; } }; 1`],
        ['host', `
          const texts = ['Out of memory', 'Stack overflow', 'Maximum call stack size exceeded'];
          const errors = texts.flatMap(text => [Error(text), RangeError(text, {
            cause: Error(text) })]);
          return () => kernel.call(root(me), 'run', ['args.map($.hear).length', errors])`],
      ],
      gives: '6',
    },
    {
      name: 'answers of the host',
      tries: 'a host object that throws, and rejects with, such errors',
      steps: [
        ['host', `
          const oracle = await settle(() => kernel.registerHostObject('oracle-' + me, {
            bad: () => { throw RangeError('Maximum call stack size exceeded'); },
            worse: async () => { throw Error('Out of memory', {
              cause: RangeError('Stack overflow') }); },
          }));
          return () => kernel.call(root(me), 'run', ['$.oracle = args[0]; 1', [oracle]])`],
        ['hostile', `$.told = []; for (const m of ['bad', 'worse']) E($.oracle)[m]().then(
            () => $.told.push('fulfilled'), e => { try { throw e; } catch (it) {
              $.told.push(it.message); } }); 1`],
        ['host', `for (let i = 0; i < 3; i += 1) { await kernel.run(); await kernel.commit(); }
          return () => kernel.call(root(me), 'run', ['$.told.join()'])`],
      ],
      gives: 'Maximum call stack size exceeded,Out of memory',
    },
  ],
};
