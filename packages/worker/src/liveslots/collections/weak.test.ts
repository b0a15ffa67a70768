/**
 * `WeakMap` and `WeakSet` of vat code: what can be made again keeps its entries.
 */
import '../testing/ses.js';
import { Far } from '@endo/pass-style';
import { describe, expect, test } from 'vitest';
import { TestVat } from '../testing/test-vat.js';
import { storedVRef } from '../../protocol/refs.js';

describe('weak', () => {
  test('weak maps and sets: a key made again -> the same entry', () => {
    const { context, part, baggage } = new TestVat().upgrade();
    const { WeakMap: VatWeakMap, WeakSet: VatWeakSet } = part.globals as {
      WeakMap: WeakMapConstructor;
      WeakSet: WeakSetConstructor;
    };
    const far = Far('far', {});
    const presence = context.references.valueOf(storedVRef('o-1'));
    const map = new VatWeakMap<object, number>([[far, 1], [presence, 2]]);
    const set = new VatWeakSet<object>([far, presence, baggage]);
    context.references.collect();
    const again = context.references.valueOf(storedVRef('o-1'));
    expect(again).not.toBe(presence);
    expect([map.get(far), map.get(again), map.has({})]).toEqual([1, 2, false]);
    expect([set.has(again), set.has(context.references.valueOf(storedVRef('o+d6/1')))]).toEqual([
      true, true,
    ]);
    expect([set.delete(again), set.delete(again), set.delete(far)]).toEqual([true, false, true]);
    expect(set.has(presence)).toBe(false);
    expect(map.delete(again)).toBe(true);
    expect(() => map.set('x' as never, 1)).toThrow(TypeError);
    expect([String(map), String(set), VatWeakMap.name]).toEqual([
      '[object WeakMap]', '[object WeakSet]', 'WeakMap',
    ]);
    expect(Object.isFrozen(VatWeakMap.prototype)).toBe(true);
  });
});
