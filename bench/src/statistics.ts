/** Figures over the rounds of a bench. Medians, since a 2-core machine has bad moments. */
import { inOrder, percentile } from '@heirloom/kernel/statistics';
import { memberAt } from './member.js';

/** The middle value, or the mean of the two in the middle. Throws RangeError if there are none. */
export function median(values: readonly number[]): number {
  const sorted = inOrder(values);
  const upper = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return memberAt(sorted, upper);
  return (memberAt(sorted, upper - 1) + memberAt(sorted, upper)) / 2;
}

/** Largest less smallest, over the median: 0.1 is 10 %. */
export function spread(values: readonly number[]): number {
  const sorted = inOrder(values);
  return (memberAt(sorted, -1) - memberAt(sorted, 0)) / median(values);
}

/** Three significant digits, for tables and JSON alike: no bench here knows more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Beside a figure that was measured once: nothing is known of its spread. */
export const ONE_RUN = 'one run';

/** Beside a median: how far apart the rounds were, and how many. */
export function spreadText(values: readonly number[]): string {
  return `spread ${rounded(spread(values))}, ${values.length} rounds`;
}

export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

export function timesOf(values: readonly number[]): Times {
  return {
    p50: rounded(percentile(values, 50)),
    p99: rounded(percentile(values, 99)),
    count: values.length,
  };
}

/** Beside a median of times that were measured one by one. */
export function timesText({ p99, count }: Times): string {
  return `p99 ${p99}, of ${count}`;
}
