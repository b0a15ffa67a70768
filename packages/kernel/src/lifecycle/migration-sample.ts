/**
 * Which migrations an upgrade would bring, tried on some of the stored states: part of a dry run,
 * of which nothing stays.
 */
import assert from 'node:assert/strict';
import { packFrame } from '@heirloom/store';
import { Delivery, FIRST_POSITION, positionAfter, VatFault } from '@heirloom/worker';
import { WorkerError } from '../base/kernel-errors.js';
import { readCrank } from '../merge/crank-reader.js';
import { MIGRATION_RIGHTS } from '../merge/cranks.js';
import { failureOf, type FailedInstance } from '../objects/failed-instance.js';
import type { VatWorker } from '../vats/vat-worker.js';
import type { Moment } from './vat-start.js';

/** Rows of kinds with versions that are looked at, from the first on. */
const SAMPLE_ROWS_MAX = 1_000;

export interface MigrationSample {
  /** States of an older version among the rows that were looked at. */
  readonly sampled: number;
  readonly failed: readonly FailedInstance[];
  /** The code of what migrating would end the vat with, or the worker; null: nothing. */
  readonly fault: string | null;
}

export const NO_SAMPLE: MigrationSample = { sampled: 0, failed: [], fault: null };

/**
 * Migrates states in a successor that has started and is not to live.
 *
 * Errors: HostError when the worker dies, unless its end is to be a finding, too.
 */
export const sampleMigrations = async (
  worker: VatWorker,
  moment: Moment,
  { tellsWorkerEnds }: { readonly tellsWorkerEnds: boolean },
): Promise<MigrationSample> => {
  const delivery = packFrame([Delivery.migrate, SAMPLE_ROWS_MAX, true]);
  const firstPosition = positionAfter(FIRST_POSITION);
  worker.deliver({ ...moment, firstPosition, deliveries: [delivery] });
  try {
    const packed = await worker.nextCrank();
    const [outcome, , , report] = readCrank(packed, MIGRATION_RIGHTS);
    if (outcome !== null) return { ...NO_SAMPLE, fault: outcome[0] };
    assert(report?.length === 5, 'a report of a migration');
    const [, migrated, , , failed] = report;
    return { sampled: migrated + failed.length, failed: failed.map(failureOf), fault: null };
  } catch (error) {
    const isEnd = tellsWorkerEnds && error instanceof WorkerError;
    if (error instanceof VatFault || isEnd) return { ...NO_SAMPLE, fault: error.code };
    throw error;
  }
};
