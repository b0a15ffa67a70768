/**
 * Native callbacks: functions that can be reached from a vat's global object, chosen at random,
 * called by random roads with what may overflow or confuse them.
 *
 * Left out, since it is nobody's fault: what has a length beyond counting (a native loop over it
 * ends in time, by DELIVERY_TIMEOUT), and sizes that this host has no memory for.
 */
import fc from 'fast-check';
import type { FuzzCase } from './case.js';

/** `all`: every function that can be reached, in an order that is the same everywhere. */
const WALK = `
  const all = []; const seen = new Set();
  const skipped = /^(exitVat|exitVatWithFailure|evaluate|import|importNow|load)$/;
  const walk = value => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
    if (seen.has(value)) return; seen.add(value);
    if (typeof value === 'function' && !skipped.test(value.name)) all.push(value);
    for (const key of Reflect.ownKeys(value)) {
      const d = Reflect.getOwnPropertyDescriptor(value, key);
      for (const part of [d.value, d.get, d.set]) walk(part);
    }
    walk(Object.getPrototypeOf(value));
  };
  for (const name of Reflect.ownKeys(outer).map(String).sort()) {
    if (name !== 'globalThis' && name !== '$') walk(outer[name]);
  }
  const native = n => all[n % all.length];
  const nested = (n, make) => { let it = make(undefined); for (let i = 0; i < n;
    i += 1) it = make(it); return it; };
  const told = it => { try { return typeof it === 'object' ?
    Object.prototype.toString.call(it) : typeof it; }
    catch { return 'not told'; } };
  const name = e => { try { return 'rejected ' + e.name; } catch { return 'rejected'; } };
`;

const DEPTHS = [3, 400, 20_000];
const depth = fc.constantFrom(...DEPTHS);
const index = fc.integer({ min: 0, max: 4_999 });

/** Arguments, as source. */
const argument: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...['undefined', 'null', '0', '-0', '-1', '1.5', '17', '1000', 'NaN', '1n', '-7n', `''`, `'x'`],
    ...[`'\\ud800'`, `'x'.repeat(100_000)`, '[]', '[1, , 3]', '{}', '({ length: 3, 0: 1 })',
      '/x/g'],
    ...['Symbol.iterator', 'new Map([[1, 2]])', 'new Set([1])', 'new Uint8Array(8)', '() => 1'],
    ...['new Float64Array(4)', 'new ArrayBuffer(8)', 'Promise.resolve(1)', 'new Proxy([], {})'],
    ...['new Proxy(() => 1, {})',
      'new Proxy({}, { get() { throw RangeError("Out of memory"); } })'],
    ...['{ get x() { throw RangeError("Stack overflow"); } }', 'Error("Out of memory")',
      'class {}'],
    ...['Object.create(null)', 'function* () { yield 1; }', 'async () => { throw 1; }', 'baggage'],
    ...['{ toString() { return {}; }, valueOf() { return {}; } }', '{ then(r) { r(1); } }',
      '$.innocent'],
    ...['{ [Symbol.iterator]: () => ({ next: () => ({ done: true }) }) }', 'VatData', 'E',
      'Far("x", {})'],
  ),
  depth.map(n => `nested(${n}, it => [it])`),
  depth.map(n => `nested(${n}, it => ({ a: it }))`),
  depth.map(n => `nested(${n}, it => new Proxy(it ?? {}, {}))`),
  depth.map(n => `nested(${n}, it => (it ?? (() => 1)).bind(null))`),
  depth.map(n => `nested(${n}, it => Object.create(it ?? null))`),
  depth.map(n => `nested(${n}, it => ({ toJSON: () => it }))`),
  depth.map(n => `nested(${n}, it => Error('x', { cause: it }))`),
  depth.map(n => `Array(${n}).fill(0)`),
  index.map(n => `native(${n})`),
);

type Road = readonly [what: string, code: (f: string, args: readonly string[]) => string];

const listed = (args: readonly string[]): string => `[${args.map(it => `(${it})`).join(', ')}]`;
const first = (args: readonly string[]): string => `(${args[0]!})`;

/** Each gives a promise. */
const ROADS: readonly Road[] = [
  ['call', (f, args) => `(async () => Reflect.apply(${f}, ${first(args)}, ${listed(args)}))()`],
  ['call without this', (f, args) => `(async () => ${f}(...${listed(args)}))()`],
  ['then', (f, args) => `Promise.resolve(${first(args)}).then(${f})`],
  ['catch', (f, args) => `Promise.reject(${first(args)}).catch(${f})`],
  ['finally', (f, args) => `Promise.resolve(1).finally(Function.prototype.bind.call(${f},
    ...${listed(args)}))`],
  ['construct', (f, args) => `(async () => Reflect.construct(${f}, ${listed(args)}))()`],
  ['construct as another', (f, args) =>
    `(async () => Reflect.construct(Object, ${listed(args)}, ${f}))()`],
  ['executor', f => `new Promise(${f})`],
  ['thenable', f => `Promise.resolve({ then: ${f} })`],
  ['bound', (f, args) => `Promise.resolve(1).then(Function.prototype.bind.call(${f},
    ...${listed(args)}))`],
  ['map', (f, args) => `(async () => ${listed(args)}.map(${f}))()`],
  ['sort', (f, args) => `(async () => ${listed([...args, '1', '2'])}.sort(${f}))()`],
  ['reduce', (f, args) => `(async () => ${listed(args)}.reduce(${f}, ${first(args)}))()`],
  ['Array.from', (f, args) => `(async () => Array.from(${listed(args)}, ${f}))()`],
  ['replace', f => `(async () => 'xyx'.replace(/x/g, ${f}))()`],
  ['JSON', (f, args) => `(async () => JSON.stringify(${listed(args)}, ${f}))()`],
  ['reviver', f => `(async () => JSON.parse('[1,{"a":[2]}]', ${f}))()`],
  ['toJSON', f => `(async () => JSON.stringify({ toJSON: ${f} }))()`],
  ['toPrimitive', f => `(async () => String({ [Symbol.toPrimitive]: ${f} }))()`],
  ['iterator', f => `(async () => { const [a, b] = { [Symbol.iterator]: ${f} }; return a; })()`],
  ['next', f => `(async () => { const [a, b] = { [Symbol.iterator]: () => ({ next: ${f} }) };
    return a; })()`],
  ['getter', f => `(async () => Object.defineProperty({}, 'x', { get: ${f} }).x)()`],
  ['trap', (f, args) => `(async () => { const t = new Proxy({}, { get: ${f}, has: ${f},
    ownKeys: ${f},
      getOwnPropertyDescriptor: ${f}, getPrototypeOf: ${f} });
      try { Object.keys(t); } catch {} try { t instanceof Object;
        } catch {} return t[${first(args)}]; })()`],
  ['hasInstance', (f, args) => `(async () => ${first(args)} instanceof
      Object.defineProperty(() => 1, Symbol.hasInstance, { value: ${f} }))()`],
  ['method of Far', (f, args) => `E(Far('x', { m: ${f} })).m(...${listed(args)})`],
  ['method that another vat calls', f => `E($.innocent).ask(Far('x', { price: ${f} }))`],
  ['kind', f => `(async () => VatData.defineDurableKind(VatData.makeKindHandle('k'), ${f}, {
    m: ${f} })(1))()`],
  ['tag', f => `(async () => ${f}\`a\${1}b\`)()`],
];

export const nativeCases: fc.Arbitrary<FuzzCase> = fc
  .tuple(
    fc.constantFrom(...ROADS),
    index,
    fc.array(argument, { minLength: 1, maxLength: 3 }),
  )
  .map(([[what, code], n, args]) => ({
    kind: 'natives',
    what: `${what} of function ${n}`,
    steps: [['hostile', `${WALK} const f = native(${n}); (${code('f', args)}).then(told, name)`]],
  }));
