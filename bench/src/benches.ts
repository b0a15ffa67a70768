/** The benches that there are, in the order of `--help`. */
import type { Bench } from './bench.js';
import { millionBench } from './million.js';
import { pursesBench } from './purses.js';
import { syncBench } from './sync.js';

export const benches: readonly Bench[] = [pursesBench, millionBench, syncBench];
