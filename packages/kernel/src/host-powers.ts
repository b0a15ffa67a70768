/** The one file of the kernel that touches clock and randomness. Nothing from here enters a hash. */
import { performance } from 'node:perf_hooks';

/** Milliseconds of a monotonic clock, for statistics that the host sees. */
export const nowMs = (): number => performance.now();
