/** Long work in steps, between which others may have their turn: see docs/decisions/086. */

/** Work that may stop at every `yield`. A step that may be long says of how many it has been. */
export type Steps<T> = Generator<number | void, T, void>;

/** Does such work and gives what it gives. */
export type DriveSteps = <T>(steps: Steps<T>) => Promise<T>;

/** All of it at a stretch. */
export const atOnce = <T>(steps: Steps<T>): T => {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};
