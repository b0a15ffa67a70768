/** Arguments that the guards of the present code let pass and those of the new code may not. */
import {
  ANY_ARGUMENT,
  type GuardFact,
  type VatDescription,
  type VatNumber,
} from '@heirloom/worker';
import type { KernelState } from '../../state/kernel-state.js';
import { facetLabel, isKnownOutside } from './kinds.js';
import { at, listed, type UpgradeWarning } from './warning.js';

const mostOf = ([, required, optional, rest]: GuardFact): number =>
  rest === '' ? required.length + optional.length : Infinity;

const argumentAt = ([, required, optional, rest]: GuardFact, at: number): string =>
  [...required, ...optional][at] ?? rest;

/** What is asked of arguments that was not asked before; `before` undefined: nothing was. */
const askedMore = (before: GuardFact | undefined, after: GuardFact): string | undefined => {
  const [, required, optional, rest] = after;
  if (before === undefined) {
    const isOpen = required.length === 0 && rest === ANY_ARGUMENT;
    return isOpen && optional.every(text => text === ANY_ARGUMENT) ? undefined : 'had no guard';
  }
  const [, requiredBefore] = before;
  if (required.length > requiredBefore.length) {
    return `asks for ${required.length} arguments, not ${requiredBefore.length}`;
  }
  const [most, mostBefore] = [mostOf(after), mostOf(before)];
  if (most < mostBefore) return `takes at most ${most} arguments`;
  const named = (fact: GuardFact): number => fact[1].length + fact[2].length;
  // One more than either names: the rest is compared, too.
  const count = Math.min(mostBefore, Math.max(named(before), named(after)) + 1);
  for (let i = 0; i < count; i += 1) {
    const text = argumentAt(after, i);
    if (text !== ANY_ARGUMENT && text !== argumentAt(before, i)) return `argument ${i} is changed`;
  }
  return undefined;
};

const changedIn = (
  what: string,
  before: readonly GuardFact[],
  after: readonly GuardFact[],
  methodsBefore: readonly string[],
): UpgradeWarning[] => {
  const guards = new Map(before.map(guard => [guard[0], guard]));
  const found = after.flatMap((guard): (readonly [string, string])[] => {
    const [method] = guard;
    if (!methodsBefore.includes(method)) return [];
    const how = askedMore(guards.get(method), guard);
    return how === undefined ? [] : [[method, `${method} ${how}`]];
  });
  if (found.length === 0) return [];
  const text =
    `the guard of ${what} is changed: ${listed(found.map(([, how]) => how))}. Calls that are ` +
    'right by the present one may be rejected: let it take what callers send now';
  const subject = `${what}: ${found.map(([method]) => method).join(', ')}`;
  return [{ code: 'GUARD_CHANGED', subject, text, count: found.length }];
};

/** Of kinds whose instances others have: the guard of a root is known to its own library alone. */
export const changedGuards = (
  state: KernelState,
  vat: VatNumber,
  [kindsBefore]: VatDescription,
  [kindsAfter]: VatDescription,
): UpgradeWarning[] => {
  const after = new Map(kindsAfter.map(kind => [kind[0], kind]));
  return kindsBefore.flatMap(([number, tag, , facets]) => {
    if (!isKnownOutside(state, vat, number)) return [];
    const [, , , facetsAfter = [], , site] = after.get(number) ?? [];
    return facets.flatMap(([facet, methods, guards]) => {
      const [, , guardsAfter = []] = facetsAfter.find(([name]) => name === facet) ?? [];
      const changed = changedIn(facetLabel(tag, facet), guards, guardsAfter, methods);
      return changed.map(it => at(it, site));
    });
  });
};
