/** The timer of a vat's thread, which no vat code and no hash ever sees. */
import { setTimeout as hostSetTimeout } from 'node:timers';

export interface RestartedTimer {
  /** The time begins anew, also when it was over. */
  refresh(): void;
}

/** Calls `job` once the time is over; keeps no thread alive. */
export const after = (milliseconds: number, job: () => void): RestartedTimer =>
  hostSetTimeout(job, milliseconds).unref();
