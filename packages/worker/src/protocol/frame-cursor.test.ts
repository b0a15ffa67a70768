/** Reading frames value by value: what is asked for, and nothing else. */
import { packFrame, type FrameValue } from '@heirloom/store/frame';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameCursor } from './frame-cursor.js';
import { Syscall } from './opcodes.js';
import { endsPart } from './outcomes.js';

const cursorOf = (...tuple: FrameValue[]): FrameCursor => {
  const cursor = new FrameCursor(packFrame(tuple));
  cursor.tuple(tuple.length);
  return cursor;
};

const { values } = fc.letrec<{ value: FrameValue; values: FrameValue[] }>(tie => ({
  value: fc.oneof(
    { maxDepth: 8 },
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: fc.constantFrom(...'op+-/'), maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    tie('values'),
  ),
  values: fc.array(tie('value'), { maxLength: 20 }),
}));

describe('frame cursor', () => {
  test('frame cursor: each kind of value -> read as what it is', () => {
    const bytes = new Uint8Array([1, 2]);
    const cursor = cursorOf(7, -300, 2 ** 40, true, false, null, 'abc', bytes, [1, 2]);
    expect([cursor.integer(), cursor.integer(), cursor.integer()]).toEqual([7, -300, 2 ** 40]);
    expect([cursor.boolean(), cursor.boolean()]).toEqual([true, false]);
    expect([cursor.takesNull(), cursor.takesNull()]).toEqual([true, false]);
    expect([cursor.text(3), cursor.bytes()]).toEqual(['abc', bytes]);
    expect([cursor.list(), cursor.integer(), cursor.integer()]).toEqual([2, 1, 2]);
    cursor.end();
  });

  test.each<[string, (cursor: FrameCursor) => unknown, FrameValue]>([
    ['an integer', it => it.integer(), 'text'],
    ['a truth', it => it.boolean(), 1],
    ['a text', it => it.text(9), new Uint8Array(1)],
    ['a shorter text', it => it.text(2), 'abc'],
    ['bytes', it => it.bytes(), 'text'],
    ['a list', it => it.list(), 1],
    ['a shorter list', it => it.tuple(1), [1, 2]],
    ['the end', it => it.end(), 1],
  ])('frame cursor: %s is asked for, something else there -> refused', (_, ask, value) => {
    expect(() => ask(cursorOf(value))).toThrow('frame:');
  });

  test('frame cursor: a list that promises more than there is -> refused by its header', () => {
    const cursor = new FrameCursor(new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2]));
    expect(() => cursor.list()).toThrow('truncated');
  });

  test('frame cursor: skips any value -> stands behind it', () => {
    fc.assert(
      fc.property(values, skipped => {
        const cursor = cursorOf(...skipped, 'here');
        for (let i = 0; i < skipped.length; i += 1) cursor.skip();
        expect(cursor.text(4)).toBe('here');
        cursor.end();
      }),
    );
  });
});

describe('what a crank says of the part of its wave', () => {
  const body = new Uint8Array([0xc0]);
  const send: FrameValue = [Syscall.send, 'o-1', body, ['o-1'], 'p+0/1'];
  const exit = (isFailure: boolean): FrameValue => [Syscall.exit, isFailure, body, []];
  test.each<[string, FrameValue[], boolean]>([
    ['nothing', [null, [], [], null], false],
    ['a send', [null, [send], [[body, null]], null], false],
    ['an exit', [null, [exit(false)], [], null], true],
    ['a failure behind sends', [null, [send, send, exit(true), send], [], null], true],
    ['a fault', [['LIMIT', body], [], [], null], true],
    ['a syscall without an opcode', [null, [[]], [], null], false],
    ['syscalls that are none', [null, 7, [], null], false],
  ])('crank: %s -> goes on or ends', (_, crank, ends) => {
    expect(endsPart(packFrame(crank))).toBe(ends);
  });

  test('crank: cut anywhere -> what can be told, no error', () => {
    const packed = packFrame([null, [send, exit(false)], [], null]);
    for (let end = 0; end < packed.length; end += 1) {
      const isFaulted = end < 2;
      // The send before the exit is whole, and the exit has a byte for each of its fields.
      const hasExit = end >= packed.length - 4;
      expect(endsPart(packed.subarray(0, end))).toBe(isFaulted || hasExit);
    }
  });
});
