/**
 * Observations of the protocols of built-ins: which traps of a proxy they run, in what order, and
 * with which keys. What a built-in asks of an object that vat code has made, vat code sees.
 */
import { outcomeOf, shown, type Look } from './sight.js';

const PLAIN_TRAPS = [
  ...['getPrototypeOf', 'setPrototypeOf', 'isExtensible', 'preventExtensions', 'ownKeys'],
  ...['apply', 'construct'],
] as const;
const KEYED_TRAPS = [
  ...['get', 'set', 'has', 'deleteProperty', 'defineProperty', 'getOwnPropertyDescriptor'],
] as const;

const keyText = (key: unknown): string => (typeof key === 'symbol' ? String(key) : shown(key));

/** What was asked, in order, of all that `watched` has made. */
class Traps {
  readonly seen: string[] = [];

  /** Stands before `target`, and tells of everything by `name`. */
  watched<T extends object>(target: T, name = ''): T {
    const handler: Record<string, unknown> = {};
    for (const trap of PLAIN_TRAPS) {
      handler[trap] = (...args: readonly unknown[]) => {
        this.seen.push(`${name}.${trap}`);
        const given: unknown = Reflect.apply(Reflect[trap], undefined, args);
        return given;
      };
    }
    for (const trap of KEYED_TRAPS) {
      handler[trap] = (...args: readonly unknown[]) => {
        this.seen.push(`${name}.${trap} ${keyText(args[1])}`);
        const given: unknown = Reflect.apply(Reflect[trap], undefined, args);
        return given;
      };
    }
    return new Proxy(target, handler);
  }
}

type Watch = <T extends object>(target: T, name?: string) => T;
type Use = (watched: Watch) => unknown;

const array = Array.prototype;
const regExp = RegExp.prototype;

type Protocol = 'match' | 'matchAll' | 'replace' | 'search' | 'split';

/** A method of regular expressions, of an object that is none. */
const asked = (method: Protocol, searcher: object, ...args: readonly string[]): unknown =>
  Reflect.apply(regExp[Symbol[method]], searcher, args);

/** `exec` that matches so many times. */
const matching = (watched: Watch, times: number): (() => object | null) => {
  let left = times;
  return () => {
    left -= 1;
    if (left < 0) return null;
    return watched({ index: 1, length: 2, 0: 'b', 1: 'c', groups: undefined }, 'match');
  };
};

const replacing = (watched: Watch, flags: string): unknown => {
  const searcher = { exec: matching(watched, 2), flags, lastIndex: 0, global: flags !== '' };
  return asked('replace', watched(searcher), 'abcabc', '[$1]');
};

const ARRAYS: readonly Use[] = [
  w => array.concat.call([], w([1]), w([2], 'second')),
  w => array.copyWithin.call(w([1, 2, 3]), 0, 1),
  w => array.flat.call(w([w([1], 'inner')])),
  w => array.includes.call(w([1, , 2]), 2),
  w => array.indexOf.call(w([1, , 2]), 2),
  w => array.join.call(w([1, 2])),
  w => array.lastIndexOf.call(w([1, 2]), 1),
  w => array.map.call(w([1, , 2]), x => x),
  w => array.pop.call(w([1, 2])),
  w => array.push.call(w([1]), 2),
  w => array.reverse.call(w([1, , 3])),
  w => array.shift.call(w([1, 2])),
  w => array.slice.call(w([1, 2]), 1),
  w => array.sort.call(w([3, 1, 2])),
  w => array.sort.call(w([3, , 2, 1]), (x, y) => x - y),
  w => array.splice.call(w([1, 2, 3]), 0, 1, 7, 8),
  w => array.toSorted.call(w([2, 1])),
  w => array.toSpliced.call(w([2, 1]), 0, 1),
  w => array.toString.call(w([1])),
  w => array.unshift.call(w([1]), 0),
  w => array.with.call(w([1, 2]), 0, 5),
  w => array.findLast.call(w([1, 2]), () => false),
  w => array.at.call(w([1]), -1),
  w => Array.from(w([1, 2])),
  w => Array.from(w({ length: 2, 0: 'a' })),
  w => Array.isArray(w([])),
  w => [...w([1, 2])],
  w => new Map(w([w<[number, number]>([1, 2], 'entry')])),
  w => new Set(w([1])),
  w => Uint8Array.from(w([1])),
  w => new Uint8Array(w({ length: 1, 0: 1 })),
];

const OBJECTS: readonly Use[] = [
  w => Object.assign(w({ a: 1 }), w({ b: 2, a: 3 }, 'from')),
  w => typeof Object.create(null, w({ a: { value: 1 } })),
  w => Object.defineProperty({}, 'a', w({ get: () => 1, enumerable: true })),
  w => Object.entries(w({ b: 1, a: 2 })),
  w => Object.freeze(w({ a: 1 })),
  w => Object.fromEntries(w([['a', 1]])),
  w => Object.getOwnPropertyDescriptors(w({ a: 1 })),
  w => Object.hasOwn(w({ a: 1 }), 'a'),
  w => Object.isFrozen(w(Object.freeze({ a: 1 }))),
  w => Object.keys(w({ b: 1, a: 1 })),
  w => Object.seal(w({ a: 1 })),
  w => Object.prototype.toString.call(w([])),
  w => ({ ...w({ a: 1, [Symbol.iterator]: 2 }) }),
  w => {
    const keys: string[] = [];
    for (const key in w({ a: 1 })) keys.push(key);
    for (const key in Object.create(w({ a: 1 }, 'proto'))) keys.push(key);
    return keys.join();
  },
  w => {
    const { a, ...others } = w({ a: 1, b: 2 });
    return `${a} ${Object.keys(others).join()}`;
  },
  w => JSON.stringify(w({ a: w([1], 'list'), toJSON: undefined })),
  w => JSON.stringify({ a: 1, b: 2 }, w(['b', 'a'])),
  w => JSON.parse('{"a":[1]}', (_key, value: unknown) =>
    typeof value === 'object' && value !== null ? w(value) : value),
  w => w(class Base {}) instanceof w(class Other {}, 'right'),
  w => new (w(class Base {}))(),
  w => typeof Reflect.construct(Object, [], w(class Base {})),
  w => new (class extends w(class Base {}) {})(),
  w => Promise.resolve(w({})),
  w => Promise.all(w([1])),
  w => new Error('x', w({ cause: 1 })),
  w => Error.prototype.toString.call(w({ name: 'n', message: 'm' })),
  w => `${w({})}`,
  w => Number(w({ valueOf: () => 3 })),
];

const TEXTS: readonly Use[] = [
  w => replacing(w, 'g'),
  w => replacing(w, 'gu'),
  w => replacing(w, ''),
  w => asked('match', w({ exec: matching(w, 1), flags: 'g', lastIndex: 0 }), 'abc'),
  w => Array.from('abc'.matchAll(w(/b/g))),
  w => asked('search', w({ exec: () => null, lastIndex: 3 }), 'abc'),
  w => asked('split', w(/b/), 'abc'),
  w => new RegExp(w(/x/g)),
  w => Reflect.apply(regExp.test, w({ exec: () => null }), ['x']),
  w => Reflect.apply(regExp.toString, w({ source: 'a', flags: 'g' }), []),
  w => Reflect.get(regExp, 'flags', w({})),
  w => 'abc'.replace(w({ [Symbol.replace]: () => 'x' }), 'y'),
  w => 'abc'.replaceAll(w(/b/g), 'x'),
  w => 'abc'.split(w({ [Symbol.split]: () => ['x'] })),
  w => Reflect.apply(String.prototype.startsWith, 'abc', [w({ toString: () => 'a' })]),
  w => String.raw(w({ raw: w(['a', 'b'], 'raw') }), 1),
];

const watching = (name: string, uses: readonly Use[]): Look => ({
  name,
  look(sight) {
    for (const use of uses) {
      const traps = new Traps();
      const outcome = outcomeOf(() => String(use((target, to) => traps.watched(target, to))));
      sight.text(`${traps.seen.join()}: ${outcome}`);
    }
  },
});

export const proxyLooks: readonly Look[] = [
  watching('proxies.arrays', ARRAYS),
  watching('proxies.objects', OBJECTS),
  watching('proxies.texts', TEXTS),
];
