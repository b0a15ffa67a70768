/** What a kernel says of itself: `kernel.stats()`. For the host only; nothing here is hashed. */
import type { Height } from '@heirloom/store';
import type { CoreCounts, KernelCore } from '../core/kernel-core.js';
import type { UpgradeReport } from '../lifecycle/vat-start.js';
import type { MemoryUse } from './memory.js';
import { countTablesNow, type TableCounts } from './table-counts.js';

/** What has happened since the kernel was opened, and where it is. */
export interface KernelStats extends CoreCounts {
  readonly height: Height;
  readonly runQueueLength: number;
  readonly vatsOnline: number;
  /** Vats rebuilt by replay since the opening, because a wave needed them. */
  readonly vatsPagedIn: number;
  /** Threads and processes of vats, and spares. */
  readonly threads: number;
  /** Threads that were killed and do not end: `kernel.leftBehind`. */
  readonly threadsLeft: number;
  /** How many vats were upgraded, or failed to be; the last of them, at most 10,000. */
  readonly upgradeCount: number;
  readonly upgrades: readonly UpgradeReport[];
  readonly storeBytes: number;
  /** Rows that the next commit would write. */
  readonly dirtyRows: number;
  readonly memory: MemoryUse;
  /** As of the last block. Counted when it is first looked at, which reads the tables' keys. */
  readonly tables: TableCounts;
}

export const statsOf = (core: KernelCore): KernelStats => {
  const { counts, state, zygotes, upgrades, store, onlineCount, height, dirtyRows } = core;
  let tables: TableCounts | undefined;
  return {
    ...counts,
    height,
    runQueueLength: state.queue.length,
    vatsOnline: onlineCount,
    vatsPagedIn: core.pagedIn,
    threads: zygotes.workerCount,
    threadsLeft: zygotes.left.length,
    upgradeCount: upgrades.count,
    upgrades: upgrades.latest(),
    storeBytes: store.sizeBytes(),
    dirtyRows,
    memory: core.ways.memoryUse(),
    get tables() {
      tables ??= countTablesNow(store);
      return tables;
    },
  };
};
