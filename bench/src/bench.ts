/**
 * What a bench is: one file, one question. `benches.ts` lists them, `program.ts` runs one.
 */
import type { Command } from 'commander';
import type { Progress } from './progress.js';
import type { Report } from './report.js';
import type { Sizes } from './sizes.js';

/** What a bench may do besides measuring. Results are returned, never printed. */
export interface BenchIo {
  /**
   * Begins a phase and shows on stderr how far it is. `label` says what is counted up to `total`;
   * without a total, what goes on.
   */
  progress(label: string, total?: number): Progress;
}

export interface Bench {
  /** As typed: `npm run bench -- NAME`. */
  readonly name: string;
  /** The question that it answers, in one line. */
  readonly summary: string;
  /** The options that say how much is measured. */
  readonly sizes: Sizes;
  /** How long a run takes on two idle cores, as measured: what is said before it starts. */
  readonly seconds: { readonly quick: number; readonly full: number };
  /** Adds the options that are no sizes. */
  options?(command: Command): void;
  /** `options`: what commander made of all options; every size is in it. */
  run(options: object, io: BenchIo): Promise<Report>;
}

/** Shows a phase with nothing to count while `work` lasts. */
export async function during<T>(io: BenchIo, label: string, work: () => Promise<T>): Promise<T> {
  const progress = io.progress(label);
  try {
    return await work();
  } finally {
    progress.stop();
  }
}
