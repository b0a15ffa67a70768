/**
 * Values that might be passable: plain ones with odd properties, odd prototypes, or unfrozen parts.
 *
 * Every getter that runs notes its name in `noted`.
 */
import fc from 'fast-check';
import { PASS_STYLE, makeByteArray } from './passables.mjs';

const { create } = Object;

export const noted = [];
const getter = () => {
  noted.push('getter');
  return 1;
};

class Custom {}
class CustomError extends RangeError {}
class CustomArray extends Array {}

const descriptors = values =>
  fc.oneof(
    { weight: 6, arbitrary: values.map(value => ({ value, enumerable: true })) },
    { weight: 2, arbitrary: values.map(value => ({ value, enumerable: false })) },
    { weight: 1, arbitrary: fc.boolean().map(enumerable => ({ get: getter, enumerable })) },
    { weight: 1, arbitrary: fc.constant({ get: undefined, set: undefined, enumerable: true }) },
  );

const KEYS = ['a', 'b', '0', '1', 'then', 'payload', 'message', 'stack', 'cause', 'errors', 'name'];
const SYMBOLS = [PASS_STYLE, Symbol.toStringTag, Symbol.iterator, Symbol.for('q')];
const keys = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...KEYS) },
  { weight: 1, arbitrary: fc.constantFrom(...SYMBOLS) },
);

/** Fresh objects to which odd properties are added. */
const bases = references => [
  () => ({}),
  () => ({ a: 1 }),
  () => [],
  () => [1, 2],
  () => [1, , 2],
  () => create(null),
  () => new Custom(),
  () => new CustomArray(),
  () => new Error('m'),
  () => new Error(),
  () => new TypeError('m', { cause: new Error('c') }),
  () => new AggregateError([new Error('e')], 'm'),
  () => new CustomError('m'),
  () => create(Error.prototype, { message: { value: 'm' } }),
  () => create(Error.prototype),
  () => create(references[0]),
  () => create(Object.prototype, { [PASS_STYLE]: { value: 'tagged' } }),
  () =>
    create(Object.prototype, {
      [PASS_STYLE]: { value: 'tagged' },
      [Symbol.toStringTag]: { value: 't' },
    }),
  () =>
    create(Object.prototype, {
      [PASS_STYLE]: { value: 'tagged' },
      [Symbol.toStringTag]: { value: 't' },
      payload: { value: [], enumerable: true },
    }),
  () => makeByteArray([1]),
  () => new ArrayBuffer(1),
  () => new Map(),
  () => new Date(0),
  () => /x/,
  () => Object('boxed'),
  () => Promise.resolve(),
  () => () => undefined,
];

/** The difference that docs/canonical-values.md states: unfrozen causes. */
const isKnown = ({ target, isHardened }) => target instanceof Error && !isHardened;

/** `{ value, isKnownDifference }`: hardened, but for one in sixteen. */
export const candidates = references => {
  const leaves = fc.oneof(
    fc.constantFrom(1, 'x', null, undefined, 3n, Symbol('unregistered'), Symbol.for('q')),
    fc.constantFrom('tagged', 'error', 'copyRecord', 'remotable'),
    fc.constantFrom(...references),
    fc.constantFrom(() => new Error('inner'), () => () => undefined, () => []).map(make => make()),
    fc.constant(null).map(() => [new Error('inner')]),
  );
  return fc
    .record({
      make: fc.constantFrom(...bases(references)),
      properties: fc.array(fc.tuple(keys, descriptors(leaves)), { maxLength: 2 }),
      isNested: fc.boolean(),
      freezing: fc.nat({ max: 15 }),
    })
    .map(({ make, properties, isNested, freezing }) => {
      const target = make();
      for (const [key, descriptor] of properties) {
        Reflect.defineProperty(target, key, { ...descriptor, configurable: true });
      }
      const value = isNested ? { nested: [target] } : target;
      if (freezing > 0) {
        harden(value);
      } else {
        Object.freeze(value);
      }
      noted.length = 0;
      const isHardened = freezing > 0;
      return { value, isKnownDifference: isKnown({ target, isHardened }) };
    });
};
