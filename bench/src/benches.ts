/** The benches that there are, in the order of `--help`. */
import type { Bench } from './bench.js';
import { pursesBench } from './purses.js';

export const benches: readonly Bench[] = [pursesBench];
