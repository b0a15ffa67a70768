/** What a promise is rejected with, for tests that look at the error itself. */
import { expect } from 'vitest';

export const errorOf = async (work: Promise<unknown>): Promise<Error> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
};
