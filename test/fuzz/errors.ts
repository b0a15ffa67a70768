/** Errors of every shape and text, on every road: expressions that make one, and code for it. */
import fc from 'fast-check';
import type { Step } from '../support/hostile/hostile-child.js';
import { TEXTS } from '../hostile/pieces/texts.js';
import type { FuzzCase } from './case.js';

const CAUSES_MAX = 3;

const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom(...TEXTS))
      .map(([head, tail]) => head + tail),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...TEXTS), fc.string({ maxLength: 20 }))
      .map(([head, tail]) => head + tail),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);
/** As source. A lone surrogate is written out. */
const literal = text.map(it => JSON.stringify(it));

const MAKERS = ['Error', 'RangeError', 'SyntaxError', 'TypeError', 'EvalError', 'URIError'];
const maker = fc.constantFrom(...MAKERS, 'ReferenceError');

/** An expression for an error, or for what only looks like one. */
const { error } = fc.letrec<{ error: string }>(tie => ({
  error: fc.oneof(
    { maxDepth: CAUSES_MAX, depthIdentifier: 'error' },
    fc.tuple(maker, literal).map(([make, it]) => `${make}(${it})`),
    fc.tuple(maker, literal).map(([make, it]) => `Reflect.construct(${make}, [${it}])`),
    fc.tuple(maker, literal).map(([make, it]) => `new (class Mine extends ${make} {})(${it})`),
    fc.tuple(maker, literal).map(
      ([make, it]) => `Reflect.construct(${make}, [${it}], class { static x = 1; })`,
    ),
    fc.tuple(maker, literal).map(
      ([make, it]) => `Object.create(${make}.prototype, { message: { value: ${it} } })`,
    ),
    fc.tuple(maker, literal).map(
      ([make, it]) => `Object.defineProperty(${make}(), 'message', { value: ${it} })`,
    ),
    fc.tuple(maker, literal).map(
      ([make, it]) => `Object.defineProperty(${make}('x'), 'message', { get() { return ${it}; } })`,
    ),
    fc.tuple(maker, literal).map(
      ([make, it]) => `Object.defineProperty(${make}('x'), 'name', { value: ${it} })`,
    ),
    literal.map(it => `({ name: 'RangeError', message: ${it} })`),
    literal.map(it => `((() => { try { null.x; } catch (e) {
      try { Object.defineProperty(e, 'message', { value: ${it} }); } catch {} return e; } })())`),
    fc.tuple(maker, literal, tie('error')).map(
      ([make, it, cause]) => `${make}(${it}, { cause: ${cause} })`,
    ),
    fc.tuple(literal, tie('error'), tie('error')).map(
      ([it, one, other]) => `AggregateError([${one}, ${other}], ${it})`,
    ),
    tie('error').map(it => `Object.freeze(${it})`),
    tie('error').map(it => `new Proxy(${it}, {})`),
    fc.tuple(tie('error'), tie('error')).map(
      ([it, thrown]) => `new Proxy(${it}, { get() { throw ${thrown}; } })`,
    ),
    fc.tuple(tie('error'), tie('error')).map(
      ([it, thrown]) => `new Proxy(${it}, { getOwnPropertyDescriptor() { throw ${thrown}; } })`,
    ),
    fc.constantFrom('undefined', 'null', '7', '1n', `Symbol('x')`, '(() => 1)', '[]', 'NaN'),
  ),
}));

/** `told(e)`: what can be told of it without asking it. */
const TOLD = `const told = e => { try { return String(typeof e === 'symbol' ?
  'a symbol' : e.message); }
  catch { return 'not told'; } };`;

type Road = readonly [what: string, steps: (made: string) => readonly Step[]];

const inVat =
  (code: (made: string) => string) =>
  (made: string): readonly Step[] => [['hostile', `${TOLD} ${code(made)}`]];

const SETUP_OF_START = `
  const { vatId, bundleId } = kernel.vat(me);
  const vatParameters = { setup: args };`;

const ROADS: readonly Road[] = [
  ['throw', inVat(made => `throw ${made}`)],
  ['catch', inVat(made => `try { throw ${made}; } catch (e) { told(e); }`)],
  [
    'catch again and again',
    inVat(made => `try { try { throw ${made}; } catch (e) { throw e; } finally { 1; } }
      catch (e) { told(e); }`),
  ],
  ['reject', inVat(made => `Promise.reject(${made})`)],
  ['then', inVat(made => `Promise.reject(${made}).then(1).catch(told)`)],
  ['unhandled', inVat(made => `Promise.reject(${made}); 1`)],
  ['allSettled', inVat(made => `Promise.allSettled([Promise.reject(${made})]).then(it =>
    it.length)`)],
  ['any', inVat(made => `Promise.any([Promise.reject(${made})]).catch(e => told(e.errors[0]))`)],
  ['await', inVat(made => `(async () => { try { await Promise.reject(${made}); }
      catch (e) { return told(e); } })()`)],
  ['thenable', inVat(made => `Promise.resolve({ then() { throw ${made}; } }).catch(told)`)],
  ['generator', inVat(made => `const g = (function* () { try { yield 1; } catch (e) { throw e;
    } })();
      g.next(); try { g.throw(${made}); } catch (e) { told(e); }`)],
  ['async generator', inVat(made => `const g = (async function* () { try { yield 1; }
      catch (e) { throw e; } })(); g.next().then(() => g.throw(${made})).catch(told)`)],
  ['iterator return', inVat(made => `try { const [a] = { [Symbol.iterator]: () => ({
      next: () => ({ done: false }), return() { throw ${made}; } }) }; } catch (e) { told(e); }`)],
  ['native callback', inVat(made => `try { [1, 2].sort(() => { throw ${made}; }); } catch (e) {
    told(e); }`)],
  ['toString', inVat(made => `try { \`\${{ toString() { throw ${made}; } }}\`; } catch (e) {
    told(e); }`)],
  ['another vat catches it', inVat(made => `E($.innocent).catch(${made})`)],
  ['another vat throws it', inVat(made => `E($.innocent).rethrow(${made}).catch(told)`)],
  ['another vat is rejected', inVat(made =>
    `E($.innocent).ask(Far('x', { price: () => Promise.reject(${made}) }))`)],
  ['another vat is thrown at', inVat(made =>
    `E($.innocent).ask(Far('x', { price: () => { throw ${made}; } }))`)],
  ['another vat settles', inVat(made => `E($.innocent).settle([Promise.reject(${made})])`)],
  ['there and back', inVat(made => `E($.innocent).pass(harden([{ a: ${made} }])).then(([{ a }]) => {
      try { throw a; } catch (e) { return told(e); } })`)],
  ['rows', inVat(made => `E($.innocent).keep(${made}).then(() => E($.innocent).tell())`)],
  ['rows of its own', inVat(made => `const e = ${made}; if (baggage.has('e')) baggage.set('e',
    harden(e));
      else baggage.init('e', harden(e)); try { throw baggage.get('e'); } catch (it) { told(it);
        }`)],
  ['console', inVat(made => `console.error(${made}, [${made}]); 1`)],
  ['handled promise', inVat(made => `E(Promise.reject(${made})).x().catch(told)`)],
  ['failed exit', inVat(made => `vatPowers.exitVatWithFailure(${made}); 1`)],
  ['host argument', made => [
    ['host', `const made = ${made};
      return () => kernel.call(root(me), 'run', ['try { throw args[0]; } catch (e) { 1 }',
        [made]])`],
  ]],
  ['host answer', made => [
    ['host', `
      const answering = { throws: () => { throw ${made}; }, rejects: async () => { throw ${made}; },
        gives: () => ${made} };
      const name = 'oracle-' + kernel.lastInput;
      const oracle = await settle(() => kernel.registerHostObject(name, answering));
      return () => kernel.call(root(me), 'run', ['$.oracle = args[0]; 1', [oracle]])`],
    ['hostile', `$.told = []; for (const m of ['throws', 'rejects', 'gives'])
      E($.oracle)[m]().then(e => { throw e; }).catch(e => { $.told.push(m); }); 1`],
    ['host', `for (let i = 0; i < 3; i += 1) { await kernel.run(); await kernel.commit(); }
      return () => kernel.call(root(me), 'run', ['$.told.length'])`],
  ]],
  ['upgrade', made => [
    ['host', `const args = ${JSON.stringify(`throw ${made}`)}; ${SETUP_OF_START}
      return () => kernel.upgradeVat(vatId, { bundleId, vatParameters })`],
  ]],
  ['start', made => [
    ['host', `const args = ${JSON.stringify(`Promise.reject(${made})`)}; ${SETUP_OF_START}
      return () => kernel.createVat({ name: 'late-' + kernel.lastInput, bundleId,
        vatParameters })`],
  ]],
  ['watched promise', inVat(made => `if (!baggage.has('w')) baggage.init('w',
    VatData.makeKindHandle('w'));
      $.make ??= VatData.defineDurableKind(baggage.get('w'), () => ({}), {
        onFulfilled() {}, onRejected(_, reason) { throw reason; } });
      VatData.watchPromise(E($.innocent).rethrow(${made}), $.make()); 1`)],
];

export const errorCases: fc.Arbitrary<FuzzCase> = fc
  .tuple(fc.constantFrom(...ROADS), error)
  .map(([[what, steps], made]) => ({ kind: 'errors', what, steps: steps(made) }));
