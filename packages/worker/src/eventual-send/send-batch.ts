/**
 * The microtasks in which sends to presences and pending promises are carried out: one for all that
 * were made in a row. `close` ends the row: what is pushed next gets a later microtask.
 */
import type { RecordState, SendJob } from './promise-record.js';

const { apply } = Reflect;
const { then } = Promise.prototype;
const SETTLED = Promise.resolve();

/** `job` without `record`: something to run; `record` without `job`: a send of its queue is due. */
export type BatchJob = SendJob | (() => void) | undefined;
type RunEntry = (record: RecordState | undefined, job: BatchJob) => void;

interface Batch {
  readonly records: (RecordState | undefined)[];
  readonly jobs: BatchJob[];
}

export class SendBatches {
  readonly #runEntry: RunEntry;
  #open: Batch | undefined;

  /** `runEntry` must not throw. */
  constructor(runEntry: RunEntry) {
    this.#runEntry = runEntry;
  }

  push(record: RecordState | undefined, job: BatchJob): void {
    let batch = this.#open;
    if (batch === undefined) {
      batch = { records: [], jobs: [] };
      this.#open = batch;
      const opened = batch;
      void apply(then, SETTLED, [() => this.#run(opened)]);
    }
    batch.records.push(record);
    batch.jobs.push(job);
  }

  close(): void {
    this.#open = undefined;
  }

  #run({ records, jobs }: Batch): void {
    this.#open = undefined;
    for (let i = 0; i < records.length; i += 1) {
      this.#runEntry(records[i], jobs[i]);
      // What a handler sent runs after the reactions to what it settled, as with the shim.
      this.#open = undefined;
    }
  }
}
