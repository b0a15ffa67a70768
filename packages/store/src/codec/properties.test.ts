/** Properties over arbitrary passables, on a realm without ses. */
import '@endo/immutable-arraybuffer/shim.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { atOnce } from '../steps/stepwise.js';
import { PassableCodec } from './index.js';
import { hostHooks, referenceOf } from './testing/host-references.mjs';
import { makeSame, passables } from './testing/passables.mjs';

const codec = new PassableCodec(hostHooks);
const references = Array.from({ length: 20 }, (_, n) => referenceOf(`o-${n}`));
const anyPassable = passables(references);
const same = makeSame((a, b) => a === b);
const RUNS = amount({ quick: 80, thorough: 250 });
const MUTATIONS_PER_BODY = 10;

/** What `decode` may throw on bytes that nobody encoded. */
const isRefusal = (error: unknown): boolean =>
  (error instanceof TypeError && error.message.startsWith('not a canonical value')) ||
  (error instanceof RangeError && error.message.startsWith('passable nested'));

/** What is wrong with the body, in the words of its refusal. */
const refusalOf = (decode: () => unknown): string | undefined => {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return String(error);
    throw error;
  }
};

/**
 * Whether `body` decoded; if so, it must encode to the same bytes and slots again. In steps it is
 * decoded to the same, or refused with the same words.
 */
const decodesCanonically = (body: Uint8Array, slots: readonly string[]): boolean => {
  let value: unknown;
  let inSteps: unknown;
  const refusal = refusalOf(() => (value = codec.decode(body, slots)));
  expect(refusalOf(() => (inSteps = atOnce(codec.decoding(body, slots))))).toBe(refusal);
  if (refusal !== undefined) return false;
  if (!same(value, inSteps)) throw new Error('in steps it is another value');
  const again = codec.encode(value);
  if (Buffer.compare(again.body, body) !== 0 || !again.slots.every((s, i) => s === slots[i])) {
    throw new Error(`${Buffer.from(body).toString('hex')} decodes, but is not canonical`);
  }
  return true;
};

const splice = (body: Uint8Array, at: number, removed: number, added: readonly number[]) =>
  Uint8Array.from([...body.subarray(0, at), ...added, ...body.subarray(at + removed)]);

describe('codec: properties', { tags: ['sized'] }, () => {
  test('any passable -> decodes to the same value, which encodes to the same bytes', () => {
    fc.assert(
      fc.property(anyPassable, value => {
        const { body, slots } = codec.encode(value);
        const decoded = codec.decode(body, slots);
        expect(same(value, decoded)).toBe(true);
        expect(decodesCanonically(body, slots)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('two passables -> same bytes and slots exactly if they are the same', () => {
    fc.assert(
      fc.property(anyPassable, anyPassable, (a, b) => {
        const [x, y] = [codec.encode(a), codec.encode(b)];
        const equal = Buffer.compare(x.body, y.body) === 0 && `${x.slots}` === `${y.slots}`;
        expect(equal).toBe(same(a, b));
      }),
      { numRuns: RUNS },
    );
  });

  test('mutated bytes -> refused, or a value with exactly these bytes', () => {
    const mutation = fc.record({
      at: fc.nat(),
      removed: fc.nat({ max: 2 }),
      added: fc.array(
        fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x90, 0xa1, 0xc7, 0xd4, 0xd5, 0xd9, 0xdc)),
        { maxLength: 2 },
      ),
    });
    const mutations = fc.array(mutation, {
      minLength: MUTATIONS_PER_BODY,
      maxLength: MUTATIONS_PER_BODY,
    });
    fc.assert(
      fc.property(anyPassable, mutations, (value, list) => {
        const { body, slots } = codec.encode(value);
        for (const { at, removed, added } of list) {
          decodesCanonically(splice(body, at % (body.length + 1), removed, added), slots);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('every body of one or two bytes -> refused, or a value with exactly these bytes', () => {
    let decoded = 0;
    for (let first = 0; first < 0x100; first += 1) {
      decoded += decodesCanonically(Uint8Array.of(first), []) ? 1 : 0;
      for (let second = 0; second < 0x100; second += 1) {
        decoded += decodesCanonically(Uint8Array.of(first, second), []) ? 1 : 0;
      }
    }
    expect(decoded).toBe(ONE_AND_TWO_BYTE_VALUES);
  });

  test('random bytes behind any lead byte -> refused, or a value of these bytes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 24 }), (lead, rest) => {
        decodesCanonically(Uint8Array.from([lead, ...rest]), []);
      }),
      { numRuns: 20 * RUNS },
    );
  });
});

/**
 * One byte: 160 fixints, nil, false, true, [], ''. Two bytes: 128 of uint8, 96 of int8, 128
 * strings, arrays of one one-byte value (165), an empty byte array.
 */
const ONE_AND_TWO_BYTE_VALUES = 165 + 128 + 96 + 128 + 165 + 1;
