import { all, create } from 'mathjs';

export const use = () => {
  const math = create(all, { randomSeed: 'seed' });
  const text = value => math.format(value, { precision: 14 });
  return [
    math.evaluate('2 * 3 + sqrt(16)'),
    [text(math.bignumber('0.1').plus('0.2')), text(math.fraction(1, 3)), text(math.complex(1, -2))],
    [
      math.det([
        [1, 2],
        [3, 4],
      ]),
      text(
        math.inv([
          [1, 2],
          [3, 4],
        ]),
      ),
      text(
        math.eigs([
          [2, 0],
          [0, 3],
        ]).values,
      ),
    ],
    [text(math.evaluate('5 cm + 2 inch')), text(math.evaluate('f(x) = x^2; f(3)'))],
    [math.random(), math.randomInt(1, 100)],
    [math.derivative('x^2 + sin(x)', 'x').toString(), math.simplify('2x + 3x').toString()],
    [
      text(
        math.sparse([
          [1, 0],
          [0, 2],
        ]),
      ),
      math.std([1, 2, 3, 4]),
      text(math.range(0, 4)),
    ],
  ];
};
