/**
 * The one error class for "this host failed": disk, directory, lock, thread, memory, time.
 *
 * Invariant: no vat ever sees a `HostError`, and nothing is committed after one. The caller decides
 * by `code`; the message says what happened and what to do.
 */

/** The codes that the store raises. Other packages add their own. */
export type StoreErrorCode =
  /** A commit did not succeed. The store is dead; reopening shows the block before. */
  | 'COMMIT_FAILED'
  /** Another kernel has the store open. */
  | 'STORE_LOCKED'
  /** The path holds something else, or nothing where a store was required. */
  | 'NOT_A_STORE'
  /** The store was written by a newer release, or by an older one: heirloom migrate-store. */
  | 'STORE_SCHEMA'
  /** The data file cannot be read as a store. */
  | 'STORE_CORRUPT'
  /** The operating system refused an operation on the directory. */
  | 'STORE_IO'
  /** The directory was renamed or deleted while it was open. */
  | 'STORE_GONE'
  /** `close` was called before. */
  | 'STORE_CLOSED';

export class HostError extends Error {
  readonly code: string;

  constructor(code: StoreErrorCode | (string & {}), message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HostError';
    this.code = code;
  }
}

/**
 * What an unknown thrown value says, for the end of a message. Never throws, though the value may
 * be a proxy, or have a getter, that does.
 */
export function describeError(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'what was thrown cannot be described';
  }
}

/** The `code` of an operating system error, such as `ENOENT`. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
