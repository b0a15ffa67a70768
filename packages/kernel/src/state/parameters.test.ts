import { packFrame, unpackFrame, type FrameValue } from '@heirloom/store';
import { expect, test } from 'vitest';
import { DEFAULT_PARAMETERS, packParameters, unpackParameters } from './parameters.js';

const OTHERS = { ...DEFAULT_PARAMETERS, gc: 'consensus', waveLimit: 7, cycleInterval: 0 } as const;

test('parameters: written and read -> the same', () => {
  expect(unpackParameters(packParameters(OTHERS))).toEqual(OTHERS);
});

test('parameters: no crankWeightMax -> the row is as it was before there was one', () => {
  const fields = unpackFrame(packParameters(OTHERS)) as readonly FrameValue[];
  const weighed = { ...OTHERS, crankWeightMax: 5 };
  expect(unpackParameters(packParameters(weighed))).toEqual(weighed);
  expect(unpackFrame(packParameters(weighed))).toEqual([...fields, 5]);
});

test('parameters: a row with one fewer, with one more -> STORE_CORRUPT, no defaults', () => {
  const fields = unpackFrame(packParameters(OTHERS)) as readonly FrameValue[];
  for (const other of [fields.slice(0, -1), [...fields, 1, 1]]) {
    const read = (): unknown => unpackParameters(packFrame(other));
    expect(read).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  }
});
