/**
 * Sources that nest too deep are refused by a limit of ours, wherever they are read: no stack that
 * a source is read on, walked on or compiled on decides (docs/limits.md). A host's own thread has
 * the smallest, Node's default, and these tests run on one.
 */
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { refusedPattern } from './expression-text.js';
import { refusedInModule } from './refused-in-module.js';
import { requiredAtStart } from './required-at-start.js';
import { EXPRESSION_NESTING_MAX, EXPRESSION_PARTS_MAX } from './source-limits.js';
import { undeclaredIn } from './undeclared-names.js';
import { weave } from './weave.js';

type Nested = readonly [what: string, source: (times: number) => string];

const around =
  (opening: string, inside: string, closing: string) =>
  (times: number): string =>
    opening.repeat(times) + inside + closing.repeat(times);
const before = (opening: string, inside: string) => around(opening, inside, '');
const behind = (inside: string, closing: string) => around('', inside, closing);

/** Each way in which sources nest. */
const NESTED: readonly Nested[] = [
  ['brackets', around('(', '1', ')')],
  ['arrays', around('[', '', ']')],
  ['spread arrays', times => `[${around('...[', '', ']')(times)}]`],
  ['objects', around('({a:', '1', '})')],
  ['indices', around('a[', '0', ']')],
  ['arguments', around('f(', '', ')')],
  ['templates', around('`${', '1', '}`')],
  ['texts of tags', behind('f', '``')],
  ['signs', before('!', '1')],
  ['minus', before('- ', '1')],
  ['typeof', before('typeof ', '1')],
  ['powers', before('2**', '1')],
  ['assignments', before('x=', '1')],
  ['conditions', before('x?y:', '1')],
  ['conditions amid', around('x?', '1', ':1')],
  ['arrow functions', before('a=>', '1')],
  ['arrow functions with bodies', around('(a=>{', '1', '})')],
  ['async arrow functions', around('(async a=>{await ', '1', '})')],
  ['functions', around('(function(){', '1', '})')],
  ['functions called', around('(function(){', '1', '})()')],
  ['declared functions', around('function f(){', '1', '}')],
  ['generators', around('(function*(){yield ', '1', '})')],
  ['yield', times => `(function*(){${'yield '.repeat(times)}1})`],
  ['await', times => `(async()=>{${'await '.repeat(times)}1})`],
  ['default values', around('((a=', '1', ')=>1)')],
  ['methods', around('({m(){', '1', '}})')],
  ['getters', around('({get a(){return ', '1', '}})')],
  ['classes', around('(class{a=', '1', '})')],
  ['declared classes', around('class A{static{', '1', '}}')],
  ['classes that extend', around('(class extends ', 'A', '{})')],
  [
    'classes that extend, without brackets',
    times => `(${around('class extends ', 'A', '{}')(times)})`,
  ],
  ['new', before('new ', 'x')],
  ['blocks', around('{', '1', '}')],
  ['for await', times => `(async()=>{${'for await(x of y)'.repeat(times)}1})`],
  ['if', before('if(x)', '1')],
  ['else if', before('if(x);else ', '1')],
  ['for', before('for(;;)', '1')],
  ['for of', before('for(x of y)', '1')],
  ['while', around('while(x){', '1', '}')],
  ['switch', around('switch(1){case 1:', '', '}')],
  ['try', around('try{', '1', '}catch{}')],
  ['catch', around('try{}catch{', '1', '}')],
  ['catch with a pattern', around('try{}catch({a}){', '1', '}')],
  ['finally', around('try{}finally{', '1', '}')],
  ['labels', times => `${Array.from({ length: times }, (_, at) => `l${at}:`).join('')}1`],
  ['patterns', times => `let ${around('[', 'a', ']')(times)}=x`],
  ['patterns of objects', times => `let ${around('{a:', 'a', '}')(times)}=x`],
  ['assigned patterns', times => `(${around('[', 'a', ']')(times)}=x)`],
  ['members', behind('a', '.b')],
  ['elements', behind('a', '[0]')],
  ['calls', behind('f', '()')],
  ['methods called', behind('a', '.b(1)')],
  ['optional members', behind('a', '?.b')],
  ['operators', behind('a', '+a-a')],
  ['operators in brackets', around('a*(a+', 'a', ')')],
  ['brackets around a chain', times => `${'('.repeat(times)}a${'.b)'.repeat(times)}`],
];

const TOO_DEEP = /^the source nests too deep \(1:\d+\)$/;

const reasonOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof SyntaxError ? error.message : String(error);
  }
  return undefined;
};

const isTooDeep = (source: string): boolean => {
  const reason = reasonOf(() => weave(source));
  if (reason !== undefined) expect(reason).toMatch(TOO_DEEP);
  return reason !== undefined;
};

/** As often as may be. */
const mostOf = (source: (times: number) => string): number => {
  let [fits, fails] = [1, 10_000];
  while (fails - fits > 1) {
    const times = Math.floor((fits + fails) / 2);
    if (isTooDeep(source(times))) fails = times;
    else fits = times;
  }
  return fits;
};

describe('nesting of sources:', () => {
  test.each(NESTED)('%s, as deep as may be -> read, woven and compiled', (_what, source) => {
    const times = mostOf(source);
    expect(times).toBeGreaterThan(70);
    const text = source(times);
    const woven = weave(text);
    expect(() => new Script(`'use strict';${woven}`)).not.toThrow();
    expect(() => new Script(`'use strict';(()=>{${woven}\n})()`)).not.toThrow();
    expect(requiredAtStart(`${text};require("a")`)?.message ?? '').not.toMatch(/nests/);
    expect(undeclaredIn(text)).toBeDefined();
  });

  test.each(NESTED)('%s, deeper, however deep -> a SyntaxError that says where', (_, source) => {
    for (const times of [2_500, 100_000]) {
      const reason = reasonOf(() => weave(source(times)));
      expect(reason).toMatch(TOO_DEEP);
      expect(reasonOf(() => weave(source(times)))).toBe(reason);
    }
  });

  test('where it is refused -> at the same place on any stack', () => {
    const source = '['.repeat(100_000);
    const deep = (calls: number): string | undefined =>
      calls === 0 ? reasonOf(() => weave(source)) : deep(calls - 1);
    expect(deep(0)).toBe('the source nests too deep (1:255)');
    expect(deep(1_000)).toBe(deep(0));
  });

  test.each([
    ['operands of one operator', behind("'a'", "+\n'b'"), 50_000],
    ['of several, each after the other', behind('a', '&&a||a'), 20_000],
    ['of ??', behind('a', '??a'), 50_000],
    ['operands in a function', (n: number) => `(() => 1${'+x'.repeat(n)})`, 50_000],
    ['else if', before('if (x) {} else ', '{}'), 1_000],
    ['sequences', behind('a', ',a'), 50_000],
    ['statements', behind('', 'f();\n'), 50_000],
    ['calls of methods', behind('a', '.b(x => x)'), 550],
  ])('%s, as programs write them by the thousand -> fine', (_, source, times) => {
    const text = source(times);
    expect(() => new Script(weave(text))).not.toThrow();
    expect(requiredAtStart(`${text};require("a")`)?.message ?? '').not.toMatch(/nests/);
    expect(undeclaredIn(text)?.map(({ name }) => name)).not.toContain('nothing');
    expect(refusedInModule(text)).toBeUndefined();
  });

  test('a name behind 50,000 operands -> found', () => {
    expect(undeclaredIn(`1${'+1'.repeat(50_000)}+x`)?.map(({ name }) => name)).toEqual(['x']);
    expect(() => weave(`1${'+1'.repeat(50_000)}+$heirloom_x`)).toThrow('is reserved');
  });
});

describe('nesting of regular expressions:', () => {
  const { repeat } = String.prototype;
  test.each([
    ['(', ')', EXPRESSION_NESTING_MAX],
    ['(?:', ')*', EXPRESSION_NESTING_MAX],
    ['(?=', ')', EXPRESSION_NESTING_MAX],
  ])('%s..%s', (opening, closing, most) => {
    const of = (times: number): string => around(opening, 'a', closing)(times);
    expect(refusedPattern(of(most), '')).toBeUndefined();
    expect(refusedPattern(of(most + 1), '')).toMatch(/nests too deep/);
    expect(weave(`/${of(most)}/`)).toBe(`/${of(most)}/`);
    expect(reasonOf(() => weave(`/${of(most + 1)}/`))).toMatch(/nests too deep \(1:1\)$/);
    expect(reasonOf(() => weave(`/${of(100_000)}/`))).toMatch(/nests too deep \(1:1\)$/);
  });

  test('classes of characters -> nest with the flag v alone', () => {
    const text = '['.repeat(200);
    expect(refusedPattern(text, 'v')).toMatch(/nests too deep/);
    expect(refusedPattern(`${text}]`, 'u')).toBeUndefined();
  });

  test('what is escaped, or in a class of characters -> nests in nothing', () => {
    expect(refusedPattern('\\('.repeat(200), '')).toBeUndefined();
    expect(refusedPattern(`[${'('.repeat(200)}]`, '')).toBeUndefined();
  });

  test('groups and quantifiers -> so many', () => {
    expect(refusedPattern(Reflect.apply(repeat, 'a*', [EXPRESSION_PARTS_MAX]), '')).toBeUndefined();
    const more = Reflect.apply(repeat, '(a|b)', [EXPRESSION_PARTS_MAX + 1]);
    expect(refusedPattern(more, '')).toMatch(/too many groups and quantifiers/);
  });
});
