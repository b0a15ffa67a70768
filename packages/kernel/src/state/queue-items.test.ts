/** Items of the run queue: what is stored is what docs/tables.md says; it is read back alike. */
import { packFrame } from '@heirloom/store';
import { storedBundleId, vatNumberFrom } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { STATIC_VAT } from './kept-options.js';
import { promiseKRef, objectKRef } from './krefs.js';
import { itemCodec, ItemType, type RunQueueItem } from './queue-items.js';
import { PLAIN_UPGRADE, UpgradeCode } from './upgrade-options.js';

const body = new Uint8Array([0xc0]);
const slots = [objectKRef(20)];
const result = promiseKRef(40);
const text = new Uint8Array(Buffer.from('bänk', 'utf8'));
const vat = vatNumberFrom(3);
const bundleId = storedBundleId('b1');
const fields = { vat, body, slots, result };
const { create, upgrade, dryRun, terminate, fork } = ItemType;

const ITEMS: readonly [string, RunQueueItem, Parameters<typeof packFrame>[0]][] = [
  [
    'a message without a result',
    { type: ItemType.send, target: objectKRef(21), body, slots, result: undefined },
    [0, 42, body, slots, null],
  ],
  ['a notify', { type: ItemType.notify, vat, promise: result }, [1, 3, result]],
  [
    'a creation',
    { type: create, ...fields, bundleId, name: 'bänk' },
    [2, 3, 'b1', body, slots, text, result, null, null],
  ],
  [
    'a creation with options',
    { type: create, ...fields, bundleId, name: 'bänk', options: STATIC_VAT },
    [2, 3, 'b1', body, slots, text, result, [false, false, null, null, null], null],
  ],
  [
    'an upgrade',
    { type: upgrade, ...fields, bundleId, message: 'bänk' },
    [3, 3, 'b1', body, slots, text, result, null, null],
  ],
  [
    'a rollback',
    {
      ...{ type: upgrade, ...fields, bundleId: '', message: 'bänk' },
      upgrade: { ...PLAIN_UPGRADE, code: UpgradeCode.previous, drainWaves: 7 },
    },
    [3, 3, '', body, slots, text, result, null, [0, 1, 7, false]],
  ],
  [
    'a dry run',
    { type: dryRun, ...fields, bundleId, message: 'bänk' },
    [3, 3, 'b1', body, slots, text, result, null, [2, 0, 0, false]],
  ],
  [
    'a termination',
    { type: terminate, ...fields },
    [4, 3, '', body, slots, new Uint8Array(), result, null, null],
  ],
  [
    'a fork',
    {
      ...{ type: fork, ...fields, child: vatNumberFrom(4), name: 'bänk' },
      ...{ exports: slots, hasParameters: true, dynamic: false },
    },
    [5, 3, '', body, slots, text, result, null, null, [4, slots, true, false]],
  ],
];

test.each(ITEMS)('queue items: %s -> its row, and back', (_title, item, row) => {
  const bytes = itemCodec.encode(item);
  expect(bytes).toEqual(packFrame(row));
  expect(itemCodec.decode(bytes)).toEqual(item);
});
