/**
 * The stack of a vat's thread: `CALL_DEPTH_MAX` calls of vat code fit in, each with 3,000 bytes.
 * Address space only; what is never used takes no memory.
 */
export const VAT_STACK_MIB = 32;
