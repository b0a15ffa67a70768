/** The benches that there are, in the order of `--help`. */
import type { Bench } from './bench.js';
import { bundleBench } from './bundle.js';
import { churnBench } from './churn.js';
import { enginesBench } from './engines.js';
import { fairnessBench } from './fairness.js';
import { forkBench } from './fork.js';
import { forksBench } from './forks.js';
import { isolationBench } from './isolation.js';
import { millionBench } from './million.js';
import { parallelBench } from './parallel.js';
import { pursesBench } from './purses.js';
import { replicasBench } from './replicas.js';
import { syncBench } from './sync.js';
import { trialBench } from './trial.js';
import { upgradeBench } from './upgrade.js';

export const benches: readonly Bench[] = [
  pursesBench,
  upgradeBench,
  trialBench,
  churnBench,
  fairnessBench,
  forkBench,
  forksBench,
  isolationBench,
  millionBench,
  syncBench,
  replicasBench,
  parallelBench,
  bundleBench,
  enginesBench,
];
