/** What tests use of the bench `replicas`. */
export { firstDifference, type Difference } from './comparison.js';
export { heightOf, prepareCode, Replica, type Code } from './execution.js';
export { liveThrough, type Life } from './lives.js';
export { makePlan, type PlanBlock, type PlanOptions } from './plan.js';
export { ROSTER, type ReplicaSpec } from './roster.js';
