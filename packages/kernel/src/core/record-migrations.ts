/**
 * Migration of stored states in the background, as the host sees it: `kernel.migrate`.
 *
 * That a vat's states are being migrated stands in its counters, so that it goes on after a
 * restart; what becomes of each step is told to whoever asked in this kernel's life, when it is
 * durable. Asking again begins at the first row: what is done already costs a look.
 */
import { vatIdOf, type MigrationReport, type VatId, type VatNumber } from '@heirloom/worker';
import { Deferred } from '../base/deferred.js';
import { failureOf, type FailedInstance } from '../objects/failed-instance.js';
import type { KernelState } from '../state/kernel-state.js';
import { runningVats } from '../state/running-vats.js';
import { Migration, VatState } from '../state/schema.js';
import { silentInput, type Input } from './inbox.js';

export interface VatMigration {
  readonly vatId: VatId;
  /** States that are in the present version by this migration. */
  readonly migrated: number;
  readonly failed: number;
  /** The first `FAILURES_TOLD_MAX` of them, in order of their rows. */
  readonly failures: readonly FailedInstance[];
  /** The vat has ended before it was done. */
  readonly hasEnded: boolean;
}

export interface MigrationSummary {
  /** In order of their numbers. */
  readonly vats: readonly VatMigration[];
}

/** Instances ever made of kinds that have versions: how many lie behind the last step. */
export type MigrationProgress = (vatId: VatId, done: number, total: number) => void;

export interface MigrateVatsOptions {
  /** Only this vat; every vat without. */
  readonly vatId?: string;
  readonly progress?: MigrationProgress;
}

const FAILURES_TOLD_MAX = 1_000;

interface Tally {
  migrated: number;
  failed: number;
  failures: FailedInstance[];
  isOver: boolean;
  hasEnded: boolean;
}

interface Step {
  readonly vat: VatNumber;
  readonly isFirst: boolean;
  readonly report: MigrationReport;
}

/** One call of `migrate`. */
class Run {
  readonly #tallies = new Map<VatNumber, Tally>();
  readonly #progress: MigrationProgress;
  readonly summary = new Deferred<MigrationSummary>();

  constructor(progress: MigrationProgress) {
    this.#progress = progress;
  }

  begin(vats: readonly VatNumber[]): void {
    for (const vat of vats) {
      const tally = { migrated: 0, failed: 0, failures: [], isOver: false, hasEnded: false };
      this.#tallies.set(vat, tally);
    }
  }

  take({ vat, isFirst, report }: Step): void {
    const tally = this.#tallies.get(vat);
    if (tally === undefined || tally.isOver) return;
    const [, migrated, done, total, failed] = report;
    // Somebody asked again: what failed comes again.
    if (isFirst) Object.assign(tally, { failed: 0, failures: [] });
    tally.migrated += migrated;
    tally.failed += failed.length;
    const room = FAILURES_TOLD_MAX - tally.failures.length;
    tally.failures.push(...failed.slice(0, Math.max(0, room)).map(failureOf));
    this.#progress(vatIdOf(vat), done, total);
  }

  /** True if nothing is left to wait for: whoever asked has been told. */
  settle(state: KernelState): boolean {
    for (const [vat, tally] of this.#tallies) {
      tally.hasEnded ||= state.vats.get(vat)?.state !== VatState.running;
      const due = tally.hasEnded ? Migration.none : state.vatCounters.need(vat).migration;
      tally.isOver ||= due === Migration.none;
      if (!tally.isOver) return false;
    }
    const vats = [...this.#tallies]
      .sort(([a], [b]) => a - b)
      .map(([vat, { migrated, failed, failures, hasEnded }]) => {
        return { vatId: vatIdOf(vat), migrated, failed, failures, hasEnded };
      });
    this.summary.resolve({ vats });
    return true;
  }
}

export class Migrations {
  readonly #state: KernelState;
  #runs: Run[] = [];
  /** Of the present block. */
  #steps: Step[] = [];

  constructor(state: KernelState) {
    this.#state = state;
  }

  /** Has a vat, or every one, migrated from its first row on. `input` is to be taken. */
  ask(
    vat: VatNumber | undefined,
    progress: MigrationProgress,
  ): { readonly input: Input<void>; readonly summary: Promise<MigrationSummary> } {
    const run = new Run(progress);
    const input = silentInput(() => {
      const vats = vat === undefined ? runningVats(this.#state) : [vat];
      const begun = vats.filter(running => this.#begin(running));
      run.begin(begun);
      this.#runs.push(run);
    });
    return { input, summary: run.summary.promise };
  }

  step(vat: VatNumber, isFirst: boolean, report: MigrationReport): void {
    if (this.#runs.length > 0) this.#steps.push({ vat, isFirst, report });
  }

  /** The block is durable. */
  tell(): void {
    for (const step of this.#steps.splice(0)) for (const run of this.#runs) run.take(step);
    this.#runs = this.#runs.filter(run => !run.settle(this.#state));
  }

  /** There will be no further block. */
  fail(reason: Error): void {
    for (const run of this.#runs.splice(0)) run.summary.reject(reason);
  }

  /** False for a vat that has not started, or is stranded. */
  #begin(vat: VatNumber): boolean {
    const { vatCounters, dueVats, stranded } = this.#state;
    const counters = vatCounters.get(vat);
    if (stranded.has(vat)) return false;
    if (counters === undefined || counters.position === 0) return false;
    vatCounters.set(vat, { ...counters, migration: Migration.fromStart });
    dueVats.add(vat);
    return true;
  }
}
