/**
 * Observations of orders that vat code can follow: which elements a sort compares, in what order
 * keys are listed, what built-ins ask of a proxy.
 */
import { propertyOf } from '../../values.js';
import { sequence, shown, type Look } from './sight.js';

type Compare = (x: number, y: number) => number;
type Sort = (numbers: number[], by: Compare) => ArrayLike<unknown>;

const SHORT = 34;
const MORE_LENGTHS = [40, 50, 64, 65, 100, 129, 200, 300, 513, 1000];

const numbersOf = (length: number, kinds: number): number[] => {
  const next = sequence(length);
  return Array.from({ length }, () => next() % kinds);
};

/** Sorts arrays of many lengths; what is compared is seen, and what comes of it. */
const sorting = (name: string, sort: Sort): Look => ({
  name,
  look(sight, { whole }) {
    const lengths = Array.from({ length: SHORT }, (_none, length) => length);
    if (whole) lengths.push(...MORE_LENGTHS);
    for (const length of lengths) {
      for (const kinds of whole ? [3, 1000] : [length % 2 === 0 ? 3 : 1000]) {
        const pairs: number[] = [];
        const by: Compare = (x, y) => {
          pairs.push(x, y);
          return x - y;
        };
        const sorted = sort(numbersOf(length, kinds), by);
        sight.text(`${pairs.join()};${Array.from(sorted, shown).join()}`);
      }
    }
  },
});

/** A function that contradicts itself. */
const muddled: Compare = (x, y) => ((x * 7 + y * 3) % 5) - 2;

const SORTS: readonly Look[] = [
  sorting('sort.arrays', (numbers, by) => numbers.sort(by)),
  sorting('sort.copies', (numbers, by) => numbers.toSorted(by)),
  sorting('sort.muddled', (numbers, by) => {
    delete numbers[numbers.length >> 1];
    return numbers.sort((x, y) => by(x, y) + muddled(x, y));
  }),
  sorting('sort.typed', (numbers, by) => Int32Array.from(numbers).sort(by)),
];

const keysOf = (value: object): string =>
  Reflect.ownKeys(value).map(key => String(key)).join();

const listed = (value: object): string => {
  const keys: string[] = [];
  for (const key in value) keys.push(key);
  return keys.join();
};

const MIXED = {
  b: 1, 2: 1, [Symbol.iterator]: 1, 1: 1, a: 1, '-1': 1, '4294967295': 1, '4294967294': 1, '01': 1,
};

/** Keys that come and go while they are listed. */
const listedAmidChange = (): string => {
  const keys: string[] = [];
  const changing: Record<string, number> = { a: 1, b: 2, c: 3, d: 4 };
  for (const key in changing) {
    keys.push(key);
    delete changing['b'];
    changing[`new ${key}`] = 1;
    if (key === 'c') delete changing['d'];
  }
  const list = [1, 2, 3, 4];
  for (const key in list) {
    keys.push(key);
    list.pop();
  }
  return keys.join();
};

/** An object with so many properties that V8 keeps them in a table. */
const crowded = (): Record<string, number> => {
  const many: Record<string, number> = {};
  const next = sequence(30);
  for (let i = 0; i < 1200; i += 1) many[`k${next() % 900}`] = i;
  for (let i = 0; i < 300; i += 1) delete many[`k${next() % 900}`];
  for (let i = 0; i < 100; i += 1) many[`k${next() % 900}`] = i;
  return many;
};

const errorBy = (run: () => unknown): object => {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return {};
};

const namesOfProperty = (value: object, key: string): string => {
  const property = Reflect.getOwnPropertyDescriptor(value, key) ?? {};
  const fields = Object.entries(property).map(([name, field]) => `${name} ${typeof field}`);
  return `${key}: ${fields.join()}`;
};

const KEYS: readonly Look[] = [
  {
    name: 'keys.objects',
    look(sight) {
      const inherited: object = Object.create({ z: 1, a: 2, q: 3 }, {
        a: { value: 1, enumerable: false },
        m: { value: 1, enumerable: true },
      });
      for (const value of [MIXED, crowded(), inherited, [1, , 3], new String('ab')]) {
        sight.text(keysOf(value));
        sight.text(listed(value));
      }
      sight.text(listedAmidChange());
      sight.text(keysOf({ ...MIXED, ...[5, 6] }));
      const bare: object = Object.assign(Object.create(null), MIXED);
      sight.text(keysOf(bare));
    },
  },
  {
    name: 'keys.built-ins',
    look(sight) {
      const match = /(?<second>b)(?<first>a)?/d.exec('bab') ?? [];
      const bound = (function three(_a: number, _b: number, _c: number) {}).bind(null, 1);
      const made = [/x/g, match, bound, new Map(), new DataView(new ArrayBuffer(1)), new Number(1)];
      for (const value of made) sight.text(keysOf(value));
      const groups = 'groups' in match ? match.groups : undefined;
      sight.text(keysOf(groups ?? {}));
      sight.text(keysOf({ next: 1, ...[].values().next() }));
    },
  },
  {
    name: 'errors.shape',
    look(sight) {
      const thrown = errorBy(() => propertyOf(undefined, 'x'));
      const refused = errorBy(() => JSON.parse('{'));
      const made = [new Error('x', { cause: 1 }), new AggregateError([1], 'x', { cause: 2 })];
      for (const error of [...made, thrown, refused, new TypeError()]) {
        const keys = Reflect.ownKeys(error).map(String);
        sight.text(keys.map(key => namesOfProperty(error, key)).join(';'));
        sight.text(String(Reflect.get(error, 'stack')));
      }
    },
  },
];

export const orderLooks: readonly Look[] = [...SORTS, ...KEYS];
