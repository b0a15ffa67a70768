/** The canonical codec of passables. Needs node:util and node:buffer, and no native add-on. */
export { HOST_BYTE_ARRAYS } from './byte-arrays.js';
export { askMessage, givenMessage } from './errors.js';
export { DEFAULT_PASSABLE_LIMITS, isTooLarge } from './format.js';
export type { PassableLimits } from './format.js';
export type { ByteArrays, EncodedPassable, PassableHooks } from './hooks.js';
export { PassableCodec } from './passable-codec.js';
export { refusedValue } from './refusal.js';
