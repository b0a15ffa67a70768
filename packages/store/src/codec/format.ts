/**
 * The spelling of canonical values: lead bytes, extension types, limits.
 *
 * A subset of msgpack without maps. One value has one spelling: the shortest header, the shortest
 * integer, record names in UTF-16 order. docs/canonical-values.md shows examples.
 */

export const TAG_FIXSTR = 0xa0;
export const TAG_FIXARRAY = 0x90;
export const TAG_NIL = 0xc0;
export const TAG_FALSE = 0xc2;
export const TAG_TRUE = 0xc3;
export const TAG_BIN8 = 0xc4;
export const TAG_BIN16 = 0xc5;
export const TAG_BIN32 = 0xc6;
export const TAG_EXT8 = 0xc7;
export const TAG_EXT32 = 0xc9;
export const TAG_FLOAT64 = 0xcb;
export const TAG_UINT8 = 0xcc;
export const TAG_UINT16 = 0xcd;
export const TAG_UINT32 = 0xce;
export const TAG_UINT64 = 0xcf;
export const TAG_INT8 = 0xd0;
export const TAG_INT16 = 0xd1;
export const TAG_INT32 = 0xd2;
export const TAG_INT64 = 0xd3;
export const TAG_FIXEXT1 = 0xd4;
export const TAG_FIXEXT2 = 0xd5;
export const TAG_FIXEXT4 = 0xd6;
export const TAG_FIXEXT8 = 0xd7;
export const TAG_FIXEXT16 = 0xd8;
export const TAG_STR8 = 0xd9;
export const TAG_STR16 = 0xda;
export const TAG_STR32 = 0xdb;
export const TAG_ARRAY16 = 0xdc;
export const TAG_ARRAY32 = 0xdd;

/** The array header of a pair, which opens records and tagged values. */
export const TAG_PAIR = TAG_FIXARRAY | 2;

/** Sign byte 0 or 1, then the magnitude, big-endian, without leading zero. */
export const EXT_BIGINT = 1;
/** An index into the slots: 1, 2 or 4 bytes, big-endian, as few as hold it. */
export const EXT_REFERENCE = 2;
/** One zero byte. */
export const EXT_UNDEFINED = 3;
/** The string that names the symbol, as a canonical value. */
export const EXT_SYMBOL = 4;
/** `[tag, payload]` */
export const EXT_TAGGED = 5;
/** `[name, message]`, `[name, message, cause]` or `[name, message, cause or nil, errors]` */
export const EXT_ERROR = 6;
/** `[names in UTF-16 order, values in the same order]` */
export const EXT_RECORD = 7;
/** CESU-8 of a string that is not well-formed UTF-16. */
export const EXT_ILL_FORMED = 8;

export const FIXSTR_BYTES_MAX = 31;
export const FIXARRAY_COUNT_MAX = 15;
export const U8_MAX = 0xff;
export const U16_MAX = 0xffff;
export const U32_MAX = 0xffff_ffff;
export const U32_RANGE = 0x1_0000_0000;

export interface PassableLimits {
  readonly bodyBytesMax: number;
  readonly slotsMax: number;
  /** How deep containers (arrays, records, tagged values, errors) may stand in each other. */
  readonly nestingMax: number;
}

export const DEFAULT_PASSABLE_LIMITS: PassableLimits = Object.freeze({
  bodyBytesMax: 10_000_000,
  slotsMax: 10_000,
  nestingMax: 500,
});

const TOO_LARGE = 'syscall capdata too large';

/** The fault of a body or slot table past its limit. */
export function tooLarge(): RangeError {
  return new RangeError(TOO_LARGE);
}

/** Tells a value that is too large from one that is not passable, nested too deep among them. */
export function isTooLarge(error: unknown): error is RangeError {
  return error instanceof RangeError && error.message === TOO_LARGE;
}

/** The fault of containers nested past `nestingMax`. */
export function tooDeep(nestingMax: number): RangeError {
  return new RangeError(`passable nested deeper than nestingMax ${nestingMax}`);
}
