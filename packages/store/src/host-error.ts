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

const PRINTABLE = /^[\x20-\x7e]+$/;

/** A row in messages: its table, its key in hex, and as text where it is one. */
export const showRow = (table: string, key: string): string => {
  const hex = Buffer.from(key, 'latin1').toString('hex');
  return `table ${table}, key ${hex}${PRINTABLE.test(key) ? ` "${key}"` : ''}`;
};

/** What is damaged. */
interface Damage {
  /** The store, in messages. Default: "the store". */
  readonly where?: string;
  readonly table: string;
  /** A binary string. */
  readonly key: string;
  /** What is wrong with the row. */
  readonly why: string;
}

/** A row of the store that cannot be what was written: STORE_CORRUPT, with its table and key. */
export class DamageError extends HostError {
  declare readonly code: 'STORE_CORRUPT';
  readonly table: string;
  /** In hex. */
  readonly key: string;
  /** The message without the place. */
  readonly why: string;

  constructor({ where = 'the store', table, key, why }: Damage, options?: ErrorOptions) {
    const what = `${where}: ${showRow(table, key)}: ${why}`;
    super('STORE_CORRUPT', `${what}. Restore a backup; heirloom verify lists all damage.`, options);
    this.table = table;
    this.key = Buffer.from(key, 'latin1').toString('hex');
    this.why = why;
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
