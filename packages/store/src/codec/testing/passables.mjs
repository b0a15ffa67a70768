/**
 * Arbitrary passables, and what it means for two of them to be the same.
 *
 * Plain JavaScript: the tests and the locked-down peer process (`endo-peer.mjs`) both load it.
 * Values are not hardened. Byte arrays need immutable ArrayBuffers in the realm.
 */
import fc from 'fast-check';

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

export const PASS_STYLE = Symbol.for('passStyle');

const ERROR_CONSTRUCTORS = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];
const NAMES = ['a', 'b', 'amount', '__proto__', 'constructor', 'toString', 'length', '0', '10', ''];

export const makeTagged = (tag, payload) =>
  Object.create(Object.prototype, {
    [PASS_STYLE]: { value: 'tagged' },
    [Symbol.toStringTag]: { value: tag },
    payload: { value: payload, enumerable: true },
  });

export const makeRecord = entries => {
  const record = {};
  for (const [name, value] of entries) {
    const rest = { writable: true, enumerable: true, configurable: true };
    defineProperty(record, name, { value, ...rest });
  }
  return record;
};

export const makeByteArray = bytes => Uint8Array.from(bytes).buffer.sliceToImmutable();

const makeError = (Constructor, message, cause, errors) => {
  const error = new Constructor(message);
  if (cause !== undefined) {
    defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  }
  if (errors !== undefined) {
    defineProperty(error, 'errors', { value: errors, writable: true, configurable: true });
  }
  return error;
};

const makeAggregate = (message, errors) => {
  const error = new AggregateError([], message);
  if (errors === undefined) {
    delete error.errors;
  } else {
    defineProperty(error, 'errors', { value: errors });
  }
  return error;
};

const anyUnit = fc.integer({ min: 0, max: 0xffff });
const units = fc.array(fc.oneof(anyUnit, fc.integer({ min: 0xd700, max: 0xe000 })));
export const strings = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...NAMES, '\ufeffbom', '\ufffd', '@@', '@@iterator'),
  fc.constantFrom(...[31, 32, 255, 256].flatMap(n => ['x'.repeat(n), 'é'.repeat(n / 2)])),
  units.map(list => String.fromCharCode(...list)),
);
const exponents = [5, 7, 8, 15, 16, 31, 32, 48, 53, 63, 64];
const boundaries = exponents.map(exponent => 2 ** exponent);
export const numbers = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(...boundaries.flatMap(n => [n - 1, n, n + 1, -n - 1, -n, 1 - n]), -0, 0.5),
);
export const bigints = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(...boundaries.map(BigInt).flatMap(n => [n - 1n, n, n + 1n, -n - 1n, -n, 1n - n])),
);
const symbols = fc.oneof(
  strings.map(name => Symbol.for(name)),
  fc.constantFrom(Symbol.iterator, Symbol.asyncIterator, Symbol.toStringTag, Symbol.for('@@x')),
);
/** endo's marshal decodes this one to `Symbol.for('@@@@\n')`: its pattern stops at a line end. */
const symbolAfterLineEnd = Symbol.for('@@\n');
const byteArrays = fc.uint8Array({ maxLength: 300 }).map(makeByteArray);

/**
 * Passables that mention `references` (at least one) where objects pass by reference.
 * `forMarshal` leaves out what endo's marshal does not carry.
 */
export const passables = (references, options = {}) => {
  const { forMarshal = false } = options;
  const leaves = [
    fc.constantFrom(undefined, null, true, false),
    numbers,
    bigints,
    strings,
    symbols,
    fc.constantFrom(...references),
    ...(forMarshal ? [] : [byteArrays, fc.constant(symbolAfterLineEnd)]),
  ];
  const names = fc.oneof(fc.constantFrom(...NAMES), strings);
  const { passable } = fc.letrec(tie => ({
    leaf: fc.oneof(...leaves),
    error: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.tuple(fc.constantFrom(...ERROR_CONSTRUCTORS), strings).map(([C, m]) => makeError(C, m)),
      ...(forMarshal
        ? []
        : [
            fc
              .tuple(
                fc.constantFrom(...ERROR_CONSTRUCTORS),
                strings,
                fc.option(tie('error'), { nil: undefined }),
                fc.option(tie('errors'), { nil: undefined }),
              )
              .map(parts => makeError(...parts)),
            fc
              .tuple(strings, fc.option(tie('errors'), { nil: undefined }))
              .map(parts => makeAggregate(...parts)),
          ]),
    ),
    errors: fc.array(tie('error'), { maxLength: 3 }),
    passable: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      tie('leaf'),
      fc.array(tie('passable'), { maxLength: 8 }),
      fc.array(fc.tuple(names, tie('passable')), { maxLength: 8 }).map(makeRecord),
      fc.tuple(strings, tie('passable')).map(parts => makeTagged(...parts)),
      tie('error'),
    ),
  }));
  return passable;
};

const isObject = value => typeof value === 'object' && value !== null;
const valueOf = (object, key) => getOwnPropertyDescriptor(object, key)?.value;
const isByteArray = value => value instanceof ArrayBuffer && value.immutable === true;

const sameKeys = (a, b, same) => {
  const names = Reflect.ownKeys(a).sort();
  const others = Reflect.ownKeys(b).sort();
  return (
    names.length === others.length &&
    names.every((name, i) => name === others[i] && same(valueOf(a, name), valueOf(b, name)))
  );
};

/** Whether two passables are the same; `sameReference` compares what passes by reference. */
export const makeSame = sameReference => {
  const same = (a, b) => {
    if (!isObject(a) || !isObject(b)) {
      return Object.is(a, b) || (a === 0 && b === 0) || sameReference(a, b);
    }
    const proto = getPrototypeOf(a);
    if (proto !== getPrototypeOf(b)) {
      return false;
    }
    if (Array.isArray(a)) {
      return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
    }
    if (a instanceof Error) {
      const fields = ['message', 'cause', 'errors'];
      return a.name === b.name && fields.every(key => same(valueOf(a, key), valueOf(b, key)));
    }
    if (isByteArray(a)) {
      return isByteArray(b) && Buffer.compare(Buffer.from(a.slice()), Buffer.from(b.slice())) === 0;
    }
    if (proto !== Object.prototype) {
      return sameReference(a, b);
    }
    const style = valueOf(a, PASS_STYLE);
    if (style !== valueOf(b, PASS_STYLE)) {
      return false;
    }
    if (style === 'tagged') {
      const keys = [Symbol.toStringTag, 'payload'];
      return keys.every(key => same(valueOf(a, key), valueOf(b, key)));
    }
    return sameKeys(a, b, same);
  };
  return same;
};
