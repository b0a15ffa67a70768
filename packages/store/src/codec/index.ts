/** The canonical codec of passables. Needs node:util and node:buffer, and no native add-on. */
export { DEFAULT_PASSABLE_LIMITS } from './format.js';
export type { PassableLimits } from './format.js';
export type { EncodedPassable, PassableHooks } from './hooks.js';
export { PassableCodec } from './passable-codec.js';
