/** What the kernel measures of a crank by itself, whatever the worker that sent it has measured. */
import { packFrame, type FrameValue } from '@heirloom/store';
import { Syscall } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { readCrank, readingCrank } from './crank-reader.js';

const LIMIT = 100_000;
const NONE = new Uint8Array();
const send = (body: Uint8Array = NONE, slots: readonly string[] = []): FrameValue => [
  ...[Syscall.send, 'o-1', body, slots, null],
];
const resolve = (count: number): FrameValue => [
  Syscall.resolve,
  Array.from({ length: count }, (_none, n) => [`p-${n + 1}`, false, NONE, []]),
];
const crank = (syscalls: readonly FrameValue[], rows: readonly FrameValue[] = []): Uint8Array =>
  packFrame([null, syscalls, rows, null]);
const references = (count: number): string[] =>
  Array.from({ length: count }, (_none, n) => `o+${n + 1}`);
const filled = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(97);
const row = (bytes: number): FrameValue => [filled(8), filled(bytes)];

const read = (packed: Uint8Array, weightMax: number): unknown =>
  readCrank(packed, { migrates: false, weightMax });

test('reading in steps: references of data count, whichever syscall has them', () => {
  const [COUNT, EACH] = [20, 1_000];
  const slots = references(EACH);
  const sends = Array<FrameValue>(COUNT).fill(send(NONE, slots));
  const resolutions = Array.from({ length: COUNT }, (_none, n) => [`p-${n}`, false, NONE, slots]);
  for (const packed of [crank(sends), crank([[Syscall.resolve, resolutions]])]) {
    const steps = readingCrank(packed, { migrates: false, weightMax: Infinity });
    const counts: number[] = [];
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      counts.push(step.value ?? 1);
    }
    // Whoever counts looks at the clock after each datum.
    expect(counts.filter(count => count > EACH / 100)).toHaveLength(COUNT);
  }
});

describe('weight of a crank', () => {
  test.each([
    ['no syscalls', crank([]), crank([], [row(LIMIT)])],
    ['syscalls', crank(Array(28).fill(send())), crank(Array(29).fill(send()))],
    ['a message', crank([send(filled(LIMIT - 100))]), crank([send(filled(LIMIT))])],
    ['references', crank([send(NONE, references(48))]), crank([send(NONE, references(49))])],
    ['resolutions', crank([resolve(47)]), crank([resolve(49)])],
    ['rows', crank([], [row(LIMIT - 100)]), crank([], [row(LIMIT - 10)])],
  ])('weight of a crank: %s -> past the parameter LIMIT, without it right', (_what, most, more) => {
    expect(() => read(most, LIMIT)).not.toThrow();
    const fault = { code: 'LIMIT', message: expect.stringContaining('at most 100000') as unknown };
    expect(() => read(more, LIMIT)).toThrow(expect.objectContaining(fault));
    expect(() => read(more, Infinity)).not.toThrow();
  });
});
