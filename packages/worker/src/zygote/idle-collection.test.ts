/** When a thread that rests collects: after much data, once, and not while frames pass. */
import { beforeEach, describe, expect, it } from 'vitest';
import { IdleCollection } from './idle-collection.js';

const MIB = 2 ** 20;

describe('idle collection:', () => {
  let collections: number;
  let idle: IdleCollection;
  /** One timer, of a clock that the tests move on. */
  let timer: { readonly job: () => void; left: number } | undefined;

  beforeEach(() => {
    collections = 0;
    timer = undefined;
    idle = new IdleCollection(
      () => {
        collections += 1;
      },
      (milliseconds, job) => {
        const made = { job, left: milliseconds };
        timer = made;
        return { refresh: () => (made.left = milliseconds) };
      },
    );
  });

  const pass = (milliseconds: number): void => {
    if (timer === undefined) return;
    timer.left -= milliseconds;
    if (timer.left > 0) return;
    const { job } = timer;
    timer = undefined;
    job();
  };

  it('little data -> none, however long it rests', () => {
    for (let i = 0; i < 31; i += 1) idle.passed(new Uint8Array(MIB));
    pass(3_600_000);
    expect(collections).toBe(0);
  });

  it('much data, then a rest -> one', () => {
    for (let i = 0; i < 10; i += 1) idle.passed(new Uint8Array(10 * MIB));
    pass(999);
    expect(collections).toBe(0);
    pass(3_600_000);
    expect(collections).toBe(1);
  });

  it('frames that follow each other -> none before the last', () => {
    for (let i = 0; i < 100; i += 1) {
      idle.passed(new Uint8Array(10 * MIB));
      pass(900);
    }
    expect(collections).toBe(0);
    pass(100);
    expect(collections).toBe(1);
  });

  it('after one it counts anew', () => {
    idle.passed(new Uint8Array(32 * MIB));
    pass(1_000);
    idle.passed(new Uint8Array(31 * MIB));
    pass(10_000);
    expect(collections).toBe(1);
    idle.passed(new Uint8Array(MIB));
    pass(1_000);
    expect(collections).toBe(2);
  });
});
