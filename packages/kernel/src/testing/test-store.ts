/** What tests of the kernel's tables share: real stores that go away, and blocks of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heightAfter, Store, type RowChange } from '@heirloom/store';
import { onTestFinished } from 'vitest';

interface TestStore {
  readonly store: Store;
  remove(): Promise<void>;
}

const openStore = async (): Promise<TestStore> => {
  const directory = mkdtempSync(join(tmpdir(), 'heirloom-test-'));
  const store = await Store.open({ directory, readersMax: 8 });
  const remove = async (): Promise<void> => {
    await store.close();
    rmSync(directory, { recursive: true });
  };
  return { store, remove };
};

/** Goes when the test ends. */
export const openTestStore = async (): Promise<Store> => {
  const { store, remove } = await openStore();
  onTestFinished(remove);
  return store;
};

/**
 * Two that go when the work is done: each takes a tebibyte of addresses while it is open, and a
 * process has room for some seventy.
 */
export const withTwoStores = async (
  work: (stores: readonly [Store, Store]) => Promise<void>,
): Promise<void> => {
  const [one, other] = [await openStore(), await openStore()];
  try {
    await work([one.store, other.store]);
  } finally {
    await one.remove();
    await other.remove();
  }
};

interface BlockTable {
  changes(into: RowChange[]): void;
  committed(): void;
}

/** Commits what the tables changed; returns it, sorted by key. */
export const commitTables = async (
  store: Store,
  ...tables: readonly BlockTable[]
): Promise<RowChange[]> => {
  const changes: RowChange[] = [];
  for (const table of tables) table.changes(changes);
  await store.commit({ height: heightAfter(store.head.height), changes, unhashed: [] });
  for (const table of tables) table.committed();
  return changes.sort((a, b) => (a.key < b.key ? -1 : 1));
};
