/** One thing that a fuzzed vat, worker or host does. */
import type { Step } from '../support/hostile/hostile-child.js';

export const FUZZ_KINDS = ['errors', 'parsers', 'natives', 'frames'] as const;
export type FuzzKind = (typeof FUZZ_KINDS)[number];

export interface FuzzCase {
  readonly kind: FuzzKind;
  /** What is done, in a few words: for whoever reads of a failure. */
  readonly what: string;
  readonly steps: readonly Step[];
}
