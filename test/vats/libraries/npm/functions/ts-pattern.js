import { isMatching, match, P } from 'ts-pattern';

const describe = value =>
  match(value)
    .with({ type: 'sum', of: P.array(P.number) }, ({ of }) => of.reduce((a, b) => a + b, 0))
    .with(
      { type: P.union('a', 'b'), n: P.select('n', P.number.gt(3)) },
      ({ n }) => `more than 3: ${n}`,
    )
    .with([P.string, ...P.array(P.bigint)], ([head]) => head)
    .with(P.nullish, () => 'nothing')
    .otherwise(() => 'else');

export const use = () => [
  [{ type: 'sum', of: [1, 2] }, { type: 'b', n: 4 }, { type: 'b', n: 2 }, ['x', 1n], null].map(
    describe,
  ),
  isMatching({ name: P.string, tags: P.set(P.number) }, { name: 'x', tags: new Set([1]) }),
  match(4)
    .when(
      n => n % 2 === 0,
      () => 'even',
    )
    .exhaustive(),
];
