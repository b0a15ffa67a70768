/** What decides a crank's outcome, whatever vat code does with exceptions (rules.md#h2). */
import { describe, expect, it } from 'vitest';
import { TRACED_BYTES_MAX } from '../protocol/lines.js';
import { storedVRef } from '../protocol/refs.js';
import { Crank } from './crank.js';

describe('crank', () => {
  it('a fault that vat code catches, then another -> the first decides, with its reason', () => {
    const crank = new Crank();
    crank.begin();
    expect(() => crank.raise('LIMIT', 'too much')).toThrow('too much');
    expect(() => crank.raise('EXIT_FAILURE', 'exit', 'a reason of its own')).toThrow('exit');
    expect(crank.fault).toMatchObject({ fault: { code: 'LIMIT' }, reason: undefined });
    expect(crank.end()).toEqual([]);
    crank.begin();
    expect(crank.fault).toBeUndefined();
    crank.end();
  });

  it('rejections -> kept for their traces, but for data that is too long to have one', () => {
    const crank = new Crank();
    crank.begin();
    crank.thrown(storedVRef('p+5'), 'short', new Uint8Array(TRACED_BYTES_MAX));
    crank.thrown(storedVRef('p+6'), 'long', new Uint8Array(TRACED_BYTES_MAX + 1));
    expect(crank.rejections.map(({ vpid }) => vpid)).toEqual(['p+5']);
  });
});
