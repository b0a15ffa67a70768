/** What tests of the kernel's tables share: a real store that goes away, and blocks of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heightAfter, Store, type RowChange } from '@heirloom/store';
import { onTestFinished } from 'vitest';

export const openTestStore = async (): Promise<Store> => {
  const directory = mkdtempSync(join(tmpdir(), 'heirloom-test-'));
  const store = await Store.open({ directory, readersMax: 8 });
  onTestFinished(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return store;
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
