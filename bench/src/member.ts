import { required } from '@heirloom/store';

/** The member of a list at a place, counted from its end if below zero. */
export const memberAt = <T>(list: readonly T[], index: number): T =>
  required(list.at(index), `member ${index} of ${list.length}`);
