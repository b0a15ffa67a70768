/** Consensus parameters of a fresh store: what a host may give, and what it is told otherwise. */
import { describe, expect, test } from 'vitest';
import {
  COUNTS,
  DEFAULT_PARAMETERS,
  MOSTS,
  WAVE_BYTES_MOST,
  type KernelParameters,
} from '../state/parameters.js';
import { checkParameters } from './check-parameters.js';

const check = (given: unknown) => () => checkParameters(given as Partial<KernelParameters>);

describe('parameters', () => {
  test('parameters: none, some, all of the smallest -> the defaults but for those', () => {
    expect(checkParameters({})).toEqual(DEFAULT_PARAMETERS);
    const none = { cycleInterval: 0, stateRootInterval: 0 };
    const given = { gc: 'consensus', waveLimit: 1, ...none } as const;
    expect(checkParameters(given)).toEqual({ ...DEFAULT_PARAMETERS, ...given });
    const ones = Object.fromEntries(COUNTS.map(name => [name, 1]));
    expect(checkParameters(ones)).toEqual({ ...DEFAULT_PARAMETERS, ...ones });
  });

  test.each([
    ['an unknown name', { wavelimit: 1 }, /^unknown parameter wavelimit; parameters: gc, waveLimit/],
    ['another mode', { gc: 'none' }, /^gc must be one of engine, consensus: none$/],
    ['a count of 0', { waveLimit: 0 }, /^waveLimit must be a positive integer: 0$/],
    ['a fraction', { vatsMax: 1.5 }, /^vatsMax must be a positive integer: 1.5$/],
    ['no number', { reapKrefs: '7' }, /^reapKrefs must be a positive integer: 7$/],
    ['less than none', { cycleInterval: -1 }, /^cycleInterval must be a positive integer or 0: -1$/],
    ['too big a wave', { waveBytesMax: WAVE_BYTES_MOST + 1 }, /^waveBytesMax must be at most/],
    ['too long a cleanup', { cleanupRowsMax: 100_001 }, /^cleanupRowsMax must be at most 100000/],
    ['too long a sweep', { sweepRowsMax: 100_001 }, /^sweepRowsMax must be at most 100000/],
  ])('parameters: %s -> BAD_OPTION, which says what may be', (_title, given, message) => {
    expect(check(given)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    expect(check(given)).toThrow(message);
  });

  test('parameters: the biggest wave, cleanup and sweep -> right', () => {
    expect(check(MOSTS)).not.toThrow();
  });
});
