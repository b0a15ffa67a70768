/**
 * What a bench is: one file, one question. `benches.ts` lists them, `main.ts` runs one.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { Progress } from './progress.js';
import type { Report } from './report.js';

/** What a bench may do besides measuring. Results are returned, never printed. */
export interface BenchIo {
  /** Shows on stderr how far the bench is, if someone is there to see it. */
  progress(label: string, total: number): Progress;
}

export interface Bench {
  /** As typed: `npm run bench -- NAME`. */
  readonly name: string;
  /** The question that it answers, in one line. */
  readonly summary: string;
  /** Adds the bench's options; each has a default. */
  options(command: Command): void;
  /** `options` is what commander made of the options above. */
  run(options: object, io: BenchIo): Promise<Report>;
}

/** Reads an option that counts something: an integer from 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('It takes a whole number from 1.');
  }
  return count;
}
