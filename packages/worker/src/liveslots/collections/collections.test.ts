/**
 * Collections: keys and order, methods, texts of refusals, iteration, rows.
 */
import '../testing/ses.js';
import { Far } from '@endo/pass-style';
import { M, getCopyMapEntries, getCopySetKeys, makeCopyMap, makeCopySet } from '@endo/patterns';
import {
  rowCollection,
  rowEntryPrefix,
  rowRecognizer,
  rowRefEntry,
} from '@heirloom/store/keys';
import { describe, expect, test } from 'vitest';
import { VatFault } from '../../protocol/faults.js';
import { fromCesu8, toCesu8 } from './collection-keys.js';
import { unpackRow } from '../rows/frames.js';
import { beginVat, nextCrank, TestVat } from '../testing/test-vat.js';
import { storedVRef } from '../../protocol/refs.js';
import type { MapStore } from '../../vat.js';
import type { Incarnation } from '../testing/test-vat.js';

const presence = (it: Incarnation, n: number): object =>
  it.context.references.valueOf(storedVRef(`o-${n}`));
const anyMap = (it: Incarnation, options: object = {}): MapStore<unknown, unknown> =>
  it.VatData.makeScalarBigMapStore('L', options);

describe('collections: keys', () => {
  test('order: rank order, whatever the order of insertion', () => {
    const it = beginVat();
    const map = anyMap(it);
    const [one, two] = [presence(it, 1), Far('two', {})];
    const keys = [
      false, true, -Infinity, -2, 0, 1.5, 3, Infinity, NaN, -(10n ** 30n), -7n, 0n, 12n,
      two, one, '', 'a', 'ab', 'b', 'é', '\ud7ff', '\ud800', '\ud83d\ude00', '\udfff', '\uffff',
      null, Symbol.for('x'), undefined,
    ];
    map.init(two, 'two');
    for (const key of [...keys].reverse()) if (key !== two) map.init(key, String(key));
    nextCrank(it);
    expect([...map.keys()]).toEqual(keys);
    expect(map.getSize()).toBe(keys.length);
    for (const key of keys) expect(map.has(key)).toBe(true);
    expect(map.get(-0)).toBe('0');
    map.delete(two);
    map.init(two, 'again');
    expect([...map.keys(M.remotable())]).toEqual([one, two]);
    map.set(one, 'set');
    expect([...map.entries(M.remotable())]).toEqual([[one, 'set'], [two, 'again']]);
  });

  test('cesu-8: any string -> itself, in the order of code units', () => {
    const low = ['', 'a', '\x7f', '\x80', '\u07ff', '\u0800'];
    const texts = [...low, '\ud800', '\udc00', '\uffff', 'é\ud83d'];
    for (const a of texts) {
      expect(fromCesu8(toCesu8(a))).toBe(a);
      for (const b of texts) expect(toCesu8(a) < toCesu8(b)).toBe(a < b);
    }
  });

  test('keys: no scalar or against the shape -> refused; has -> false', () => {
    const it = beginVat();
    const map = anyMap(it);
    const shaped = anyMap(it, { keyShape: M.string() });
    const message = /^invalid key type for collection "L": /;
    for (const key of [Object.freeze({}), Object.freeze([]), Promise.resolve(), Error('x')]) {
      Object.freeze(key);
      expect(map.has(key)).toBe(false);
      for (const use of [map.get, map.delete]) expect(() => use(key)).toThrow(message);
      for (const use of [map.init, map.set]) expect(() => use(key, 1)).toThrow(message);
    }
    expect(() => shaped.init(1, 1)).toThrow(message);
    expect(() => shaped.init(Object.freeze({}), 1)).toThrow(message);
    expect(shaped.has(1)).toBe(false);
    expect(() => it.baggage.init(1 as never, 1)).toThrow(/^invalid key type for collection "baggage"/);
  });

  test('keys: 219 units -> taken, 220 -> too large', () => {
    const map = anyMap(beginVat());
    map.init('\uffff'.repeat(218), 1);
    expect(map.get('\uffff'.repeat(218))).toBe(1);
    for (const use of [map.has, map.get]) {
      expect(() => use('x'.repeat(219))).toThrow('key too large');
    }
    expect(() => map.init('x'.repeat(219), 1)).toThrow('key too large');
  });

  test('keys: missing or present -> the texts', () => {
    const map = anyMap(beginVat());
    const missing = /^key .* not found in collection "L"$/;
    expect(() => map.get('k')).toThrow(missing);
    expect(() => map.set('k', 1)).toThrow(missing);
    expect(() => map.delete(Far('unknown', {}))).toThrow(missing);
    map.init('k', 1);
    expect(() => map.init('k', 2)).toThrow(/^key .* already registered in collection "L"$/);
    expect(map.get('k')).toBe(1);
  });
});

describe('collections: values and durability', () => {
  test('values: against the shape -> refused, on set too', () => {
    const map = anyMap(beginVat(), { valueShape: M.number() });
    expect(() => map.init('k', 'x')).toThrow(/^invalid value type for collection "L": /);
    map.init('k', 1);
    expect(() => map.set('k', 'x')).toThrow(/^invalid value type for collection "L": /);
    expect([...map.values()]).toEqual([1]);
  });

  test('values: decoded anew by every get', () => {
    const map = anyMap(beginVat());
    const value = { a: [1] };
    map.init('k', value);
    expect(Object.isFrozen(value.a)).toBe(true);
    expect(map.get('k')).toEqual(value);
    expect(map.get('k')).not.toBe(map.get('k'));
  });

  test('durable: what is not durable -> refused, nothing left behind', () => {
    const it = beginVat();
    const map = anyMap(it, { durable: true });
    const far = Far('far', {});
    map.init('there', 1);
    expect(() => map.init('k', [1, far])).toThrow(/^value is not durable: .* at slot 0 of /);
    expect(() => map.set('there', far)).toThrow(/^value is not durable: .* at slot 0 of /);
    expect(() => map.init(far, 1)).toThrow(/^key \(.*\) is not durable in /);
    expect([...map.entries()]).toEqual([['there', 1]]);
    for (const shape of ['keyShape', 'valueShape']) {
      const options = { durable: true, [shape]: M.or(far, 1) };
      expect(() => anyMap(it, options)).toThrow(/^value is not durable: /);
    }
    const virtual = anyMap(it);
    virtual.init(far, far);
    nextCrank(it);
    expect(virtual.get(far)).toBe(far);
  });

  test('init: the order of checks', () => {
    const it = beginVat();
    const map = anyMap(it, { durable: true, keyShape: M.any(), valueShape: M.remotable() });
    const far = Far('far', {});
    map.init('k', presence(it, 1));
    expect(() => map.init('k', 1)).toThrow(/already registered/);
    expect(() => map.init(far, 1)).toThrow(/^invalid value type/);
    expect(() => map.init(far, far)).toThrow(/^value is not durable/);
    expect(() => map.init(far, presence(it, 2))).toThrow(/^key \(.*\) is not durable in /);
    expect(() => map.init(Object.freeze([]), 1)).toThrow(/^invalid key type/);
  });
});

describe('collections: methods', () => {
  test('map: patterns -> the entries that match', () => {
    const it = beginVat();
    const map = anyMap(it);
    map.addAll([['a', 1], ['b', 2], ['c', 1], [1, 1], [5n, 2]]);
    expect([...map.keys(M.string(), 1)]).toEqual(['a', 'c']);
    expect([...map.values(M.gte('b'))]).toEqual([2, 1]);
    expect([...map.entries(M.or('a', 5n))]).toEqual([[5n, 2], ['a', 1]]);
    expect([...map.keys('b')]).toEqual(['b']);
    expect([...map.keys(presence(it, 9))]).toEqual([]);
    expect(map.getSize(M.string())).toBe(3);
    expect(map.getSize(M.any(), 2)).toBe(2);
    expect(getCopyMapEntries(map.snapshot(M.number()) as never)).toBeDefined();
    expect([...getCopyMapEntries(map.snapshot(M.number()) as never)]).toEqual([[1, 1]]);
    map.clear(M.string(), 1);
    expect([...map.keys()]).toEqual([1, 5n, 'b']);
    expect(map.getSize()).toBe(3);
    map.clear();
    expect([map.getSize(), [...map.keys()]]).toEqual([0, []]);
    expect(() => map.keys({} as never)).toThrow();
  });

  test('addAll: entries, CopyMap -> init or set; others -> refused', () => {
    const it = beginVat();
    const map = anyMap(it);
    map.addAll([['a', 1]]);
    map.addAll(makeCopyMap([['a', 2], ['b', 3]]));
    expect([...map.entries()]).toEqual([['a', 2], ['b', 3]]);
    const set = it.VatData.makeScalarBigSetStore<unknown>('S');
    set.addAll(['x', 'y', 'x']);
    set.addAll(makeCopySet(['z', 'x']));
    expect([...set.values()]).toEqual(['x', 'y', 'z']);
    for (const source of [3, {}, undefined, makeCopySet(['a'])]) {
      expect(() => map.addAll(source as never)).toThrow(/^provided data source is not iterable: /);
    }
    expect(() => set.addAll(makeCopyMap([['a', 1]]))).toThrow(/is not iterable/);
  });

  test('set: add twice -> once; delete of a stranger -> throws', () => {
    const it = beginVat();
    const set = it.VatData.makeScalarBigSetStore<unknown>('S', { durable: true });
    set.add('a');
    set.add('a');
    set.add(presence(it, 1));
    expect([set.getSize(), set.getSize(M.string())]).toEqual([2, 1]);
    expect(() => set.delete('b')).toThrow(/^key .* not found in collection "S"$/);
    expect([...getCopySetKeys(set.snapshot(M.string()) as never)]).toEqual(['a']);
    set.clear(M.remotable());
    expect([...set.keys()]).toEqual(['a']);
    expect(Object.keys(set).sort()).toEqual(
      ['add', 'addAll', 'clear', 'delete', 'getSize', 'has', 'keys', 'snapshot', 'values'],
    );
  });

  test('weak stores: fewer methods, entries as in strong ones', () => {
    const it = beginVat();
    const map = it.VatData.makeScalarBigWeakMapStore<unknown, unknown>('W', { durable: true });
    const set = it.VatData.makeScalarBigWeakSetStore<unknown>('WS');
    const key = presence(it, 1);
    map.init(key, 1);
    map.init('primitive', 2);
    map.set(key, 3);
    set.add(key);
    nextCrank(it);
    expect([map.get(presence(it, 1)), map.get('primitive'), set.has(presence(it, 1))]).toEqual([
      3, 2, true,
    ]);
    expect(it.vat.rows.get(rowRecognizer('o-1', 4))).toBeDefined();
    map.delete(presence(it, 1));
    expect(it.vat.rows.get(rowRecognizer('o-1', 4))).toBeUndefined();
    expect(Object.keys(map).sort()).toEqual(['addAll', 'delete', 'get', 'has', 'init', 'set']);
    expect(Object.keys(set).sort()).toEqual(['add', 'addAll', 'delete', 'has']);
    expect([String(map), String(set)]).toEqual([
      '[object Alleged: weakMapStore]', '[object Alleged: weakSetStore]',
    ]);
  });

  test('methods: taken out of the store -> still work', () => {
    const { init, get } = anyMap(beginVat());
    init('a', 1);
    expect(get('a')).toBe(1);
  });
});

describe('collections: iteration', () => {
  test('iterator: lazy and hardened; deletions and sets ahead are seen', () => {
    const it = beginVat();
    const map = anyMap(it);
    map.addAll([['a', 1], ['b', 2], ['c', 3], ['d', 4]]);
    it.vat.rows.take();
    const entries = map.entries();
    expect(Object.isFrozen(entries)).toBe(true);
    expect(entries.next().value).toEqual(['a', 1]);
    expect(it.vat.rows.take().reads).toHaveLength(1);
    map.delete('b');
    map.set('c', 30);
    const entry = entries.next().value as unknown[];
    expect(entry).toEqual(['c', 30]);
    expect(Object.isFrozen(entry)).toBe(true);
    expect([...entries]).toEqual([['d', 4]]);
  });

  test('iterator: a new key anywhere -> the next step throws, in later cranks too', () => {
    const it = beginVat();
    const map = anyMap(it, { durable: true });
    it.baggage.init('map', map);
    map.addAll([['b', 1], ['c', 2]]);
    const keys = map.keys();
    keys.next();
    map.set('b', 5);
    nextCrank(it);
    const again = it.baggage.get('map') as MapStore<unknown, unknown>;
    expect(again).not.toBe(map);
    again.init('a', 1);
    expect(() => keys.next()).toThrow('keys in store cannot be added to during iteration');
    expect([...map.keys()]).toEqual(['a', 'b', 'c']);
  });
});

describe('collections: rows and incarnations', () => {
  test('rows: as docs/tables.md says', () => {
    const it = beginVat();
    const map = anyMap(it, { durable: true, valueShape: M.any() });
    const key = presence(it, 3);
    map.init(key, [presence(it, 2), key]);
    map.init('k', presence(it, 2));
    it.part.endCrank();
    const { rows } = it.vat;
    expect(unpackRow('collection', rows.get(rowCollection(4))!)[0]).toBe(6);
    expect(unpackRow('refEntry', rows.get(rowRefEntry(4, 'o-3'))!)).toEqual([
      1, expect.any(Uint8Array), ['o-2', 'o-3'],
    ]);
    const texts = rows.keysFrom(rowEntryPrefix(4)).map(row => row.slice(7));
    expect(texts).toEqual(['r0000000001:o-3', 'sk']);
    expect(rows.get(`${rowEntryPrefix(4)}r0000000001:o-3`)).toHaveLength(0);
    map.clear();
    expect(rows.keysFrom(rowEntryPrefix(4))).toEqual([]);
    expect(rows.get(rowRefEntry(4, 'o-3'))).toBeUndefined();
  });

  test('reads: a collection made again -> nothing; used -> schema and entry once', () => {
    const it = beginVat();
    anyMap(it, { durable: true }).init('k', 1);
    nextCrank(it);
    it.vat.rows.take();
    const map = it.context.references.valueOf(storedVRef('o+d6/4')) as MapStore<string, number>;
    expect(it.vat.rows.take().reads).toEqual([]);
    map.get('k');
    map.get('k');
    expect(it.vat.rows.take().reads).toEqual([
      rowCollection(4), `${rowEntryPrefix(4)}sk`, `${rowEntryPrefix(4)}sk`,
    ]);
    const ghost = it.context.references.valueOf(storedVRef('o+d6/99')) as MapStore<string, number>;
    for (const use of [() => ghost.has('k'), () => ghost.getSize(), () => ghost.keys()]) {
      expect(use).toThrow(VatFault);
    }
  });

  test('baggage: made once, the same in every incarnation; cids go on', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    expect(one.context.references.vrefOf(one.baggage)).toBe('o+d6/1');
    const set = one.VatData.makeScalarBigSetStore<string>('S', { durable: true });
    one.baggage.init('set', set);
    set.add('x');
    one.part.endCrank();
    const two = vat.upgrade();
    expect([...two.baggage.keys()]).toEqual(['set']);
    expect([...(two.baggage.get('set') as typeof set).keys()]).toEqual(['x']);
    const map = anyMap(two, { durable: true });
    expect(two.context.references.vrefOf(map)).toBe('o+d6/5');
    expect(two.context.references.vrefOf(anyMap(two))).toBe('o+v1/2/4');
  });
});
