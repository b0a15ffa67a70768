/** Tests that come after all others of their file or describe, also when vitest shuffles these. */
import { test } from 'vitest';

/**
 * The last test of a file or a describe: to be called once, at its end. vitest runs neighbours that
 * are not concurrent as one group, shuffled or not, and a concurrent one after the group that
 * stands before it.
 */
export const testLast = (
  title: string,
  tags: readonly string[],
  run: () => Promise<void>,
): void => {
  test.concurrent(title, { tags: [...tags] }, run);
};
