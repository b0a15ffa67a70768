/**
 * Kinds that their vats have dismissed (docs/upgrade/dismissal.md): the kernel's part.
 *
 * From the syscall on nobody answers for the kind's exports, because the vat's row says so. Their
 * names go in steps of the kernel's own. The vat's rows go in sweeps, which are its own cranks
 * (rules.md#g4).
 */
import { DISMISSED_KINDS_MAX, readTag, VatFault, type VatNumber } from '@heirloom/worker';
import { dismissalOf, dismissalsKey, ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { Sweep } from '../state/schema.js';
import { removeExports } from './orphans.js';

/** Kinds below are built in. */
const FIRST_USER_KIND = 10;
const KIND_MAX = 2 ** 32 - 1;

/** Throws VatFault unless these can be the number and the tag of a durable kind. */
export const checkDismissal = (kind: unknown, tag: unknown): void => {
  const isKind = typeof kind === 'number' && Number.isInteger(kind) && kind >= FIRST_USER_KIND;
  if (!isKind || kind > KIND_MAX) throw new VatFault('BAD_SYSCALL', 'no kind');
  if (typeof tag !== 'string' || readTag(tag) === undefined) {
    throw new VatFault('BAD_SYSCALL', 'no tag of a kind');
  }
};

/** Syscall: what the vat exports of this kind is revoked. Throws VatFault. */
export const dismissKind = (
  state: KernelState,
  vat: VatNumber,
  kind: number,
  tag: string,
): void => {
  const row = state.vats.need(vat);
  if (row.dismissed.some(([number]) => number === kind)) {
    throw new VatFault('BAD_SYSCALL', `kind ${kind} was dismissed before`);
  }
  if (row.dismissed.length >= DISMISSED_KINDS_MAX) {
    throw new VatFault('LIMIT', `a vat dismisses at most ${DISMISSED_KINDS_MAX} kinds`);
  }
  const dismissed = [...row.dismissed, [kind, tag] as const].sort(([a], [b]) => a - b);
  state.vats.set(vat, { ...row, dismissed });
  state.dismissals.set(dismissalsKey(vat, kind), true);
  const counters = state.vatCounters.need(vat);
  const sweep = counters.sweep === Sweep.none ? Sweep.due : counters.sweep;
  state.vatCounters.set(vat, { ...counters, sweep });
  state.dueVats.add(vat);
};

/** Are there names of revoked exports left? */
export const hasRevokedNames = (state: KernelState): boolean =>
  state.dismissals.has(ranges.dismissals);

/** Takes up to `limit` names of revoked exports away. Returns how many. */
export const revokeStep = (state: KernelState, limit: number): number => {
  const [key] = state.dismissals.keys(ranges.dismissals, 1);
  if (key === undefined) return 0;
  const [vat, kind] = dismissalOf(key);
  const removed = removeExports(state, vat, ranges.exportsOfKind(vat, kind), limit);
  if (removed < limit) state.dismissals.delete(key);
  return removed;
};
