/** Do two replicas agree? */

/** A block whose hashes differ, or that one of the two does not have. */
export interface Difference {
  readonly block: number;
  readonly expected: string | null;
  readonly found: string | null;
}

type Hashes = ReadonlyMap<number, string>;

/** The first of the blocks `from` to `last` that is not the same in both; null: all are. */
export const firstDifference = (
  expected: Hashes,
  found: Hashes,
  { from, last }: { readonly from: number; readonly last: number },
): Difference | null => {
  for (let block = from; block <= last; block += 1) {
    const [theirs, ours] = [expected.get(block) ?? null, found.get(block) ?? null];
    if (theirs === null || theirs !== ours) return { block, expected: theirs, found: ours };
  }
  return null;
};
