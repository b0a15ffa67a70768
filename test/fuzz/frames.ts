/**
 * Frames of a worker that was taken over: honest ones that were changed, random msgpack, random
 * cranks. Here a HostError is right where its code is WORKER_PROTOCOL and it names the vat.
 */
import fc from 'fast-check';
import type { FuzzCase } from './case.js';

const hex = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('hex'));

const mutation = fc.oneof(
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), xor: fc.integer({ min: 1,
    max: 255 }) }),
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 1,
    max: 9 }) }),
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), insert: hex }),
);

/** What frames may hold, and references that may be known. */
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, 2, -1, 255, 65_536, 2 ** 31, 2 ** 53 - 1),
  fc.constantFrom<unknown>('o-1', 'o-2', 'o+0', 'o+e0/1', 'o+d10/1', 'p-1', 'p+0/7', 'p+0/8',
    'o-999', ''),
  fc.constantFrom<unknown>('LIMIT', 'log', 'warn', '"x"', 'b1-0', 'constructor', '__proto__'),
  hex.map(bytes => ({ bytes })),
  fc.integer({ min: 0, max: 3_000 }).map(zeros => ({ zeros })),
  fc.integer({ min: 0, max: 300 }).map(text => ({ text })),
);
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'frame' },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.tuple(fc.integer({ min: 0, max: 2_000 }), leaf).map(list => ({ list })),
  ),
}));

const body = fc.oneof(fc.constant({ bytes: 'c0' }), hex.map(bytes => ({ bytes })), leaf);
const refs = fc.oneof(fc.array(leaf, { maxLength: 4 }), leaf);
const syscall = fc.oneof(
  fc.tuple(fc.constant(0), leaf, body, refs, leaf),
  fc.tuple(fc.constant(1), leaf),
  fc.tuple(fc.constant(2), fc.array(fc.tuple(leaf, leaf, body, refs), { maxLength: 3 })),
  fc.tuple(fc.constant(3), leaf, body, refs),
  fc.tuple(fc.integer({ min: 4, max: 7 }), refs),
  fc.tuple(fc.constant(8), leaf, leaf),
  fc.tuple(fc.constant(9), fc.array(fc.tuple(leaf, leaf), { maxLength: 3 })),
  fc.array(value, { maxLength: 5 }),
);
const crank = fc.oneof(
  fc.tuple(
    fc.constantFrom<unknown>(null, ['LIMIT', { bytes: 'c0' }]),
    fc.array(syscall, { maxLength: 4 }),
    fc.array(fc.tuple(hex.map(bytes => ({ bytes })), body), { maxLength: 3 }),
    fc.constantFrom<unknown>(null, [true, []]),
  ),
  fc.array(value, { maxLength: 5 }),
);

const order = fc.oneof(
  fc.array(mutation, { minLength: 1, maxLength: 4 }).map(mutate => ({ mutate })),
  crank.map(it => ({ crank: it })),
  hex.map(packedCrank => ({ packedCrank })),
  fc.array(value, { maxLength: 5 }).map(frame => ({ frame })),
  fc.tuple(fc.integer({ min: 0, max: 11 }), fc.array(value, { maxLength: 4 })).map(
    ([op, fields]) => ({ frame: [op, ...fields] }),
  ),
  hex.map(packedFrame => ({ packedFrame })),
  fc.tuple(fc.constantFrom(5, 6, 7, 8, 9), fc.array(leaf, { maxLength: 3 })).map(
    ([op, fields]) => ({ posts: [op, ...fields], count: 20 }),
  ),
);

export const frameCases: fc.Arbitrary<FuzzCase> = order.map(it => ({
  kind: 'frames',
  what: Object.keys(it).join(),
  steps: [
    ['hostile', `console.log('!' + ${JSON.stringify(JSON.stringify(it))}); 1`],
    // A crank that was changed is not what the replay of its vat gives.
    ['host', `return () => kernel.terminateVat(kernel.vat(me).vatId)`],
  ],
}));
