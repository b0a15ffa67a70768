import BigNumber from 'bignumber.js';

// At the top of the module: it asks for chance, to see how many bits that has.
const Fine = BigNumber.clone({ DECIMAL_PLACES: 30 });

export const use = () => [
  new BigNumber('123456789012345678901234567890').times(2).toFixed(),
  [
    new BigNumber(255).toString(16),
    new BigNumber('zz', 36).toNumber(),
    new BigNumber('0b101').toNumber(),
  ],
  [new Fine(1).div(7).toString(), new BigNumber(2).pow(200).mod(97).toString()],
  [
    new BigNumber('1234567.891').toFormat(2),
    new BigNumber(NaN).isNaN(),
    BigNumber.max(1, '3').toNumber(),
  ],
  new BigNumber('0.125').toFraction().map(String),
];
