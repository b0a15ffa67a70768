/** The benches that there are, in the order of `--help`. */
import type { Bench } from './bench.js';

export const benches: readonly Bench[] = [];
