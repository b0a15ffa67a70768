/**
 * From schema 1 (until commit c272a77) to schema 2.
 *
 * | row | 1 | 2 |
 * | --- | --- | --- |
 * | meta `parameters` | 10 values | and `cycleInterval` |
 * | kernel `20`, lifecycle items | 8 values | and `upgrade`: null |
 * | kernel `30` | bundle, parameters and slots among 9 values | as one value, `code` |
 * | | | and `dismissed`: none; `previous`: null |
 * | kernel `31`, `sweep` | boolean | 0 or 1 |
 */
import { metaKey, packFrame, unpackFrame } from '@heirloom/store';
import type { BinaryKey, FrameValue, TableName } from '@heirloom/store';
import { keysOf, rowAt } from '../state/scan.js';
import type { MigrationRows } from './migration-rows.js';
import type { MigrationStep } from './steps.js';

const ITEMS: BinaryKey = '\x20';
const VATS: BinaryKey = '\x30';
const VAT_COUNTERS: BinaryKey = '\x31';
const FIRST_LIFECYCLE_ITEM = 2;
const CYCLE_INTERVAL = 10;
const SWEEP_AT = 6;

type Frame = readonly FrameValue[];

const parametersRow = (frame: Frame): Frame => [...frame, CYCLE_INTERVAL];
const item = (frame: Frame): Frame =>
  Number(frame[0]) < FIRST_LIFECYCLE_ITEM ? frame : [...frame, null];
const vat = (frame: Frame): Frame => {
  // name, state, incarnation; bundle; image; parameters, slots; spaces, options
  const [head, bundle, image] = [frame.slice(0, 3), frame.slice(3, 4), frame.slice(4, 5)];
  const code = [...bundle, ...frame.slice(5, 7)];
  return [...head, ...image, code, ...frame.slice(7, 9), [], null];
};
const vatCounters = (frame: Frame): Frame => frame.with(SWEEP_AT, frame[SWEEP_AT] === true ? 1 : 0);

/** Rows whose frame stays the same are not written. */
const change = (
  rows: MigrationRows,
  table: TableName,
  keys: Iterable<BinaryKey>,
  rewrite: (frame: Frame) => Frame,
): void => {
  for (const key of [...keys]) {
    const before = unpackFrame(rowAt(rows, table, key));
    const after = rewrite(before);
    if (after !== before) rows.set(table, key, packFrame(after));
  }
};

export const schema1To2: MigrationStep = {
  from: 1,
  to: 2,
  what: 'ways to upgrade, the code before the present one, dismissed kinds, cycles in sweeps',
  apply(rows) {
    change(rows, 'meta', [metaKey('parameters')], parametersRow);
    change(rows, 'kernel', keysOf(rows, 'kernel', ITEMS), item);
    change(rows, 'kernel', keysOf(rows, 'kernel', VATS), vat);
    change(rows, 'kernel', keysOf(rows, 'kernel', VAT_COUNTERS), vatCounters);
  },
};
