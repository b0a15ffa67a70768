/**
 * The names that vat code gives to kinds and to exports: keys of rows, found without baggage.
 *
 * A name belongs to one vat and to one of the two tables.
 */
import type { BinaryKey } from '@heirloom/store';
import { textOfKey } from '@heirloom/store/keys';
import type { RowStore } from '../../contracts/row-store.js';
import { Fail, q } from '../contract/fail.js';

/** In UTF-8. */
const NAME_BYTES_MAX = 200;

export const isName = (name: unknown): name is string =>
  typeof name === 'string' &&
  name !== '' &&
  name.isWellFormed() &&
  Buffer.byteLength(name, 'utf8') <= NAME_BYTES_MAX;

/** Throws unless `name` can be one. */
export const checkName = (name: unknown): string => {
  if (isName(name)) return name;
  throw Fail`a name must be a well-formed string of 1 to ${q(NAME_BYTES_MAX)} bytes: ${q(name)}`;
};

/** Every name in the table of `prefix`, in key order. */
export const namesIn = (rows: RowStore, prefix: BinaryKey, end: BinaryKey): string[] => {
  const names: string[] = [];
  for (let key = rows.nextKey(prefix, end); key !== undefined; key = rows.nextKey(key, end)) {
    names.push(textOfKey(key, prefix.length));
  }
  return names;
};
