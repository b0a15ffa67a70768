/** Log records of what befell whole vats. */
import { vatIdOf } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { ItemType, PromiseState, type LifecycleItem, type VatNumber } from '../state/schema.js';
import { UpgradeMode } from '../state/upgrade-options.js';
import { describeReason } from './describe.js';
import type { KernelLog, LogMoment } from './kernel-log.js';

/** Of a dry run. */
const TRIED = 'tried';
const EVENTS = {
  [ItemType.create]: 'created',
  [ItemType.upgrade]: 'upgraded',
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
  const { type, result, fork } = item;
  // Of a fork it is the new vat that is told of.
  const vat = fork?.vat ?? item.vat;
  const row = state.vats.get(vat);
  const answer = state.promises.get(result);
  const ok = answer?.state !== PromiseState.rejected;
  const reason = ok ? null : describeReason(answer.body!, answer.slots);
  const isDryRun = item.upgrade?.mode === UpgradeMode.dryRun;
  const name = row?.name ?? (type === ItemType.create || fork !== undefined ? item.text : '');
  const incarnation = row?.incarnation ?? null;
  const fields = { wave, vat: vatIdOf(vat), name, incarnation, ok, reason };
  const category = type === ItemType.upgrade ? 'upgrade' : 'vat';
  const event = isDryRun ? TRIED : EVENTS[type];
  log.tell(category, event, height + 1, { ...fields, ...codeOf(item) });
};

const codeOf = ({ type, bundleId, vat, fork }: LifecycleItem): Readonly<Record<string, string>> => {
  if (fork !== undefined) return { parent: vatIdOf(vat) };
  return type === ItemType.terminate ? {} : { bundle: bundleId };
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
  log.tell('vat', code === 'EXIT' ? 'exited' : 'faulted', height + 1, fields);
};
