/** What tests use of the bench `churn`. */
export { type ChurnPlan } from './plan.js';
export { runTrial, type TrialResult } from './trial.js';
export { verdictOf, type Verdict } from './verdict.js';
