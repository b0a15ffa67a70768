/** Parser bombs: random constructs in each other, thousands deep, by random ways in. */
import fc from 'fast-check';
import type { Step } from '../support/hostile/hostile-child.js';
import type { FuzzCase } from './case.js';

/** What stands around another of them. */
const CONSTRUCTS: readonly (readonly [head: string, tail: string])[] = [
  ['(', ')'], ['[', ']'], ['{', '}'], ['({a:', '})'], ['f(', ')'], ['a[', ']'], ['a?.[', ']'],
  ['`${', '}`'], ['tag`${', '}`'], ['x=>', ''], ['async x=>', ''], ['(x=', ')=>1'], ['-', ''],
  ['!', ''], ['typeof ', ''], ['void ', ''], ['await ', ''], ['1?', ':1'], ['1?1:', ''],
  ['1+', ''], ['', '+1'], ['1**', ''], ['a=', ''], ['a??', ''], ['a&&', ''], ['...', ''],
  ['if(1)', ';'], ['if(0);else ', ''], ['for(;;)', ''], ['while(0)', ''], ['do ', ' while(0)'],
  ['a:', ''], ['l:{', '}'], ['try{', '}catch{}'], ['try{}finally{', '}'],
  ['switch(1){case ', ':}'], ['switch(1){default:', '}'], ['function f(){', '}'],
  ['(function(){', '})()'], ['(function*(){yield ', '})'], ['(async()=>{', '})'],
  ['class A{a=', '}'], ['class A{static{', '}}'], ['class A{[', '](){}}'],
  ['(class extends ', '{})'], ['({get a(){return ', '}})'], ['({[', ']:1})'], ['new ', '()'],
  ['let {a=', '}={};'], ['let [a=', ']=[];'], ['var {a:{', '}}=1;'], ['/', '/'], ['/(?:', ')/'],
  ['//', '\n'], ['/*', '*/'], [`'`, `'`], ['return ', ''], ['throw ', ''], ['import(', ')'],
  ['1,', ''], ['', '.a'], ['', '()'], ['', '`x`'], ['#', ''], ['@', ''], ['<!--', '\n'],
];
const CORES = ['', '1', 'a', ';', '$heirloom_take()', 'with({}){}', '"use strict"', '\\u0061'];

interface Nest {
  readonly parts: readonly (readonly [head: string, tail: string])[];
  readonly times: number;
}

const nest: fc.Arbitrary<Nest> = fc.record({
  parts: fc.array(fc.constantFrom(...CONSTRUCTS), { minLength: 1, maxLength: 3 }),
  times: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(300, 1_000, 5_000, 40_000)),
});

/** An expression for the source: the texts of its constructs are too long to be sent. */
const sourceOf = (nests: readonly Nest[], core: string): string => {
  const heads = nests.map(({ parts, times }) => {
    const once = parts.map(([head]) => head).join('');
    return `${JSON.stringify(once)}.repeat(${times})`;
  });
  const tails = [...nests].reverse().map(({ parts, times }) => {
    const once = [...parts].reverse().map(([, tail]) => tail).join('');
    return `${JSON.stringify(once)}.repeat(${times})`;
  });
  return [...heads, JSON.stringify(core), ...tails].join(' + ');
};

const NAME = `const name = f => { try { f(); return 'ran'; } catch (e) { return e.name; } };`;

type Way = readonly [what: string, steps: (source: string) => readonly Step[]];

/** It may run, if it is any code at all: so it stands behind a return, or in a function. */
const hidden = (source: string): string => `'(() => {' + ${source} + '})'`;

const WAYS: readonly Way[] = [
  ['eval', source => [['hostile', `${NAME} name(() => (0, eval)(${hidden(source)}))`]]],
  ['Function', source => [['hostile', `${NAME} name(() => new Function(${source}))`]]],
  ['then(eval)', source => [
    ['hostile', `Promise.resolve(${hidden(source)}).then(eval).then(() => 'ran', e => e.name)`],
  ]],
  ['compartment', source => [
    ['hostile', `${NAME} name(() => new Compartment().evaluate(${hidden(source)}))`],
  ]],
  ['transform', source => [
    ['hostile', `${NAME} const s = ${hidden(source)}; name(() => new Compartment({
      transforms: [() => s], __options__: true }).evaluate('1'))`],
  ]],
  ['deep in the stack', source => [
    ['hostile', `${NAME} const s = ${hidden(source)};
      const at = n => (n > 0 ? at(n - 1) : name(() => (0, eval)(s))); [at(0), at(8_000)].join()`],
  ]],
  ['parameters', source => [['hostile', `${NAME} name(() => new Function(${source}, '1'))`]]],
  ['RegExp', source => [['hostile', `${NAME} name(() => RegExp((${source}).slice(0, 20_000)))`]]],
  ['JSON', source => [['hostile', `${NAME} name(() => JSON.parse(${source}))`]]],
  ['installBundle', source => [
    ['host', `const source = ${hidden(source)};
      return () => kernel.installBundle({ moduleFormat: 'endoScript', source }).then(() =>
        'installed')`],
  ]],
  ['a vat of it', source => [
    ['host', `const source = '() => { const f = ' + ${hidden(source)} + ';' +
        ' return { buildRootObject: () => 1, default: f }; }';
      const bundle = { moduleFormat: 'endoScript', source };
      const id = await settle(() => kernel.installBundle(bundle)).catch(e => e.code);
      return () => kernel.createVat({ name: 'late-' + kernel.lastInput, bundleId: id })`],
  ]],
];

export const parserCases: fc.Arbitrary<FuzzCase> = fc
  .tuple(
    fc.constantFrom(...WAYS),
    fc.array(nest, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(...CORES),
  )
  .map(([[what, steps], nests, core]) => ({
    kind: 'parsers',
    what: `${what} of ${nests.map(({ times }) => times).join(', ')} deep`,
    steps: steps(sourceOf(nests, core)),
  }));
