/** Why a commit of lmdb failed: it says so later than that it did. */

/** Turns of the microtask queue that lmdb gets to say what went wrong. */
const DETAIL_TURNS_MAX = 16;

/**
 * A failed commit rejects with an error whose `commitError`, a promise, rejects with the reason: by
 * then, as a rule, or never. Handled in either case, so that it cannot end the process.
 */
export async function innermostError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  let detail: unknown;
  Promise.resolve(error.commitError).then(undefined, (reason: unknown) => {
    detail = reason;
  });
  for (let turn = 0; turn < DETAIL_TURNS_MAX && detail === undefined; turn += 1) {
    await undefined;
  }
  return detail ?? error;
}
