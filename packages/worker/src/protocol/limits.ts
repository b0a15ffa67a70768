/**
 * Limits that every replica checks alike. Bytes are canonical bytes. Breaking one is a VatFault.
 */
export const BODY_BYTES_MAX = 10_000_000;
export const SLOTS_MAX = 10_000;
/** Calls of vat code in progress at a time (weave/weave.ts). */
export const CALL_DEPTH_MAX = 10_000;
/** Exports of one vat that have a name, at a time: a start that drops them all is told of each. */
export const NAMED_EXPORTS_MAX = 1_000;
export const ROW_BYTES_MAX = 15_000_000;
export const SYSCALLS_PER_CRANK_MAX = 100_000;
export const ROWS_PER_CRANK_MAX = 1_000_000;
/** What the syscalls of one crank may weigh together, and what its row writes may: see below. */
export const SYSCALL_BYTES_PER_CRANK_MAX = 2 ** 26;
export const WRITTEN_BYTES_PER_CRANK_MAX = 2 ** 26;
/** References that a reap reports as dead, in characters. */
export const REPORT_CHARS_MAX = 1_000_000;
/** Failures that one migrate delivery reports before it ends, and characters of each reason. */
export const MIGRATION_FAILURES_MAX = 100;
export const MIGRATION_REASON_CHARS_MAX = 300;
/** Bytes of migrated states after which a migrate delivery ends. */
export const MIGRATION_BYTES_MAX = 2 ** 22;
/** A packed crank. What keeps the limits above is shorter: only a worker gone wrong passes it. */
export const CRANK_BYTES_MAX = 2 ** 27 + 2 ** 21;
export const ROW_KEY_BYTES_MAX = 1_024;

/**
 * What is counted: bytes of bodies, keys and values, and for every reference, resolution, syscall
 * and row more than its frame needs, so that the sum bounds the packed crank.
 */
export const REFERENCE_WEIGHT = 66;
export const ELEMENT_WEIGHT = 160;
export const ROW_WEIGHT = 24;

/**
 * What the weights leave room for, in all syscalls of a crank together: resolutions and interfaces;
 * references. The kernel counts these while it reads, and stops at the first one too many.
 */
export const ELEMENTS_PER_CRANK_MAX = Math.floor(SYSCALL_BYTES_PER_CRANK_MAX / ELEMENT_WEIGHT);
export const REFERENCES_PER_CRANK_MAX = Math.floor(SYSCALL_BYTES_PER_CRANK_MAX / REFERENCE_WEIGHT);

/** What natives of the host are given, which end its process where they get more than they hold. */
export const URL_CHARS_MAX = 1_000_000;
export const ENCODED_CHARS_MAX = 2 ** 25;
export const DECODED_BYTES_MAX = 2 ** 26;
/** Proxies that a proxy stands before. */
export const PROXY_LEVELS_MAX = 100;
/**
 * Bytes of one buffer, or that it may grow to: less than what any machine refuses that runs vats at
 * all, and than the least that an engine refuses for its length alone.
 */
export const BUFFER_BYTES_MAX = 2 ** 29;
