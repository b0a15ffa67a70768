import _ from 'lodash';

// At the top of the module: what makes functions asks for the time, to see how often it is called.
const increment = _.partial(_.add, 1);
const add = _.curry((a, b) => a + b);

export const use = () => [
  _.chunk([1, 2, 3, 4, 5], 2),
  [_.get({ a: [{ b: 3 }] }, 'a[0].b'), _.set({}, 'x.y[1]', 2), _.has({ a: { b: 1 } }, 'a.b')],
  _.isEqual(_.cloneDeep({ x: [1, new Map([[1, new Set([2])]])] }), {
    x: [1, new Map([[1, new Set([2])]])],
  }),
  _.merge({ a: { b: 1, c: [1] } }, { a: { c: [0, 2] } }),
  _.template('<% it.list.forEach(n => { %><%= n %>;<% }) %>', { variable: 'it' })({ list: [1, 2] }),
  _(['b', 'a', 'c']).sortBy().map(_.upperCase).join('-'),
  [increment(2), add(3, 4)],
  [_.groupBy([1, 2, 3], n => n % 2), _.sumBy([{ n: 1 }, { n: 2 }], 'n'), _.uniqueId('id-')],
  [
    _.flow(_.trim, _.camelCase)(' foo bar '),
    _.memoize(n => n * 2)(4),
    _.isTypedArray(new Float64Array(1)),
  ],
];
