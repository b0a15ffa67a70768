/**
 * Our float arrays beside the native ones: the same answers, but for the bits of NaNs, which are
 * canonical whatever made them, and however hot the code is that stores them.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { floatArrays, isFloatArray } from './float-arrays.js';
import { buildFixtures } from './testing/run-fixture.js';

type Floats = Float32Array | Float64Array;
type FloatsConstructor = Float64ArrayConstructor;

const OURS = floatArrays as unknown as Record<string, FloatsConstructor>;
const NATIVE = { Float32Array, Float64Array } as unknown as Record<string, FloatsConstructor>;
const CLASSES = ['Float32Array', 'Float64Array'] as const;

/** What an operation gives, with arrays as their class and values, errors as their class. */
const shown = (run: () => unknown): unknown => {
  try {
    return show(run());
  } catch (error) {
    return (error as Error).constructor.name;
  }
};
const show = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(show);
  if (typeof value !== 'object' || value === null) return value;
  const tag = Object.prototype.toString.call(value);
  if (!/Float|Uint8/.test(tag)) return tag;
  return [tag, ...Array.from(value as Floats)];
};

/**
 * One a line, of `F` (the class), `G` (the other class) and `a` (an array of F): statements may
 * come before the expression.
 */
const EXPRESSIONS = `
  new F()
  new F(3)
  new F(-1)
  new F(1.5)
  new F("2")
  new F(1n)
  new F(Symbol())
  new F([1, "2", null, undefined, NaN])
  new F({ length: 2, 0: 7 })
  new F(new Set([1, 2]))
  new F(new G([1.1, NaN]))
  new F(a)
  new F(new Uint8Array([1, 2]))
  new F(new BigInt64Array(1))
  new F(new ArrayBuffer(16))
  new F(new ArrayBuffer(16), 8)
  new F(new ArrayBuffer(16), 8, 1)
  new F(new ArrayBuffer(16), 4.5)
  new F(new ArrayBuffer(16), 2)
  new F(new ArrayBuffer(15))
  new F(new ArrayBuffer(8), 8, 1)
  F(1)
  F.name
  F.length
  F.BYTES_PER_ELEMENT
  F.prototype.BYTES_PER_ELEMENT
  Object.getPrototypeOf(F) === Object.getPrototypeOf(Uint8Array)
  Object.getPrototypeOf(F.prototype) === Object.getPrototypeOf(Uint8Array.prototype)
  Object.getPrototypeOf(a) === F.prototype
  a.constructor === F
  F[Symbol.species] === F
  a instanceof F
  Object.prototype.toString.call(a)
  F.prototype[Symbol.toStringTag]
  F.prototype.length
  String(a)
  a.toLocaleString()
  JSON.stringify(a)
  [...a]
  Object.keys(a)
  Object.entries(a)
  "1" in a
  "9" in a
  "-0" in a
  a["-0"]
  a[1.5]
  a.length
  a.byteLength
  a.byteOffset
  a.buffer.byteLength
  Array.isArray(a)
  a[9] = 1
  delete a[0]
  delete a[9]
  a.own = 1, a.own
  a["1.5"] = 3, a["1.5"]
  a.length = 9
  Object.freeze(a)
  Object.isFrozen(Object.preventExtensions(a))
  a[0] = 1n
  a[0] = Symbol()
  a[0] = { valueOf: () => 5 }, a
  a[1] = "0x10", a
  a[0]++, a[0] += 2, a
  a[1] = undefined, a
  [a[0], a[1]] = [a[1], a[0]], a
  Object.getOwnPropertyDescriptor(a, 0).writable
  Reflect.set(a, 0, 5)
  Reflect.set(a, 9, 5)
  Reflect.defineProperty(a, 0, { value: 4 }), a
  Reflect.defineProperty(a, 9, { value: 4 })
  Reflect.defineProperty(a, 0, { get() {} })
  Reflect.defineProperty(a, 0, { writable: false })
  Reflect.defineProperty(a, 0, { value: 1, configurable: false }), a
  Reflect.defineProperty(a, "own", { value: 1 }), a.own
  class S extends F { get twice() { return this.length * 2 } }; new S(2).twice
  class S extends F {}; new S([1]).map(x => x * 2) instanceof S
  class S extends F { #x = 7; x() { return this.#x } }; new S(2).x()
  Reflect.construct(F, [1], Object) instanceof F
  new (class extends F {})(a)
  F.from([1, 2], x => x * 2)
  F.from("12")
  F.from({ length: 2, 0: 3 })
  F.from(new Set([1]))
  F.from([1], function () { return this.y }, { y: 9 })
  F.from(null)
  F.from([], 1)
  F.from.call(Array, [1, 2])
  F.from.call(Uint8Array, [1, 300])
  F.of(1, "2")
  F.of.call({}, 1)
  Uint8Array.from(a)
  new Uint8Array(a)
  new Uint8Array(new F([1, 2]).buffer).length
  const u = new Uint8Array(4); u.set(a, 1); u
  Array.from(a)
  Array.prototype.slice.call(a, 1)
  [].concat(a).length
  Math.max(...a)
  Math.max.apply(null, a)
  a.at(-1)
  [...a.entries()]
  a.every(x => x > 0)
  a.fill(7)
  a.fill("3", 1)
  a.fill(2, -2, -1)
  a.fill(1n)
  a.fill(undefined)
  a.filter(x => x > 1)
  a.filter(1)
  a.find(x => x > 1)
  a.findIndex(x => x > 1)
  a.findLast(x => x > 1)
  a.findLastIndex(x => x > 9)
  a.includes(NaN)
  a.indexOf(NaN)
  a.indexOf(1.5)
  a.lastIndexOf(1.5)
  a.join("-")
  [...a.keys()]
  a.map(x => x / 2)
  a.map()
  a.map((x, i, all) => all === a ? i : -1)
  a.reduce((x, y) => x + y)
  a.reduceRight((x, y) => \`\${x} \${y}\`, "")
  a.reverse()
  a.some(x => x === 0)
  a.set([1, 2], 1)
  a.set([1, 2], 1), a
  a.set(a, 0), a
  a.set(new G([9, 8])), a
  a.set(new Uint8Array([9, 8]), 1), a
  a.set([null, undefined, '', true, []]), a
  a.set([1], 9)
  a.set([1], -1)
  a.set("78"), a
  a.set([1n])
  a.set(5), a
  a.set(null)
  a.set(new BigInt64Array(1))
  a.set({ length: 1, 0: { valueOf: () => 6 } }, "1"), a
  a.subarray(1).set(a.subarray(0, 2)), a
  a.copyWithin(0, 1)
  a.copyWithin(1, 0, 2)
  a.copyWithin(-1, 0)
  a.slice(1)
  a.slice(-2, -1)
  a.slice(2, 1)
  a.slice().buffer === a.buffer
  a.subarray(1)
  a.subarray(-2, -1)
  a.subarray(1).byteOffset
  a.subarray(1).buffer === a.buffer
  a.subarray(3, 1)
  a.subarray(9)
  a.sort()
  a.fill(2, 1, 2).sort((x, y) => y - x)
  a.sort(1)
  a.sort(undefined)
  new F([0, -0, NaN, -1]).sort()
  a.toSorted()
  a.fill(2, 1, 2).toSorted((x, y) => y - x)
  a.toSorted("x")
  a.toReversed()
  a.with(0, 5)
  a.with(-1, "5")
  a.with(9, 5)
  a.with(0, 5) === a
  a.with(0, 1n)
  [...a.values()]
  a[Symbol.iterator] === a.values
  F.prototype.fill.call([], 1)
  F.prototype.map.call({}, x => x)
  Object.assign(a, [8, 9]), a
  const o = Object.create(a); o[0] = 5; [Object.keys(o), ...a]
  a.constructor = Uint8Array; a.map(x => x)
  a.constructor = { [Symbol.species]: G }; a.slice(1)
  a.constructor = { [Symbol.species]: G }; a.filter(() => true)
  a.constructor = 5; a.map(x => x)
  a.constructor = { [Symbol.species]: undefined }; a.slice()
  a.constructor = { [Symbol.species]: Array }; a.map(x => x)
  a.constructor = { [Symbol.species]: class extends F { constructor() { super(1) } } }; a.slice()
  a.constructor = { [Symbol.species]: function () { return new F(9) } }; a.map(x => x)
  const b = new ArrayBuffer(16, { maxByteLength: 32 }); const x = new F(b); b.resize(8); x.length
  for (const x of a) if (x > 1) a[0] = 4; a
  new F(new F(a.buffer).buffer) !== a
  a.valueOf() === a
  Object.getOwnPropertyNames(a)
`
  .trim()
  .split('\n')
  .map(line => line.trim());

const evaluate = (source: string, of: Record<string, FloatsConstructor>, name: string): unknown => {
  const parts = source.split('; ');
  const last = parts.pop() ?? '';
  const code = `'use strict'; ${parts.join('; ')}; return (${last});`;
  const F = of[name]!;
  const G = of[name === 'Float32Array' ? 'Float64Array' : 'Float32Array'];
  const run = new Function('F', 'G', 'a', code) as (...args: readonly unknown[]) => unknown;
  return shown(() => run(F, G, new F([1.5, NaN, 0, -2, 3])));
};

describe('float arrays: beside native ones', () => {
  for (const name of CLASSES) {
    test(`${name}: ${EXPRESSIONS.length} expressions -> as the native class`, () => {
      for (const source of EXPRESSIONS) {
        expect([source, evaluate(source, OURS, name)]).toEqual([
          source,
          evaluate(source, NATIVE, name),
        ]);
      }
    });

    test(`${name}: methods -> those of the native class, with their attributes`, () => {
      const methodsOf = (constructor: FloatsConstructor): unknown[] => {
        const own = constructor.prototype as object;
        const inherited = Object.getPrototypeOf(own) as object;
        const keys = new Set([...Reflect.ownKeys(own), ...Reflect.ownKeys(inherited)]);
        return [...keys].map(String).filter(key => key !== 'toString').sort();
      };
      const ours = OURS[name]!;
      const own = Reflect.ownKeys(ours.prototype as object).map(String);
      expect([...own, 'x'].filter(key => key !== 'x').sort()).toEqual(methodsOf(NATIVE[name]!));
    });

    test(`${name}: random programs -> the same contents`, () => {
      const value = fc.oneof(fc.double(), fc.constant(NaN), fc.integer({ min: -3, max: 3 }));
      const values = fc.array(value, { maxLength: 6 });
      const index = fc.integer({ min: -6, max: 6 });
      type Step = (a: Floats) => unknown;
      const steps: fc.Arbitrary<Step> = fc.oneof(
        fc.tuple(index, value).map(([i, v]): Step => a => { a[i] = v; }),
        fc.tuple(value, index, index).map(([v, i, j]): Step => a => a.fill(v, i, j)),
        fc.tuple(index, index, index).map(([i, j, k]): Step => a => a.copyWithin(i, j, k)),
        fc.tuple(fc.array(value, { maxLength: 3 }), index).map(([l, i]): Step => a => a.set(l, i)),
        fc.tuple(index, index).map(([i, j]): Step => a => a.set(a.subarray(i, j), 0)),
        fc.tuple(index, index).map(([i, j]): Step => a => a.slice(i, j)),
        fc.constant<Step>(a => a.sort()),
        fc.constant<Step>(a => a.reverse()),
        fc.constant<Step>(a => a.map(x => x / 3)),
      );
      fc.assert(
        fc.property(values, fc.array(steps, { maxLength: 12 }), (first, run) => {
          const [ours, native] = [new OURS[name]!(first), new NATIVE[name]!(first)];
          for (const step of run) {
            expect(shown(() => step(ours))).toEqual(shown(() => step(native)));
          }
          expect(show(ours)).toEqual(show(native));
        }),
        { numRuns: amount({ quick: 200, thorough: 5_000 }) },
      );
    });
  }

  test('natives -> behind no door', () => {
    for (const name of CLASSES) {
      const F = OURS[name]!;
      const bare = Reflect.construct(F, [2], Object.assign(function () {}.bind(null))) as Floats;
      const found: unknown[] = [bare, bare.constructor, Object.getPrototypeOf(bare)];
      const a = new F([1, 2]);
      a.forEach((_, __, all) => found.push(all));
      a.map((x, _, all) => (found.push(all), x));
      a.sort(function (this: unknown) { found.push(this); return 0; });
      found.push(a.map(x => x), a.slice(), a.subarray(), a.filter(() => true), a.toSorted());
      found.push(a.toReversed(), a.with(0, 1), a.fill(0), a.reverse(), a.copyWithin(0, 1), F.of(1));
      found.push(new F(a), F.from(a), Object.getPrototypeOf(a), a.valueOf(), a.constructor);
      const native = NATIVE[name]!;
      expect(found.filter(it => it === native || it === native.prototype)).toEqual([]);
      const arrays = found.filter(it => Object.prototype.toString.call(it) === `[object ${name}]`);
      expect(arrays.length).toBeGreaterThan(15);
      expect(arrays.filter(it => !isFloatArray(it as object))).toEqual([]);
    }
  });
});

/** How V8 is told to run: as it likes, by its interpreter, its first compilers, its last. */
const TIERS = ['', '--jitless', '--no-opt', '--always-sparkplug', '--always-turbofan'];

describe('float arrays: bits of NaNs', () => {
  let file: string;
  beforeAll(async () => {
    file = `${await buildFixtures('floats', ['testing/float-fixture'])}/float-fixture.js`;
  });

  for (const flag of TIERS) {
    const tags = flag.startsWith('-') ? ['thorough'] : [];
    test(`NaNs of all kinds, stored in all ways: node ${flag} -> canonical`, { tags }, async () => {
      const args = flag === '' ? [file] : [flag, file];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { ours, native, ways } = JSON.parse(stdout) as Record<string, string[]>;
      expect(ways!.length).toBeGreaterThan(25);
      expect(ours).toEqual(['7fc00000', '7ff80000 00000000']);
      // What would be told by native arrays: without them this test could not fail.
      expect(native!.length).toBeGreaterThan(2);
    });
  }
});
