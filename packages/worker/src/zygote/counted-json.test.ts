/** `JSON` of vats gives what the engine's gives, for whatever data, replacer, space and reviver. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { countedJson } from './counted-json.js';
import { beginCounting, onExceeded } from './depth-counter.js';

const ours = countedJson as typeof JSON;
const RUNS = { numRuns: amount({ quick: 300, thorough: 5_000 }) };

const outcomeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    // The engine draws circles in its message.
    return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : error;
  }
};

class Point {
  x = 1;
  toJSON(key: string): unknown {
    return { key, x: this.x };
  }
}

const circular = (): unknown => {
  const ring: Record<string, unknown> = { a: 1 };
  ring['ring'] = { ring };
  return ring;
};

/** Leaves of all sorts, that engine and language treat apart. */
const LEAVES = [
  ...[undefined, null, true, 0, -0, NaN, Infinity, 1e21, 'a', '"\\\u2028\ud800', 5n],
  ...[Symbol('s'), () => 1, Object(3), Object('x'), Object(false), Object(4n), new Date(NaN)],
  ...[/a/, new Map([[1, 2]]), new Uint8Array([1, 2]), new Error('e'), new Point(), circular()],
  Object.create(null),
  Object.assign(Object.create({ inherited: 1 }), { own: 2 }),
  Object.defineProperty({ b: 1 }, 'a', { get: () => 7, enumerable: true }),
  Object.defineProperty({ b: 1 }, 'hidden', { value: 7, enumerable: false }),
  Object.defineProperty({ b: 1 }, 'toJSON', { value: () => 'mine', enumerable: false }),
  new Proxy({ p: [1] }, {}),
  new Proxy([1, [2]], {}),
  Object.assign([1, , 3], { named: 1 }),
  { ['__proto__']: 1, 2: 2, 1: 1, [Symbol('k')]: 1 },
];

const data = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...LEAVES),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', '1', '', 'toJSON', '__proto__'), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: false,
    }),
  ),
})).tree;

const replacer = fc.constantFrom<unknown>(
  undefined,
  null,
  ['a', 1, Object('b'), 'a', {}],
  (key: string, value: unknown) => (key === 'b' ? undefined : value),
  function (this: unknown, key: string, value: unknown) {
    return typeof value === 'number' ? [key, Array.isArray(this)] : value;
  },
);
const space = fc.constantFrom<unknown>(
  undefined, 0, 2, 20, -1, 1.9, NaN, '', '\t', 'abcdefghijkl', Object(3), Object('--'), {}, true,
);

describe('JSON of vats:', () => {
  test('stringify -> what the engine gives', () => {
    fc.assert(
      fc.property(data, replacer, space, (value, by, gap) => {
        const all = [value, by, gap] as Parameters<typeof JSON.stringify>;
        expect(outcomeOf(() => ours.stringify(...all))).toEqual(
          outcomeOf(() => JSON.stringify(...all)),
        );
      }),
      RUNS,
    );
  });

  test('parse with a reviver -> what the engine gives', () => {
    const revivers = [
      undefined,
      (_key: string, value: unknown) => value,
      (key: string, value: unknown) => (key === 'a' ? undefined : value),
      function (this: unknown, key: string, value: unknown) {
        return typeof value === 'number' ? `${key}${JSON.stringify(this)}` : value;
      },
    ];
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...revivers), (text, reviver) => {
        expect(outcomeOf(() => ours.parse(text, reviver))).toEqual(
          outcomeOf(() => JSON.parse(text, reviver)),
        );
      }),
      RUNS,
    );
    for (const text of ['{', '', 'nul', '[1,]', '\u00a01']) {
      expect(outcomeOf(() => ours.parse(text))).toEqual(outcomeOf(() => JSON.parse(text)));
    }
  });

  test('what code sees while it is asked -> the same, in the same order', () => {
    const seen = (json: typeof JSON): unknown[] => {
      const events: unknown[] = [];
      const inner = { toJSON: (key: string) => (events.push(`toJSON ${key}`), { z: 1 }) };
      const getter = { get g() { return events.push('get'), inner; } };
      const proxy = new Proxy({ a: getter, b: [inner] }, {
        get: (target, key, receiver) => (
          events.push(`get ${String(key)}`), Reflect.get(target, key, receiver) as unknown
        ),
        ownKeys: target => (events.push('keys'), Reflect.ownKeys(target)),
      });
      json.stringify([proxy], (key, value: unknown) => (events.push(`replace ${key}`), value), 1);
      const text = '{"a":[1,{"b":2}]}';
      json.parse(text, (key, value: unknown) => (events.push(`revive ${key}`), value));
      return events;
    };
    expect(seen(ours)).toEqual(seen(JSON));
  });

  const nested = (times: number, around: (inside: unknown) => unknown): unknown => {
    let value: unknown = 1;
    for (let at = 0; at < times; at += 1) value = around(value);
    return value;
  };
  test.each([
    ['arrays', (inside: unknown) => [inside]],
    ['objects', (inside: unknown) => ({ a: inside })],
    ['objects with more', (inside: unknown) => ({ a: [1, 2], b: inside, c: { d: 1 } })],
  ])('%s nested without end -> as calls nested too deep, never the engine', (_, around) => {
    let told = 0;
    onExceeded(() => void (told += 1));
    beginCounting();
    for (const times of [11_000, 300_000]) {
      const deep = nested(times, around);
      expect(() => ours.stringify(deep)).toThrow('calls nest more than 10000 deep');
    }
    expect(told).toBe(2);
    beginCounting();
    expect(ours.stringify(nested(3_000, around)).length).toBeGreaterThan(6_000);
  });
});
