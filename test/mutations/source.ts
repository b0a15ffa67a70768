/** The edit that makes a mutant of a source. */
import type { Mutation } from './mutations.js';

/** The source with the edit; undefined unless the text to find stands in it exactly once. */
export const mutated = (
  source: string,
  { find, replace }: Pick<Mutation, 'find' | 'replace'>,
): string | undefined => {
  const at = source.indexOf(find);
  if (at < 0 || source.indexOf(find, at + 1) >= 0) return undefined;
  return source.slice(0, at) + replace + source.slice(at + find.length);
};
