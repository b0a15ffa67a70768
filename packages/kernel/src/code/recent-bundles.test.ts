import { storedBundleId } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import type { CheckedBundle } from './bundle.js';
import { RecentBundles } from './recent-bundles.js';

/** Source and script together are `length` characters long. */
const bundleOf = (bundleId: string, length: number): CheckedBundle => ({
  bundleId: storedBundleId(bundleId),
  moduleFormat: 'endoScript',
  source: '',
  script: 'x'.repeat(length),
});

describe('recent bundles', () => {
  test('over the limit -> the least recently used goes', () => {
    const recent = new RecentBundles(10);
    for (const id of ['a', 'b', 'c']) recent.add(id, bundleOf(id, 3));
    expect(recent.get('a')).toEqual(bundleOf('a', 3));
    recent.add('d', bundleOf('d', 4));
    expect(['a', 'b', 'c', 'd'].filter(id => recent.get(id) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ]);
  });

  test('larger than the limit -> not kept, and nothing goes for it', () => {
    const recent = new RecentBundles(10);
    recent.add('a', bundleOf('a', 10));
    recent.add('b', bundleOf('b', 11));
    expect(recent.get('a')).toEqual(bundleOf('a', 10));
    expect(recent.get('b')).toBeUndefined();
  });

  test('added twice -> counted once', () => {
    const recent = new RecentBundles(10);
    recent.add('a', bundleOf('a', 6));
    recent.add('a', bundleOf('a', 6));
    recent.add('b', bundleOf('b', 4));
    expect(recent.get('a')).toEqual(bundleOf('a', 6));
  });
});
