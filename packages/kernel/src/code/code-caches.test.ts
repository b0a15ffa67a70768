import type { ReadView } from '@heirloom/store';
import { expect, test } from 'vitest';
import { packCodeCache, storedCodeCache, unpackCodeCache } from './code-caches.js';

const CACHE = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256);

const stored = (row: Uint8Array): { cache: Uint8Array | undefined; told: string[] } => {
  const told: string[] = [];
  const view = { get: () => row } as Pick<ReadView, 'get'> as ReadView;
  return { cache: storedCodeCache(view, 'codeCache/v8/id', text => told.push(text)), told };
};

test('code cache: packed -> the same again, and nothing is told', () => {
  expect(unpackCodeCache(packCodeCache(CACHE))).toEqual(CACHE);
  expect(stored(packCodeCache(CACHE))).toEqual({ cache: CACHE, told: [] });
});

test('code cache: any one bit -> V8 does not see it, and it is told', () => {
  const row = packCodeCache(CACHE);
  for (let bit = 0; bit < row.length * 8; bit += 1) {
    const bad = Uint8Array.from(row);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    const { cache, told } = stored(bad);
    expect(cache, `bit ${bit}`).toBeUndefined();
    expect(told).toHaveLength(1);
  }
});

test('code cache: of a release before digests -> made anew, and the row is told', () => {
  const { cache, told } = stored(CACHE);
  expect(cache).toBeUndefined();
  expect(told[0]).toContain('table local, key');
  expect(told[0]).toContain('the code cache has no digest');
});
