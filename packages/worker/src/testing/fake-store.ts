/**
 * A store in RAM for tests of the worker alone: the tables a worker reads, and what a kernel would
 * write into them when it commits (row headers, pre-images, transcripts: docs/tables.md).
 */
import type { BinaryKey, ReadSnapshot, StoreReader, TableName } from '@heirloom/store';
import { preimageKey, vatstoreKey } from '@heirloom/store/keys';
import { FIRST_HEIGHT } from '@heirloom/store/types';

type Table = Map<BinaryKey, Uint8Array>;

export interface FakeRowWrite {
  readonly key: BinaryKey;
  readonly value: Uint8Array | null;
}

interface FakeRowOwner {
  readonly vat: number;
  readonly incarnation: number;
  readonly space: number;
}

const withHeader = (born: number, written: number, value: Uint8Array): Uint8Array => {
  const stored = new Uint8Array(8 + value.length);
  const view = new DataView(stored.buffer);
  view.setUint32(0, born);
  view.setUint32(4, written);
  stored.set(value, 8);
  return stored;
};

export class FakeStore implements StoreReader {
  readonly tables = new Map<TableName, Table>();
  height = FIRST_HEIGHT;
  openSnapshots = 0;

  table(name: TableName): Table {
    const table = this.tables.get(name) ?? new Map<BinaryKey, Uint8Array>();
    this.tables.set(name, table);
    return table;
  }

  begin(): ReadSnapshot {
    const frozen = new Map([...this.tables].map(([name, table]) => [name, new Map(table)]));
    const { height } = this;
    this.openSnapshots += 1;
    return {
      height,
      get: (table, key) => frozen.get(table)?.get(key),
      keysAfter: (table, after, end, limit) =>
        [...(frozen.get(table)?.keys() ?? [])]
          .filter(key => key > after && key < end)
          .sort((a, b) => (a < b ? -1 : 1))
          .slice(0, limit),
      done: () => {
        this.openSnapshots -= 1;
      },
    };
  }

  async close(): Promise<void> {}

  /** What the kernel does with one row write of a merged crank (rules.md#t2). */
  mergeRow({ vat, incarnation, space }: FakeRowOwner, { key, value }: FakeRowWrite): void {
    const rows = this.table('vatstore');
    const preimages = this.table('preimage');
    const at = vatstoreKey(space, key);
    const old = rows.get(at);
    const born = old === undefined ? incarnation : Buffer.from(old).readUInt32BE(0);
    if (old !== undefined) {
      const written = Buffer.from(old).readUInt32BE(4);
      const preimageAt = preimageKey(vat, incarnation, space, key);
      const isFirst = born < incarnation && written < incarnation && !preimages.has(preimageAt);
      if (isFirst) preimages.set(preimageAt, old);
    }
    if (value === null) rows.delete(at);
    else rows.set(at, withHeader(born, incarnation, value));
  }
}
