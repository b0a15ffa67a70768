/** Whom a wave concerns: the vats that run in it, and who has sent what it does. */
import {
  FIRST_INCARNATION,
  FIRST_POSITION,
  nextIncarnation,
  type VatNumber,
} from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { Running } from '../state/note-record.js';
import { ItemType } from '../state/queue-items.js';
import type { PlannedItem, WavePlan } from './plan.js';

/** Whose doing it is what the merge of an item queues. */
export const senderIn = (item: PlannedItem): VatNumber | undefined => {
  switch (item.kind) {
    case 'outside':
    case 'refused':
      return item.message.sender;
    case 'lifecycle':
      return item.item.vat;
    case 'idle':
    case 'parked':
      return undefined;
    case 'message':
    case 'notify':
    case 'collect':
    case 'reap':
    case 'sweep':
    case 'migrate':
      return item.vat;
    default:
      throw TypeError(`unknown planned item ${String(item satisfies never)}`);
  }
};

/** The vats that a wave delivers to, starts or upgrades. */
export const runningIn = (state: KernelState, plan: WavePlan): Running[] => {
  const running = [...plan.deliveries.keys()].map(vat => {
    const { incarnation } = state.vats.need(vat);
    return { vat, incarnation, position: state.vatCounters.need(vat).position };
  });
  for (const item of plan.lifecycle) {
    if (item.type === ItemType.terminate) continue;
    const before = state.vats.get(item.vat)?.incarnation;
    const next = before === undefined ? FIRST_INCARNATION : nextIncarnation(before);
    const position = FIRST_POSITION;
    if (item.type !== ItemType.fork) running.push({ vat: item.vat, incarnation: next, position });
    else running.push({ vat: item.child, incarnation: before ?? FIRST_INCARNATION, position });
  }
  return running;
};
