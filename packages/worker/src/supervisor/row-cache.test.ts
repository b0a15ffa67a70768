/** What the cache of rows keeps: nothing that would fill it. */
import { describe, expect, it } from 'vitest';
import { RowCache } from './row-cache.js';

const BYTES_MAX = 32_000;
/** A 32nd of that. */
const ROW_BYTES_MAX = 1_000;

describe('row cache', () => {
  it('a row as large as may be, one byte more -> kept, not kept', () => {
    const cache = new RowCache(BYTES_MAX);
    const row = new Uint8Array(ROW_BYTES_MAX);
    cache.set('kept', row);
    expect(cache.get('kept')).toBe(row);
    cache.set('large', new Uint8Array(ROW_BYTES_MAX + 1));
    expect(cache.get('large')).toBeUndefined();
  });

  it('a row that has become large -> what it was before is forgotten, in either half', () => {
    const cache = new RowCache(BYTES_MAX);
    const large = new Uint8Array(ROW_BYTES_MAX + 1);
    cache.set('young', new Uint8Array(1));
    cache.set('young', large);
    expect(cache.get('young')).toBeUndefined();
    cache.set('old', new Uint8Array(1));
    for (let n = 0; n < 32; n += 1) cache.set(`other${n}`, new Uint8Array(ROW_BYTES_MAX));
    cache.set('old', large);
    expect(cache.get('old')).toBeUndefined();
  });
});
