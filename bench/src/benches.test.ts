/** What every bench that there is must declare. */
import { describe, expect, test } from 'vitest';
import { benches } from './benches.js';

/** A quick run is for someone who waits. */
const QUICK_SECONDS_MAX = 90;

describe('benches:', () => {
  test('their names -> all different', () => {
    const names = benches.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(0);
  });

  test.each(benches.map(bench => [bench.name, bench] as const))(
    '%s -> a quick and a full size of every option, and how long both take',
    (_name, { sizes, seconds }) => {
      expect(Object.keys(sizes).length).toBeGreaterThan(0);
      for (const [name, { what, quick, full }] of Object.entries(sizes)) {
        expect(what, name).not.toBe('');
        for (const size of [quick, full]) expect(Number.isSafeInteger(size), name).toBe(true);
        expect(quick, name).toBeGreaterThanOrEqual(1);
        expect(full, name).toBeGreaterThanOrEqual(quick);
      }
      expect(seconds.quick).toBeGreaterThan(0);
      expect(seconds.quick).toBeLessThanOrEqual(QUICK_SECONDS_MAX);
      expect(seconds.full).toBeGreaterThanOrEqual(seconds.quick);
    },
  );
});
