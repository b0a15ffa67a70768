/**
 * Iterators over collections: lazy, one key fetched per step, hardened.
 *
 * What is deleted ahead of the cursor is skipped and what is set ahead of it is seen. A new key,
 * wherever it sorts, makes the next step throw.
 */
import { Fail } from '../contract/fail.js';
import type { CheckedSelection, Collection, Selection } from './collection.js';

type Yields = 'keys' | 'values' | 'entries';

function* iterate(
  collection: Collection,
  yields: Yields,
  selection: CheckedSelection,
): Generator<unknown> {
  const { entries, core } = collection;
  // The first `next` stops here: the generation counts from the call that made the iterator.
  const { generation } = collection;
  const { additions } = generation;
  yield undefined;
  const check = (): void => {
    core.purity.assertOff('a collection');
    if (generation.additions !== additions) {
      Fail`keys in store cannot be added to during iteration`;
    }
  };
  for (const row of collection.rowsOf(selection, check)) {
    if (yields === 'keys') yield entries.keyOfRow(row);
    else if (yields === 'values') yield collection.valueOfRow(row);
    else {
      const entry = [entries.keyOfRow(row), collection.valueOfRow(row)];
      yield core.context.hardening.bornHardened(entry);
    }
  }
}

export const iterateCollection = (
  collection: Collection,
  yields: Yields,
  selection: Selection,
): Generator<unknown> => {
  const iterator = iterate(collection, yields, collection.checkSelection(selection));
  iterator.next();
  return collection.core.context.hardening.harden(iterator);
};
