/** Log records of what befell whole vats. */
import { heightAfter } from '@heirloom/store';
import { vatIdOf, type VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { ItemType, type LifecycleItem } from '../state/queue-items.js';
import { PromiseState, settledBody } from '../state/schema.js';
import { describeReason } from './describe.js';
import type { KernelLog, LogMoment } from './kernel-log.js';

const EVENTS = {
  [ItemType.create]: 'created',
  [ItemType.upgrade]: 'upgraded',
  [ItemType.dryRun]: 'tried',
  [ItemType.terminate]: 'terminated',
  [ItemType.fork]: 'forked',
} as const;

/** A lifecycle item has been carried out: its result says how that went. */
export const logLifecycle = (
  log: KernelLog,
  state: KernelState,
  { height, wave }: LogMoment,
  item: LifecycleItem,
): void => {
  const { type, result } = item;
  // Of a fork it is the new vat that is told of.
  const vat = type === ItemType.fork ? item.child : item.vat;
  const row = state.vats.get(vat);
  const answer = state.promises.get(result);
  const ok = answer?.state !== PromiseState.rejected;
  const reason = ok ? null : describeReason(settledBody(answer), answer.slots);
  const name = row?.name ?? ('name' in item ? item.name : '');
  const incarnation = row?.incarnation ?? null;
  const fields = { wave, vat: vatIdOf(vat), name, incarnation, ok, reason };
  const isUpgrade = type === ItemType.upgrade || type === ItemType.dryRun;
  const category = isUpgrade ? 'upgrade' : 'vat';
  log.tell(category, EVENTS[type], heightAfter(height), { ...fields, ...codeOf(item) });
};

const codeOf = (item: LifecycleItem): Readonly<Record<string, string>> => {
  if (item.type === ItemType.fork) return { parent: vatIdOf(item.vat) };
  return item.type === ItemType.terminate ? {} : { bundle: item.bundleId };
};

/** A vat ends by a fault or by an exit of its own. */
export const logEnd = (
  log: KernelLog,
  state: KernelState,
  { height, wave }: LogMoment,
  ...[vat, code]: [vat: VatNumber, code: string]
): void => {
  const { name, incarnation } = state.vats.need(vat);
  const fields = { wave, vat: vatIdOf(vat), name, incarnation, code };
  log.tell('vat', code === 'EXIT' ? 'exited' : 'faulted', heightAfter(height), fields);
};
