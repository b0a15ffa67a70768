/**
 * Limits that every replica checks alike. Bytes are canonical bytes. Breaking one is a VatFault.
 */
export const BODY_BYTES_MAX = 10_000_000;
export const SLOTS_MAX = 10_000;
export const NESTING_MAX = 500;
export const ROW_BYTES_MAX = 15_000_000;
export const SYSCALLS_PER_CRANK_MAX = 100_000;
export const ROWS_PER_CRANK_MAX = 1_000_000;
/** Bodies, references and rows of one crank together; and the packed crank. */
export const CRANK_BYTES_MAX = 2 ** 27;
export const ROW_KEY_BYTES_MAX = 1_024;
