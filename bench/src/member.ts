/** The member of a list at a place, counted from its end if below nil. */
export function memberAt<T>(list: readonly T[], index: number): T {
  const member = list.at(index);
  if (member === undefined) throw new RangeError(`no member at ${index} of ${list.length}`);
  return member;
}
