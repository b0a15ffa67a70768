/**
 * The history that a fork has of its parent: transcript and pre-images of the incarnation, copied,
 * since each goes when its own vat's incarnation ends.
 */
import { readU48, transcriptKey, u32 } from '@heirloom/store';
import { vatIdOf, type Incarnation, type VatNumber } from '@heirloom/worker';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';

/** A text: why there can be no such fork. */
export class NoFork extends Error {}

export interface Family {
  readonly state: KernelState;
  readonly parent: VatNumber;
  readonly child: VatNumber;
  readonly incarnation: Incarnation;
}

/** What a fork may have copied: rows, and bytes of their values. */
interface HistoryMax {
  readonly rows: number;
  readonly bytes: number;
}

const HISTORY_ROWS_MAX = 1_000_000;
const HISTORY_BYTES_MAX = 2 ** 29;
export const HISTORY_MAX: HistoryMax = { rows: HISTORY_ROWS_MAX, bytes: HISTORY_BYTES_MAX };

/** Errors: NoFork; then some of it may have been copied. */
export const copyHistory = (
  { state, parent, child, incarnation }: Family,
  { rows: rowsMax, bytes: bytesMax } = HISTORY_MAX,
): void => {
  const { transcript, rows } = state;
  const left = { rows: rowsMax, bytes: bytesMax };
  const take = (value: Uint8Array): Uint8Array => {
    left.rows -= 1;
    left.bytes -= value.length;
    if (left.rows >= 0 && left.bytes >= 0) return value;
    const hint = 'upgrade it, or have it refreshed, first';
    throw new NoFork(`vat ${vatIdOf(parent)} has too long a history to be forked: ${hint}`);
  };
  const told = ranges.transcript(parent, incarnation);
  for (const [key, value] of transcript.all(told)) {
    const position = readU48(key, told.prefix.length);
    transcript.add(transcriptKey(child, incarnation, position), take(value));
  }
  const number = u32(child);
  for (const [key, value] of rows.preImages.all(ranges.preImages(parent, incarnation))) {
    rows.preImages.add(number + key.slice(number.length), take(value));
  }
};
