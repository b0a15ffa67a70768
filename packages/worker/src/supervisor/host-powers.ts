/**
 * The two powers of the host that the supervisor uses, captured before any vat code runs.
 *
 * `nextTurn` marks crank boundaries; `nowUs` times cranks for the host alone, never for a hash.
 */
const { setImmediate: hostSetImmediate, performance: hostPerformance } = globalThis;
const hostNow = hostPerformance.now.bind(hostPerformance);

/** Runs `job` in a turn of its own: every microtask of the turns before it has run by then. */
export const nextTurn = (job: () => void): void => {
  hostSetImmediate(job);
};

/** Microseconds since some fixed instant, rounded down. */
export const nowUs = (): number => Math.floor(hostNow() * 1000);
