/**
 * Buffers and typed arrays of ours beside those of another realm, which are the engine's; then, in
 * a vat's compartment, whatever may ask for more than a buffer may have. Prints both as JSON.
 */
import { createContext, runInContext } from 'node:vm';

/** Evaluated in both realms; gives lines of text. */
const LOOKS = String.raw`(() => {
  const lines = [];
  const say = (...parts) => lines.push(parts.map(String).join(' '));
  const why = thunk => { try { return show(thunk()); } catch (error) { return String(error); } };
  const show = made => {
    if (typeof made !== 'object' || made === null) return String(made);
    const tag = Object.prototype.toString.call(made);
    if (tag === '[object ArrayBuffer]') return [tag, made.byteLength, made.resizable,
      made.maxByteLength, made.constructor.name].join();
    return [tag, Array.from(made, String), made.byteOffset, made.constructor.name].join();
  };
  const { ArrayBuffer, Uint8Array, Int32Array, BigInt64Array, Uint8ClampedArray } = globalThis;
  const classes = [ArrayBuffer, Uint8Array, Int32Array, BigInt64Array, Uint8ClampedArray];
  const trace = [];
  const traced = (title, target) => new Proxy(target, {
    get: (it, key, self) => {
      trace.push(title + '.' + String(key));
      return Reflect.get(it, key, self);
    },
  });
  const buffer = new ArrayBuffer(16);
  const grows = new ArrayBuffer(8, { maxByteLength: 16 });
  const firsts = [
    undefined, null, true, 0, 3, -0, 2.9, -0.5, -1, NaN, -Infinity, '4', 'x', '', 2n, 1n,
    Symbol.iterator,
    [], [1, 2, 3], [1n, 2n], ['5', , null], [Symbol()], new Set([1, 2]), new Set([1n]), {},
    { length: 2, 0: 7, 1: 8 }, { length: 1, 0: 3n }, { length: '2', 1: 4 }, { length: -1 },
    { length: NaN }, { [Symbol.iterator]: null, length: 1, 0: 6 },
    { [Symbol.iterator]: () => [9, 9][Symbol.iterator]() }, { [Symbol.iterator]: () => 1 },
    { *[Symbol.iterator]() { yield 1; throw new Error('of its own'); } },
    { valueOf: () => 3 }, { valueOf: () => 3, length: 1 }, { valueOf() { throw Error('no'); } },
    { get length() { throw Error('no length'); } }, { length: Symbol() }, { length: 1n },
    () => 1, (a, b) => a, new String('12'), new Number(3), /x/,
    new Uint8Array([1, 2]), new Int32Array([3, 4]), new BigInt64Array([5n]),
    new Uint8Array(grows), new Uint8ClampedArray(2), new DataView(buffer), buffer, grows,
  ];
  const offsets = [[], [undefined], [8], [8, 1], [1], [16], [17], [8, 9], ['8', '1'], [0, 0],
    [{ valueOf: () => 8 }, { valueOf: () => 1 }], [-1], [0, -1], [NaN], [1n]];
  for (const Class of classes) {
    say(Class.name, Class.length, String(Class), Reflect.ownKeys(Class).map(String).join());
    for (const key of Reflect.ownKeys(Class)) {
      const { value, get, ...attributes } = Object.getOwnPropertyDescriptor(Class, key);
      say(typeof value, value && value.name, get && get.name, Object.keys(attributes).join());
    }
    say(Object.getPrototypeOf(Class).name, Class.prototype.constructor === Class,
      Class[Symbol.species] === Class);
    say(why(() => Class(1)), why(() => Class.call({}, 1)), why(() => Class()));
    class Sub extends Class { x = 1; }
    function Old(...args) { return Reflect.construct(Class, args, new.target); }
    Old.prototype = Object.create(Class.prototype);
    const Bound = Class.bind(null);
    for (const first of firsts) {
      say(why(() => new Class(first)), why(() => new Sub(first)), why(() => new Old(first)));
      say(why(() => Reflect.construct(Class, [first], Array)), why(() => new Bound(first)));
    }
    for (const first of [buffer, grows, 2, [1, 2, 3], null]) {
      for (const more of offsets) say(why(() => new Class(first, ...more)));
    }
    say(why(() => new Class()), why(() => Reflect.construct(Class, [1], () => 1)));
    for (const options of [undefined, null, 1, 'x', {}, { maxByteLength: 4 }, { maxByteLength: 1 },
      { maxByteLength: '5' }, { maxByteLength: -1 }, { maxByteLength: NaN }, { maxByteLength: 1n },
      { maxByteLength: undefined }, { get maxByteLength() { throw Error('no max'); } }]) {
      say(why(() => new Class(2, options)));
    }
    for (const given of [{ length: 1, 0: 1 }, { length: 1, 0: 1n }, { valueOf: () => 2 },
      [1, 2], [1n], new Set([1])]) {
      say(why(() => new Class(traced('given', given))));
    }
    const order = title => ({ valueOf: () => { trace.push(title); return 8; } });
    say(why(() => new Class(order('first'), traced('options', { maxByteLength: order('max') }))));
    say(why(() => new Class(buffer, order('second'), order('third'))));
    say(trace.splice(0).join());
    if (Class === ArrayBuffer) continue;
    say(why(() => Class.from([1, 2])), why(() => Class.from([1n])), why(() => Class.of(1, 2)));
    say(why(() => Class.from.call(Array, [1])), why(() => Sub.from({ length: 1, 0: 5 })));
    const some = new Class(3);
    for (const made of [some.slice(1), some.subarray(1), some.map(x => x), some.filter(() => true),
      new Sub(2).slice(1), new Sub(buffer).subarray(1), new Old(2).map(x => x)]) {
      say(show(made), made instanceof Class, made instanceof Sub, made instanceof Old);
    }
  }
  say(show(buffer.slice(1)), show(new (class extends ArrayBuffer {})(4).slice(1)));
  say(ArrayBuffer.isView(1), ArrayBuffer.isView(new Uint8Array(1)));
  for (const name of ['transfer', 'transferToFixedLength', 'resize', 'slice']) {
    const method = ArrayBuffer.prototype[name];
    if (method === undefined) continue;
    say(method.name, method.length, String(method));
    for (const length of [undefined, 0, 4, '6', -1, NaN, 1n, 20, { valueOf: () => 2 }]) {
      const room = new ArrayBuffer(8, { maxByteLength: 16 });
      say(why(() => method.call(new ArrayBuffer(8), length)), why(() => method.call(room, length)));
      say(why(() => method.call(1, length)), why(() => method.call({}, length)), show(room));
    }
  }
  return lines;
})()`;

/** In a vat; gives what each road ends with. N bytes are one too many. */
const ROADS = String.raw`(() => {
  const N = 2 ** 29 + 1;
  const HUGE = [N, 2 ** 33, 2 ** 36, 2 ** 50, 2 ** 60, Infinity, String(N), { valueOf: () => N }];
  const names = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array',
    'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array'];
  const found = [];
  const road = (title, thunk) => {
    try {
      thunk();
      found.push([title, 'made']);
    } catch (error) {
      found.push([title, String(error), error.constructor === RangeError]);
    }
  };
  const inChild = new Compartment();
  const roads = (where, globals) => {
    const { ArrayBuffer } = globals;
    for (const length of HUGE) {
      const how = where + ' ' + String(length) + ' ';
      road(how + 'new', () => new ArrayBuffer(length));
      road(how + 'Reflect', () => Reflect.construct(ArrayBuffer, [length]));
      road(how + 'Reflect, new.target', () => Reflect.construct(ArrayBuffer, [length], Array));
      road(how + 'bound', () => new (ArrayBuffer.bind(null, length))());
      class Sub extends ArrayBuffer { constructor() { super(length); } }
      road(how + 'super', () => new Sub());
      road(how + 'constructor', () => new (new ArrayBuffer(1).constructor)(length));
      road(how + 'species', () => new ArrayBuffer[Symbol.species](length));
      road(how + 'maxByteLength', () => new ArrayBuffer(1, { maxByteLength: length }));
      const room = new ArrayBuffer(1);
      road(how + 'transfer', () => room.transfer(length));
      road(how + 'fixed', () => room.transferToFixedLength(length));
      // A shim for Node 20 takes no objects for numbers.
      if (typeof length === 'object') continue;
      road(how + 'immutable', () => room.transferToImmutable(length));
    }
    for (const name of names) {
      const Class = globals[name];
      const size = Class.BYTES_PER_ELEMENT;
      const count = Math.floor(2 ** 29 / size) + 1;
      const how = where + ' ' + name + ' ';
      for (const length of [count, 2 ** 33, 2 ** 50, String(count)]) {
        road(how + 'new', () => new Class(length));
        road(how + 'Reflect', () => Reflect.construct(Class, [length]));
        road(how + 'super', () => new (class extends Class { constructor() { super(length); } })());
        road(how + 'constructor', () => new (new Class(1).constructor)(length));
        road(how + 'of a slice', () => new (new Class(1).slice().constructor)(length));
        road(how + 'species', () => new Class[Symbol.species](length));
        road(how + 'like an array', () => new Class({ length }));
        if (size === 1 || !name.startsWith('Float')) {
          road(how + 'from', () => Class.from({ length }));
          road(how + 'from of another', () => Class.from.call(Class, { length }));
        }
      }
      road(how + 'array', () => new Class(Array(2 ** 32 - 1)));
      if (size > 1) {
        const bytes = new Uint8Array(count);
        road(how + 'of a typed array', () => new Class(bytes));
      }
    }
    road(where + 'of a codec', () => new (new TextEncoder().encode('x').constructor)(N));
    road(where + 'of a buffer', () => new (new Uint8Array(1).buffer.constructor)(N));
    const { fromBase64 } = globals.Uint8Array;
    if (fromBase64) {
      road(where + 'fromBase64', () => globals.Uint8Array.fromBase64('A'.repeat(2 ** 29 - 100)));
    }
  };
  roads('vat', globalThis);
  roads('child', inChild.globalThis);
  const same = [
    new TextEncoder().encode('x').constructor === Uint8Array,
    inChild.globalThis.Uint8Array === Uint8Array,
    new ArrayBuffer(2 ** 29).byteLength === 2 ** 29,
    new Uint8Array(2 ** 29).length === 2 ** 29,
    new Float64Array(2 ** 25).length === 2 ** 25,
    Object.isFrozen(ArrayBuffer) && Object.isFrozen(Uint8Array) && Object.isFrozen(BigInt64Array),
    Object.getPrototypeOf(Uint8Array) === Object.getPrototypeOf(Int8Array),
  ];
  return Promise.resolve([2 ** 36])
    .then(Reflect.construct.bind(null, ArrayBuffer))
    .then(() => 'made', String)
    .then(late => ({ found, same, late }));
})()`;

const EnginesBuffer = ArrayBuffer;
await import('../error-constructors.js');
await import('../buffer-constructors.js');
const { isHostsWant } = await import('../engine-errors.js');
const isWant = (length: number): boolean => {
  try {
    return new EnginesBuffer(length).byteLength !== length;
  } catch (error) {
    return error instanceof Error && isHostsWant(error);
  }
};
const wants = [isWant(2 ** 50), isWant(-1)];
const ours: unknown = (0, eval)(LOOKS);
const native = runInContext(LOOKS, createContext({})) as string[];

await import('./locked-down.js');
const { makeVatCompartment } = await import('../vat-compartment.js');
const compartment = makeVatCompartment({}, () => {});
const roads: unknown = await compartment.evaluate(ROADS);
process.stdout.write(JSON.stringify({ ours, native: Array.from(native), roads, wants }));
