/**
 * Durable kinds across incarnations: what may change and what each refusal says.
 */
import '../testing/ses.js';
import { Far } from '@endo/pass-style';
import { M } from '@endo/patterns';
import { describe, expect, test } from 'vitest';
import { VatFault } from '../../protocol/faults.js';
import { TestVat } from '../testing/test-vat.js';
import { storedVRef, type VRef } from '../../protocol/refs.js';
import type { Incarnation } from '../testing/test-vat.js';
import type { DurableKindHandle } from '../../vat.js';

type Behavior = Record<string, unknown>;
interface Loose {
  [name: string]: (...args: unknown[]) => unknown;
}
type Context = { state: Record<string, unknown> };

const get = ({ state }: Context, name: string) => state[name];
const set = ({ state }: Context, name: string, value: unknown) => {
  state[name] = value;
};

const define = (
  { VatData, baggage }: Incarnation,
  behavior: Behavior,
  options: object = {},
): ((initial: object) => Loose & Record<string, Loose>) => {
  const isMulti = Object.values(behavior).some(facet => typeof facet === 'object');
  if (!baggage.has('handle')) baggage.init('handle', VatData.makeKindHandle('kind'));
  const name = isMulti ? 'defineDurableKindMulti' : 'defineDurableKind';
  const definer = VatData[name] as unknown as (...args: unknown[]) => never;
  return definer(baggage.get('handle'), (initial: object) => initial, behavior, options);
};

/** Defines the kind, ends the incarnation, defines it otherwise, and ends the start. */
const redefine = (
  first: readonly [Behavior, object?],
  second: readonly [Behavior, object?],
): void => {
  const vat = new TestVat();
  const one = vat.upgrade();
  define(one, ...first);
  one.part.endCrank();
  const two = vat.upgrade();
  define(two, ...second);
  two.part.assertAllClaimed();
};

const single = { get };
const kit = (...names: string[]): Behavior => Object.fromEntries(names.map(n => [n, { get, set }]));
const shaped = (stateShape: unknown): readonly [Behavior, object] => [single, { stateShape }];

const presence = (it: Incarnation, n: number): object =>
  it.context.references.valueOf(storedVRef(`o-${n}`));

describe('redefinition: behaviour and facets', () => {
  test('redefinition: other methods -> accepted', () => {
    expect(() => redefine([single], [{ other: () => 1 }])).not.toThrow();
  });

  test.each<[string, Behavior, Behavior, string]>([
    ['single to multi', single, kit('a', 'b'),
      'defineDurableKindMulti called for unfaceted KindHandle "kind"'],
    ['multi to single', kit('a', 'b'), single,
      'defineDurableKind called for faceted KindHandle "kind"'],
    ['a facet less', kit('a', 'b', 'c'), kit('a', 'c', 'd'),
      'durable kind "kind" facets (a,c,d) is missing b from original definition (a,b,c)'],
  ])('redefinition: %s -> refused', (_title, first, second, message) => {
    expect(() => redefine([first], [second])).toThrow(message);
    expect(() => redefine([first], [second])).toThrow(VatFault);
  });

  test('redefinition: several kinds do not fit -> nothing thrown, all told at the end', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    define(one, kit('a', 'b', 'c'));
    one.baggage.init('shaped', one.VatData.makeKindHandle('shaped'));
    one.baggage.init('never', one.VatData.makeKindHandle('never'));
    const defineShaped = (it: Incarnation, stateShape: Record<string, unknown>): unknown =>
      it.VatData.defineDurableKind(
        it.baggage.get('shaped') as DurableKindHandle, null, {}, { stateShape },
      );
    defineShaped(one, { x: M.any(), y: M.any(), z: M.any() });
    one.part.endCrank();
    const two = vat.upgrade();
    const make = define(two, kit('c', 'd'));
    defineShaped(two, { x: M.any(), y: M.string(), w: M.any() });
    const texts = [
      'durable kind "kind" facets (c,d) is missing a,b from original definition (a,b,c)',
      'durable kind "shaped": durable Kind stateShape mismatch ' +
        '(body y), (body z), (body new field w)',
      'defineDurableKind not called for tags: [never]',
    ];
    expect(() => make({})).toThrow(texts[0]);
    expect(() => define(two, kit('a', 'b', 'c'))).toThrow('redefinition of durable kind');
    expect(two.part.mismatches().map(error => error.message)).toEqual(texts.slice(0, 2));
    const { assertAllClaimed } = two.part;
    expect(assertAllClaimed).toThrow(texts.join('; '));
    expect(assertAllClaimed).toThrow(expect.objectContaining({ code: 'KIND_MISMATCH' }) as Error);
  });

  test('redefinition: more facets -> old numbers kept, old instances have the new ones', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    one.baggage.init('one', define(one, kit('one', 'two'))({ n: 7 })['two']!);
    one.part.endCrank();
    const two = vat.upgrade();
    const make = define(two, kit('four', 'two', 'three', 'one'));
    const ref = (facet: number): Loose =>
      two.context.references.valueOf(storedVRef(`o+d10/1:${facet}`)) as Loose;
    expect(String(two.baggage.get('one'))).toBe('[object Alleged: kind two]');
    expect([0, 1, 2, 3].map(facet => String(ref(facet)))).toEqual(
      ['one', 'two', 'four', 'three'].map(name => `[object Alleged: kind ${name}]`),
    );
    expect(ref(3)['get']!('n')).toBe(7);
    expect(() => ref(4)).toThrow(VatFault);
    expect(two.context.references.vrefOf(make({})['four']!)).toBe('o+d10/2:2');
    two.part.endCrank();
    const three = vat.upgrade();
    define(three, kit('four', 'two', 'three', 'one', 'five'));
    const five = three.context.references.valueOf(storedVRef('o+d10/1:4'));
    expect(String(five)).toBe('[object Alleged: kind five]');
  });

  test('unclaimed: kinds not defined -> a fault that names them', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    define(one, single);
    one.baggage.init('b', one.VatData.makeKindHandle('never'));
    one.part.endCrank();
    expect(() => one.part.assertAllClaimed()).toThrow(
      'defineDurableKind not called for tags: [never]',
    );
    const two = vat.upgrade();
    const assertAllClaimed = (): void => two.part.assertAllClaimed();
    expect(assertAllClaimed).toThrow('defineDurableKind not called for tags: [kind,never]');
    expect(assertAllClaimed).toThrow(expect.objectContaining({ code: 'KIND_UNCLAIMED' }) as Error);
    define(two, single);
    const definer = two.VatData.defineDurableKind as unknown as (...args: unknown[]) => unknown;
    definer(two.baggage.get('b'), null, {});
    expect(assertAllClaimed).not.toThrow();
  });
});

describe('redefinition: stateShape', () => {
  const shape = { a: M.number(), b: M.opt(M.string()) };

  test.each<[string, readonly [Behavior, object?], readonly [Behavior, object?], string]>([
    ['added', [single], shaped(shape), '(no old shape)'],
    ['removed', shaped(shape), [single], '(no new shape)'],
    ['a field widened', shaped(shape), shaped({ ...shape, a: M.any() }), '(body a)'],
    ['a field removed', shaped(shape), shaped({ a: M.number() }), '(body b)'],
    ['a field that must be there', shaped(shape), shaped({ ...shape, c: M.any() }),
      '(body new field c)'],
    ['a new field optional deep inside', shaped(shape), shaped({ ...shape, c: [M.opt(1)] }),
      '(body new field c)'],
  ])('stateShape: %s -> refused', (_title, first, second, where) => {
    const message = `durable Kind stateShape mismatch ${where}`;
    expect(() => redefine(first, second)).toThrow(message);
    expect(() => redefine(first, second)).toThrow(VatFault);
  });

  test('stateShape: the same, or with optional fields added -> accepted', () => {
    expect(() => redefine(shaped(shape), shaped({ ...shape }))).not.toThrow();
    const more = { ...shape, c: M.or(M.undefined(), M.bigint()), d: M.or(undefined, 3) };
    expect(() => redefine(shaped(shape), shaped(more))).not.toThrow();
  });

  test('stateShape: other references -> refused', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    define(one, single, { stateShape: { a: presence(one, 1), b: M.any() } });
    one.part.endCrank();
    const again = (stateShape: (it: Incarnation) => object) => (): void => {
      const it = vat.upgrade();
      define(it, single, { stateShape: stateShape(it) });
      it.part.assertAllClaimed();
    };
    expect(again(it => ({ a: presence(it, 1), b: M.any() }))).not.toThrow();
    expect(again(it => ({ a: presence(it, 2), b: M.any() }))).toThrow(
      'durable kind "kind": durable Kind stateShape mismatch (slot[0]), (field a)',
    );
    const more = (it: Incarnation): object =>
      ({ a: presence(it, 1), b: M.any(), c: M.or(undefined, presence(it, 3) as never) });
    expect(again(more)).toThrow('mismatch (slots.length), (field c)');
  });

  test('stateShape: a field added -> undefined in old instances, frozen from then on', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    one.baggage.init('thing', define(one, { get, set }, { stateShape: shape })({ a: 1, b: 'x' }));
    one.part.endCrank();
    const two = vat.upgrade();
    define(two, { get, set }, { stateShape: { c: M.opt(M.bigint()), ...shape } });
    const thing = two.baggage.get('thing') as Loose;
    expect(['a', 'b', 'c'].map(name => thing['get']!(name))).toEqual([1, 'x', undefined]);
    thing['set']!('c', 5n);
    two.part.endCrank();
    const frozen = vat.upgrade();
    define(frozen, { get, set }, { stateShape: shape });
    expect(() => frozen.part.assertAllClaimed()).toThrow('(body c)');
    const three = vat.upgrade();
    define(three, { get, set }, { stateShape: { c: M.opt(M.bigint()), ...shape } });
    const later = three.baggage.get('thing') as Loose;
    expect(['a', 'b', 'c'].map(name => later['get']!(name))).toEqual([1, 'x', 5n]);
  });

  test('migrate: a function that looks at its this -> there is nothing', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    one.baggage.init('thing', define(one, single)({ a: 1 }));
    one.part.endCrank();
    const two = vat.upgrade();
    const seen: unknown[] = [];
    const migrate = function (this: unknown, old: object): object {
      seen.push(this);
      return { ...old, a: 2 };
    };
    define(two, single, { version: 1, migrate });
    expect((two.baggage.get('thing') as Loose)['get']!('a')).toBe(2);
    expect(seen).toEqual([undefined]);
  });
});

describe('redefinition: order of definitions', () => {
  const defineTag = (it: Incarnation, tag: string) => {
    const { VatData, baggage } = it;
    if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(tag));
    const definer = VatData.defineDurableKind as unknown as (
      ...args: unknown[]
    ) => (initial: object) => Loose;
    return definer(baggage.get(tag), (initial: object) => initial, { get, set });
  };

  test('values of a kind not yet defined -> that value throws, others can be read', () => {
    const vat = new TestVat();
    const one = vat.upgrade();
    const b = defineTag(one, 'b')({ n: 2 });
    one.baggage.init('direct', b);
    one.baggage.init('thing', defineTag(one, 'a')({ n: 1, b: [b], handle: one.baggage.get('a') }));
    one.part.endCrank();
    const two = vat.upgrade();
    const why = /^failed to reanimate "Alleged: b": no kind info for 10 .*check deserialize preceding/;
    expect(() => two.baggage.get('direct')).toThrow(why);
    defineTag(two, 'a');
    const thing = two.baggage.get('thing') as Loose;
    expect(thing['get']!('n')).toBe(1);
    expect(() => thing['get']!('b')).toThrow(why);
    thing['set']!('n', 5);
    defineTag(two, 'b');
    expect((thing['get']!('b') as Loose[])[0]!['get']!('n')).toBe(2);
    two.part.assertAllClaimed();
    two.part.endCrank();
    expect(thing['get']!('n')).toBe(5);
    expect((thing['get']!('b') as Loose[])[0]).toBe(two.baggage.get('direct'));
  });

  test('virtual kinds: a new incarnation -> numbers begin anew', () => {
    const vat = new TestVat();
    const make = (it: Incarnation): VRef | undefined => {
      const define = it.VatData.defineKind as unknown as (...args: unknown[]) => () => object;
      const ref = it.context.references.vrefOf(define('v', null, { f: () => Far('x', {}) })());
      it.part.endCrank();
      return ref;
    };
    expect([make(vat.upgrade()), make(vat.upgrade())]).toEqual(['o+v0/10/1', 'o+v1/10/1']);
  });
});
