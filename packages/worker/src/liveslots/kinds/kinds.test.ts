/**
 * Kinds: contexts, state, cohorts, checks. Definitions across incarnations: redefinition.test.ts.
 */
import '../testing/ses.js';
import { Far, passStyleOf } from '@endo/pass-style';
import { M } from '@endo/patterns';
import {
  rowImportRef,
  rowKind,
  rowKindNext,
  rowObject,
  rowObjectState,
  rowZero,
} from '@heirloom/store/keys';
import { describe, expect, test } from 'vitest';
import { unpackNumber, unpackRow } from '../rows/frames.js';
import { beginVat, nextCrank } from '../testing/test-vat.js';
import { storedVRef } from '../../protocol/refs.js';
import type { Incarnation } from '../testing/test-vat.js';

interface Loose {
  [name: string]: (...args: unknown[]) => unknown;
}
type Context = { state: Record<string, unknown>; self: Loose; facets: Record<string, Loose> };


const anyKind = {
  get: ({ state }: Context, name: string) => state[name],
  set: ({ state }: Context, name: string, value: unknown) => {
    state[name] = value;
  },
  context: (context: Context) => context,
  nothing: () => 'nothing',
};

const defineThing = ({ VatData }: Incarnation, options: object = {}) => {
  const handle = VatData.makeKindHandle('thing');
  const define = VatData.defineDurableKind as unknown as (
    ...args: unknown[]
  ) => (initial: unknown) => Loose;
  return define(handle, (initial: unknown) => initial, anyKind, options);
};

describe('kinds: state and context', () => {
  test('state: assigned -> the same object in this crank, an equal one later', () => {
    const it = beginVat();
    const thing = defineThing(it)({ list: [1, 2], n: 1n });
    const list = thing['get']!('list');
    expect(thing['get']!('list')).toBe(list);
    const fresh = { a: 1 };
    thing['set']!('list', fresh);
    expect(Object.isFrozen(fresh)).toBe(true);
    expect(thing['get']!('list')).toBe(fresh);
    it.part.endCrank();
    const later = thing['get']!('list');
    expect(later).toEqual(fresh);
    expect(later).not.toBe(fresh);
    expect(thing['get']!('list')).toBe(later);
  });

  test('context: within a crank -> one; in the next -> another', () => {
    const it = beginVat();
    const thing = defineThing(it)({ n: 1 });
    const context = thing['context']!() as Context;
    expect(thing['context']!()).toBe(context);
    expect(context.self).toBe(thing);
    expect(Object.isFrozen(context)).toBe(true);
    expect(Object.keys(context.state)).toEqual(['n']);
    it.part.endCrank();
    const next = thing['context']!() as Context;
    expect(next).not.toBe(context);
    thing['set']!('n', 2);
    expect(context.state['n']).toBe(2);
  });

  test('state: an unknown property -> TypeError', () => {
    const thing = defineThing(beginVat())({ n: 1 });
    expect(() => thing['set']!('m', 2)).toThrow(TypeError);
  });

  test('state: accessors elsewhere -> refused', () => {
    const it = beginVat();
    const make = defineThing(it);
    const state = (make({ n: 1 })['context']!() as Context).state;
    const { get } = Object.getOwnPropertyDescriptor(state, 'n')!;
    expect(() => get!.call({})).toThrow('state accessors can only be applied to state');
    const other = (make({ m: 1 })['context']!() as Context).state;
    expect(() => get!.call(other)).toThrow('state has no property "n"');
  });

  test('rows: a crank -> one read, one write per object', () => {
    const it = beginVat();
    const make = defineThing(it);
    const [a, b] = [make({ n: 1 }), make({ n: 2 })];
    it.part.endCrank();
    const { writes } = it.vat.rows.take();
    expect(writes.filter(key => key === rowObject(10, 1))).toHaveLength(1);
    expect(writes).toContain(rowZero(0, 'o+d10/1'));
    b['set']!('n', 3);
    a['set']!('n', 4);
    a['set']!('n', 5);
    b['nothing']!();
    it.part.endCrank();
    expect(it.vat.rows.take()).toEqual({
      reads: [rowObject(10, 2), rowObject(10, 1)],
      writes: [rowObject(10, 1), rowObject(10, 2)],
    });
    a['get']!('n');
    it.part.endCrank();
    expect(it.vat.rows.take().writes).toEqual([]);
  });

  test('rows: state untouched -> no read; a missing row -> fault when touched', () => {
    const it = beginVat();
    const make = defineThing(it);
    make({ n: 1 });
    nextCrank(it);
    it.vat.rows.take();
    const ghost = it.context.references.valueOf(storedVRef('o+d10/7')) as Loose;
    expect(ghost['nothing']!()).toBe('nothing');
    expect(it.vat.rows.take().reads).toEqual([]);
    expect(() => ghost['get']!('n')).toThrow('o+d10/7 has no state');
    nextCrank(it);
    make({ other: 1 });
    nextCrank(it);
    const again = it.context.references.valueOf(storedVRef('o+d10/7')) as Loose;
    expect(again['nothing']!()).toBe('nothing');
    expect(() => again['get']!('n')).toThrow('o+d10/7 has no state');
  });

  test('rows: a large state -> stands apart, comes back when small', () => {
    const it = beginVat();
    const thing = defineThing(it)({ text: 'x'.repeat(1000) });
    nextCrank(it);
    expect(unpackRow('object', it.vat.rows.get(rowObject(10, 1))!)[6]).toBe(null);
    expect(it.vat.rows.get(rowObjectState(10, 1))).toBeDefined();
    expect(thing['get']!('text')).toBe('x'.repeat(1000));
    thing['set']!('text', 'short');
    nextCrank(it);
    expect(it.vat.rows.get(rowObjectState(10, 1))).toBeUndefined();
    expect(thing['get']!('text')).toBe('short');
  });

  test('rows: references -> in order of mention; each thing counts the row once', () => {
    const it = beginVat();
    const make = defineThing(it);
    const other = make({});
    const [b, a] = ['o-5', 'o-2'].map(ref => it.context.references.valueOf(storedVRef(ref)));
    make({ b: [b, other, b], a });
    it.part.endCrank();
    const slots = unpackRow('object', it.vat.rows.get(rowObject(10, 2))!)[7];
    expect(slots).toEqual(['o-5', 'o+d10/1', 'o-2']);
    expect(unpackRow('object', it.vat.rows.get(rowObject(10, 1))!)[2]).toBe(1);
    expect(unpackRow('importRef', it.vat.rows.get(rowImportRef(5))!)[0]).toBe(1);
  });

  test('representative: made again -> another object, the same state, no read', () => {
    const it = beginVat();
    const thing = defineThing(it)({ n: 1 });
    nextCrank(it);
    it.vat.rows.take();
    const again = it.context.references.valueOf(storedVRef('o+d10/1')) as Loose;
    expect(it.vat.rows.take().reads).toEqual([]);
    expect(again).not.toBe(thing);
    expect(again['get']!('n')).toBe(1);
    expect(passStyleOf(again as never)).toBe('remotable');
    expect(String(again)).toBe('[object Alleged: thing]');
  });

  test('init: null or none -> empty state; no object -> refused', () => {
    const it = beginVat();
    const define = it.VatData.defineKind as unknown as (...args: unknown[]) => () => Loose;
    expect(define('a', undefined, anyKind)()['nothing']!()).toBe('nothing');
    expect(Object.keys((define('a', null, anyKind)()['context']!() as Context).state)).toEqual([]);
    expect(() => define('a', () => 3, anyKind)()).toThrow(/^initial data must be object, not /);
    expect(() => define('a', () => {}, anyKind)()).toThrow(/^initial data must be object, not /);
  });

  test('finish: the instance -> registered, before the maker returns', () => {
    const it = beginVat();
    const seen: unknown[] = [];
    const thing = defineThing(it, {
      finish: ({ self, state }: Context) => {
        state['n'] = 2;
        seen.push(self);
      },
    })({ n: 1 });
    expect(seen).toEqual([thing]);
    expect(thing['get']!('n')).toBe(2);
  });

  test('init: it throws or is refused -> no number taken, nothing written', () => {
    const it = beginVat();
    const make = defineThing(it);
    make({});
    it.part.endCrank();
    it.vat.rows.take();
    expect(() => make({ a: 1, b: Far('far', {}) })).toThrow('value for "b" is not durable: slot 0');
    expect(() => make({ a: 1, b: () => 1 })).toThrow(TypeError);
    it.part.endCrank();
    expect(it.vat.rows.take().writes).toEqual([]);
    make({});
    it.part.endCrank();
    expect(unpackNumber(it.vat.rows.get(rowKindNext(10))!)).toBe(3);
  });
});

describe('kinds: durability', () => {
  test('durable state: what is not durable -> refused, the state unchanged', () => {
    const it = beginVat();
    const thing = defineThing(it)({ v: 1 });
    const virtual = (it.VatData.defineKind as never as (...args: unknown[]) => () => object)(
      'v', undefined, anyKind,
    )();
    const presence = it.context.references.valueOf(storedVRef('o-1'));
    for (const value of [Far('x', {}), virtual, Promise.resolve(1)]) {
      expect(() => thing['set']!('v', [presence, value])).toThrow(
        /^value for "v" is not durable: slot 1 of /,
      );
    }
    expect(thing['get']!('v')).toBe(1);
    thing['set']!('v', [presence, thing, it.baggage]);
    nextCrank(it);
    expect(thing['get']!('v')).toHaveLength(3);
  });

  test('virtual state: anything passable -> taken', () => {
    const it = beginVat();
    const define = it.VatData.defineKind as unknown as (
      ...args: unknown[]
    ) => (initial: object) => Loose;
    const far = Far('x', {});
    const thing = define('v', (initial: object) => initial, anyKind)({ far });
    nextCrank(it);
    expect(thing['get']!('far')).toBe(far);
    expect(it.context.references.vrefOf(thing)).toBe('o+v0/10/1');
  });

  test('canBeDurable: every slot durable -> true; errors propagate', () => {
    const { VatData, baggage } = beginVat();
    expect(VatData.canBeDurable(Object.freeze([1, baggage]))).toBe(true);
    expect(VatData.canBeDurable(Far('x', {}))).toBe(false);
    expect(VatData.canBeDurable(VatData.makeKindHandle('k'))).toBe(true);
    expect(() => VatData.canBeDurable([1])).toThrow(TypeError);
  });

  test('stateShape: not durable -> refused', () => {
    const it = beginVat();
    expect(() => defineThing(it, { stateShape: { a: Far('x', {}) } })).toThrow(
      /^stateShape is not durable: slot 0 of /,
    );
  });
});

describe('kinds: stateShape', () => {
  test('shape: values -> checked; unknown and missing properties -> said so', () => {
    const it = beginVat();
    const make = defineThing(it, { stateShape: { a: M.number(), b: M.opt(M.string()) } });
    expect(() => make({ a: 1, c: 1 })).toThrow(
      'State must only have fields described by stateShape: ["a","b"]',
    );
    expect(() => make({ a: 'x' })).toThrow(/thing.*"a"/);
    const thing = make({ a: 1 });
    expect(Object.keys((thing['context']!() as Context).state)).toEqual([]);
    expect(thing['get']!('b')).toBe(undefined);
    thing['set']!('b', 'x');
    expect(() => thing['set']!('b', 3)).toThrow(/thing.*"b"/);
    nextCrank(it);
    expect([thing['get']!('a'), thing['get']!('b')]).toEqual([1, 'x']);
    const lacking = make({ b: 'y' });
    expect(() => lacking['get']!('a')).toThrow(/thing.*"a"/);
  });

  test('shape: no record of patterns -> refused', () => {
    const it = beginVat();
    expect(() => defineThing(it, { stateShape: [1] })).toThrow(/^A stateShape must be a copyRecord/);
  });
});

describe('kinds: cohorts', () => {
  const facets = {
    reader: { read: ({ state }: Context) => state['n'], cohort: (c: Context) => c.facets },
    writer: {
      write: ({ state }: Context, n: number) => {
        state['n'] = n;
      },
    },
  };
  const defineKit = ({ VatData }: Incarnation, options: object = {}) => {
    const define = VatData.defineDurableKindMulti as unknown as (
      ...args: unknown[]
    ) => (n: number) => Record<string, Loose>;
    const handle = VatData.makeKindHandle('kit');
    return define(handle, (n: number) => ({ n }), facets, options);
  };

  test('cohort: facets -> share state and context, numbered by sorted name', () => {
    const it = beginVat();
    const kit = defineKit(it)(1);
    expect(Object.keys(kit)).toEqual(['reader', 'writer']);
    kit['writer']!['write']!(2);
    expect(kit['reader']!['read']!()).toBe(2);
    expect(kit['reader']!['cohort']!()).toBe(kit);
    expect(it.context.references.vrefOf(kit['writer']!)).toBe('o+d10/1:1');
    expect(String(kit['writer'])).toBe('[object Alleged: kit writer]');
    nextCrank(it);
    const writer = it.context.references.valueOf(storedVRef('o+d10/1:1')) as Loose;
    writer['write']!(3);
    const reader = it.context.references.valueOf(storedVRef('o+d10/1:0')) as Loose;
    expect((reader['cohort']!() as Record<string, Loose>)['writer']).toBe(writer);
    expect(reader['read']!()).toBe(3);
  });

  test('method: on a foreign instance -> refused', () => {
    const it = beginVat();
    const make = defineKit(it);
    const { reader, writer } = make(1) as { reader: Loose; writer: Loose };
    const message = /^"In \\"write\\" method of \(kit writer\)" may only be applied to a valid instance/;
    for (const target of [reader, {}, defineThing(it)({})]) {
      expect(() => Reflect.apply(writer['write']!, target, [1])).toThrow(message);
    }
    expect(() => Reflect.apply(writer['write']!, undefined, [1])).toThrow(/called without 'this'/);
    Reflect.apply(make(5)['writer']!['write']!, writer, [9]);
    expect(reader['read']!()).toBe(9);
  });

  test('amplifier and instance tester: facets of this kind only', () => {
    const it = beginVat();
    let amplify!: (facet: unknown) => object;
    let isInstance!: (specimen: unknown, facet?: string) => boolean;
    const make = defineKit(it, {
      receiveAmplifier: (f: typeof amplify) => (amplify = f),
      receiveInstanceTester: (f: typeof isInstance) => (isInstance = f),
    });
    const kit = make(1);
    expect(amplify(kit['reader'])).toBe(kit);
    expect(() => amplify({})).toThrow(/^Must be a facet of "kit": /);
    expect(isInstance(kit['reader'])).toBe(true);
    expect(isInstance(kit['reader'], 'writer')).toBe(false);
    expect(isInstance(kit['writer'], 'writer')).toBe(true);
    expect(isInstance({})).toBe(false);
    expect(() => isInstance({}, 'x')).toThrow('exo class kit "kit" has no facet named "x"');
    expect(() => defineThing(it, { receiveAmplifier: () => {} })).toThrow(
      'Only facets of an exo class kit can be amplified, not "thing"',
    );
  });

  test('definition: wrong shape of behaviour -> refused', () => {
    const { VatData } = beginVat();
    const define = VatData.defineKind as unknown as (...args: unknown[]) => unknown;
    const defineMulti = VatData.defineKindMulti as unknown as (...args: unknown[]) => unknown;
    expect(() => define('k', null, { a: 1 })).toThrow('invalid behavior specifier for "k"');
    expect(() => define('k', null, { a: {}, b: () => 1 })).toThrow('invalid behavior specifier');
    expect(() => define('k', null, facets)).toThrow('Check failed');
    expect(() => defineMulti('k', null, anyKind)).toThrow('Check failed');
    expect(() => defineMulti('k', null, { a: {} })).toThrow(/multiple facets/);
    const guard = M.interface('I', {});
    expect(() => define('k', null, {}, { interfaceGuardKit: {} })).toThrow(
      'Use an interfaceGuard, not interfaceGuardKit, to protect class "k"',
    );
    expect(() => defineMulti('k', null, facets, { interfaceGuard: guard })).toThrow(
      'Use an interfaceGuardKit, not an interfaceGuard, to protect class kit "k"',
    );
  });

  test('handle: unknown, used twice -> refused; made again -> reads nothing', () => {
    const it = beginVat();
    const define = it.VatData.defineDurableKind as unknown as (...args: unknown[]) => unknown;
    expect(() => define({}, null, {})).toThrow(/^unknown handle /);
    const handle = it.VatData.makeKindHandle('twice');
    expect(it.context.references.vrefOf(handle)).toBe('o+d1/10');
    nextCrank(it);
    it.vat.rows.take();
    const again = it.context.references.valueOf(storedVRef('o+d1/10'));
    expect(it.vat.rows.take().reads).toEqual([]);
    define(again, null, {});
    expect(() => define(handle, null, {})).toThrow('redefinition of durable kind twice');
    const defineMulti = it.VatData.defineDurableKindMulti as unknown as typeof define;
    expect(() => defineMulti(handle, null, facets)).toThrow('redefinition of durable kind "twice"');
    it.part.endCrank();
    expect(it.vat.rows.take().writes).toEqual([rowKind(10)]);
  });
});

describe('kinds: guards and thisful methods', () => {
  test('interfaceGuard: arguments and results -> checked, context as this', async () => {
    const it = beginVat();
    const guard = M.interface('I', {
      add: M.call(M.number()).optional(M.number()).returns(M.number()),
      later: M.callWhen(M.await(M.string())).returns(M.string()),
      raw: M.call(M.raw()).rest(M.raw()).returns(M.raw()),
    });
    const behavior = {
      add(this: Context, a: number, b = 0) {
        return a === 9 ? 'nine' : (this.state['n'] as number) + a + b;
      },
      async later(text: string) {
        return `${text}!`;
      },
      raw: (...args: unknown[]) => args,
    };
    const define = it.VatData.defineKind as unknown as (...args: unknown[]) => () => Loose;
    const options = { thisfulMethods: true, interfaceGuard: guard };
    const thing = define('g', () => ({ n: 1 }), behavior, options)();
    expect(thing['add']!(1, 2)).toBe(4);
    expect(() => thing['add']!('1')).toThrow(/^In "add" method of \(g\): arg 0: /);
    expect(() => thing['add']!()).toThrow(/^In "add" method of \(g\)/);
    expect(() => thing['add']!(1, 2, 3)).toThrow(/accepts at most 2 arguments, not 3/);
    expect(() => thing['add']!(9)).toThrow(/^In "add" method of \(g\): result: /);
    expect(await thing['later']!(Promise.resolve('x'))).toBe('x!');
    await expect(thing['later']!(3)).rejects.toThrow(/^In "later" method of \(g\): arg 0: /);
    expect(thing['raw']!({ a: () => 1 }, 2)).toHaveLength(2);
    expect(thing['__getInterfaceGuard__']!()).toBe(guard);
    expect(thing['__getMethodNames__']!()).toContain('add');
    expect(() => define('g', null, { a: () => 1 }, options)).toThrow(/not implemented by "g"/);
  });

  test('thisful without a guard: what is not passable -> refused', () => {
    const it = beginVat();
    const define = it.VatData.defineKind as unknown as (...args: unknown[]) => () => Loose;
    const behavior = {
      id(x: unknown) {
        return x;
      },
    };
    const thing = define('t', null, behavior, { thisfulMethods: true })();
    const arg = { a: [1] };
    expect(thing['id']!(arg)).toBe(arg);
    expect(Object.isFrozen(arg.a)).toBe(true);
    expect(() => thing['id']!({ f: () => 1 })).toThrow(/^In "id" method of \(t\)/);
  });
});
