/**
 * Long work in steps: whoever does it may give way to others in between, and nobody else reads or
 * writes what it does before it is over.
 */

/** Work that may stop at every `yield`. */
export type Steps<T> = Generator<void, T, void>;

/** Does such work and gives what it gives. */
export type DriveSteps = <T>(steps: Steps<T>) => Promise<T>;

/** All of it at a stretch. */
export const atOnce = <T>(steps: Steps<T>): T => {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};
