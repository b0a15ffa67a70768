/** Rows that are wrong by themselves. */
import { localKey, packFrame } from '@heirloom/store';
import { expect, test } from 'vitest';
import { RowChecks } from './row-checks.js';

test.each(['engines', 'isolation', 'pagingOrder', 'sourceMap/b/1', 'sourceRoot/b1', 'sums'])(
  'row of this host: %s -> right', key => {
    expect(new RowChecks().onRow('local', localKey(key), packFrame([1]))).toBeUndefined();
  });

test.each(['sumr', 'sum', 'sourcemap/b/1', 'enginet', 'codecache/x'])(
  'row of this host: %s, which no release has written -> told', key => {
    const wrong = new RowChecks().onRow('local', localKey(key), packFrame([1]));
    expect(wrong).toBe('a row of an unknown kind');
  });
