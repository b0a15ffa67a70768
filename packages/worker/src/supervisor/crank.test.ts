/** What decides a crank's outcome, whatever vat code does with exceptions (rules.md#h2). */
import { describe, expect, it } from 'vitest';
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
});
