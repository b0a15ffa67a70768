/** The exact bytes of examples (docs/canonical-values.md), and spellings that are refused. */
import '@endo/immutable-arraybuffer/shim.js';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PassableCodec } from './index.js';
import { hostHooks, referenceOf } from './testing/host-references.mjs';
import { makeByteArray, makeTagged } from './testing/passables.mjs';

const codec = new PassableCodec(hostHooks);
const hexOf = (text: string): string => Buffer.from(text).toString('hex');
const encodeHex = (value: unknown): string => Buffer.from(codec.encode(value).body).toString('hex');
const decodeHex = (hex: string, slots: readonly string[] = []): unknown =>
  codec.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), slots);

const DOCUMENTED: readonly (readonly [string, unknown, string])[] = [
  ['null', null, 'c0'],
  ['undefined', undefined, 'd4 03 00'],
  ['false', false, 'c2'],
  ['true', true, 'c3'],
  ['0', 0, '00'],
  ['-0', -0, '00'],
  ['127', 127, '7f'],
  ['128', 128, 'cc 80'],
  ['-32', -32, 'e0'],
  ['-33', -33, 'd0 df'],
  ['4294967296', 2 ** 32, 'cf 0000000100000000'],
  ['9007199254740992', 2 ** 53, 'cb 4340000000000000'],
  ['0.5', 0.5, 'cb 3fe0000000000000'],
  ['NaN', NaN, 'cb 7ff8000000000000'],
  ['0n', 0n, 'd4 01 00'],
  ['1n', 1n, 'd5 01 00 01'],
  ['-255n', -255n, 'd5 01 01 ff'],
  ['18446744073709551616n', 2n ** 64n, 'c7 0a 01 00 010000000000000000'],
  ["'hi'", 'hi', 'a2 6869'],
  ["'é'", 'é', 'a2 c3a9'],
  ["'\\ud800'", '\ud800', 'c7 03 08 eda080'],
  ["Symbol.for('hi')", Symbol.for('hi'), 'c7 03 04 a2 6869'],
  ['Symbol.iterator', Symbol.iterator, 'c7 0b 04 aa 40406974657261746f72'],
  ['bytes 01 02', makeByteArray([1, 2]), 'c4 02 0102'],
  ['[]', [], '90'],
  ["['deposit', [1n]]", ['deposit', [1n]], '92 a7 6465706f736974 91 d5 01 00 01'],
  ['{}', {}, 'c7 03 07 92 90 90'],
  ['{ b: 2, a: 1 }', { b: 2, a: 1 }, 'c7 09 07 92 92 a161 a162 92 01 02'],
  ["makeTagged('t', null)", makeTagged('t', null), 'd6 05 92 a174 c0'],
  ["TypeError('no')", new TypeError('no'), 'c7 0e 06 92 a9 547970654572726f72 a2 6e6f'],
  [
    "Error('a', { cause: Error('b') })",
    new Error('a', { cause: new Error('b') }),
    'c7 15 06 93 a5 4572726f72 a161 c7 09 06 92 a5 4572726f72 a162',
  ],
  [
    "AggregateError([], 'm')",
    new AggregateError([], 'm'),
    'c7 14 06 94 ae 4167677265676174654572726f72 a16d c0 90',
  ],
];

const MORE: readonly (readonly [string, unknown, string])[] = [
  ['uint8 max', 255, 'cc ff'],
  ['uint16 min', 256, 'cd 0100'],
  ['uint16 max', 65_535, 'cd ffff'],
  ['uint32 min', 65_536, 'ce 00010000'],
  ['uint32 max', 2 ** 32 - 1, 'ce ffffffff'],
  ['safe max', 2 ** 53 - 1, 'cf 001fffffffffffff'],
  ['fixint -1', -1, 'ff'],
  ['int8 min', -128, 'd0 80'],
  ['int16 max', -129, 'd1 ff7f'],
  ['int16 min', -32_768, 'd1 8000'],
  ['int32 max', -32_769, 'd2 ffff7fff'],
  ['int32 min', -(2 ** 31), 'd2 80000000'],
  ['int64 max', -(2 ** 31) - 1, 'd3 ffffffff7fffffff'],
  ['safe min', -(2 ** 53 - 1), 'd3 ffe0000000000001'],
  ['-Infinity', -Infinity, 'cb fff0000000000000'],
  ['65535n', 65_535n, 'c7 03 01 00 ffff'],
  ['empty string', '', 'a0'],
  ['31 bytes', 'x'.repeat(31), `bf ${'78'.repeat(31)}`],
  ['32 bytes', 'x'.repeat(32), `d9 20 ${'78'.repeat(32)}`],
  ['256 bytes', 'x'.repeat(256), `da 0100 ${'78'.repeat(256)}`],
  ['65536 bytes', 'x'.repeat(65_536), `db 00010000 ${'78'.repeat(65_536)}`],
  ['an ill-formed name', { '\udc00': 1 }, 'c7 0a 07 92 91 c7 03 08 edb080 91 01'],
  ['16 elements', Array(16).fill(0), `dc 0010 ${'00'.repeat(16)}`],
  ['65536 elements', Array(65_536).fill(0), `dd 00010000 ${'00'.repeat(65_536)}`],
  ['registered @@x', Symbol.for('@@x'), `c7 06 04 a5 ${hexOf('@@@@x')}`],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['trailing bytes', 'c0 c0'],
  ['never used', 'c1'],
  ['a map', '80'],
  ['float32', 'ca 3f000000'],
  ['uint8 for a fixint', 'cc 7f'],
  ['uint16 for a uint8', 'cd 00ff'],
  ['uint32 for a uint16', 'ce 0000ffff'],
  ['uint64 for a uint32', 'cf 00000000ffffffff'],
  ['uint64 past the safe integers', 'cf 0020000000000000'],
  ['int8 for a fixint', 'd0 e0'],
  ['int8 for a natural', 'd0 05'],
  ['int16 for an int8', 'd1 ff80'],
  ['int32 for an int16', 'd2 ffff8000'],
  ['int64 for an int32', 'd3 ffffffff80000000'],
  ['int64 past the safe integers', 'd3 ffe0000000000000'],
  ['integer as float64', 'cb 3ff0000000000000'],
  ['-0 as float64', 'cb 8000000000000000'],
  ['NaN of other bits', 'cb fff8000000000000'],
  ['signalling NaN', 'cb 7ff0000000000001'],
  ['truncated float64', 'cb 3fe00000000000'],
  ['str8 for a fixstr', 'd9 01 61'],
  ['str16 for a str8', `da 0020 ${'78'.repeat(32)}`],
  ['overlong UTF-8', 'a2 c1a1'],
  ['surrogate in UTF-8', 'a3 eda080'],
  ['truncated UTF-8', 'a1 c3'],
  ['truncated string', 'a2 61'],
  ['well-formed string as ext 8', 'd4 08 61'],
  ['surrogate pair as ext 8', 'c7 06 08 eda080 edb080'],
  ['overlong CESU-8', 'c7 05 08 eda080 c1a1'],
  ['four-byte CESU-8', 'c7 07 08 eda080 f0908080'],
  ['truncated CESU-8', 'd5 08 eda0'],
  ['array16 for a fixarray', 'dc 000f'],
  ['array longer than the body', 'dd ffffffff'],
  ['bin16 for a bin8', 'c5 0001 00'],
  ['ext8 for a fixext', 'c7 01 01 00'],
  ['ext16 for an ext8', 'c8 0003 01 00ffff'],
  ['unknown extension', 'd4 09 00'],
  ['extension longer than its value', 'd5 03 0000'],
  ['extension shorter than its value', 'd4 04 a1 61'],
  ['undefined of another byte', 'd4 03 01'],
  ['bigint without a sign', 'c7 00 01'],
  ['bigint of another sign', 'd5 01 02 01'],
  ['-0n', 'd4 01 01'],
  ['bigint with a leading zero', 'c7 03 01 00 0001'],
  ['symbol that is no string', 'd4 04 00'],
  ['unknown well-known symbol', `c7 04 04 a3 ${hexOf('@@x')}`],
  ['record that is no pair', 'd5 07 90 90'],
  ['names out of order', 'c7 09 07 92 92 a162 a161 92 01 02'],
  ['a name twice', 'c7 09 07 92 92 a161 a161 92 01 02'],
  ['a name that is no string', 'c7 05 07 92 91 01 91 01'],
  ['fewer values than names', 'c7 05 07 92 91 a161 90'],
  ['more values than names', 'c7 07 07 92 91 a161 92 01 02'],
  ['tag that is no string', 'c7 03 05 92 01 02'],
  ['error of one field', 'c7 03 06 91 a161'],
  ['error of five fields', 'c7 09 06 95 a161 a161 c0 90 90'],
  ['error without its cause', 'c7 0a 06 93 a5 4572726f72 a161 c0'],
  ['cause that is no error', 'c7 0a 06 93 a5 4572726f72 a161 01'],
  ['errors that are no errors', 'c7 0c 06 94 a5 4572726f72 a161 c0 91 01'],
  ['error of another name', 'c7 05 06 92 a161 a161'],
];

describe('canonical values: bytes', () => {
  test.each([...DOCUMENTED, ...MORE])('%s -> its one spelling', (_, value, hex) => {
    expect(encodeHex(value)).toBe(hex.replaceAll(' ', ''));
    expect(encodeHex(decodeHex(hex))).toBe(hex.replaceAll(' ', ''));
  });

  test('the table of docs/canonical-values.md -> these bytes', () => {
    const path = new URL('../../../../docs/canonical-values.md', import.meta.url);
    const rows = readFileSync(path, 'utf8');
    for (const [label, , hex] of DOCUMENTED) {
      expect(rows).toContain(`| \`${label}\` | \`${hex}\` |`);
    }
  });

  test.each(REFUSED)('%s -> refused', (_, hex) => {
    expect(() => decodeHex(hex)).toThrow(/^not a canonical value: .* at byte \d+$/);
  });
});

describe('canonical values: slots', () => {
  const a = referenceOf('o-1');
  const b = referenceOf('p-2');

  test('references -> indexes in order of first mention, each slot once', () => {
    const { body, slots } = codec.encode([b, a, b]);
    expect(Buffer.from(body).toString('hex')).toBe('93d40200d40201d40200');
    expect(slots).toEqual(['p-2', 'o-1']);
    expect(codec.decode(body, slots)).toEqual([b, a, b]);
  });

  test('many references -> two-byte indexes from 256 on', () => {
    const many = Array.from({ length: 300 }, (_, n) => referenceOf(`o-${n}`));
    const { body, slots } = codec.encode([many, many]);
    expect(slots.length).toBe(300);
    expect(codec.decode(body, slots)).toEqual([many, many]);
    expect(Buffer.from(body).includes(Buffer.from('d502012b', 'hex'))).toBe(true);
  });

  test.each([
    ['out of range', 'd40200', []],
    ['out of order', '92d40201d40200', ['o-1', 'o-2']],
    ['never mentioned', 'd40200', ['o-1', 'o-2']],
    ['none mentioned', 'c0', ['o-1']],
    ['the same slot twice', '92d40200d40201', ['o-1', 'o-1']],
    ['index not in its shortest form', 'd5020000', ['o-1']],
    ['index of eight bytes', 'd7020000000000000000', ['o-1']],
  ])('%s -> refused', (_, hex, slots) => {
    expect(() => decodeHex(hex, slots)).toThrow(/^not a canonical value/);
  });
});
