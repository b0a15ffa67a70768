/** What crosses between the bench and the process of a replica. */
import type { KernelOptions } from '@heirloom/kernel';
import type { Code, Stage } from './execution.js';
import type { PlanOptions } from './plan.js';

/** What a replica's process is to do, as JSON in a file: its last argument. */
export interface Job {
  readonly directory: string;
  readonly code: Code;
  readonly plan: PlanOptions;
  readonly options: Partial<KernelOptions>;
  readonly stateRootInterval: number;
  /** Write the state of this block to a directory. */
  readonly exported?: { readonly number: number; readonly to: string };
  /** Begin with the state of an export, if its block has this hash. */
  readonly imported?: { readonly from: string; readonly hash: string };
}

/** How often things happened while the process ran. */
export type Events = Readonly<Record<string, number>>;

export type ReplicaMessage =
  /** It is durable and, where it is to be exported, exported. */
  | { readonly type: 'block'; readonly number: number; readonly hash: string }
  | { readonly type: 'stage'; readonly number: number; readonly stage: Stage }
  /** The plan is done; the tables agree with each other. */
  | { readonly type: 'done'; readonly auditOk: boolean; readonly events: Events };
