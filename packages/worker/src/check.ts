/**
 * `assert` for the hot path: `node:assert` costs 50 ns a call also when the condition holds.
 *
 * What fails here is a bug of ours or of the kernel: it ends the thread, and is no vat's fault.
 */
import assert from 'node:assert/strict';

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) assert.fail(message);
}
