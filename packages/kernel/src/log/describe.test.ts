import { PassableCodec, packFrame } from '@heirloom/store';
import { Delivery, storedVRef, Syscall } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { describeDelivery, describeReason, describeSyscall } from './describe.js';

const codec = new PassableCodec({
  slotOf: () => undefined,
  valueOf: () => ({}),
  isHardened: () => true,
  bornHardened: value => value,
});
const encode = (value: unknown): Uint8Array => codec.encode(value).body;
const target = storedVRef('o-1');

test('describe: a message -> the name of its method, also a symbol; null without', () => {
  const methodOf = (body: Uint8Array): unknown =>
    describeSyscall([Syscall.send, target, body, [], null])['method'];
  expect(methodOf(encode(['deposit', [1n]]))).toBe('deposit');
  expect(methodOf(encode([Symbol.asyncIterator, []]))).toBe('Symbol(Symbol.asyncIterator)');
  expect(methodOf(encode([undefined, []]))).toBe(null); // a call of the object itself
  expect(methodOf(encode('no message'))).toBe(null);
  expect(methodOf(Uint8Array.of(0xc1, 0xff))).toBe(null); // bytes that no codec wrote
});

test('describe: what a vat is given -> its kind and the references, as the vat calls them', () => {
  const resolutions = [
    [storedVRef('p-1'), false, encode(1n), []],
    [storedVRef('p-2'), true, encode('why'), []],
  ] as const;
  const { bytes, ...notify } = describeDelivery(packFrame([Delivery.notify, resolutions]));
  expect(notify).toEqual({ event: 'notify', promises: ['p-1', 'p-2'], rejected: ['p-2'] });
  expect(bytes).toBeGreaterThan(0);
  const dropped = describeDelivery(packFrame([Delivery.dropExports, ['o+d10/1']]));
  expect(dropped).toEqual({ event: 'dropExports', slots: ['o+d10/1'] });
});

test('describe: a reason -> the text of an error; null for other data and for no data', () => {
  expect(describeReason(encode(Object.freeze(TypeError('bad'))), [])).toBe('TypeError: bad');
  expect(describeReason(encode('bad'), [])).toBe(null);
  expect(describeReason(Uint8Array.of(0xc1), [])).toBe(null);
});
