/** What a system refuses, as errors that say what to do. */
import { describeError, HostError, systemErrorCode } from '../host-error.js';

/** What to do about an error of the system. */
function adviceFor(code: string | undefined): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Make room on its disk, and open it again.';
  if (code === 'EROFS') return 'A kernel writes: mount it writable, or copy the store.';
  if (code === 'EACCES' || code === 'EPERM') {
    return 'Whoever opens a store, also to read it, writes to its lock files: open it as the ' +
      'user who has it, and give it back what files of it others have made.';
  }
  return 'Check the path and its permissions.';
}

export function ioError(directory: string, error: unknown): HostError {
  const advice = adviceFor(systemErrorCode(error));
  return new HostError(
    'STORE_IO',
    `${directory} cannot be used: ${describeError(error)}. ${advice}`,
    { cause: error },
  );
}

/** Runs `action`; a system error in it becomes a HostError STORE_IO. */
export function withIoErrors<T>(directory: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof HostError || systemErrorCode(error) === undefined) throw error;
    throw ioError(directory, error);
  }
}
