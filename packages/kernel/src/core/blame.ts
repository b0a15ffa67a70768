/** Which vat's worker a failure is laid to, in the note of what runs. */
import assert from 'node:assert/strict';
import { FIRST_INCARNATION, FIRST_POSITION, vatNumberOf, type VatId } from '@heirloom/worker';
import { WorkerError } from '../base/kernel-errors.js';
import type { Running } from '../state/note-record.js';
import type { RunningNote } from '../state/running-note.js';

const placeOf = (
  { incarnation = FIRST_INCARNATION, position = FIRST_POSITION }: WorkerError,
  vatId: VatId,
): Running => ({
  vat: vatNumberOf(vatId) ?? assert.fail('the id of a vat'),
  incarnation,
  position,
});

/** Notes whose worker it was; for any other failure no vat is suspected. */
export const blame = (note: RunningNote, failure: Error): void => {
  const isWorker = failure instanceof WorkerError;
  if (!isWorker || failure.vat === undefined) note.end();
  else note.blame(placeOf(failure, failure.vat));
};

/**
 * A thread that is left behind: at the next opening its vat runs in a process. `failure` is what
 * the kernel stopped with.
 */
export const suspect = (note: RunningNote, left: WorkerError, failure: Error | undefined): void => {
  const failed = failure instanceof WorkerError ? failure.vat : undefined;
  if (left.vat !== undefined && left.vat !== failed) note.blame(placeOf(left, left.vat));
};
