import Big from 'big.js';

export const use = () => [
  new Big('0.1').plus('0.2').toString(),
  [
    new Big(10).div(3).toFixed(5),
    new Big(2).sqrt().toString(),
    new Big('1e400').times(3).toString(),
  ],
  [
    new Big(-7).mod(3).toString(),
    new Big(5).pow(-3).toString(),
    new Big('1.45').round(1).toString(),
  ],
  [new Big(1).cmp('1.0'), new Big('1234.5678').toExponential(2), JSON.stringify({ n: new Big(3) })],
];
