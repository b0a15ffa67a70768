/** Values as text for logs: what is shown of each, and that none of its code runs for it. */
import { expect, test } from 'vitest';
import { floatArrays } from './float-arrays.js';
import { formatLine, formatValue, type ErrorDetails } from './format-value.js';

const details: ErrorDetails = {
  messageOf: () => undefined,
  notesOf: () => [],
  framesOf: error => [`at ${error.message} (vat.js:1:1)`],
};

class Trapped {
  static readonly calls: string[] = [];
}

/** Own accessors and methods that must not be asked. */
const trap = <T extends object>(value: T, names: readonly PropertyKey[]): T => {
  for (const name of names) {
    Object.defineProperty(value, name, {
      get: () => {
        Trapped.calls.push(String(name));
        return undefined;
      },
    });
  }
  return value;
};

const floatsOf = (name: 'Float32Array' | 'Float64Array', elements: readonly number[]): object =>
  Object(Reflect.construct(floatArrays[name], [elements]));

test.each<[unknown, string]>([
  [new Map<unknown, unknown>([['a', { b: 1 }], [{}, 2n]]), 'Map(2) { "a" => { b: 1 }, {} => 2n }'],
  [new Set([1, 'x', new Set()]), 'Set(3) { 1, "x", Set(0) {} }'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Date(NaN), 'Invalid Date'],
  [/x+\/y/dgimsuy, '/x+\\/y/dgimsuy'],
  [new Uint8Array(3), 'Uint8Array(3) [0, 0, 0]'],
  [new BigInt64Array(1), 'BigInt64Array(1) [0n]'],
  [floatsOf('Float32Array', [0.5, -0]), 'Float32Array(2) [0.5, -0]'],
  [floatsOf('Float64Array', [1e300, NaN]), 'Float64Array(2) [1e+300, NaN]'],
  [floatsOf('Float64Array', []), 'Float64Array(0) []'],
  [new ArrayBuffer(5), 'ArrayBuffer { byteLength: 5 }'],
  [Object('te"xt'), '[String: "te\\"xt"]'],
  [[Object(-0), Object(false), Object(1n)], '[[Number: -0], [Boolean: false], [BigInt: 1n]]'],
  [new Map([[1, new Map([[2, new Map([[3, new Map([[4, 5]])]])]])]]),
    'Map(1) { 1 => Map(1) { 2 => Map(1) { 3 => [Map(1)] } } }'],
  [new Set(Array(60).keys()), expect.stringMatching(/^Set\(60\) \{ 0, .*, 49, \.\.\. 10 more \}$/)],
  [new Uint8Array(60), expect.stringMatching(/^Uint8Array\(60\) \[0, .*, \.\.\. 10 more\]$/)],
  [[1, , 3, , ,], '[1, <empty>, 3, <2 empty>]'],
  [Array(4_000_000_000), '[<4000000000 empty>]'],
  [Object.assign([1], { x: 2, '-1': 3 }), '[1, x: 2, -1: 3]'],
  [Array(60).fill(0), expect.stringMatching(/^\[(0, ){50}\.\.\. 10 more\]$/)],
])('format: case %#', (value, text) => {
  expect(formatValue(value)).toEqual(text);
});

test('format: memory that was taken away -> a line all the same', () => {
  const buffer = new ArrayBuffer(8);
  const floats = Reflect.construct(floatArrays.Float64Array, [buffer]) as object;
  const bytes = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  const line = formatLine([floats, bytes, buffer]);
  expect(line).toBe('[detached array] Uint8Array(0) [] ArrayBuffer { byteLength: 0 }');
});

test('format: what built-in objects have of their own -> not asked', () => {
  const names = ['size', 'entries', 'values', 'forEach', 'length', Symbol.iterator, 'source'];
  const flags = ['flags', 'global', 'getTime', 'toISOString', 'valueOf', 'toString', 'constructor'];
  const all = [...names, ...flags, Symbol.toStringTag, Symbol.toPrimitive];
  const values = [
    trap(new Map([[1, 2]]), all),
    trap(new Set([1]), all),
    trap(new Date(0), all),
    trap(/x/g, all),
    trap(new Uint8Array(1), all),
    trap(Object(7), all),
    trap(floatsOf('Float64Array', [1]), all),
  ];
  expect(formatLine(values)).toBe(
    'Map(1) { 1 => 2 } Set(1) { 1 } 1970-01-01T00:00:00.000Z /x/g Uint8Array(1) [0] [Number: 7] ' +
      'Float64Array(1) [1]',
  );
  expect(formatLine(['%d %i %s', ...values.slice(3)])).toMatch(/^NaN NaN \[Number: 7\] /);
  expect(Trapped.calls).toEqual([]);
});

test.each<[readonly unknown[], string]>([
  [['%s is %d', 'x', 5, { a: 1 }], 'x is 5 { a: 1 }'],
  [['%s %s'], '%s %s'],
  [['%s %s', 1], '1 %s'],
  [['100%% %i%%', '7.9'], '100% 7%'],
  [['100%%'], '100%%'],
  [['%i %i %d', 2.5, 3n, -0], '2 3n -0'],
  [['%d %f %d', {}, Symbol('s'), 'x'], 'NaN NaN NaN'],
  [['%o %O %j', { a: 1 }, 'b', [2]], '{ a: 1 } b [2]'],
  [['%cred', 'color: red', 1], 'red 1'],
  [['%s', '%d', 3], '%d 3'],
  [[1, '%s', 2], '1 %s 2'],
  [['', 'a'], ' a'],
])('console line: directives, case %#', (values, line) => {
  expect(formatLine(values)).toBe(line);
});

test('console line: errors within values -> each with where it was thrown', () => {
  const cause = Error('cause');
  const values = [
    'failed:',
    { error: Error('record') },
    [TypeError('list'), Error('wrapped', { cause })],
    new Map([[1, Error('map')]]),
  ];
  expect(formatLine(values, details)).toBe(
    [
      'failed: { error: Error: record } ' +
        '[TypeError: list, Error: wrapped [cause: Error: cause]] Map(1) { 1 => Error: map }',
      '  error: Error: record',
      '      at record (vat.js:1:1)',
      '  error: TypeError: list',
      '      at list (vat.js:1:1)',
      '  error: Error: wrapped',
      '      at wrapped (vat.js:1:1)',
      '    cause: Error: cause',
      '        at cause (vat.js:1:1)',
      '  error: Error: map',
      '      at map (vat.js:1:1)',
    ].join('\n'),
  );
});

test('console line: an error among the values and within another -> told once', () => {
  const error = Error('e');
  const line = formatLine([error, { error }], details);
  expect(line).toBe('Error: e { error: Error: e }\n    at e (vat.js:1:1)');
  expect(formatValue({ error }, details)).toBe(
    '{ error: Error: e }\n  error: Error: e\n      at e (vat.js:1:1)',
  );
  expect(formatLine([{ error }])).toBe('{ error: Error: e }');
});
