import { describe, expect, test } from 'vitest';
import { fillCodeCache, makeCodeCacheRoom, readCodeCache } from './shared-code-cache.js';

describe('shared code cache', () => {
  test('filled twice -> the first stays, the second is not even made', () => {
    const room = makeCodeCacheRoom(3);
    expect(readCodeCache(room)).toBeUndefined();
    fillCodeCache(room, () => Uint8Array.of(1, 2, 3));
    fillCodeCache(room, () => expect.unreachable());
    expect(readCodeCache(room)).toEqual(Buffer.of(1, 2, 3));
  });

  test('larger than the room -> none, and nobody tries again', () => {
    const room = makeCodeCacheRoom(3);
    fillCodeCache(room, () => Uint8Array.of(1, 2, 3, 4));
    fillCodeCache(room, () => expect.unreachable());
    expect(readCodeCache(room)).toBeUndefined();
  });

  test('while it is being filled -> none yet', () => {
    const room = makeCodeCacheRoom();
    fillCodeCache(room, () => {
      expect(readCodeCache(room)).toBeUndefined();
      return Uint8Array.of(7);
    });
    expect(readCodeCache(room)).toEqual(Buffer.of(7));
  });
});
