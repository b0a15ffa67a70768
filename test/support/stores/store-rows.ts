/** What is in a store, also one that a kernel has open: rows counted by table. */
import { openReader, unpackFrame, vatKey, type TableName } from '@heirloom/store';

const CHUNK = 10_000;
/** Row keys of the vatstore stand behind the space. */
const SPACE_BYTES = 4;
/** Tables of the kernel whose rows come and go with what vats hold (docs/tables.md). */
const KERNEL_TABLES = {
  '\x10': 'objects',
  '\x11': 'promises',
  '\x12': 'promiseQueues',
  '\x20': 'runQueue',
  '\x40': 'clistByVref',
  '\x41': 'clistByKref',
  '\x60': 'pins',
  '\x62': 'collect',
  '\x63': 'boundNames',
  '\x80': 'remainders',
  '\xa1': 'hostCalls',
  '\xa2': 'kernelObjects',
  '\xa3': 'waits',
  '\xa4': 'alarms',
} as const;

type Rows = Map<string, Uint8Array>;

/** All rows of some tables, as of the last block. */
const readRows = async (directory: string, table: TableName): Promise<Rows> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  const rows: Rows = new Map();
  for (let after = ''; ;) {
    const keys = snapshot.keysAfter(table, after, '\xff'.repeat(16), CHUNK);
    for (const key of keys) rows.set(key, snapshot.get(table, key)!.slice());
    if (keys.length < CHUNK) break;
    after = keys.at(-1)!;
  }
  snapshot.done();
  await reader.close();
  return rows;
};

/** Every table but the one that its host alone has. */
const SHARED_TABLES = [
  ...['meta', 'kernel', 'vatstore', 'preimage', 'transcript', 'bundles', 'images', 'blocks'],
] as readonly TableName[];

/** Every row, by table and key, as text: what two stores of one life must have alike. */
export const everyRow = async (directory: string): Promise<ReadonlyMap<string, string>> => {
  const all = new Map<string, string>();
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  for (const table of SHARED_TABLES) {
    for (const [key, value] of await readRows(directory, table)) {
      all.set(`${table} ${hex(Buffer.from(key, 'latin1'))}`, hex(value));
    }
  }
  return all;
};

/** What the store keeps for its host only. */
export const localKeys = async (directory: string): Promise<string[]> => [
  ...(await readRows(directory, 'local')).keys(),
];

/** The rows of each table of a vat's space, counted. */
export const countVatRows = async (
  directory: string,
  space: number,
): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const key of (await readRows(directory, 'vatstore')).keys()) {
    if (Buffer.from(key, 'latin1').readUInt32BE(0) !== space) continue;
    const table = key.charCodeAt(SPACE_BYTES).toString(16);
    counts[table] = (counts[table] ?? 0) + 1;
  }
  return counts;
};

const SPACES_FIELD = 5;
const HEADER_BYTES = 8;

/** The rows that a vat has, by key, whichever of its spaces they stand in; by table, counted. */
export const countLiveRows = async (
  directory: string,
  vat: number,
): Promise<Record<string, number>> => {
  const row = (await readRows(directory, 'kernel')).get(vatKey(vat))!;
  const spaces = unpackFrame(row)[SPACES_FIELD] as unknown as readonly number[];
  const rows = await readRows(directory, 'vatstore');
  const seen = new Set<string>();
  const counts: Record<string, number> = {};
  for (const space of spaces) {
    for (const [key, value] of rows) {
      const bytes = Buffer.from(key, 'latin1');
      const name = key.slice(SPACE_BYTES);
      if (bytes.readUInt32BE(0) !== space || seen.has(name)) continue;
      seen.add(name);
      const table = bytes[SPACE_BYTES]!.toString(16);
      if (value.length >= HEADER_BYTES) counts[table] = (counts[table] ?? 0) + 1;
    }
  }
  return counts;
};

/** Rows of every table of the kernel and of every table of each vat, counted. */
export const countRows = async (directory: string): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const key of (await readRows(directory, 'kernel')).keys()) {
    const name = (KERNEL_TABLES as Partial<Record<string, string>>)[key[0]!];
    if (name !== undefined) count(`kernel ${name}`);
  }
  for (const key of (await readRows(directory, 'vatstore')).keys()) {
    const space = Buffer.from(key, 'latin1').readUInt32BE(0);
    count(`vat ${space} table ${key.charCodeAt(SPACE_BYTES).toString(16)}`);
  }
  return counts;
};
