/**
 * Stores NaNs of all kinds in all ways into float arrays of a vat, cold and hot, and prints the
 * bits that the vat finds in the memory; for comparison those that native arrays show.
 */
await import('./locked-down.js');
const { makeVatCompartment } = await import('../vat-compartment.js');

const SOURCE = `(F32, F64) => {
  const bytes = new Uint32Array(
    [0xfff80000, 0x7fc00001, 0xffc00000, 0x7f800001, 0xffa5a5a5, 0xffffffff]);
  const words = new Uint32Array(
    [1, 0x7ff80000, 0, 0xfff80000, 1, 0x7ff00000, 0x12345678, 0xffff1234]);
  const singles = new DataView(bytes.buffer);
  const doubles = new DataView(words.buffer);
  const zero = () => bytes.length - 6;
  const kinds = [
    () => NaN, () => 0 / 0, () => zero() / zero(), () => -(zero() / zero()),
    () => Math.sqrt(-1 - zero()), () => Infinity - Infinity, () => Infinity * zero(),
    () => parseFloat('x'), () => +undefined, () => Number('y'), () => Math.log(-1 - zero()),
    () => (1 + zero()) % zero(), () => Math.fround(zero() / zero()),
    () => singles.getFloat32(0, true), () => singles.getFloat32(4, true),
    () => singles.getFloat32(8, true), () => singles.getFloat32(12, true),
    () => singles.getFloat32(16, true), () => singles.getFloat32(20, true),
    () => doubles.getFloat64(0, true), () => doubles.getFloat64(8, true),
    () => doubles.getFloat64(16, true), () => doubles.getFloat64(24, true),
    () => -doubles.getFloat64(0, true), () => doubles.getFloat64(24, true) + 1,
    () => Math.abs(doubles.getFloat64(24, true)), () => new F64(words.buffer)[3],
    () => new F32(bytes.buffer)[3],
  ];
  const ways = {
    assign: (a, v) => { a[0] = v; },
    compound: (a, v) => { a[0] = 1; a[0] += v; },
    increment: (a, v) => { a[0] = v; a[0]++; },
    negate: (a, v) => { a[0] = v; a[0] = -a[0]; },
    destructure: (a, v) => { [a[0]] = [v]; },
    loop: (a, v) => { for (a[0] of [v]); },
    object: (a, v) => { a[0] = { valueOf: () => v }; },
    reflect: (a, v) => { Reflect.set(a, 0, v); },
    define: (a, v) => { Object.defineProperty(a, 0, { value: v }); },
    defineObject: (a, v) => { Object.defineProperty(a, 0, { value: { valueOf: () => v } }); },
    objectAssign: (a, v) => { Object.assign(a, [v]); },
    fill: (a, v) => { a.fill(v); },
    fillObject: (a, v) => { a.fill({ valueOf: () => v }); },
    arrayFill: (a, v) => { Array.prototype.fill.call(a, v); },
    arraySort: (a, v) => {
      a[0] = v;
      Array.prototype.sort.call(a, () => 1);
      a.reverse();
      a.reverse();
    },
    splice: (a, v) => { Array.prototype.copyWithin.call(a.fill(v), 0, 1); },
    set: (a, v) => { a.set([v]); },
    setLike: (a, v) => { a.set({ length: 1, 0: { valueOf: () => v } }); },
    setOther: (a, v) => { a.set((a instanceof F32 ? F64 : F32).of(v)); },
    setSame: (a, v) => { a.set(a.constructor.of(v)); },
    construct: (a, v) => new a.constructor([v]),
    constructIterable: (a, v) => new a.constructor(new Set([v])),
    constructOther: (a, v) => new a.constructor((a instanceof F32 ? F64 : F32).of(v)),
    from: (a, v) => a.constructor.from([v]),
    fromMapped: (a, v) => a.constructor.from([0], () => v),
    of: (a, v) => a.constructor.of(v),
    arrayFrom: (a, v) => {
      // They set a length at the end, which such an array refuses.
      try { Array.from.call(function () { return a; }, { length: 1, 0: v }); } catch {}
    },
    arrayOf: (a, v) => { try { Array.of.call(function () { return a; }, v); } catch {} },
    map: (a, v) => a.map(() => v),
    filter: (a, v) => a.fill(v).filter(() => true),
    slice: (a, v) => a.fill(v).slice(),
    subarray: (a, v) => { a.subarray(0, 1)[0] = v; },
    sort: (a, v) => { a.fill(v).sort(); },
    sorted: (a, v) => a.fill(v).toSorted((x, y) => x - y),
    reversed: (a, v) => a.fill(v).toReversed(),
    with: (a, v) => a.with(0, v),
    subclass: (a, v) =>
      new (class extends a.constructor { constructor() { super(2); this[0] = v; } })(),
    field: (a, v) => new (class extends (class { constructor() { return a; } }) { 0 = v; })(),
    inherited: (a, v) => { Reflect.set(Object.create(a), 0, v, a); },
    species: (a, v) => {
      const own = a.subarray();
      const value = { [Symbol.species]: function () { return a; } };
      Object.defineProperty(own, 'constructor', { value });
      own.map(() => v);
    },
    forwarded: (a, v) => { new Proxy(a, {})[0] = v; },
  };
  const found = new Set();
  const look = array => {
    const at = array.byteOffset / 4;
    const [low, high] = new Uint32Array(array.buffer).slice(at, at + 2);
    const hex = n => n.toString(16).padStart(8, '0');
    if (array.BYTES_PER_ELEMENT === 4) found.add(hex(low));
    else found.add(hex(high) + ' ' + hex(low));
  };
  const run = (F, way, kind, times) => {
    for (let i = 0; i < times; i += 1) {
      try { look(way(new F(2), kind()) ?? last); } catch (error) { if (!native) throw error; }
    }
  };
  let last;
  const native = NATIVE;
  for (const [name, way] of Object.entries(ways)) {
    const kept = (a, v) => { last = a; return way(a, v); };
    for (const F of [F32, F64]) for (const kind of kinds) run(F, kept, kind, TIMES);
  }
  // V8 computes this first and folds it later: native arrays of x86 show both.
  const folded = a => { const q = 0; a[0] = q / q; };
  for (const F of [F32, F64]) {
    const hot = new F(2);
    for (let i = 0; i < 20_000; i += 1) { folded(hot); look(hot); }
  }
  return JSON.stringify({ ways: Object.keys(ways), found: [...found].sort() });
}`;

const TIMES = '30';
const source = (isNative: boolean): string =>
  `(${SOURCE.replace('NATIVE', String(isNative)).replaceAll('TIMES', TIMES)})`;

const vat = makeVatCompartment({}, () => undefined);
const inVat = vat.evaluate(`${source(false)}(Float32Array, Float64Array)`);
// The native classes, as a vat would have them that was given them.
const natives = { N32: Float32Array, N64: Float64Array };
const withNative = new Compartment({ __options__: true, globals: natives });
const natively = withNative.evaluate(`${source(true)}(N32, N64)`);

interface Found {
  readonly ways: string[];
  readonly found: string[];
}
const { ways, found: ours } = JSON.parse(String(inVat)) as Found;
const { found: native } = JSON.parse(String(natively)) as Found;
console.log(JSON.stringify({ ways, ours, native }));
export {};
