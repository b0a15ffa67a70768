/** Sorts in steps what may be a million things: short runs each, then merged two by two. */
import type { Steps } from './stepwise.js';

type Compare<T> = (a: T, b: T) => number;

/** So many things are sorted, or merged, in one step. */
export const SORTED_AT_ONCE = 8_192;

/** Things in order, those that are equal in the order that they had. */
export function* sorting<T>(things: readonly T[], compare: Compare<T>): Steps<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < things.length; at += SORTED_AT_ONCE) {
    runs.push(things.slice(at, at + SORTED_AT_ONCE).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* merging(runs[i] ?? [], runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merging<T>(one: readonly T[], other: readonly T[], compare: Compare<T>): Steps<T[]> {
  const merged: T[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [one[i], other[j]];
    if (a === undefined && b === undefined) return merged;
    if (b === undefined || (a !== undefined && compare(a, b) <= 0)) {
      if (a !== undefined) merged.push(a);
      i += 1;
    } else {
      merged.push(b);
      j += 1;
    }
    if (merged.length % SORTED_AT_ONCE === 0) yield;
  }
}
