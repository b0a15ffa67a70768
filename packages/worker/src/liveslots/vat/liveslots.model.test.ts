/**
 * Random operations on kinds and collections, through cranks, collections of garbage and upgrades,
 * against a model that keeps plain values in plain maps.
 */
import '../testing/ses.js';
import fc from 'fast-check';
import { compareRank } from '@endo/marshal';
import { describe, expect, test } from 'vitest';
import { amount } from '../../../../../test/support/suite/amounts.js';
import { TestVat, nextCrank } from '../testing/test-vat.js';
import { storedVRef, type VRef } from '../../protocol/refs.js';
import type { MapStore, SetStore } from '../../vat.js';
import type { Incarnation } from '../testing/test-vat.js';

/** A value of the model: objects stand as `{ ref }`. */
type Primitive = null | undefined | boolean | number | bigint | string;
type Value = Primitive | readonly Value[] | { ref: VRef };
type Stateful = {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  both?(name: string): unknown;
};

const NAMES = ['p', 'q', 'r'];
const primitive: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(null, undefined, true, false, '', 'a', 'é\ud800', 0, -1.5, NaN, Infinity),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.string({ maxLength: 6, unit: 'binary' }),
  fc.double({ noNaN: false }).map(n => (Object.is(n, -0) ? 0 : n)),
);

type Operation = readonly [kind: number, a: number, b: number, value: Value];
const operation: fc.Arbitrary<Operation> = fc.tuple(
  fc.nat({ max: 19 }),
  fc.nat({ max: 1000 }),
  fc.nat({ max: 1000 }),
  fc.oneof(
    { weight: 4, arbitrary: primitive },
    { weight: 1, arbitrary: fc.array(primitive, { maxLength: 3 }) },
  ),
);

const makeKinds = ({ VatData, baggage }: Incarnation) => {
  for (const tag of ['one', 'kit']) {
    if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(tag));
  }
  type Context = { state: Record<string, unknown> };
  const get = ({ state }: Context, name: string) => state[name];
  const set = ({ state }: Context, name: string, value: unknown) => {
    state[name] = value;
  };
  const init = (...names: string[]) => Object.fromEntries(names.map(name => [name, undefined]));
  const loose = (definer: unknown) =>
    definer as (...args: unknown[]) => (...names: string[]) => Stateful & { a: Stateful };
  return [
    loose(VatData.defineDurableKind)(baggage.get('one'), init, { get, set }),
    loose(VatData.defineDurableKindMulti)(baggage.get('kit'), init, {
      a: { get, set },
      b: { get },
    }),
    loose(VatData.defineKind)('virtual', init, { get, set }),
  ];
};

/** The vat and the model of it, side by side. */
class Pair {
  readonly #vat = new TestVat();
  #now: Incarnation;
  #makers: ReturnType<typeof makeKinds>;
  /** State by vref. */
  readonly objects = new Map<VRef, Map<string, Value>>();
  /** Entries by vref, in order of insertion. */
  readonly maps = new Map<VRef, Map<unknown, { key: Value; value: Value }>>();

  constructor() {
    this.#now = this.#vat.upgrade();
    this.#makers = makeKinds(this.#now);
    this.#now.part.assertAllClaimed();
  }

  upgrade(): void {
    this.#now.part.endCrank();
    this.#now = this.#vat.upgrade();
    this.#makers = makeKinds(this.#now);
    this.#now.part.assertAllClaimed();
    for (const table of [this.objects, this.maps]) {
      for (const ref of table.keys()) if (ref.startsWith('o+v')) table.delete(ref);
    }
  }

  crank(isCollected: boolean): void {
    if (isCollected) nextCrank(this.#now);
    else this.#now.part.endCrank();
  }

  make(kind: number, count: number): void {
    const names = NAMES.slice(0, count);
    const made = this.#makers[kind]!(...names);
    const ref = this.#refOf(kind === 1 ? made.a : made);
    this.objects.set(ref, new Map(names.map(name => [name, undefined])));
  }

  makeMap(isDurable: boolean, isSet: boolean): void {
    const { VatData } = this.#now;
    const options = { durable: isDurable };
    const store: object = isSet
      ? VatData.makeScalarBigSetStore('s', options)
      : VatData.makeScalarBigMapStore('m', options);
    this.maps.set(this.#refOf(store), new Map());
  }

  set(ref: VRef, name: string, value: Value): void {
    const real = this.#real(ref) as unknown as Stateful;
    real.set(name, this.#toReal(value));
    this.objects.get(ref)!.set(name, value);
    expect(this.#toModel(real.get(name))).toEqual(value);
  }

  checkObject(ref: VRef): void {
    const real = this.#real(ref) as unknown as Stateful;
    for (const [name, value] of this.objects.get(ref)!) {
      expect(this.#toModel(real.get(name))).toEqual(value);
    }
  }

  put(ref: VRef, key: Value, value: Value): void {
    const entries = this.maps.get(ref)!;
    const id = this.#idOf(key);
    const realKey = this.#toReal(key);
    if (this.#isSet(ref)) {
      (this.#real(ref) as SetStore<unknown>).add(realKey);
      if (!entries.has(id)) entries.set(id, { key, value: null });
      return;
    }
    const map = this.#real(ref) as MapStore<unknown, unknown>;
    if (entries.has(id)) {
      expect(() => map.init(realKey, 1)).toThrow(/already registered/);
      map.set(realKey, this.#toReal(value));
      entries.get(id)!.value = value;
    } else {
      expect(() => map.set(realKey, 1)).toThrow(/not found/);
      map.init(realKey, this.#toReal(value));
      entries.set(id, { key, value });
    }
  }

  remove(ref: VRef, key: Value): void {
    const map = this.#real(ref) as MapStore<unknown, unknown>;
    if (this.maps.get(ref)!.delete(this.#idOf(key))) map.delete(this.#toReal(key));
    else expect(() => map.delete(this.#toReal(key))).toThrow(/not found/);
  }

  clear(ref: VRef): void {
    (this.#real(ref) as MapStore<unknown, unknown>).clear();
    this.maps.get(ref)!.clear();
  }

  checkMap(ref: VRef): void {
    const map = this.#real(ref) as MapStore<unknown, unknown>;
    const entries = [...this.maps.get(ref)!.values()];
    expect(map.getSize()).toBe(entries.length);
    // Ties, remotables all, stay in order of insertion.
    const sorted = entries
      .map(({ key, value }) => ({ key, value, real: this.#toReal(key) }))
      .sort((a, b) => compareRank(a.real as never, b.real as never));
    expect([...map.keys()].map(key => this.#toModel(key))).toEqual(sorted.map(e => e.key));
    if (this.#isSet(ref)) return;
    const values = [...map.values()].map(value => this.#toModel(value));
    expect(values).toEqual(sorted.map(e => e.value));
    for (const { key, value } of entries) {
      expect(map.has(this.#toReal(key))).toBe(true);
      expect(this.#toModel(map.get(this.#toReal(key)))).toEqual(value);
    }
  }

  #isSet(ref: VRef): boolean {
    return /^o\+(d8|v\d+\/4)\//.test(ref);
  }

  #real(ref: VRef): object {
    return this.#now.context.references.valueOf(ref);
  }

  #refOf(value: object): VRef {
    return this.#now.context.references.vrefOf(value)!;
  }

  #idOf(key: Value): unknown {
    return typeof key === 'object' && key !== null && 'ref' in key ? key.ref + ' ref' : key;
  }

  #toReal(value: Value): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if ('ref' in value) return this.#real(value.ref);
    return value.map(item => this.#toReal(item));
  }

  #toModel(value: unknown): Value {
    if (typeof value !== 'object' || value === null) return value as Value;
    if (Array.isArray(value)) return value.map(item => this.#toModel(item));
    return { ref: this.#refOf(value) };
  }
}

const nth = <T>(items: Iterable<T>, n: number): T | undefined => {
  const list = [...items];
  return list[n % Math.max(1, list.length)];
};

/** The given value, a reference, or a list with one: durable only, for all but virtual holders. */
const valueFor = (pair: Pair, holder: VRef, [, a, b, value]: Operation): Value => {
  if (a % 3 !== 0) return value;
  const refs = [...pair.objects.keys(), ...pair.maps.keys(), storedVRef('o-1'), storedVRef('o-2')];
  const legal = refs.filter(ref => !ref.startsWith('o+v') || holder.startsWith('o+v'));
  const ref = nth(legal, b)!;
  return b % 2 === 0 ? { ref } : [value, { ref }];
};

const keyFor = (pair: Pair, holder: VRef, operation: Operation): Value => {
  const value = valueFor(pair, holder, operation);
  return Array.isArray(value) ? 'list' : value;
};

const apply = (pair: Pair, operation: Operation): void => {
  const [kind, a, b, value] = operation;
  const object = nth(pair.objects.keys(), a);
  const map = nth(pair.maps.keys(), a);
  if (kind < 2) pair.make(a % 3, b % (NAMES.length + 1));
  else if (kind < 3) pair.makeMap(a % 2 === 0, b % 2 === 0);
  else if (kind < 8 && object !== undefined) {
    const name = nth(pair.objects.get(object)!.keys(), b);
    if (name !== undefined) pair.set(object, name, valueFor(pair, object, operation));
  } else if (kind < 9 && object !== undefined) pair.checkObject(object);
  else if (kind < 13 && map !== undefined) {
    pair.put(map, keyFor(pair, map, operation), valueFor(pair, map, [kind, b, a, value]));
  } else if (kind < 14 && map !== undefined) pair.remove(map, keyFor(pair, map, operation));
  else if (kind < 15 && map !== undefined && b % 4 === 0) pair.clear(map);
  else if (kind < 16 && map !== undefined) pair.checkMap(map);
  else if (kind < 19) pair.crank(a % 2 === 0);
  else if (b % 3 === 0) pair.upgrade();
};

describe('model', { tags: ['sized'] }, () => {
  test('random operations over incarnations -> what plain maps hold', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), operations => {
        const pair = new Pair();
        for (const each of operations) apply(pair, each);
        pair.crank(true);
        for (const ref of pair.objects.keys()) pair.checkObject(ref);
        for (const ref of pair.maps.keys()) pair.checkMap(ref);
      }),
      { numRuns: amount({ quick: 30, thorough: 100 }) },
    );
  });
});
