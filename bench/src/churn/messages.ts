/** What crosses between the bench `churn` and the process that holds the kernel. */
import type { Isolation } from '@heirloom/kernel';
import type { ChurnPlan } from './plan.js';

/** What the churn begins with. */
export interface BuiltHouse {
  readonly bundles: { readonly bank: string; readonly driver: string; readonly broken: string };
  /** Of the last block before the rounds. */
  readonly height: number;
}

/** What the process is to do, as JSON in a file: its last argument. */
export interface ChurnJob {
  readonly directory: string;
  readonly plan: ChurnPlan;
  readonly isolation: Isolation;
  readonly built: BuiltHouse;
  /** Waves that every other upgrade may wait for its vat's promises; 0: none waits. */
  readonly drainWaves: number;
  /** The rounds up to this one, and no more; after the plan's last one everything is counted. */
  readonly lastRound: number;
}

/** What the drivers have counted since the beginning. */
export interface Tally {
  readonly sent: number;
  readonly answered: number;
  /** By an upgrade that drained its vat before, and by one that did not. */
  readonly rejected: number;
  readonly rejectedWhileDrained: number;
  /** Rejected by anything else. */
  readonly wrong: number;
}

/** Of the process, when nothing is under way. */
export interface Resources {
  readonly threads: number;
  readonly descriptors: number;
  readonly memoryMiB: number;
}

export interface RoundFigures {
  readonly number: number;
  /** From the round's first input to its block's being durable. */
  readonly milliseconds: number;
  /** How long vats were without code: of the upgrades that succeeded. */
  readonly upgradesMs: readonly number[];
  /** From the arrival of a failed start until the predecessor could go on. */
  readonly resumesMs: readonly number[];
  readonly tally: Tally;
  readonly memoryMiB: number;
}

export interface ChurnOutcome {
  readonly tally: Tally;
  /** Purses that do not answer, or not with what they must hold. */
  readonly wrongPurses: number;
  /** What all purses hold, by the banks' own count, less what they began with. */
  readonly paid: number;
  /** Of every vat, in the order of the plan. */
  readonly incarnations: readonly number[];
  readonly auditFindings: readonly string[];
}

export type ChurnMessage =
  | { readonly type: 'began'; readonly number: number }
  | { readonly type: 'round'; readonly figures: RoundFigures }
  | { readonly type: 'resources'; readonly number: number; readonly resources: Resources }
  /** The last round is over: everything that is under way ends, and is counted. */
  | { readonly type: 'counting' }
  /** Closed, and to be opened again. */
  | { readonly type: 'closed' }
  | { readonly type: 'done'; readonly outcome: ChurnOutcome };
