/** Signals of a host that gives something up. */
import { KernelError, showPlace, type CrankPlace } from './kernel-errors.js';

/** What an opening fails with that was given up; the deliveries that were cut short. */
export const closedAmid = (places: readonly CrankPlace[]): KernelError => {
  const amid = places.length === 0 ? '' : `, amid ${places.map(showPlace).join('; ')}`;
  return new KernelError('KERNEL_CLOSED', `the kernel was closed while it opened${amid}`);
};

/** Has `job` done once the signal is aborted, at once if it is. Returns what takes that back. */
export const whenAborted = (signal: AbortSignal | undefined, job: () => void): (() => void) => {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) job();
  else signal.addEventListener('abort', job, { once: true });
  return () => signal.removeEventListener('abort', job);
};
