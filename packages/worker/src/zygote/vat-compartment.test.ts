import { beforeAll, describe, expect, test } from 'vitest';
import { VAT_GLOBALS } from '../weave/global-names.js';
import { TAKE_NAME } from '../weave/weave.js';
import { buildFixtures, runFixture } from './testing/run-fixture.js';

/** Every global of a vat: SES's, and ours. `Iterator` from Node 22 on. */
const GLOBALS = [
  TAKE_NAME,
  ...VAT_GLOBALS,
  'Symbol(@endo passStyleOf)',
  'Symbol(Symbol.unscopables)',
].sort();
const FROM_NEWER_NODE = ['AsyncIterator', 'Iterator', 'Float16Array'];

type Found = Record<string, unknown[]>;

describe('vat-compartment', () => {
  let found: Found;
  beforeAll(async () => {
    const directory = await buildFixtures('compartment', ['testing/compartment-fixture']);
    const file = `${directory}/compartment-fixture.js`;
    found = (await runFixture(file, { timeZone: 'Asia/Tokyo' })) as Found;
  });

  test('globals: a vat -> exactly the documented ones, none defined as undefined', () => {
    const names = found['names']!.filter(name => !FROM_NEWER_NODE.includes(name as string));
    expect(names).toEqual(GLOBALS);
    // SES shields its `with` scope by this symbol.
    expect(found['undefinedNames']).toEqual(['Symbol(Symbol.unscopables)', 'undefined']);
  });

  test('globals: everything reached from globalThis -> frozen, nothing of Node', () => {
    expect(found['count']).toBeGreaterThan(700);
    expect(found['hostThings']).toEqual([]);
    expect(found['thawed']).toEqual([]);
    expect(found['typeofs']).toEqual([]);
  });

  test('globals: ways out -> none', () => {
    expect(found['escapes']).toEqual([
      'undefined',
      'undefined',
      expect.stringMatching(/^TypeError/),
      'undefined',
      false,
      expect.stringMatching(/^TypeError/),
      expect.stringMatching(/^(TypeError|ReferenceError)/),
      expect.not.stringMatching(/\/|:\d+:\d+/),
      true,
      `2020-01-01T00:00:00.000Z${Date.UTC(2020, 0, 1)}`,
      'Thu Jan 01 1970 00:00:00 GMT+0000',
    ]);
  });

  test('woven code: what it takes -> is for no other code, whatever was refused before', () => {
    expect(found['takes']!.length).toBe(25);
    for (const what of found['takes']!) expect(what).toMatch(/^TypeError: /);
  });

  test('woven code: functions -> show what their authors have written', () => {
    expect(found['texts']!.length).toBe(22);
    expect(new Set(found['texts'])).toEqual(new Set([true]));
  });

  test('time and chance: while modules are evaluated -> not known, one sequence', () => {
    const [first, again] = found['loading']!;
    const { 3: chance, 8: child, ...rest } = first as unknown[];
    const invalid = 'Invalid Date';
    expect(Object.values(rest)).toEqual([null, invalid, invalid, 5, null, true, true]);
    expect(chance).toBeGreaterThan(0);
    expect(child).toEqual([null, expect.any(Number)]);
    expect((child as unknown[])[1]).not.toBe(chance);
    expect(again).toEqual(first);
    expect(found['noticed']).toEqual(Array(2).fill(expect.stringMatching(/^info: .*not known/)));
  });

  test('time and chance: afterwards -> refused', () => {
    const refused = expect.stringMatching(/^TypeError: secure mode/) as unknown;
    expect(found['loaded']).toEqual([
      ...Array<unknown>(4).fill(refused),
      5,
      refused,
      refused,
      true,
      refused,
    ]);
  });

  test('errors: classes written as functions -> may assign what their prototype has', () => {
    expect(found['wrongOverrides']).toEqual([]);
  });

  test('Compartment: children at any depth -> inherit WeakMap, WeakSet, passStyleOf only', () => {
    const inherited = [true, true, true, false, false, false];
    expect(found['children']).toEqual([
      inherited,
      inherited,
      inherited,
      [3, true, 'withheld', true, true],
    ]);
  });

  test('console: hostile values -> a line of text, no code of theirs runs', () => {
    expect(found['consoleCalls']).toBe(true);
    expect(found['lines']).toEqual([
      'log: text 1 2n -0 null undefined Symbol(s) end',
      'warn: { a: [accessor], toString: [Function trap], toJSON: [Function trap], ' +
        'Symbol(Symbol.toPrimitive): [Function trap] }',
      'error: [Proxy] {} [[Proxy]]',
      'info: { self: { self: { self: [Object] } } }',
      'debug: Error: boom TypeError: t [cause: "c"]',
      'trace: [Function ] [Function ]',
      'log: Map(0) {} Set(0) {} [Promise] Uint8Array(2) [0, 0] 1970-01-01T00:00:00.000Z /x/',
      'error: Assertion failed: yes',
      'log: g',
      'log: [1]',
    ]);
  });

  test('TextEncoder, TextDecoder: UTF-8 only', () => {
    expect(found['text']).toEqual([
      'h\u00e9\u{1f600}',
      true,
      'RangeError: The "utf-16" encoding is not supported',
      'TypeError: The encoded data was not valid for encoding utf-8',
      0xfffd,
      '\u00e9',
      2,
      '[object TextEncoder]utf-8',
      'constructor,encoding,fatal,ignoreBOM,decode',
    ]);
  });

  test('URL: parses; no host statics', () => {
    expect(found['urls']).toEqual([
      'http://h:9/b?x#y http://h:9 #y',
      'TypeError: Invalid URL',
      'true undefined',
      '"http://a/"http://a/',
    ]);
  });
});
