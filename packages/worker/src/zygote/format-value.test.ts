/**
 * Texts of values and errors for logs: no code of a vat runs for them, however a value is made, and
 * they cost little.
 */
import { describe, expect, test } from 'vitest';
import { formatLine, formatTrace, formatValue, type ErrorDetails } from './format-value.js';

const details: ErrorDetails = {
  messageOf: () => undefined,
  notesOf: () => [],
  framesOf: () => ['at here'],
};

const fail = (): never => {
  throw Error('called');
};
const EVIL: ProxyHandler<object> = {
  get: fail,
  has: fail,
  ownKeys: fail,
  getPrototypeOf: fail,
  getOwnPropertyDescriptor: fail,
};
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
class Lists extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return fail();
  }
}

const LISTS: readonly (readonly [what: string, list: unknown])[] = [
  ['a getter', Object.defineProperty([1], 0, { get: fail })],
  ['a species', new Lists(3)],
  ['a constructor', Object.defineProperty([1], 'constructor', { get: fail })],
  ['a proxy', new Proxy([1], EVIL)],
  ['a proxy that is revoked', revoked([1])],
  ['a hole above a proxy', Object.setPrototypeOf(Array(3), new Proxy([], EVIL))],
  ['an iterator', Object.defineProperty([1], Symbol.iterator, { get: fail })],
  ['a great length', Object.assign([], { length: 2 ** 32 - 1 })],
  ['no list', { length: 1 }],
];

describe('format: code that a vat has put into errors', () => {
  test.each(LISTS)('errors: %s -> not called', (_, errors) => {
    const error = Object.assign(Error('x'), { errors });
    expect(formatTrace(error, details)).toBe('Error: x\n    at here');
    expect(formatValue(error, details)).toBe('Error: x\n    at here');
    expect(formatLine([error], details)).toBe('Error: x\n    at here');
  });

  test('errors, one of which is behind a getter -> the others are told', () => {
    const errors = [Error('a'), Error('b'), Error('c')];
    Object.defineProperty(errors, 1, { get: fail });
    const told = formatTrace(Object.assign(Error('x'), { errors }), details);
    expect(told.match(/error: .*/g)).toEqual(['error: Error: a', 'error: Error: c']);
  });

  test('name, message, cause, prototype -> not called', () => {
    const error = new Error('x');
    for (const key of ['name', 'message', 'cause']) {
      Object.defineProperty(error, key, { get: fail });
    }
    Object.setPrototypeOf(error, new Proxy({}, EVIL));
    expect(formatTrace(error, details)).toBe('\n    at here');
  });
});

test('format: a message of many long parts -> quickly the beginning', () => {
  const parts = Array.from({ length: 100_000 }, () => 'z'.repeat(1_000));
  const told = formatValue(Error('x'), { ...details, messageOf: () => parts });
  expect(told.length).toBeLessThan(11_000);
});

test('format: a message in parts -> spaces between words, none within brackets', () => {
  const parts = ['got', 1, ', not (', 'two', '), "', 3, '"'];
  const told = formatValue(Error('x'), { ...details, messageOf: () => parts, framesOf: () => [] });
  expect(told).toBe('Error: got 1, not (two), "3"');
});
