import { describe, expect, test } from 'vitest';
import { inPart, partOf } from './parts.js';

describe('parts of a run:', () => {
  test('all parts together -> every one once', () => {
    const list = Array.from({ length: 20 }, (_, n) => n);
    const parts = ['1/3', '2/3', '3/3'].map(text => inPart(list, partOf(text)));
    expect(parts.flat().sort((a, b) => a - b)).toEqual(list);
    for (const part of parts) expect(part.length).toBeGreaterThanOrEqual(6);
  });

  test('nothing said -> the whole', () => {
    for (const text of [undefined, '']) expect(inPart([1, 2], partOf(text))).toEqual([1, 2]);
  });

  test.each(['0/3', '4/3', '1', 'first', '1/0'])('%s -> refused', text => {
    expect(() => partOf(text)).toThrow(`HEIRLOOM_PART is "${text}"`);
  });
});
