/**
 * Instances of kinds: their state within a crank, and their rows.
 *
 * Theory of operation. A record stands for one instance for the length of one crank. Its state is
 * decoded from the row when first touched and is fresh in every crank (rules.md#t5); what is
 * assigned is what a getter returns until the crank ends. Then `encodeObjects` encodes what is
 * dirty, once per object; the ledger settles what that and everything else of the crank does to the
 * counts; and `collectObjectRows` hands the rows out. Invariants: at most one read of the object
 * row per crank; an instance whose state nobody touches needs no row; a maker that fails leaves
 * nothing behind.
 */
import type { BinaryKey } from '@heirloom/store';
import { check } from '../../check.js';
import { isInstance } from '../../values.js';
import type { Slots } from '../../protocol/passables.js';
import type { Encoded } from '../contract/context.js';
import { Fail, q, wordsOf } from '../contract/fail.js';
import type { Core } from '../objects/core.js';
import { Unavailable } from '../objects/stored-values.js';
import { newHeader, type Header } from '../objects/things.js';
import { packRow, unpackRow } from '../rows/frames.js';
import type { RowsOut } from '../rows/scope.js';
import type { Kind } from './kind.js';
import { migrated, migrationError, type Migration } from './migration.js';
import type { Field, Layout } from './state.js';

/** A larger body stands in a row of its own, so that a changed count stays cheap. */
const INLINE_BODY_BYTES_MAX = 512;

export interface InstanceRecord {
  readonly kind: Kind;
  readonly instance: number;
  /** Of the object row; spelled when first needed. */
  key: BinaryKey | undefined;
  /** Undefined until the row is read. */
  values: readonly unknown[] | undefined;
  /** The layout of `values`. */
  layout: Layout | undefined;
  /** `values`, if it is this record's own array, not yet frozen: the record is dirty. */
  own: unknown[] | undefined;
  /** The crank that this record belonged to is over. */
  isClosed: boolean;
  context: object | undefined;
  // What the row held besides its state.
  header: Header | undefined;
  slots: Slots;
  hasStateRow: boolean;
  /** What a dirty record leaves in its row. */
  encoded: Encoded | undefined;
}

const NO_SLOTS: Slots = [];

const newRecord = (kind: Kind, instance: number): InstanceRecord => ({
  kind,
  instance,
  key: undefined,
  values: undefined,
  layout: undefined,
  own: undefined,
  isClosed: false,
  context: undefined,
  header: undefined,
  slots: NO_SLOTS,
  hasStateRow: false,
  encoded: undefined,
});

const keyOf = (record: InstanceRecord): BinaryKey =>
  (record.key ??= record.kind.scope.keys.object(record.kind.number, record.instance));

const enter = (record: InstanceRecord): InstanceRecord => {
  const { kind } = record;
  if (kind.firstRecord === undefined) kind.firstRecord = record;
  else kind.moreRecords.set(record.instance, record);
  kind.core.touched.push(record);
  return record;
};

/** The record of an instance in this crank. Reads nothing. */
export const recordOf = (kind: Kind, instance: number): InstanceRecord => {
  const { firstRecord: first } = kind;
  if (first === undefined) return enter(newRecord(kind, instance));
  if (first.instance === instance) return first;
  return kind.moreRecords.get(instance) ?? enter(newRecord(kind, instance));
};

/** A record that a state object of an earlier crank refers to, in this crank. */
export const reopened = (record: InstanceRecord): InstanceRecord =>
  record.isClosed ? recordOf(record.kind, record.instance) : record;

/** A new instance, with values that have been checked. */
export const createRecord = (
  kind: Kind,
  instance: number,
  layout: Layout,
  values: unknown[],
): InstanceRecord => {
  const record = newRecord(kind, instance);
  record.layout = layout;
  record.values = values;
  record.own = values;
  record.header = newHeader();
  kind.core.ledger.created(kind.scope.refOf(kind.number, instance));
  return enter(record);
};

/** Brings values of an older layout into the layout of the shape. */
const relaid = (values: readonly unknown[], from: Layout, to: Layout): readonly unknown[] =>
  from === to ? values : to.names.map(name => values[from.names.indexOf(name)]);

/** How reading a state went: `migrated` now, or `current` as it is; `failed` left the row alone. */
type Reading =
  | { readonly type: 'none' | 'current' }
  | { readonly type: 'migrated'; readonly bytes: number }
  | { readonly type: 'failed'; readonly migration: Extract<Migration, { ok: false }> };

const NO_ROW: Reading = { type: 'none' };
const CURRENT: Reading = { type: 'current' };

/** Reads the row of `record` unless it was read; a state of an older version is migrated. */
export const read = (record: InstanceRecord): Reading => {
  if (record.values !== undefined) return CURRENT;
  const { kind, instance } = record;
  const { context, values } = kind.core;
  const bytes = context.rows.get(keyOf(record));
  if (bytes === undefined) return NO_ROW;
  const row = unpackRow('object', bytes);
  const [version, layoutIndex, count, es, zero, released, inline, slots] = row;
  const body = inline ?? context.rows.get(kind.scope.keys.objectState(kind.number, instance));
  if (body === undefined) throw Error(`no state row of instance ${instance}`);
  const stored = kind.layouts.at(layoutIndex);
  const fields = values.decodeFields(body, slots);
  let reading: Reading = CURRENT;
  if (version === kind.version) {
    record.layout = kind.shape?.layout ?? stored;
    record.values = relaid(fields, stored, record.layout);
  } else {
    const migration = migrated(kind, { version, names: stored.names, values: fields });
    if (!migration.ok) return { type: 'failed', migration };
    record.layout = migration.layout;
    record.values = migration.values;
    record.own = migration.values;
    reading = { type: 'migrated', bytes: migration.bytes };
    kind.core.onMigrated?.(kind.number, instance);
  }
  const status = kind.core.forks.statusOf(es);
  record.header = { count, es: status, zero, released, isDropped: false };
  record.slots = slots;
  record.hasStateRow = inline === null;
  return reading;
};

/** As `read`. False if there is no row. Throws an Error when a migration fails. */
export const load = (record: InstanceRecord): boolean => {
  const reading = read(record);
  if (reading.type !== 'failed') return reading.type !== 'none';
  throw migrationError(record.kind, record.instance, reading.migration);
};

const loaded = (record: InstanceRecord): readonly unknown[] => {
  record.kind.core.purity.assertOff("an object's state");
  record.kind.assertInUse();
  if (record.values === undefined) load(record);
  if (record.values !== undefined) return record.values;
  const ref = record.kind.scope.refOf(record.kind.number, record.instance);
  return record.kind.core.context.raise('BAD_DELIVERY', `${ref} has no state`);
};

const indexOf = (record: InstanceRecord, field: Field): number => {
  if (record.layout === field.layout) return field.index;
  const index = record.layout?.names.indexOf(field.name) ?? -1;
  return index < 0 ? Fail`state has no property ${q(field.name)}` : index;
};

/** The array that the record may change; `values` is what it has loaded. */
const ownValues = (record: InstanceRecord, values: readonly unknown[]): unknown[] => {
  if (record.own !== undefined) return record.own;
  // Not `slice`, which is slow on frozen arrays.
  const own: unknown[] = [];
  for (const value of values) own.push(value);
  record.values = own;
  record.own = own;
  return own;
};

export const getField = (record: InstanceRecord, field: Field): unknown => {
  const value = loaded(record)[indexOf(record, field)];
  if (Unavailable.isOn(value)) return value.value();
  // Values were checked when they were stored; a property that the record lacks was not.
  if (value === undefined) record.kind.shape?.check(field.name, value);
  return value;
};

export const setField = (record: InstanceRecord, field: Field, value: unknown): void => {
  checkField(record.kind, field.name, value);
  const values = loaded(record);
  ownValues(record, values)[indexOf(record, field)] = value;
};

const STRING_LENGTH_PLAIN_MAX = 100_000;
const BIGINT_PLAIN_MAX = 2n ** 256n;

/** True for values that can be stored whatever the kind: small, durable, passable. */
const isPlainlyStorable = (value: unknown): boolean => {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return true;
    case 'bigint':
      return value < BIGINT_PLAIN_MAX && value > -BIGINT_PLAIN_MAX;
    case 'string':
      return value.length <= STRING_LENGTH_PLAIN_MAX;
    case 'object':
      return value === null;
    case 'symbol':
    case 'function':
      return false;
  }
};

/** Hardens `value` and throws unless it may be state: shape, passability and size, durability. */
export const checkField = (kind: Kind, name: string, value: unknown): void => {
  const { core, shape } = kind;
  const isPlain = isPlainlyStorable(value);
  if (!isPlain) core.context.hardening.harden(value);
  if (shape !== undefined) shape.check(name, value);
  if (isPlain) return;
  const encoded: Encoded = core.context.codec.encode(value);
  if (kind.scope.isDurable) kind.assertDurableField(name, value, encoded);
};

const encodeState = (record: InstanceRecord, values: unknown[]): Encoded => {
  const { context } = record.kind.core;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (Unavailable.isOn(value)) values[i] = value.value();
  }
  try {
    return context.codec.encode(context.hardening.bornHardened(values));
  } catch (error) {
    // Each value passed by itself, so together they are too large; or a proxy has thrown this time.
    const why = isInstance(error, RangeError) ? error.message : wordsOf(error);
    return context.raise('LIMIT', `state of ${record.kind.tag}: ${why}`);
  }
};

/** Encodes the state of what is dirty, and tells the ledger what the rows will hold. */
export const encodeObjects = (core: Core): void => {
  for (const record of core.touched) {
    if (record.own === undefined) continue;
    record.encoded = encodeState(record, record.own);
    core.ledger.rowChanged(record.kind.scope.isDurable, record.slots, record.encoded.slots);
  }
};

const collectRow = (record: InstanceRecord, out: RowsOut): void => {
  const { kind, instance, header, encoded, layout } = record;
  const isWhole = encoded !== undefined && header !== undefined && layout !== undefined;
  check(isWhole, 'a dirty record has been encoded');
  const { keys } = kind.scope;
  const { body, slots } = encoded;
  const { count, zero, released } = header;
  const es = kind.core.forks.stored(header.es);
  const isInline = body.length <= INLINE_BODY_BYTES_MAX;
  const inline = isInline ? body : null;
  const { index } = layout;
  const row = packRow('object', [kind.version, index, count, es, zero, released, inline, slots]);
  out.push([keyOf(record), row]);
  if (!isInline) out.push([keys.objectState(kind.number, instance), body]);
  else if (record.hasStateRow) out.push([keys.objectState(kind.number, instance), null]);
};

/** Hands out the rows of what is dirty, as encoded and settled, and forgets every record. */
export const collectObjectRows = (core: Core, out: RowsOut): void => {
  for (const record of core.touched) {
    if (record.own !== undefined) collectRow(record, out);
    record.isClosed = true;
    const { kind } = record;
    kind.firstRecord = undefined;
    if (kind.moreRecords.size > 0) kind.moreRecords.clear();
  }
  core.touched.length = 0;
};
