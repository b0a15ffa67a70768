import * as R from 'ramda';

const lens = R.lensPath(['a', 0, 'b']);

export const use = () => [
  R.pipe(R.map(R.multiply(2)), R.sum)([1, 2, 3]),
  [R.path(['a', 'b'], { a: { b: 7 } }), R.over(lens, R.inc, { a: [{ b: 1 }] })],
  R.groupBy(R.prop('kind'), [
    { kind: 'x', n: 1 },
    { kind: 'y', n: 2 },
  ]),
  [R.curry((a, b, c) => a + b + c)(1)(2, 3), R.equals(new Map([[1, [2]]]), new Map([[1, [2]]]))],
  R.transduce(
    R.compose(
      R.filter(n => n > 1),
      R.map(R.negate),
    ),
    R.flip(R.append),
    [],
    [1, 2, 3],
  ),
  [R.mergeDeepRight({ a: { x: 1 } }, { a: { y: 2 } }), R.type(/x/), R.toString({ a: [1, 'b'] })],
];
