/**
 * What sources of vat code keep, far below what any stack holds: units of nesting
 * (nesting-parser.ts), nodes of the tree in each other, groups of a regular expression.
 */
export const SOURCE_NESTING_MAX = 1_024;
export const SOURCE_DEPTH_MAX = 1_200;
export const EXPRESSION_NESTING_MAX = 100;
/** Groups and quantifiers of one regular expression. */
export const EXPRESSION_PARTS_MAX = 2_000;
