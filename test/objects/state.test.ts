/**
 * The state of instances, within a crank and from crank to crank (section 2.6 of README.md).
 *
 * @module-tag sized
 */
import { describe, expect, test } from 'vitest';
import { testFacts, useWorkbenches } from '../support/drivers/workbench.js';

const benches = useWorkbenches();

const THINGS = `
  $.behavior = {
    get: ({ state }, name) => state[name],
    set: ({ state }, name, value) => { state[name] = harden(value); },
    state: ({ state }) => state,
    nothing: () => 'nothing',
  };
  $.define = (options, tag = 'thing') => VatData.defineDurableKind(
    VatData.makeKindHandle(tag), initial => harden(initial), $.behavior, options);
  $.make = $.define();
  $.thing = $.make({ n: 1, list: [1, [2]] });
`;
const SHAPED = `${THINGS}
  $.makeShaped = $.define({ stateShape: { n: M.number(), text: M.opt(M.string()) } }, 'shaped');
  $.shaped = $.makeShaped({ n: 1, text: 'x' });
`;

describe('state: values', () => {
  testFacts(benches, [
    ['getter: in the crank of creation -> the very object',
      `const list = [1, 2]; const thing = $.make({ list });
       [thing.get('list') === list, thing.get('list') === list]`, [true, true]],
    ['setter: in its crank -> the getter gives the very object',
      `const fresh = { a: 1 }; $.thing.set('n', fresh); $.thing.get('n') === fresh`, true],
    ['setter and init: their values -> hardened',
      `const [a, b] = [[[1]], [[2]]];
       VatData.defineKind('k', () => ({ a }), $.behavior)().state().a = b;
       [a, b].map(it => Object.isFrozen(it) && Object.isFrozen(it[0]))`, [true, true]],
    ['getter: twice in a later crank -> the same fresh object',
      `$.thing.get('list') === $.thing.get('list')`, true],
    ['getter: what it gives -> hardened, deep mutation throws',
      `[Object.isFrozen($.thing.get('list')[1]), why(() => $.thing.get('list').push(3)),
         why(() => { $.thing.get('list')[0] = 7; }), $.thing.get('list')]`,
      [true, 'TypeError: Cannot add property 2, object is not extensible',
        "TypeError: Cannot assign to read only property '0' of object '[object Array]'",
        [1, [2]]]],
    ['two properties with one object -> one in their crank',
      `const both = { a: 1 }; const thing = $.make({ x: both, y: both });
       thing.get('x') === thing.get('y')`, true],
    ['instances: one object in two of them -> each has its own in a later crank',
      `const shared = { a: 1 }; const [x, y] = [$.make({ shared }), $.make({ shared })];
       x.set('shared', 2); [x.get('shared'), y.get('shared')]`, [2, { a: 1 }]],
    ['setter: a value that cannot be passed -> refused, the old one kept',
      `[why(() => $.thing.set('n', { f: () => 1 })), $.thing.get('n')]`,
      [expect.stringContaining('Remotables must be explicitly declared'), 1]],
    ['setter: a value past the size limit -> thrown to the caller, the old one kept',
      `[why(() => $.thing.set('n', 'x'.repeat(10_000_001))), $.thing.get('n')]`,
      [expect.stringMatching(/Error: syscall capdata too large$/), 1]],
    ['init: a value past the size limit -> thrown to the caller',
      `why(() => $.make({ n: 'x'.repeat(10_000_001) }))`,
      expect.stringMatching(/Error: syscall capdata too large$/)],
  ], THINGS);

  test('assigned, then the next crank -> an equal value, not the same', async () => {
    const bench = await benches.make(THINGS);
    await bench.run(`$.value = { a: [1, 'x'] }; $.thing.set('n', $.value); 0`);
    expect(await bench.run(`$.thing.get('n') === $.value`)).toBe(false);
    expect(await bench.run(`$.thing.get('n')`)).toEqual({ a: [1, 'x'] });
    await bench.run(`$.read = $.thing.get('n'); 0`);
    expect(await bench.run(`$.thing.get('n') === $.read`)).toBe(false);
  });

  test('one object in two properties, in the next crank -> two equal ones', async () => {
    const bench = await benches.make(THINGS);
    await bench.run('const both = { a: 1 }; $.both = $.make({ x: both, y: both }); 0');
    expect(await bench.run(`$.both.get('x') === $.both.get('y')`)).toBe(false);
    expect(await bench.run(`keyEQ($.both.get('x'), $.both.get('y'))`)).toBe(true);
  });

  test('an object that refers to itself -> the same object comes back', async () => {
    const bench = await benches.make(THINGS);
    await bench.run(`$.thing.set('n', [$.thing]); 0`);
    expect(await bench.run(`$.thing.get('n')[0] === $.thing`)).toBe(true);
  });

  test('a crank that throws after an assignment -> the assignment stays', async () => {
    const bench = await benches.make(THINGS);
    const run = bench.run(`$.thing.set('n', 2); throw Error('too late')`);
    await expect(run).rejects.toThrow('too late');
    expect(await bench.run(`$.thing.get('n')`)).toBe(2);
  });

  test('restart -> state as it was', async () => {
    const bench = await benches.make(THINGS);
    await bench.run(`$.thing.set('n', 5n); $.big = $.make({ text: 'x'.repeat(5000) }); 0`);
    await benches.restart();
    expect(await bench.run(`[$.thing.get('n'), $.thing.get('list'), $.big.get('text').length]`))
      .toEqual([5n, [1, [2]], 5000]);
  });
});

describe('state: its properties', () => {
  testFacts(benches, [
    ['state: its keys -> those of the initial record, in that order',
      `Object.keys($.make({ z: 1, a: 2, m: undefined }).state())`, ['z', 'a', 'm']],
    ['state: copied -> a record of the values',
      `({ ...$.thing.state() })`, { n: 1, list: [1, [2]] }],
    ['state: an unknown property -> cannot be set, reads as undefined',
      `[why(() => $.thing.set('m', 1)), $.thing.get('m')]`,
      [expect.stringMatching(/^TypeError: Cannot add property m/), undefined]],
    ['state: frozen -> properties cannot be redefined or deleted',
      `const state = $.thing.state();
       [Object.isFrozen(state), why(() => { delete state.n; }).slice(0, 10),
         why(() => Object.defineProperty(state, 'n', { value: 2 })).slice(0, 10)]`,
      [true, 'TypeError:', 'TypeError:']],
    ['state: accessors elsewhere -> refused',
      `const { get, set } = Object.getOwnPropertyDescriptor($.thing.state(), 'n');
       [why(() => get.call({})), why(() => set.call({ n: 1 }, 2)), why(() => get.call($.thing))]`,
      Array(3).fill('Error: state accessors can only be applied to state')],
    ['state: seen as a record -> own enumerable accessors, and JSON of their values',
      `const state = $.make({ a: 1 }).state();
       [Reflect.ownKeys(state), 'a' in state, 'b' in state,
         typeof Object.getOwnPropertyDescriptor(state, 'a').get, JSON.stringify(state)]`,
      [['a'], true, false, 'function', '{"a":1}']],
    ['state: no state at all -> an empty record',
      `Object.keys(VatData.defineKind('k', null, $.behavior)().state())`, []],
  ], THINGS);

  test('state: held past its crank -> reads and writes what is current', async () => {
    const bench = await benches.make(THINGS);
    await bench.run('$.state = $.thing.state(); 0');
    await bench.run(`$.thing.set('n', 2)`);
    expect(await bench.run('$.state.n')).toBe(2);
    expect(await bench.run(`$.state.n = 3; $.thing.get('n')`)).toBe(3);
    expect(await bench.run(`$.thing.get('n')`)).toBe(3);
  });
});

describe('state: stateShape', () => {
  testFacts(benches, [
    ['shape: no record of patterns -> refused',
      `[[1], 'x', M.any()].map(stateShape => why(() => $.define({ stateShape })))`,
      [expect.stringMatching(/^Error: A stateShape must be a copyRecord: \[1\]/),
        'Error: A stateShape must be a copyRecord: "x"',
        expect.stringMatching(/^Error: A stateShape must be a copyRecord: /)]],
    ['shape: a field that is no pattern -> refused',
      `why(() => $.define({ stateShape: { n: Promise.resolve() } }))`,
      expect.stringMatching(/^(Type)?Error: .*pattern/)],
    ['shape: accessors stand on a shared prototype -> no keys of its own',
      `const state = $.shaped.state();
       [Object.keys(state), 'n' in state,
         Object.getPrototypeOf(state) === Object.getPrototypeOf($.makeShaped({ n: 2 }).state())]`,
      [[], true, true]],
    ['shape: init breaks a field -> names kind and field',
      `why(() => $.makeShaped({ n: 'x' }))`, expect.stringMatching(/Must be a number$/)],
    ['shape: a setter breaks a field -> refused, the old value kept',
      `[why(() => $.shaped.set('n', 'x')), $.shaped.get('n')]`,
      [expect.stringMatching(/Must be a number$/), 1]],
    ['shape: init has a further property -> refused, the fields told',
      `why(() => $.makeShaped({ n: 1, extra: 2 }))`,
      'Error: State must only have fields described by stateShape: ["n","text"]'],
    ['shape: a further property assigned -> TypeError',
      `why(() => $.shaped.set('extra', 1))`,
      expect.stringMatching(/^TypeError: Cannot add property extra/)],
    ['shape: an optional field left out -> undefined, to be set later',
      `const thing = $.makeShaped({ n: 1 });
       const before = thing.get('text'); thing.set('text', 'y'); [before, thing.get('text')]`,
      [undefined, 'y']],
    ['shape: a required field left out -> the maker does not mind, the getter does',
      `const thing = $.makeShaped({ text: 'x' });
       const before = why(() => thing.get('n')); thing.set('n', 3); [before, thing.get('n')]`,
      [expect.stringMatching(/Must be a number$/), 3]],
    ['shape: a shape of nothing -> no properties',
      `const make = $.define({ stateShape: {} });
       [why(() => make({})), why(() => make({ a: 1 }))]`,
      ['nothing thrown', 'Error: State must only have fields described by stateShape: []']],
  ], SHAPED);

  test('shape: what it says of a violation -> kind and field', async () => {
    const bench = await benches.make(SHAPED);
    expect(await bench.run(`why(() => $.shaped.set('n', 'x'))`)).toBe(
      'Error: shaped: state field "n": string (a string) - Must be a number',
    );
  });

  test('shape: fields left out, read in a later crank -> undefined or refused', async () => {
    const bench = await benches.make(SHAPED);
    await bench.run(`$.bare = $.makeShaped({}); 0`);
    expect(await bench.run(`[why(() => $.bare.get('n')), $.bare.get('text')]`)).toEqual([
      expect.stringMatching(/Must be a number$/), undefined,
    ]);
  });
});

describe('state: makers that fail', () => {
  test('init: a later property is refused -> nothing is left of the instance', async () => {
    const bench = await benches.make(THINGS);
    expect(await bench.run(`$.far = Far('far', {});
      why(() => $.make({ a: $.thing, b: $.far }))`)).toMatch(/^Error: value for "b" is not durable/);
    await bench.run(`$.next = $.make({ n: 'next' }); 0`);
    expect(await bench.run(`$.next.get('n')`)).toBe('next');
  });

  test('an instance made and let go in one crank -> stored like any other', async () => {
    const bench = await benches.make(THINGS);
    await bench.run(`$.map = VatData.makeScalarBigMapStore('m', { durable: true });
      $.map.init('it', $.make({ n: 'kept' }))`);
    expect(await bench.run(`$.map.get('it').get('n')`)).toBe('kept');
  });
});

benches.testRepetition();
