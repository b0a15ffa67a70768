/**
 * The state as chunks: every row of the hashed tables, in (table, key) order, cut where the rule
 * below says, so that every replica cuts alike (docs/state-sync.md).
 *
 * A row is spelled as in the block hash:
 *   table u8 (place in TABLE_NAMES) ‖ key length u32 ‖ key ‖ value length u32 ‖ value
 * A chunk holds rows of one table, one after the other, and ends before the row that would bring it
 * past STATE_CHUNK_BYTES. It has at least one row, so a row that is larger has a chunk to itself.
 */
import assert from 'node:assert/strict';
import { ROW_BYTES_MAX } from './block-hash.js';
import { keyFromBytes, KEY_BYTES_MAX, TABLE_END } from './keys.js';
import {
  TABLE_NAMES, UNHASHED_TABLES, type RowScan, type StoredRow, type TableName,
} from './types.js';

export const STATE_CHUNK_BYTES = 4 * 1024 * 1024;

/** The tables whose rows are the state, in order. */
export const STATE_TABLES: readonly TableName[] =
  TABLE_NAMES.filter((name) => !UNHASHED_TABLES.includes(name));

const ROW_OVERHEAD_BYTES = 1 + 4 + 4;
/** No chunk is longer. */
export const STATE_CHUNK_BYTES_MAX =
  Math.max(STATE_CHUNK_BYTES, ROW_OVERHEAD_BYTES + KEY_BYTES_MAX + ROW_BYTES_MAX);
const SCAN_BYTES = 256 * 1024;

export interface StateChunk {
  readonly table: TableName;
  readonly rows: number;
  /** Valid until the next chunk is asked for. */
  readonly bytes: Uint8Array;
}

const rowBytes = ({ key, value }: StoredRow): number =>
  ROW_OVERHEAD_BYTES + key.length + value.length;

/** Gathers the rows of one chunk; its buffer is used again for the next. */
class Gatherer {
  #buffer = Buffer.allocUnsafeSlow(STATE_CHUNK_BYTES);
  #used = 0;
  #rows = 0;

  /** Would the row end the chunk before it? */
  isFullFor(row: StoredRow): boolean {
    return this.#rows > 0 && this.#used + rowBytes(row) > STATE_CHUNK_BYTES;
  }

  add(place: number, row: StoredRow): void {
    const { key, value } = row;
    const needed = this.#used + rowBytes(row);
    if (needed > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(needed);
    const buffer = this.#buffer;
    let used = buffer.writeUInt8(place, this.#used);
    used = buffer.writeUInt32BE(key.length, used);
    used += buffer.write(key, used, 'latin1');
    used = buffer.writeUInt32BE(value.length, used);
    buffer.set(value, used);
    this.#used = used + value.length;
    this.#rows += 1;
  }

  /** The chunk, if it has rows; a new one begins. */
  take(table: TableName): StateChunk | undefined {
    if (this.#rows === 0) return undefined;
    const chunk = { table, rows: this.#rows, bytes: this.#buffer.subarray(0, this.#used) };
    this.#used = 0;
    this.#rows = 0;
    return chunk;
  }
}

/** All chunks of the state that the view shows. */
export function* stateChunks(view: RowScan): Generator<StateChunk, void> {
  for (const chunk of chunkingState(view)) if (chunk !== undefined) yield chunk;
}

/** The same in steps: where a step ends no chunk, it gives `undefined`. */
export function* chunkingState(view: RowScan): Generator<StateChunk | undefined, void> {
  const gatherer = new Gatherer();
  for (const table of STATE_TABLES) {
    const place = TABLE_NAMES.indexOf(table);
    let after = '';
    for (;;) {
      const rows = view.rowsAfter(table, after, TABLE_END, SCAN_BYTES);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows) {
        // A row past the buffer's size comes first in its chunk: nothing gathered is lost.
        if (gatherer.isFullFor(row)) yield gatherer.take(table);
        gatherer.add(place, row);
      }
      after = last.key;
      yield;
    }
    yield gatherer.take(table);
  }
}

/**
 * The rows of a chunk, which must all be of `table` and in order of their keys, the first after
 * `after`. Values are views of `bytes`.
 *
 * Errors: RangeError that says what is wrong and at which byte.
 */
export function decodeChunk(table: TableName, bytes: Uint8Array, after: string): StoredRow[] {
  const place = TABLE_NAMES.indexOf(table);
  assert(place >= 0 && STATE_TABLES.includes(table), 'a table of the state');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: StoredRow[] = [];
  let previous = after;
  let at = 0;
  const take = (length: number, what: string): number => {
    if (buffer.length - at < length) throw new RangeError(`at byte ${at}: the ${what} is cut off`);
    at += length;
    return at - length;
  };
  while (at < buffer.length) {
    const began = at;
    if (buffer[take(1, 'table')] !== place) throw new RangeError(`at byte ${began}: another table`);
    const keyLength = buffer.readUInt32BE(take(4, 'length of the key'));
    if (keyLength === 0 || keyLength > KEY_BYTES_MAX) {
      throw new RangeError(`at byte ${began}: a key of ${keyLength} bytes`);
    }
    const keyAt = take(keyLength, 'key');
    const key = keyFromBytes(buffer.subarray(keyAt, at));
    if (key <= previous) throw new RangeError(`at byte ${began}: keys are not in order`);
    const valueLength = buffer.readUInt32BE(take(4, 'length of the value'));
    if (valueLength > ROW_BYTES_MAX) {
      throw new RangeError(`at byte ${began}: a value of ${valueLength} bytes`);
    }
    const valueAt = take(valueLength, 'value');
    rows.push({ key, value: bytes.subarray(valueAt, at) });
    previous = key;
  }
  return rows;
}
