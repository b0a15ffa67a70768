/** Log records of what befell whole vats. */
import { heightAfter } from '@heirloom/store';
import { vatIdOf, type Incarnation, type VatId, type VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { ItemType, type LifecycleItem } from '../state/queue-items.js';
import { PromiseState, settledBody, type VatRow } from '../state/schema.js';
import { describeReason } from './describe.js';
import type { KernelLog, LogMoment } from './kernel-log.js';
import type { LogValue } from './log-records.js';

const EVENTS = {
  [ItemType.create]: 'created',
  [ItemType.upgrade]: 'upgraded',
  [ItemType.dryRun]: 'tried',
  [ItemType.terminate]: 'terminated',
  [ItemType.fork]: 'forked',
} as const;

/** What is known of upgrades besides their answers. */
interface KnownUpgrades {
  /** Of the upgrade that began the incarnation. */
  warningsOf(
    vatId: VatId,
    incarnation: Incarnation,
  ): readonly { readonly code: string; readonly count: number }[];
}

/** `EXPORT_LOST 2`: each code once, with how many things are concerned. */
const codesOf = (warnings: ReturnType<KnownUpgrades['warningsOf']>): string[] => {
  const counts = new Map<string, number>();
  for (const { code, count } of warnings) counts.set(code, (counts.get(code) ?? 0) + count);
  return [...counts].map(([code, count]) => `${code} ${count}`);
};

const verdictOf = (
  ok: boolean,
  row: VatRow | undefined,
  vatId: VatId,
  known: KnownUpgrades,
): Readonly<Record<string, LogValue>> => {
  if (!ok || row === undefined) return { verdict: 'refused', warnings: [] };
  const warnings = codesOf(known.warningsOf(vatId, row.incarnation));
  return { verdict: warnings.length > 0 ? 'warnings' : 'ok', warnings };
};

/** A lifecycle item has been carried out: its result says how that went. */
export const logLifecycle = (
  log: KernelLog,
  state: KernelState,
  { height, wave }: LogMoment,
  item: LifecycleItem,
  known: KnownUpgrades,
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
  const vatId = vatIdOf(vat);
  const fields = { wave, vat: vatId, name, incarnation, ok, reason };
  const isUpgrade = type === ItemType.upgrade || type === ItemType.dryRun;
  const category = isUpgrade ? 'upgrade' : 'vat';
  const told = type === ItemType.upgrade ? verdictOf(ok, row, vatId, known) : {};
  const more = { ...codeOf(item), ...told };
  log.tell(category, EVENTS[type], heightAfter(height), { ...fields, ...more });
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
