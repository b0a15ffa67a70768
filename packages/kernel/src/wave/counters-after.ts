/** What every crank changes in a vat's counters, and what becomes due by it. */
import { positionAfter, type CrankReport } from '@heirloom/worker';
import { countDelivery } from '../lifecycle/refresh.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KernelParameters } from '../state/parameters.js';
import { copiedCounters, Migration, Reap, Sweep, type VatCounters } from '../state/schema.js';
import type { CrankItem } from './plan.js';

/** The vat's counters after a merged crank. A reap or a refresh that is due by it is noted. */
export const countersAfter = (
  state: KernelState,
  limits: Pick<KernelParameters, 'gc' | 'reapInterval' | 'reapKrefs'>,
  item: CrankItem,
  before: VatCounters,
  report: CrankReport,
): VatCounters => {
  const more = report !== null && report[0];
  const next = copiedCounters(before);
  next.position = positionAfter(before.position);
  switch (item.kind) {
    case 'reap':
      next.deliveries = 0;
      next.krefs = 0;
      if (!more) next.reap = Reap.none;
      return next;
    case 'sweep':
      if (!more) next.sweep = Sweep.none;
      return next;
    case 'migrate':
      next.migration = more ? Migration.goesOn : Migration.none;
      return next;
    case 'collect':
      next.krefs += item.batch.krefs.length;
      break;
    case 'message':
    case 'notify':
      next.deliveries += 1;
      next.refreshIn = countDelivery(state, item.vat, before);
      break;
    default:
      throw TypeError(`unknown item ${String(item satisfies never)}`);
  }
  const own = state.vats.need(item.vat).options.reapInterval;
  const reapInterval = own ?? limits.reapInterval;
  if (reapInterval === 0) return next;
  const isDue = next.deliveries >= reapInterval || next.krefs >= limits.reapKrefs;
  if (limits.gc === 'engine' && isDue && next.reap === Reap.none) {
    next.reap = Reap.due;
    state.dueVats.add(item.vat);
  }
  return next;
};
