/** What a migrate crank may report: the kernel trusts no worker. */
import { packFrame, type FrameValue } from '@heirloom/store';
import { MIGRATION_FAILURES_MAX, VatFault, type CrankTuple } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { readCrank } from './crank-reader.js';
import { MIGRATION_RIGHTS, NO_RIGHTS } from './cranks.js';
import type { CrankRights } from './syscalls.js';

const FAILURE = [11, 3, 0, '"Purse"', '"Error: no"'];
const failing = (index: number, value: unknown): unknown[] => [
  true, 0, 1, 2, [FAILURE.map((it, i) => (i === index ? value : it))],
];
const crank = (report: unknown): unknown => [null, [], [], report];
/** As it comes from a worker. */
const read = (tuple: unknown, rights: CrankRights): CrankTuple =>
  readCrank(packFrame(tuple as readonly FrameValue[]), rights);

describe('migration report:', () => {
  test.each([
    ['none failed', [false, 0, 0, 0, []]],
    ['some failed', [true, 3, 4, 1_000_000, [FAILURE, FAILURE]]],
  ])('migration report: %s -> taken, from a migrate crank alone', (_, report) => {
    expect(read(crank(report), MIGRATION_RIGHTS)[3]).toEqual(report);
    expect(() => read(crank(report), NO_RIGHTS)).toThrow(VatFault);
  });

  test.each([
    ['none', null],
    ["a sweep's", [true, [], []]],
    ['no truth', [1, 0, 0, 0, []]],
    ['a negative count', [true, -1, 0, 0, []]],
    ['no count', [true, 0, '1', 0, []]],
    ['no list', [true, 0, 0, 0, 'failed']],
    ['too many failures', [true, 0, 0, 0, Array(MIGRATION_FAILURES_MAX + 1).fill(FAILURE)]],
    ['a failure that is too short', [true, 0, 0, 0, [[11, 3, 0]]]],
    ['a kind that is none', failing(0, '11')],
    ['a version that is none', failing(2, null)],
    ['a tag that is no text', failing(3, 'Purse')],
    ['a tag that is too long', failing(3, JSON.stringify('x'.repeat(101)))],
    ['a reason that is too long', failing(4, JSON.stringify('x'.repeat(301)))],
    ['a reason that is no text', failing(4, 'no')],
  ])('migration report: %s -> VatFault', (_, report) => {
    expect(() => read(crank(report), MIGRATION_RIGHTS)).toThrow(VatFault);
  });

  test('migration report: of a crank that faulted -> null', () => {
    const faulted = [['LIMIT', new Uint8Array(1)], [], [], null];
    expect(read(faulted, MIGRATION_RIGHTS)).toEqual(faulted);
  });
});
