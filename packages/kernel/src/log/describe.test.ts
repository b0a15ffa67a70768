import { PassableCodec, packFrame } from '@heirloom/store';
import { Delivery, storedVRef, Syscall, type SyscallTuple } from '@heirloom/worker';
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

test('describe: a fork, a migration -> what there is to say', () => {
  const fork = packFrame([Delivery.fork, encode(1n), ['o-1'], ['o+d10/1', 'o+d10/2']]);
  expect(describeDelivery(fork)).toEqual({
    event: 'fork',
    bytes: encode(1n).length,
    slots: ['o-1'],
    exports: ['o+d10/1', 'o+d10/2'],
  });
  const migrate = describeDelivery(packFrame([Delivery.migrate, 10, true]));
  expect(migrate).toEqual({ event: 'migrate', isFirst: true });
});

test.each([
  [[Syscall.subscribe, 'p-1'], { event: 'subscribe', promise: 'p-1' }],
  [[Syscall.exit, true, encode('gone'), []],
    { event: 'exit', isFailure: true, bytes: encode('gone').length }],
  [[Syscall.dropImports, ['o-1']], { event: 'dropImports', slots: ['o-1'] }],
  [[Syscall.retireImports, ['o-1']], { event: 'retireImports', slots: ['o-1'] }],
  [[Syscall.retireExports, ['o+1']], { event: 'retireExports', slots: ['o+1'] }],
  [[Syscall.abandonExports, ['o+1', 'o+2']], { event: 'abandonExports', slots: ['o+1', 'o+2'] }],
  [[Syscall.dismissKind, 10, 'Egg'], { event: 'dismissKind', kind: 10, tag: 'Egg' }],
] as const)('describe: what a vat asks for (%#) -> in words', (syscall, words) => {
  expect(describeSyscall(syscall as unknown as SyscallTuple)).toEqual(words);
});

test('describe: a reason -> the text of an error; null for other data and for no data', () => {
  expect(describeReason(encode(Object.freeze(TypeError('bad'))), [])).toBe('TypeError: bad');
  expect(describeReason(encode('bad'), [])).toBe(null);
  expect(describeReason(Uint8Array.of(0xc1), [])).toBe(null);
});
