/** When a thread that rests collects: after much data, once, and not while frames pass. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleCollection } from './idle-collection.js';

const MIB = 2 ** 20;

describe('idle collection:', () => {
  let collections = 0;
  let idle: IdleCollection;

  beforeEach(() => {
    vi.useFakeTimers();
    collections = 0;
    idle = new IdleCollection(() => {
      collections += 1;
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('little data -> none, however long it rests', () => {
    for (let i = 0; i < 31; i += 1) idle.passed(MIB);
    vi.advanceTimersByTime(3_600_000);
    expect(collections).toBe(0);
  });

  it('much data, then a rest -> one', () => {
    for (let i = 0; i < 10; i += 1) idle.passed(10 * MIB);
    vi.advanceTimersByTime(999);
    expect(collections).toBe(0);
    vi.advanceTimersByTime(3_600_000);
    expect(collections).toBe(1);
  });

  it('frames that follow each other -> none before the last', () => {
    for (let i = 0; i < 100; i += 1) {
      idle.passed(10 * MIB);
      vi.advanceTimersByTime(900);
    }
    expect(collections).toBe(0);
    vi.advanceTimersByTime(100);
    expect(collections).toBe(1);
  });

  it('after one it counts anew', () => {
    idle.passed(32 * MIB);
    vi.advanceTimersByTime(1_000);
    idle.passed(31 * MIB);
    vi.advanceTimersByTime(10_000);
    expect(collections).toBe(1);
    idle.passed(MIB);
    vi.advanceTimersByTime(1_000);
    expect(collections).toBe(2);
  });
});
