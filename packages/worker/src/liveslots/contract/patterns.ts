/**
 * `@endo/patterns` and `@endo/pass-style` for values of which nothing is known yet.
 *
 * Their functions check what they are given, while their declarations ask for the type that the
 * check is about. So this file is where a value is taken for that type, before the check.
 */
import { getTag, passStyleOf, type Passable } from '@endo/pass-style';
import {
  assertPattern as endoAssertPattern,
  makeCopyMap,
  makeCopySet,
  type Key,
  type Pattern,
} from '@endo/patterns';
import type { Properties } from '../../values.js';

type Tagged = Parameters<typeof getTag<string>>[0];

/** Throws unless `value` is a pattern. */
export function assertPattern(value: unknown): asserts value is Pattern {
  // It begins by asking for the pass style, and so takes any value.
  endoAssertPattern(value as Pattern);
}

/** A shape as a row has it: it was asserted to be a pattern before it was stored. */
export const storedPattern = (value: unknown): Pattern => value as Pattern;

/** What `value` has by way of a tag, if anything. */
export const tagOf = (value: object): unknown => getTag(value as Tagged);

/** Throws for what is not passable. */
export const styleOf: (value: unknown) => string = passStyleOf;

export const isCopyRecord = (value: unknown): value is Properties =>
  styleOf(value) === 'copyRecord';

/** Throws unless `pairs` are pairs of a key and a passable. */
export const copyMapOf = (pairs: Iterable<unknown>): object =>
  makeCopyMap(pairs as Iterable<[Key, Passable]>);

/** Throws unless `members` are keys. */
export const copySetOf = (members: Iterable<unknown>): object =>
  makeCopySet(members as Iterable<Key>);
