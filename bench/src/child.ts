/** Processes that a bench starts, and what they said last when they failed. */
import type { ChildProcess } from 'node:child_process';

const STDERR_CHARS_MAX = 20_000;

/** Keeps the end of what the child writes to its stderr, which must be a pipe. */
export function keepStderr({ stderr }: ChildProcess): () => string {
  if (stderr === null) throw new TypeError('the stderr of the child is no pipe');
  let kept = '';
  stderr.on('data', data => (kept = (kept + String(data)).slice(-STDERR_CHARS_MAX)));
  return () => kept;
}
