import Decimal from 'decimal.js';

export const use = () => {
  const Precise = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_EVEN });
  return [
    new Decimal('0.1').plus('0.2').toString(),
    [new Decimal(2).sqrt().toFixed(20), new Precise(1).div(3).toString()],
    [Decimal.exp(1).toString(), new Decimal(10).ln().toString(), Decimal.acos(-1).toString()],
    [
      new Decimal('0xff.8').toNumber(),
      new Decimal(255).toHexadecimal(),
      new Decimal('-1e-7').toString(),
    ],
    [new Decimal('123.456').toSD(4).toString(), new Decimal(7).mod(-3).toString()],
  ];
};
