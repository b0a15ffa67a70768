import { FIRST_VAT, vatNumberAfter } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { HandedCalls, HANDED_BYTES_MAX } from './handed-calls.js';

const LARGE = HANDED_BYTES_MAX / 4;
const [ONE, OTHER] = [FIRST_VAT, vatNumberAfter(FIRST_VAT)];

const allNext = (calls: HandedCalls): number[] => {
  const handed: number[] = [];
  for (let call = calls.next(); call !== undefined; call = calls.next()) handed.push(call);
  return handed;
};

describe('calls in the hands of the host', () => {
  test('more than there is room for -> the rest when one is done, in order', () => {
    const calls = new HandedCalls();
    for (const call of [1, 2, 3, 4, 5, 6]) calls.add(ONE, { call, bytes: LARGE });
    expect(allNext(calls)).toEqual([1, 2, 3, 4]);
    calls.done(3);
    expect(allNext(calls)).toEqual([5]);
    calls.done(3);
    expect(allNext(calls)).toEqual([]);
  });

  test('a small call behind one that waits -> it waits; that of another sender does not', () => {
    const calls = new HandedCalls();
    for (const call of [1, 2, 3, 4, 5]) calls.add(ONE, { call, bytes: LARGE });
    calls.add(ONE, { call: 6, bytes: 0 });
    calls.add(OTHER, { call: 7, bytes: LARGE });
    calls.add(undefined, { call: 8, bytes: 0 });
    expect(allNext(calls)).toEqual([1, 2, 3, 4, 7, 8]);
    calls.done(1);
    expect(allNext(calls)).toEqual([]);
    calls.done(2);
    expect(allNext(calls)).toEqual([5, 6]);
  });

  test('an answer -> counts for what it has, until it is no longer in memory', () => {
    const calls = new HandedCalls();
    calls.add(ONE, { call: 1, bytes: 0 });
    expect(allNext(calls)).toEqual([1]);
    calls.answered(1, HANDED_BYTES_MAX);
    calls.add(ONE, { call: 2, bytes: 1 });
    expect(allNext(calls)).toEqual([]);
    calls.done(1);
    expect(allNext(calls)).toEqual([2]);
  });
});
