/** The two files of LMDB in the directory of a store. */

/** The state. */
export const DATA_FILE = 'data.mdb';
/** Who reads, and LMDB's own locks. */
export const READERS_FILE = 'lock.mdb';
