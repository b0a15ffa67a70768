/**
 * What is in a store: vats, kinds, queues, sizes.
 *
 * Reads one snapshot, beside a running kernel or without one; changes nothing. Cost: every row is
 * read once, a mebibyte at a time, with a turn of the event loop between.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DATA_FILE,
  blockKey,
  openReader,
  TABLE_END,
  TABLE_NAMES,
  unpackBlockRecord,
  type ScanSnapshot,
  type StoredRow,
  type TableName,
} from '@heirloom/store';
import { vatIdOf, type Space, type VatNumber } from '@heirloom/worker';
import { checkFunction, checkPath } from '../base/arguments.js';
import { nextTurn } from '../base/kernel-host-powers.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { hexOf } from '../state-sync/manifest.js';
import { readVat } from '../state/kernel-keys.js';
import { rowAt } from '../state/scan.js';
import { VatState, type VatRow } from '../state/schema.js';
import { knownEngines, readMeta } from '../state/store-meta.js';
import { KernelPart } from './kernel-part.js';
import type { StoreInspection, TableSize, VatInspection } from './report.js';
import { byBytes, Sizes } from './sizes.js';
import { VatstorePart } from './vatstore-part.js';

export type * from './report.js';

const CHUNK_BYTES = 2 ** 20;

const STATES = {
  [VatState.running]: 'running',
  [VatState.terminated]: 'terminated',
} as const;

/** Told how many rows have been read. */
export type InspectProgress = (rows: number) => void;

/** Everything that one pass over the snapshot gathers. */
class Inspection {
  readonly kernel = new KernelPart();
  readonly vatstore = new VatstorePart();
  readonly transcripts = new Sizes<VatNumber>();
  readonly preImages = new Sizes<VatNumber>();
  /** Tables that are not looked into. */
  readonly others = new Sizes<TableName>();

  visit(table: TableName, row: StoredRow): void {
    const bytes = row.key.length + row.value.length;
    if (table === 'kernel') this.kernel.visit(row);
    else if (table === 'vatstore') this.vatstore.visit(row);
    else if (table === 'transcript') this.transcripts.add(readVat(row.key, 0), bytes);
    else if (table === 'preimage') this.preImages.add(readVat(row.key, 0), bytes);
    else this.others.add(table, bytes);
  }

  vat(vat: VatNumber, row: VatRow): VatInspection {
    const { kernel, vatstore, transcripts, preImages } = this;
    const { name, state, incarnation, bundleId, imageId, spaces } = row;
    return {
      vatId: vatIdOf(vat),
      name,
      state: kernel.stranded.has(vat) ? 'stranded' : STATES[state],
      incarnation,
      bundleId,
      imageId,
      deliveries: kernel.positions.get(vat) ?? 0,
      transcript: transcripts.of(vat),
      preImages: preImages.of(vat),
      clist: kernel.clists.get(vat) ?? { exports: 0, imports: 0, promises: 0 },
      rows: vatstore.size(spaces),
      kinds: vatstore.kinds(spaces),
      rowTables: vatstore.rowTables(spaces),
    };
  }

  tables(): TableSize[] {
    const { kernel, vatstore, transcripts, preImages, others } = this;
    const { vats } = kernel;
    const spaceName = (space: Space): string => {
      const owner = [...vats.values()].find(({ spaces }) => spaces.includes(space));
      return owner?.name ?? `space ${space}`;
    };
    const vatName = (vat: VatNumber): string => vats.get(vat)?.name ?? vatIdOf(vat);
    return byBytes([
      ...kernel.tables(),
      ...vatstore.sizes().map(([n, size]) => ({ table: 'vatstore', part: spaceName(n), ...size })),
      ...transcripts.entries().map(([n, s]) => ({ table: 'transcript', part: vatName(n), ...s })),
      ...preImages.entries().map(([n, s]) => ({ table: 'preimage', part: vatName(n), ...s })),
      ...others.entries().map(([table, size]) => ({ table, part: '', ...size })),
    ]);
  }
}

const scan = async (snapshot: ScanSnapshot, progress: InspectProgress): Promise<Inspection> => {
  const inspection = new Inspection();
  let count = 0;
  for (const table of TABLE_NAMES) {
    let after = '';
    for (;;) {
      const rows = snapshot.rowsAfter(table, after, TABLE_END, CHUNK_BYTES);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows) inspection.visit(table, row);
      after = last.key;
      count += rows.length;
      progress(count);
      await nextTurn();
    }
  }
  return inspection;
};

/**
 * Looks through the store of a directory.
 *
 * Errors: KernelError BAD_OPTION; HostError NOT_A_STORE, STORE_CORRUPT.
 */
export const inspectStore = async (
  directory: string,
  progress: InspectProgress = () => undefined,
): Promise<StoreInspection> => {
  checkPath('inspectStore', 'directory', directory);
  checkFunction('inspectStore', 'progress', progress);
  const reader = openReader({ directory, readersMax: READERS_MAX });
  try {
    const snapshot = reader.begin();
    try {
      const { height } = snapshot;
      const record = unpackBlockRecord(rowAt(snapshot, 'blocks', blockKey(height)));
      const inspection = await scan(snapshot, progress);
      const { kernel } = inspection;
      return {
        height,
        blockHash: hexOf(record?.hash ?? new Uint8Array()),
        sealedRoot: record?.seal === undefined ? null : hexOf(record.seal.root),
        ...readMeta(snapshot),
        knownEngines: knownEngines(snapshot),
        lastInput: kernel.lastInput,
        fileBytes: statSync(join(directory, DATA_FILE)).size,
        objects: kernel.objects,
        promises: kernel.promises,
        pins: kernel.pins,
        boundNames: kernel.boundNames,
        queues: kernel.queues(),
        vats: [...kernel.vats].map(([vat, row]) => inspection.vat(vat, row)),
        tables: inspection.tables(),
      };
    } finally {
      snapshot.done();
    }
  } finally {
    await reader.close();
  }
};
