/** Observations of numbers: `Math`, arithmetic, printing, parsing, NaN, big integers. */
import { sequence, type Look, type Sight } from './sight.js';
import { call, elementsOf, evaluateScript } from './vat-scripts.js';

type Calculation = (x: number, y: number) => number;

const QUICK = 1_200;
const WHOLE = 40_000;
const TWO_POW_32 = 2 ** 32;

const SPECIAL = [
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, 10, 100, 0.1, 0.2, 0.3, 1e21, 1e-7, 1e300, -1e300],
  ...[2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 5e-324, 2.2250738585072014e-308],
  ...[Number.MAX_VALUE, Infinity, -Infinity, NaN],
];

/** Numbers of any bits, and ones of the sizes that programs have. */
const inputsOf = (count: number): number[] => {
  const next = sequence(20);
  const view = new DataView(new ArrayBuffer(8));
  const inputs = [...SPECIAL];
  const fraction = (): number => next() / TWO_POW_32;
  while (inputs.length < count) {
    view.setUint32(0, next());
    view.setUint32(4, next());
    inputs.push(view.getFloat64(0), (fraction() - 0.5) * 2, (fraction() - 0.5) * 40);
    inputs.push(fraction() * 1000, next() | 0);
  }
  return inputs;
};

const made = new Map<number, number[]>();
const chosen = (whole: boolean): number[] => {
  const count = whole ? WHOLE : QUICK;
  const inputs = made.get(count) ?? inputsOf(count);
  made.set(count, inputs);
  return inputs;
};

/** Each calculation of each input, with another one as its second argument. */
const calculations = (name: string, ...all: readonly Calculation[]): Look => ({
  name,
  look(sight, { whole }) {
    const numbers = chosen(whole);
    for (const calculate of all) {
      numbers.forEach((x, i) => {
        const y = numbers[(i * 7 + 3) % numbers.length] ?? 0;
        sight.number(calculate(x, y));
      });
    }
  },
});

const { abs } = Math;
/** Exponents whose powers are neither nil nor infinite. */
const EXPONENT_MAX = 17;

const MATH: readonly Look[] = [
  calculations('math.exponents', Math.exp, Math.expm1),
  calculations('math.logarithms', Math.log, Math.log1p, Math.log2, Math.log10),
  calculations(
    'math.angles',
    ...[Math.sin, Math.cos, Math.tan, Math.asin, Math.acos, Math.atan, Math.atan2],
  ),
  calculations(
    'math.hyperbolas',
    ...[Math.sinh, Math.cosh, Math.tanh, Math.asinh, Math.acosh, Math.atanh],
  ),
  calculations('math.pow', Math.pow, (x, y) => Math.pow(abs(x), y % EXPONENT_MAX)),
  calculations('math.operator', (x, y) => x ** y, (x, y) => abs(x) ** (y % EXPONENT_MAX)),
  calculations('math.roots', Math.sqrt, Math.cbrt, Math.hypot),
  calculations(
    'math.rounding',
    ...[Math.ceil, Math.floor, Math.round, Math.trunc, Math.fround],
    ...[Math.abs, Math.sign, Math.max, Math.min, Math.clz32, Math.imul],
  ),
  calculations(
    'numbers.arithmetic',
    ...[(x: number, y: number) => x % y, (x: number, y: number) => x / y],
    ...[(x: number, y: number) => x * y, (x: number, y: number) => x - y],
    ...[(x: number) => x | 0, (x: number) => x >>> 3, (x: number, y: number) => x << y],
  ),
];

const printed = (x: number, digits: number): string[] => [
  String(x),
  x.toExponential(),
  x.toExponential(digits),
  x.toPrecision(digits + 1),
  (abs(x) < 1e21 ? x : digits).toFixed(digits),
];

const TEXTS: readonly Look[] = [
  {
    name: 'numbers.printing',
    look(sight, { whole }) {
      chosen(whole).forEach((x, i) => {
        for (const text of printed(x, i % 100)) sight.text(text);
      });
    },
  },
  {
    name: 'numbers.radices',
    look(sight, { whole }) {
      chosen(whole).forEach((x, i) => sight.text(x.toString(2 + (i % 35))));
    },
  },
  {
    name: 'numbers.parsing',
    look(sight, { whole }) {
      const next = sequence(21);
      for (let i = 0; i < (whole ? WHOLE : QUICK); i += 1) {
        const text = `${next()}${next()}.${next()}e${(next() % 640) - 320}`;
        sight.number(Number(text));
        sight.number(parseFloat(`${text.slice(i % 9)}x`));
        sight.number(parseInt(text, 2 + (i % 35)));
      }
    },
  },
];

/** Ways to come by a NaN: engines give some of them a sign. */
const NANS: readonly Calculation[] = [
  () => NaN,
  (zero: number) => zero / zero,
  (zero: number) => -(zero / zero),
  (zero: number) => 1 / zero - 1 / zero,
  (zero: number) => Math.sqrt(zero - 1),
  (zero: number) => Math.log(zero - 1),
  (zero: number) => (zero - 8) ** (1 / 3),
  (zero: number) => (zero + 1) % zero,
  (zero: number) => Number(`x${zero}`),
];

/** Often enough that every compiler of V8 has had its turn. */
const REPEATS = 30_000;

/** Store a number in a float array, and say what its first and last bytes are then. */
const STORES = String.raw`[Float64Array, Float32Array].map(Floats => {
  const floats = new Floats(1);
  const bytes = new Uint8Array(floats.buffer);
  return x => {
    floats[0] = x;
    return bytes[bytes.length - 1] * 65536 + bytes[bytes.length - 2] * 256 + bytes[0];
  };
})`;

const bitsSeen = (nan: Calculation, times: number, seen: (x: number) => number): number[] => {
  const bits = new Set<number>();
  for (let i = 0; i < times; i += 1) bits.add(seen(nan(0, 0)));
  return [...bits];
};

const NAN: Look = {
  name: 'numbers.nan',
  look(sight, { whole }) {
    const stores = elementsOf(evaluateScript(STORES));
    const times = whole ? REPEATS : 3;
    const view = new DataView(new ArrayBuffer(8));
    const byView = (x: number): number => {
      view.setFloat64(0, x);
      return view.getUint32(0);
    };
    for (const nan of NANS) {
      for (const bits of bitsSeen(nan, times, byView)) sight.number(bits);
      for (const store of stores) {
        const byArray = (x: number): number => Number(call(store, x));
        for (const bits of bitsSeen(nan, whole ? 300 : 3, byArray)) sight.number(bits);
      }
    }
  },
};

const bigOutcomes = (sight: Sight, big: bigint, small: bigint): void => {
  sight.text(big.toString(2 + Number(small % 35n)));
  sight.text(String(big / small));
  sight.text(String(-big % small));
  sight.number(Number(big));
  sight.text(String(BigInt.asIntN(77, -big)));
  sight.text(String((big >> small) ^ -small));
};

const BIG: Look = {
  name: 'numbers.big',
  look(sight, { whole }) {
    const next = sequence(22);
    let big = 1n;
    for (let i = 0; i < (whole ? 600 : 60); i += 1) {
      big = big * 6_364_136_223_846_793_005n + BigInt(next());
      bigOutcomes(sight, big, BigInt(1 + (next() % 100_000)));
      sight.text(String(BigInt(`0x${big.toString(16)}`) === big));
    }
  },
};

export const numberLooks: readonly Look[] = [...MATH, ...TEXTS, NAN, BIG];
