import {
  debounce,
  flatMapDeep,
  groupBy,
  isPlainObject,
  merge,
  orderBy,
  pick,
  zipObject,
} from 'lodash-es';

export const use = () => [
  groupBy(['one', 'two', 'three'], 'length'),
  merge({ a: { b: 1 } }, { a: { c: 2 } }),
  orderBy(
    [
      { n: 1, t: 'b' },
      { n: 2, t: 'a' },
      { n: 1, t: 'a' },
    ],
    ['n', 't'],
    ['desc', 'asc'],
  ),
  [
    pick({ a: 1, b: 2 }, ['b']),
    zipObject(['x', 'y'], [1, 2]),
    flatMapDeep([1, 2], n => [[n, [n]]]),
  ],
  [typeof debounce, isPlainObject(Object.create(null)), isPlainObject(new (class {})())],
];
