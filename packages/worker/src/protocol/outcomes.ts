/** What can be told of a packed crank by its first bytes. */

/** A `CrankTuple` is an array of four: one byte; its outcome follows. */
const OUTCOME_AT = 1;
const NIL = 0xc0;

/**
 * Has the crank faulted? Of a wave the worker runs nothing after it. True for what is no crank:
 * merging it ends the vat all the same.
 */
export const hasFaulted = (packed: Uint8Array): boolean => packed[OUTCOME_AT] !== NIL;
