/** What is refused and in which words, limits, errors, and hooks that use the codec again. */
import '@endo/immutable-arraybuffer/shim.js';
import { describe, expect, test } from 'vitest';
import { HOST_BYTE_ARRAYS, PassableCodec } from './index.js';
import type { PassableLimits } from './index.js';
import { hostHooks, referenceOf } from './testing/host-references.mjs';
import { PASS_STYLE, makeByteArray, makeTagged } from './testing/passables.mjs';

const codec = new PassableCodec(hostHooks);
const frozenOnly = new PassableCodec({ ...hostHooks, isHardened: () => false });
const roundTrip = (value: unknown): unknown => {
  const { body, slots } = codec.encode(value);
  return codec.decode(body, slots);
};

const withLimits = (limits: Partial<PassableLimits>): PassableCodec =>
  new PassableCodec(hostHooks, { bodyBytesMax: 1_000, slotsMax: 3, nestingMax: 5, ...limits });

const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let i = 1; i < depth; i += 1) {
    value = i % 2 === 0 ? [value] : { value };
  }
  return value;
};

const extraProperty = Object.assign([1], { x: 1 });
const hidden = Object.defineProperty({}, 'a', { value: 1 });
const sparse = [1, , 2];
const then = (): void => undefined;
const namedOwn = Object.assign(new Error('m'), { code: 1 });
class Custom extends TypeError {}

const UNDECLARED = 'Remotables must be explicitly declared: ';
const FUNCTION = `${UNDECLARED}"[Function then]"`;
const OBJECT = `${UNDECLARED}(an object)`;
const RECORDS = 'Records can only have';
const BYTES = 'Must be an immutable ArrayBuffer';
const ERRORS = 'Passable Error must';
const ERROR_OWN = 'Passable Error "code" own property';

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['function', then, FUNCTION],
  ['method in a record', { f: then }, `${FUNCTION} (at .f)`],
  ['class instance', [new (class A {})()], `${OBJECT} (at [0])`],
  ['null prototype', Object.create(null), OBJECT],
  ['Map', new Map(), OBJECT],
  ['deep place', [{ 'a b': { c: [then] } }], `${FUNCTION} (at [0]["a b"].c[0])`],
  ['thenable', { then }, 'Cannot pass non-promise thenables'],
  ['odd thenable', Object.assign(Object.create({}), { then }), 'Cannot pass non-promise thenables'],
  ['proxy', [new Proxy([], {})], 'Cannot pass proxies (at [0])'],
  ['proxy for a function', new Proxy(then, {}), 'Cannot pass proxies'],
  [
    'unregistered symbol',
    Symbol('q'),
    'Only registered symbols or well-known symbols are passable: "[Symbol(q)]"',
  ],
  ['symbol key', { [Symbol.for('q')]: 1 }, `${RECORDS} string-named properties: (an object)`],
  ['accessor', { get a() { return 1; } }, '"a" must not be an accessor property: (an object)'],
  ['hidden property', [hidden], '"a" must be an enumerable property: (an object) (at [0])'],
  ['sparse array', sparse, '1 property expected: (an array)'],
  ['property of an array', extraProperty, 'Arrays must not have non-indexes: (an array)'],
  ['array subclass', new (class extends Array {})(), 'Malformed array: (an array)'],
  ['mutable buffer', new ArrayBuffer(1), `${BYTES} without own properties: (an object)`],
  ['no message', new Error(), `${ERRORS} have an own "message" string property: (an object)`],
  ['error with a code', namedOwn, `${ERROR_OWN} must not be enumerable: (an object)`],
  ['error class', new Custom('m'), `${ERRORS} inherit from an error class .prototype: (an object)`],
  ['string as cause', new Error('m', { cause: 'c' }), 'Error expected: string'],
  ['string in errors', new AggregateError(['c'], 'm'), 'Error expected: string (at .errors[0])'],
  ['other style', { [PASS_STYLE]: 'far' }, 'Unrecognized PassStyle: (an object)'],
];

describe('codec: refusals', () => {
  test.each(REFUSED)('%s -> TypeError', (_, value, message) => {
    expect(() => codec.encode(value)).toThrow(new TypeError(message));
  });

  test('unfrozen -> refused with its place, frozen at every level -> accepted', () => {
    const unfrozen = Object.freeze({ amount: {} });
    expect(() => frozenOnly.encode(unfrozen)).toThrow(
      new TypeError('Cannot pass non-frozen objects like (an object). Use harden() (at .amount)'),
    );
    expect(() => frozenOnly.encode(new Uint8Array(1))).toThrow(
      new TypeError('Cannot pass mutable typed arrays like (an object).'),
    );
    const { body } = frozenOnly.encode(Object.freeze([Object.freeze({})]));
    expect(codec.decode(body, [])).toEqual([{}]);
  });

  test('proxy or accessor anywhere -> no trap and no getter runs', () => {
    const seen: string[] = [];
    const note = (name: string) => (): never => {
      seen.push(name);
      throw new Error(name);
    };
    const traps = ['get', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'has', 'ownKeys'];
    const handler = Object.fromEntries(traps.map(name => [name, note(name)]));
    const proxy = new Proxy({}, handler);
    const getter = { enumerable: true, get: note('getter') };
    const samples = [
      proxy,
      [proxy],
      Object.create(proxy),
      new Error('m', { cause: proxy }),
      Object.defineProperty(new Error('m'), 'errors', { value: proxy }),
      Object.defineProperty({}, 'a', getter),
      Object.defineProperty([], '0', getter),
      Object.defineProperty(makeTagged('t', 1), 'x', getter),
      Object.defineProperty(new Error('m'), 'cause', { get: note('cause') }),
      Object.defineProperty(Object.create({}), 'then', getter),
    ];
    for (const sample of samples) {
      expect(() => codec.encode(sample)).toThrow(TypeError);
    }
    expect(seen).toEqual([]);
  });
});

describe('codec: limits', () => {
  test('body at the limit -> encoded; past it -> RangeError, both ways', () => {
    const small = withLimits({ bodyBytesMax: 100 });
    const atLimit = 'x'.repeat(98);
    expect(small.encode(atLimit).body.length).toBe(100);
    const tooLarge = new RangeError('syscall capdata too large');
    for (const value of ['x'.repeat(99), 2n ** 800n, [atLimit], 'é'.repeat(5_000_000)]) {
      expect(() => small.encode(value)).toThrow(tooLarge);
    }
    expect(() => small.decode(codec.encode([atLimit]).body, [])).toThrow(tooLarge);
    expect(() => codec.encode('x'.repeat(10_000_000))).toThrow(tooLarge);
    expect(codec.encode('x'.repeat(9_999_995)).body.length).toBe(10_000_000);
    expect(() => codec.encode(new Array(2 ** 31))).toThrow(tooLarge);
  });

  test('data that mentions itself many times -> ends at the body limit', () => {
    let value: unknown = 'x'.repeat(20);
    for (let i = 0; i < 60; i += 1) {
      value = [value, value];
    }
    expect(() => codec.encode(value)).toThrow(new RangeError('syscall capdata too large'));
  });

  test('slots at the limit -> encoded; past it -> RangeError, both ways', () => {
    const three = ['o-1', 'o-2', 'o-3'].map(referenceOf);
    const small = withLimits({ slotsMax: 3 });
    expect(small.encode([three, three]).slots.length).toBe(3);
    const four = [...three, referenceOf('o-4')];
    expect(() => small.encode(four)).toThrow(new RangeError('syscall capdata too large'));
    const { body, slots } = codec.encode(four);
    expect(() => small.decode(body, slots)).toThrow(new RangeError('syscall capdata too large'));
  });

  test('nesting at the limit -> encoded; past it -> RangeError, both ways', () => {
    const { body } = codec.encode(nested(500));
    expect(codec.encode(codec.decode(body, [])).body).toEqual(body);
    const message = 'passable nested deeper than nestingMax 500';
    expect(() => codec.encode(nested(501))).toThrow(new RangeError(message));
    expect(() => codec.encode(nested(100_000))).toThrow(new RangeError(message));
    expect(() => codec.decode(Buffer.alloc(100_000, 0x91), [])).toThrow(new RangeError(message));
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => codec.encode(cyclic)).toThrow(new RangeError(message));
    const causal = new Error('m');
    Object.defineProperty(causal, 'cause', { value: causal });
    expect(() => codec.encode(causal)).toThrow(new RangeError(message));
  });

  test('after an error -> the next value is encoded afresh', () => {
    expect(() => codec.encode([1, referenceOf('o-1'), then])).toThrow(TypeError);
    expect(codec.encode(7)).toEqual({ body: Uint8Array.of(7), slots: [] });
  });
});

describe('codec: byte arrays of a host', () => {
  const hostCodec = new PassableCodec({ ...hostHooks, byteArrays: HOST_BYTE_ARRAYS });

  test('Uint8Array, Buffer -> the bytes of a byte array, which come out as a Uint8Array', () => {
    const bytes = Uint8Array.of(1, 2);
    for (const value of [bytes, Buffer.from(bytes), makeByteArray([1, 2])]) {
      const { body } = hostCodec.encode([value]);
      expect(body).toEqual(codec.encode([makeByteArray([1, 2])]).body);
      expect(hostCodec.decode(body, [])).toEqual([bytes]);
    }
  });

  test('other views and buffers -> refused', () => {
    for (const value of [new Int8Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1))]) {
      expect(() => hostCodec.encode(value)).toThrow(TypeError);
    }
  });
});

describe('codec: errors', () => {
  test('standard error -> its constructor, no stack', () => {
    const error = roundTrip(new RangeError('m', { cause: new Error('c') })) as Error;
    expect(Object.getPrototypeOf(error)).toBe(RangeError.prototype);
    expect(Object.isFrozen(error)).toBe(true);
    expect([error.name, error.message, error.stack]).toEqual(['RangeError', 'm', '']);
    expect((error.cause as Error).message).toBe('c');
  });

  test('AggregateError -> frozen errors; without its errors -> none', () => {
    const error = roundTrip(new AggregateError([new TypeError('t')], 'm')) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(Object.isFrozen(error.errors)).toBe(true);
    expect((error.errors[0] as Error).name).toBe('TypeError');
    const bare = new AggregateError([], 'm');
    Reflect.deleteProperty(bare, 'errors');
    expect(Object.hasOwn(roundTrip(bare) as object, 'errors')).toBe(false);
  });

  test('settlement with an error that is not passable -> what is passable of it', () => {
    const thrown = new Custom('m', { cause: new Error('c') });
    Object.assign(thrown, { code: 'E1' });
    Object.defineProperty(thrown, 'errors', { value: ['no error'] });
    expect(() => codec.encode(thrown)).toThrow(TypeError);
    const { body, slots } = codec.encodeSettlement(thrown);
    const error = codec.decode(body, slots) as Error;
    expect(Object.getPrototypeOf(error)).toBe(TypeError.prototype);
    expect([error.message, (error.cause as Error).message]).toEqual(['m', 'c']);
    expect(Object.hasOwn(error, 'errors') || Object.hasOwn(error, 'code')).toBe(false);
  });

  test('settlement with an error of another name -> an Error, passable, as endo decodes it', () => {
    const { body } = codec.encodeSettlement(Object.assign(new Error('m'), { name: 'VatError' }));
    const error = codec.decode(body, []) as Error;
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
    expect([error.name, error.message]).toEqual(['Error', 'm']);
    expect(Reflect.ownKeys(error)).not.toContain('name');
    expect(codec.encode(error).body).toEqual(body);
  });

  test('settlement with anything else -> as encode', () => {
    expect(codec.encodeSettlement([1]).body).toEqual(codec.encode([1]).body);
    expect(() => codec.encodeSettlement([new Custom('m')])).toThrow(TypeError);
    expect(() => codec.encodeSettlement(then)).toThrow(TypeError);
  });
});

describe('codec: hooks', () => {
  test('a hook that encodes and decodes -> both bodies are whole', () => {
    const inner: unknown[] = [];
    const reentrant: PassableCodec = new PassableCodec({
      ...hostHooks,
      slotOf: value => {
        inner.push(reentrant.encode(['inner', 1n]).body);
        return hostHooks.slotOf(value);
      },
    });
    const value = ['outer', referenceOf('o-1'), 'after'];
    const { body, slots } = reentrant.encode(value);
    expect(codec.decode(body, slots)).toEqual(value);
    expect(inner).toEqual([codec.encode(['inner', 1n]).body]);
  });

  test('a slot -> revived once, in slot order', () => {
    const asked: string[] = [];
    const watching = new PassableCodec({
      ...hostHooks,
      valueOf: slot => {
        asked.push(slot);
        return referenceOf(slot);
      },
    });
    const { body, slots } = codec.encode(['o-2', 'o-1', 'o-2'].map(referenceOf));
    watching.decode(body, slots);
    expect(asked).toEqual(['o-2', 'o-1']);
  });

  test('a body inside a larger buffer -> decoded the same', () => {
    const { body } = codec.encode([1n, 2n ** 100n, 0.5, 'é'.repeat(40)]);
    const larger = Buffer.concat([Buffer.alloc(7), body, Buffer.alloc(3)]);
    const part = larger.subarray(7, 7 + body.length);
    expect(codec.encode(codec.decode(part, [])).body).toEqual(body);
  });
});
