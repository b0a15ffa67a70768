/** Percentiles of measured figures. */

import { required } from '@heirloom/store';

/** A copy, the smallest first. Errors: RangeError for no values, and for NaN among them. */
export const inOrder = (values: readonly number[]): readonly number[] => {
  if (values.length === 0) throw new RangeError('no values to describe');
  if (values.some(Number.isNaN)) throw new RangeError('NaN among the values');
  return [...values].sort((a, b) => a - b);
};

/**
 * The nearest-rank percentile, `rank` in (0, 100]: a value that was measured, never a mean.
 *
 * Errors: RangeError for another rank, for no values, and for NaN among them.
 */
export const percentile = (values: readonly number[], rank: number): number => {
  if (!(rank > 0 && rank <= 100)) throw new RangeError(`not a percentile: ${rank}`);
  const sorted = inOrder(values);
  return required(sorted[Math.ceil((rank / 100) * sorted.length) - 1], 'a value');
};

export const round = (value: number, digits: number): number => {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
};
