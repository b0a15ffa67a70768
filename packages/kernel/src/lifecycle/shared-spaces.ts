/**
 * Spaces of rows that vats share, and how they are made one again (rules.md#u5): what stays stored
 * follows what the vats have, however often one has been forked.
 *
 * Theory of operation. Where two spaces, one above the other, are listed by the same vats, the rows
 * of the upper one move to the lower one, by key, and a tombstone goes where it hides nothing; then
 * the upper one is listed no longer. Lowest pairs come first, so that a row moves once. Between two
 * steps some keys have moved and some have not: either way each vat has the rows that it had.
 * Invariants: no row of a vat changes, nor its header (rules.md#g4); what a step does follows from
 * the rows alone.
 */
import { required } from '@heirloom/store';
import type { Space, VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';

/** Spaces that a vat may list: a read that finds nothing looks into each. */
export const SPACES_MAX = 64;
/** A fork waits while more of its vat's spaces are to be merged. */
const UNMERGED_MAX = 8;

/**
 * What a fork lists below a space of its own: all that the vat has written, which goes on in a
 * space of its own too. Undefined where there are too many spaces.
 */
export const shareSpaces = (state: KernelState, vat: VatNumber): readonly Space[] | undefined => {
  const { spaces } = state.vats.need(vat);
  const [top, ...rest] = spaces;
  // A vat that has written nothing since it was forked last needs no other space.
  const isShared = rest.length > 0 && state.rows.isEmpty(top);
  const below = isShared ? rest : spaces;
  if (below.length >= SPACES_MAX) return undefined;
  if (!isShared) state.spaceLists.change(vat, [state.nextSpace(), ...spaces]);
  return below;
};

/** Must a fork of the vat wait, for the waves to merge what forks before it have left? */
export const mustMerge = (state: KernelState, vat: VatNumber): boolean => {
  const row = state.vats.get(vat);
  if (row === undefined || row.spaces.length <= UNMERGED_MAX) return false;
  return state.spaceLists.pairsOf(row.spaces) > UNMERGED_MAX;
};

/** Moves up to `limit` rows, a space that is gone counted as one; returns how many. */
export const mergeStep = (state: KernelState, limit: number): number => {
  const { rows, spaceLists } = state;
  let left = limit;
  while (left > 0) {
    const pair = spaceLists.nextPair();
    if (pair === undefined) break;
    left -= rows.sink(pair.spaces, pair.at, left);
    if (left === 0) break;
    spaceLists.drop(required(pair.spaces[pair.at], 'a space of a vat'));
    left -= 1;
  }
  return limit - left;
};
