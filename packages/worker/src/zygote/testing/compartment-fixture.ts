/** What vat code can reach, seen from the host side of a locked-down process. Prints JSON. */
await import('./locked-down.js');
const { weave } = await import('../../weave/weave.js');
const { makeVatCompartment } = await import('../vat-compartment.js');

const lines: string[] = [];
const log = (level: string, text: string): void => void lines.push(`${level}: ${text}`);
const PASS_STYLE_OF = Symbol.for('@endo passStyleOf');
class VatWeakMap {}
class VatWeakSet {}
const globals = harden({
  VatData: {},
  absent: undefined,
  WeakMap: VatWeakMap,
  WeakSet: VatWeakSet,
  [PASS_STYLE_OF]: () => 'stub',
});
const vat = makeVatCompartment(globals, log);
const vatGlobal = vat.evaluate('globalThis') as object;

/** Every object that is reached from `root` by properties and prototypes. */
const reach = (root: object): Map<object, string> => {
  const seen = new Map<object, string>([[root, 'globalThis']]);
  for (const [object, path] of seen) {
    const visit = (value: unknown, step: string): void => {
      if (Object(value) !== value || seen.has(value as object)) return;
      seen.set(value as object, `${path}.${step}`);
    };
    visit(Object.getPrototypeOf(object), '__proto__');
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
      visit(descriptor.value, String(key));
      visit(descriptor.get, `get ${String(key)}`);
      visit(descriptor.set, `set ${String(key)}`);
    }
  }
  return seen;
};
const reached = reach(vatGlobal);
const host = globalThis as unknown as Record<string, unknown>;
const HOST_NAMES = [
  'process',
  'Buffer',
  'setTimeout',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'URL',
  'URLSearchParams',
  'performance',
  'console',
  'WebAssembly',
  'SharedArrayBuffer',
  'Atomics',
  'Intl',
  'structuredClone',
  'MessageChannel',
  'crypto',
  'WeakRef',
  'FinalizationRegistry',
  'gc',
  'Compartment',
  'Float32Array',
  'Float64Array',
];
const hostThings = HOST_NAMES.filter(name => reached.has(host[name] as object));
if (reached.has(globalThis)) hostThings.push('globalThis');
const thawed = [...reached].filter(([object]) => object !== vatGlobal && !Object.isFrozen(object));

const tell = (source: string): unknown => {
  try {
    const value = vat.evaluate(source);
    return value === undefined ? 'undefined' : value;
  } catch (error) {
    return String(error);
  }
};
const names = Reflect.ownKeys(vatGlobal);
const undefinedNames = names.filter(
  name => (vatGlobal as Record<PropertyKey, unknown>)[name] === undefined,
);

const children = `
  const same = c => [c.globalThis.WeakMap === WeakMap, c.globalThis.WeakSet === WeakSet,
    c.globalThis[Symbol.for('@endo passStyleOf')] === globalThis[Symbol.for('@endo passStyleOf')],
    'VatData' in c.globalThis, 'console' in c.globalThis, 'URL' in c.globalThis];
  const a = new Compartment();
  const b = new (a.evaluate('Compartment'))({ globals: { WeakMap: 1 }, __options__: true });
  const d = new (b.evaluate('Compartment'))({ WeakSet: 2, x: 3 });
  class Sub extends Compartment { get globalThis() { return {}; } }
  const e = new Sub();
  const f = new Compartment({ Compartment: 'withheld' });
  const realOf = c => c.evaluate('globalThis');
  [a, b, d].map(same).concat([[d.evaluate('x'), realOf(e).WeakMap === WeakMap,
    f.evaluate('Compartment'), a instanceof Compartment, Object.isFrozen(Compartment)]]);`;
const consoleCalls = `
  const trap = () => { throw Error('called'); };
  const evil = { get a() { return trap(); }, toString: trap, toJSON: trap,
    [Symbol.toPrimitive]: trap };
  const proxy = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap,
    getOwnPropertyDescriptor: trap });
  const inherits = Object.create(proxy);
  const cyclic = {}; cyclic.self = cyclic;
  const error = Error('boom'); Object.defineProperty(error, 'name', { get: trap });
  class Named { static get name() { return trap(); } }
  [console.log('text', 1, 2n, -0, null, undefined, Symbol('s'), 'end'),
   console.warn(evil), console.error(proxy, inherits, [proxy]), console.info(cyclic),
   console.debug(error, TypeError('t', { cause: 'c' })), console.trace(Named, () => 1),
   console.log(new Map(), new Set(), Promise.resolve(), new Uint8Array(2), new Date(0), /x/),
   console.assert(true, 'no'), console.assert(false, 'yes'), console.group('g'), console.groupEnd(),
   console.time('t'), console.timeEnd('t'), console.count(), console.table([1])]
    .every(value => value === undefined) &&
    Object.isFrozen(console) && Object.isFrozen(console.log);`;

/** The source of an expression that names what woven code takes, which no script may mention. */
const TAKE = `globalThis['$heir' + 'loom_take']`;

/** Scripts that V8 refuses in a compartment, behind the parser of the weaver. */
const REFUSED = ['with ({}) {}', 'delete x', '010', 'String.raw`<!--`'].map(each =>
  JSON.stringify(`(() => { ${each} })`).replace('<!--', '<" + "!--'),
);

/** Nothing of these is woven itself, as nothing guards what native code does. */
const takes = [
  `${TAKE}()`,
  `(() => 1)(); ${TAKE}.call(globalThis)`,
  `(0, eval)('1'); ${TAKE}()`,
  `(0, eval)('(() => 1)()'); ${TAKE}()`,
  `((taken = ${TAKE}()) => taken)()`,
  `new Compartment().globalThis['$heir' + 'loom_take']()`,
  `new Compartment().evaluate('1', { transforms: [() => { ${TAKE}(); }] })`,
  `delete ${TAKE}`,
  `${TAKE} = () => ({})`,
  ...REFUSED.flatMap(bad => [
    `try { (0, eval)(${bad}); } catch {} ${TAKE}()`,
    // Native code catches what `eval` throws, and the next thing that runs is the call.
    `new Promise(eval.bind(undefined, ${bad})).catch(() => 0); ${TAKE}()`,
    `try { new Compartment().evaluate(${bad}); } catch {} ${TAKE}()`,
    `try { Function((${bad}).slice(8, -3)); } catch {} ${TAKE}()`,
  ]),
];

/** Functions, each as its author has written it: the very text, between these brackets. */
const FUNCTIONS = [
  'function named(a, b = () => 1) { try { return a; } catch { return b; } }',
  'x => x + 1',
  '(x) => { return [x].map(y => y); }',
  'x => ({ x })',
  'async function each(of) { for await (const x of of) await x; }',
  'async (x) => await (await x)',
  'function* all(x) { yield; const y = yield x; yield* [y]; }',
  'async function* some() { try { yield 1; return 2; } catch ({ message }) { throw message; } }',
  `class Box extends Array {
    #x = 1; static made = () => 1;
    constructor() { super(); }
    get x() { return this.#x; }
    static async make() { return new Box(await 1); }
  }`,
];
const METHODS = [
  'method(x) { return x; }',
  'async *steps() { yield await 1; }',
  'get x() { return 1; }',
  '[`a` + (() => 1)()](x) { return x; }',
];
const texts = [
  ...FUNCTIONS.map(text => `Function.prototype.toString.call(${text}) === ${JSON.stringify(text)}`),
  ...METHODS.map(text => `const o = { ${text} }; const [key] = Reflect.ownKeys(o);
    const { value, get = value } = Object.getOwnPropertyDescriptor(o, key);
    String(get) === ${JSON.stringify(text)}`),
  `(0, eval)('(' + (async x => (await x) + 1) + ')').name === ''`,
  `(0, eval)('(' + (x => [x].map(y => y + 1)[0]) + ')')(1) === 2`,
  `/^class\\b/.test(class A { m() {} }) && !/^class/.test(function () {})`,
  `String(function () {}.bind()) === 'function () { [native code] }'`,
  `String(Object) === 'function Object() { [native code] }'`,
  `String(Function.prototype.toString) === 'function toString() { [native code] }'`,
  `String(Function('a', 'return a')) === 'function anonymous(a\\n) {\\nreturn a\\n}'`,
  `!String(${TAKE}).includes('\\v')`,
  `const { toString } = Function.prototype; toString.name + toString.length === 'toString0'`,
];

const told = lines.length;
/** What asks for the time and for chance; the vat keeps it, and it is called when it has loaded. */
const ASKING = `[() => Date.now(), () => String(new Date()), () => Date(), () => Math.random(),
  () => new Date(5).getTime(), () => Reflect.construct(Date, []).getTime(),
  () => new (class Own extends Date {})() instanceof Date, () => new Date(0).constructor === Date,
  () => new Compartment().evaluate('[Date.now(), Math.random()]')]`;
const asking = vat.evaluate(ASKING) as (() => unknown)[];
const answers = (): unknown => vat.evaluate(`(${ASKING}).map(ask => ask())`);
const loading = [answers(), answers()];
const noticed = lines.splice(told);
const loaded = asking.map(ask => {
  try {
    return ask();
  } catch (error) {
    return String(error);
  }
});
const wrongOverrides = tell(`[Error, RangeError, TypeError, SyntaxError, URIError, AggregateError]
  .flatMap(Base => {
    function Own(message) { this.message = message; }
    Own.prototype = new Base([]);
    for (const key of ['constructor', 'name', 'message', 'toString']) Own.prototype[key] = Own;
    const refused = ['constructor', 'name', 'message'].filter(key => {
      try { Base.prototype[key] = 1; return false; } catch { return true; }
    });
    return [refused.length === 3, new Own('x').message === 'x', Own.prototype.constructor === Own,
      new Base([]).constructor === Base, new Own() instanceof Base];
  }).filter(is => !is)`);

console.log(
  JSON.stringify({
    takes: takes.map(tell),
    texts: texts.map(source => tell(weave(source))),
    loading,
    noticed,
    loaded,
    wrongOverrides,
    names: names.map(String).sort(),
    undefinedNames: undefinedNames.map(String).sort(),
    hostThings,
    thawed: thawed.map(([, path]) => path),
    count: reached.size,
    children: tell(children),
    consoleCalls: tell(consoleCalls),
    lines,
    typeofs:
      tell(`['process', 'require', 'module', 'setTimeout', 'setImmediate', 'queueMicrotask',
    'Buffer',    'fetch', 'gc', 'performance', 'WeakRef', 'FinalizationRegistry', 'Intl', 'absent']
    .filter(name => name in globalThis || (0, eval)('typeof ' + name) !== 'undefined')`),
    escapes: [
      `Function('return typeof process')()`,
      `(0, eval)('typeof process')`,
      `(async () => {}).constructor('return 1')`,
      `typeof (function () { return this; })()`,
      `Compartment.prototype.constructor === Compartment`,
      `new Compartment.prototype.constructor()`,
      `globalThis.constructor.constructor('return process')()`,
      `Error('x').stack`,
      `harden === Object[Symbol.for('harden')] && Object.isFrozen(HandledPromise)`,
      `new Date(2020, 0, 1).toISOString() + Date.parse('2020-01-01T00:00')`,
      `new Date(0).toLocaleString()`,
    ].map(tell),
    text: [
      `new TextDecoder().decode(new TextEncoder().encode('h\\u00e9\\u{1f600}'))`,
      `new TextDecoder(' UTF8 ', { fatal: true }).fatal`,
      `new TextDecoder('utf-16')`,
      `new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))`,
      `new TextDecoder().decode(new Uint8Array([255])).charCodeAt(0)`,
      `const d = new TextDecoder();
       d.decode(new Uint8Array([0xc3]), { stream: true }) + d.decode(new Uint8Array([0xa9]))`,
      `new TextEncoder().encodeInto('abc', new Uint8Array(2)).written`,
      `String(new TextEncoder()) + new TextDecoder().encoding`,
      `Object.getOwnPropertyNames(TextDecoder.prototype).join()`,
    ].map(tell),
    urls: [
      `const u = new URL('../b?x#y', 'http://h:8080/a/c'); u.port = '9';
       u.href + ' ' + u.origin + ' ' + u.hash`,
      `new URL('nope')`,
      `URL.canParse('x:') + ' ' + URL.createObjectURL`,
      `JSON.stringify(new URL('http://a')) + String(new URL('http://a'))`,
    ].map(tell),
  }),
);
export {};
