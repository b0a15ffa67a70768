import Fraction from 'fraction.js';

export const use = () => [
  new Fraction(1, 3).add(new Fraction('1/6')).toFraction(),
  [
    new Fraction('0.(142857)').toFraction(),
    new Fraction(7, 3).toFraction(true),
    new Fraction(1, 7).toString(),
  ],
  [
    new Fraction(-5, 2).floor().valueOf(),
    new Fraction(4, 9).pow(0.5).toFraction(),
    new Fraction(0.5).compare(0.25),
  ],
  [new Fraction(3.14159).simplify(0.01).toFraction(), new Fraction(7, 3).toContinued()],
];
