/**
 * Spaces of rows that vats share, and how they become fewer again (rules.md#u5): what stays stored
 * follows what the vats have, however often one has been forked.
 *
 * Theory of operation. Of a pair (state/space-lists.ts) the rows of the upper space move to the
 * lower one, by key, and a tombstone goes where it hides nothing; then the upper one is listed no
 * longer. Where forks that run keep a list long, one of its spaces is copied, that with the fewest
 * rows to be copied and moved, which makes a pair; what is left of it is listed by the others.
 * Between two steps some keys have moved and some have not: either way each vat has the rows that
 * it had.
 * Invariants: no row of a vat changes, nor its header (rules.md#g4); what a step does follows from
 * the rows alone.
 */
import { required } from '@heirloom/store';
import type { Space, Spaces, VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { SpaceWork } from '../state/space-lists.js';

/** Spaces that a vat may list: a read that finds nothing looks into each. */
const SPACES_MAX = 64;
/** A fork waits while more of its vat's spaces are to be merged. */
const UNMERGED_MAX = 8;
/** Rows of a space that are counted to choose which one is copied. */
const COUNTED_MAX = 1_024;
/** As many rows is a change of lists worth: each list of the family is looked at. */
const LIST_CHANGE = 8;

/**
 * What a fork lists below a space of its own: all that the vat has written, which goes on in a
 * space of its own too.
 */
export const shareSpaces = (state: KernelState, vat: VatNumber): readonly Space[] => {
  const { spaces } = state.vats.need(vat);
  const [top, ...rest] = spaces;
  // A vat that has written nothing since it was forked last needs no other space.
  if (rest.length > 0 && state.rows.isEmpty(top)) return rest;
  state.spaceLists.change(vat, [state.nextSpace(), ...spaces]);
  return spaces;
};

/** Must a fork of the vat wait, for the waves to merge what forks before it have left? */
export const mustMerge = (state: KernelState, vat: VatNumber): boolean => {
  const spaces = state.vats.get(vat)?.spaces;
  if (spaces === undefined || spaces.length <= UNMERGED_MAX) return false;
  return spaces.length >= SPACES_MAX || state.spaceLists.pairsOf(spaces) > UNMERGED_MAX;
};

type Placed = Exclude<SpaceWork, { readonly type: 'long' }>;

const spacesAt = ({ spaces, at }: Placed): [upper: Space, lower: Space] => [
  required(spaces[at], 'a space of a vat'),
  required(spaces[at + 1], 'the space below'),
];

/** Moves up to `limit` rows of a pair; returns what that counts as. */
const sinkRows = ({ rows, spaceLists }: KernelState, work: Placed, limit: number): number => {
  const count = rows.sink(work.spaces, work.at, limit);
  if (count === limit) return count;
  spaceLists.drop(spacesAt(work)[0]);
  return count + LIST_CHANGE;
};

/** Copies up to `limit` rows; returns what that counts as. */
const copyRows = ({ rows, spaceLists }: KernelState, work: Placed, limit: number): number => {
  const [copy, from] = spacesAt(work);
  const keys = rows.copy(from, copy, spaceLists.copiedTo(copy), limit);
  const last = keys.at(-1);
  if (keys.length === limit && last !== undefined) {
    spaceLists.setCopied(copy, last);
    return limit;
  }
  spaceLists.endCopy(copy, from);
  return keys.length + LIST_CHANGE;
};

/**
 * Begins a copy of the space that costs least, together with the one above it; returns what that
 * counts as.
 */
const beginCopy = (state: KernelState, spaces: Spaces): number => {
  const counts = spaces.map(space => state.rows.countUpTo(space, COUNTED_MAX));
  const costs = counts.slice(1, -1).map((count, i) => count + (counts[i] ?? 0));
  const at = 1 + costs.indexOf(Math.min(...costs));
  state.spaceLists.beginCopy(spaces, at, state.nextSpace());
  return LIST_CHANGE;
};

const workStep = (state: KernelState, work: SpaceWork, limit: number): number => {
  switch (work.type) {
    case 'pair':
      return sinkRows(state, work, limit);
    case 'copy':
      return copyRows(state, work, limit);
    case 'long':
      return beginCopy(state, work.spaces);
    default:
      throw TypeError(`unknown work ${String(work satisfies never)}`);
  }
};

/** Moves and copies up to `limit` rows, changes of lists counted in; returns how many. */
export const shareStep = (state: KernelState, limit: number): number => {
  let left = limit;
  while (left > 0) {
    const work = state.spaceLists.nextWork();
    if (work === undefined) break;
    left -= workStep(state, work, left);
  }
  return Math.min(limit, limit - left);
};
