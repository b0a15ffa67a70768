/** A row with another number of fields than its type has is told of, never read by halves. */
import { FIRST_HEIGHT, packFrame, unpackFrame, type FrameValue } from '@heirloom/store';
import {
  FIRST_INCARNATION,
  FIRST_VAT,
  importRef,
  spaceOf,
  storedBundleId,
  storedImageId,
  vatNumberAfter,
} from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { STATIC_VAT } from './kept-options.js';
import type { RowCodec } from './kernel-table.js';
import { objectKRef, promiseKRef } from './krefs.js';
import { ItemType } from './queue-items.js';
import { codecs, FIRST_COUNTERS, FIRST_VAT_COUNTERS, PromiseState, VatState } from './schema.js';
import { KernelObject, kernelObjectCodec } from './service-tables.js';
import { PLAIN_UPGRADE } from './upgrade-options.js';

const body = new Uint8Array([0xc0]);
const slots = [objectKRef(20)];
const result = promiseKRef(40);
const message = { target: objectKRef(21), body, slots, result };
const vat = FIRST_VAT;
const bundleId = storedBundleId('b1');
const lifecycle = { vat, body, slots, result };
const code = { bundleId, parameters: body, slots };
const end = [true, body, slots] as const;

interface Sample {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const sample = <V>(title: string, codec: RowCodec<V>, value: V): Sample => ({
  title,
  bytes: codec.encode(value),
  decode: bytes => codec.decode(bytes),
});

const { item } = codecs;
const SAMPLES: readonly Sample[] = [
  sample('c-list entry', codecs.clist, [importRef(1), 2]),
  sample('reference', codecs.kref, result),
  sample('count', codecs.count, 7),
  sample('result of an input', codecs.hostResult, [result, FIRST_HEIGHT]),
  sample('creation', item, { type: ItemType.create, ...lifecycle, bundleId, name: 'a' }),
  sample('upgrade', item, { type: ItemType.upgrade, ...lifecycle, bundleId, message: '' }),
  sample('dry run', item, { type: ItemType.dryRun, ...lifecycle, bundleId, message: '' }),
  sample('termination', item, { type: ItemType.terminate, ...lifecycle }),
  sample('fork', item, {
    ...{ type: ItemType.fork, ...lifecycle, child: vatNumberAfter(vat), name: 'a' },
    ...{ exports: slots, hasParameters: true, dynamic: false },
  }),
  sample('vat', codecs.vat, {
    ...{ ...code, name: 'a', state: VatState.running, incarnation: FIRST_INCARNATION },
    imageId: storedImageId('i'),
    ...{ spaces: [spaceOf(vat)], options: STATIC_VAT, dismissed: [], previous: code },
  }),
  sample('row without fields', codecs.empty, true),
  sample('ended incarnation', codecs.cleanup, { wholeVat: false }),
  sample('counters', codecs.counters, FIRST_COUNTERS),
  sample('clock', kernelObjectCodec, [KernelObject.clock]),
  sample('bundle cap', kernelObjectCodec, [KernelObject.bundleCap, bundleId]),
  sample('admin node', kernelObjectCodec, [KernelObject.adminNode, vat, end]),
  sample('meter', kernelObjectCodec, [KernelObject.meter, null, '0']),
];

const corrupt = expect.objectContaining({
  code: 'STORE_CORRUPT',
  message: expect.stringMatching(/ in the store (has \d+ fields, not \d|is of no type: )/) as string,
}) as Error;

describe('frame codecs: another number of fields', () => {
  test.each(SAMPLES)('$title: a field more or less -> STORE_CORRUPT', ({ bytes, decode }) => {
    const fields = unpackFrame(bytes);
    decode(packFrame(fields));
    expect(() => decode(packFrame([...fields, 1]))).toThrow(corrupt);
    if (fields.length > 0) expect(() => decode(packFrame(fields.slice(0, -1)))).toThrow(corrupt);
  });

  test('an object, with and without an interface -> the same again; else STORE_CORRUPT', () => {
    for (const spelled of ['', 'purse']) {
      const bytes = codecs.object.encode([vat, 'o+0', 1, 1, 2, spelled]);
      expect(unpackFrame(bytes)).toHaveLength(spelled === '' ? 5 : 6);
      expect(codecs.object.decode(bytes)).toEqual([vat, 'o+0', 1, 1, 2, spelled]);
    }
    for (const fields of [[vat, 'o+0', 1, 1], [vat, 'o+0', 1, 1, 2, 'purse', 1]]) {
      expect(() => codecs.object.decode(packFrame(fields))).toThrow(corrupt);
    }
  });

  const promise = {
    ...{ state: PromiseState.unresolved, decider: vat, subscribers: [vat], references: 1 },
    ...{ body: null, slots, queueCount: 0, queueBytes: 0 },
  };
  const sender = { sender: vat };
  const bytes = { queueBytes: 9 };
  const send = { type: ItemType.send, ...message };
  const notify = { type: ItemType.notify, vat, promise: result };
  interface Shortened {
    readonly title: string;
    readonly codec: unknown;
    /** Fields without the last one. */
    readonly count: number;
    readonly without: object;
    readonly last: object;
  }
  const shortened: readonly Shortened[] = [
    { title: 'waiting message', codec: codecs.message, count: 4, without: message, last: sender },
    { title: 'message', codec: item, count: 5, without: send, last: sender },
    { title: 'notify', codec: item, count: 3, without: notify, last: sender },
    { title: 'promise', codec: codecs.promise, count: 7, without: promise, last: bytes },
  ];
  test.each(shortened)('$title: the last field may be left out; else STORE_CORRUPT', given => {
    const { count, without, last } = given;
    const codec = given.codec as RowCodec<unknown>;
    const both = [[without, count], [{ ...without, ...last }, count + 1]] as const;
    for (const [value, fields] of both) {
      const row = codec.encode(value);
      expect(unpackFrame(row)).toHaveLength(fields);
      expect(codec.decode(row)).toEqual(value);
    }
    const whole = unpackFrame(codec.encode({ ...without, ...last }));
    expect(() => codec.decode(packFrame([...whole, 1]))).toThrow(corrupt);
    expect(() => codec.decode(packFrame(whole.slice(0, -2)))).toThrow(corrupt);
  });

  /** A field within a row, and what it has to have. */
  const within = (
    codec: RowCodec<unknown>,
    value: unknown,
    ...[index, right]: [index: number, right: readonly FrameValue[]]
  ): void => {
    const fields = [...unpackFrame(codec.encode(value))];
    const replaced = (field: FrameValue): Uint8Array =>
      packFrame(fields.map((before, i) => (i === index ? field : before)));
    codec.decode(replaced(right));
    expect(() => codec.decode(replaced([...right, 1, 1]))).toThrow(corrupt);
    expect(() => codec.decode(replaced(right.slice(0, -1)))).toThrow(corrupt);
  };

  test('the code and the options of a vat -> STORE_CORRUPT', () => {
    const row = {
      ...{ ...code, name: 'a', state: VatState.running, incarnation: FIRST_INCARNATION },
      imageId: storedImageId('i'),
      ...{ spaces: [spaceOf(vat)], options: STATIC_VAT, dismissed: [], previous: code },
    };
    const codec = codecs.vat as RowCodec<unknown>;
    within(codec, row, 4, ['b1', body, slots]);
    within(codec, row, 6, [false, false, null, null, null]);
    within(codec, row, 8, ['b1', body, slots]);
  });

  test('the parts of lifecycle items -> STORE_CORRUPT', () => {
    const codec = item as RowCodec<unknown>;
    const creation = { type: ItemType.create, ...lifecycle, bundleId, name: 'a' };
    within(codec, { ...creation, options: STATIC_VAT }, 7, [false, false, null, null, null]);
    const upgrade = { type: ItemType.upgrade, ...lifecycle, bundleId, message: '' };
    within(codec, { ...upgrade, upgrade: PLAIN_UPGRADE }, 8, [0, 0, 0, false]);
    within(codec, { ...upgrade, type: ItemType.dryRun }, 8, [2, 0, 0, false]);
    const fork = {
      ...{ type: ItemType.fork, ...lifecycle, child: vatNumberAfter(vat), name: 'a' },
      ...{ exports: slots, hasParameters: true, dynamic: false },
    };
    within(codec, fork, 9, [2, slots, true, false]);
  });

  test('an item of a type that there is not -> STORE_CORRUPT', () => {
    expect(() => item.decode(packFrame([9, 1, 1]))).toThrow(/the run queue .* of no type: 9/);
    expect(() => item.decode(packFrame([]))).toThrow(/of no type: undefined/);
    expect(() => item.decode(packFrame([ItemType.notify, 1]))).toThrow(/of type \d in the store has 2/);
  });

  test('counters of a vat: the last two may be left out -> read as none', () => {
    const bytes = codecs.vatCounters.encode(FIRST_VAT_COUNTERS);
    const fields = unpackFrame(bytes);
    expect(fields).toHaveLength(7);
    expect(codecs.vatCounters.decode(bytes)).toEqual(FIRST_VAT_COUNTERS);
    for (const count of [6, 10]) {
      const row = Array.from({ length: count }, (_, i) => fields[i] ?? 0);
      expect(() => codecs.vatCounters.decode(packFrame(row))).toThrow(corrupt);
    }
  });
});
