/**
 * Rows of the store that cannot be what this kernel wrote: STORE_CORRUPT with their table and key,
 * whoever comes upon them.
 */
import {
  DamageError,
  describeError,
  keyFromBytes,
  showRow,
  TABLE_NAMES,
  type BinaryKey,
  type ReadView,
  type TableName,
} from '@heirloom/store';
import type { RowCodec } from './kernel-table.js';

/** Errors: HostError STORE_CORRUPT. */
export const decodeRow = <V>(
  { decode }: Pick<RowCodec<V>, 'decode'>,
  table: TableName,
  key: BinaryKey,
  bytes: Uint8Array,
): V => {
  try {
    return decode(bytes);
  } catch (error) {
    const why = `it cannot be read: ${describeError(error)}`;
    throw new DamageError({ table, key, why }, { cause: error });
  }
};

/** The row, if there is one. Errors: HostError STORE_CORRUPT. */
export const readRow = <V>(
  view: ReadView,
  table: TableName,
  key: BinaryKey,
  codec: Pick<RowCodec<V>, 'decode'>,
): V | undefined => {
  const bytes = view.get(table, key);
  return bytes && decodeRow(codec, table, key, bytes);
};

/**
 * A row of `local` that this host can do without: one that is damaged counts as absent, and `tell`
 * is given a sentence.
 */
export const readHint = <V>(
  view: ReadView,
  key: BinaryKey,
  codec: Pick<RowCodec<V>, 'decode'>,
  tell: (text: string) => void,
): V | undefined => {
  try {
    return readRow(view, 'local', key, codec);
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    tell(`${showRow('local', key)} is not used, and made anew: ${error.why}`);
    return undefined;
  }
};

/** What a stored key says. Errors: HostError STORE_CORRUPT. */
export const parseKey = <K>(
  parse: (key: BinaryKey) => K,
  table: TableName,
  key: BinaryKey,
): K => {
  try {
    return parse(key);
  } catch (error) {
    const why = `its key cannot be: ${describeError(error)}`;
    throw new DamageError({ table, key, why }, { cause: error });
  }
};

/** What another row names is not there. */
export const missingRow = (table: TableName, key: BinaryKey): DamageError =>
  new DamageError({ table, key, why: 'the row is missing' });

const NAMED_ROW = /\btable ([a-z]+), key ([0-9a-f]+)\b/;

/**
 * A worker that could not read a row dies, and says which in its last words. Vat code may have
 * said so: it counts if this thread cannot read the row either.
 */
const damageNamed = (view: ReadView, words: string): DamageError | undefined => {
  const [, name, hex = ''] = NAMED_ROW.exec(words) ?? [];
  const table = TABLE_NAMES.find(it => it === name);
  if (table === undefined) return undefined;
  try {
    view.get(table, keyFromBytes(Buffer.from(hex, 'hex')));
  } catch (error) {
    if (error instanceof DamageError) return error;
  }
  return undefined;
};

/** The damage that a failure comes from, if it does; else the failure itself. */
export const causeOf = (view: ReadView, failure: unknown): Error => {
  if (!(failure instanceof Error)) return Error(String(failure));
  return damageNamed(view, failure.message) ?? failure;
};
