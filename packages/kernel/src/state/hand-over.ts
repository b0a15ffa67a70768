/** What a thread that takes over a vat gets of what the store does not show yet (rules.md#t4). */
import { required, type Height, type Steps } from '@heirloom/store';
import type { HandOver, VatNumber } from '@heirloom/worker';
import { ranges } from './kernel-keys.js';
import type { KernelState } from './kernel-state.js';
import { bodyOf } from './row-table.js';
import type { VatRow } from './schema.js';

/**
 * `height`: of the last commit. `history`: the vat whose transcript and pre-images are those of the
 * incarnation, where the block that copies them has not been committed.
 */
export function* handingOver(
  state: KernelState,
  vat: VatNumber,
  { incarnation, spaces }: Pick<VatRow, 'incarnation' | 'spaces'>,
  height: Height,
  history: VatNumber = vat,
): Steps<HandOver> {
  const range = ranges.preImages(history, incarnation);
  // Behind the prefix stands the space.
  const rowAt = range.prefix.length + 4;
  const preImages: (readonly [key: Uint8Array, row: Uint8Array])[] = [];
  for (const [key, value] of yield* state.rows.preImages.findingAdded(range)) {
    const row = required(bodyOf(value), 'a pre-image');
    preImages.push([Buffer.from(key.slice(rowAt), 'latin1'), row]);
    yield;
  }
  const rows = yield* state.rows.handingOver(spaces);
  return { height, rows, preImages, history };
}
