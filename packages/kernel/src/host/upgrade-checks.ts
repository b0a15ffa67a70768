/** What hosts ask of upgrades: upgrades, rollbacks and dry runs, with their options checked. */
import { utf8 } from '@heirloom/store';
import { vatIdOf, type VatId, type VatNumber } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { checkBundle, type VatBundle } from '../code/bundle.js';
import type { VatScript } from '../code/vat-script.js';
import type { BlockDriver } from '../core/block-driver.js';
import { unknownReference, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { isHeld } from '../objects/held-references.js';
import { readDryRun, readTerms, readUpgrade } from '../services/option-reader.js';
import { ItemType, type UpgradeItem } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import { VatState } from '../state/schema.js';
import {
  NO_DATA,
  PLAIN_UPGRADE,
  ROLLBACK_MESSAGE,
  UPGRADE_MESSAGE,
  UpgradeCode,
  UpgradeMode,
} from '../state/upgrade-options.js';
import { upgradeResult } from './answers.js';
import { hostDialect } from './host-dialect.js';
import { codeOf, enqueueLifecycle } from './inputs.js';
import type { RollbackVatOptions, UpgradeResult, UpgradeVatOptions } from './kernel-types.js';

const UPGRADE = hostDialect('upgradeVat');

const upgradeItemInput = (
  core: KernelCore,
  item: Omit<UpgradeItem, 'result'>,
  first: boolean,
): Input<UpgradeResult> => ({
  references: item.slots,
  apply: input => enqueueLifecycle(core, input, item, first),
  decode: upgradeResult,
});

const UPGRADE_NAMES = [
  'bundleId',
  'vatParameters',
  'upgradeMessage',
  'mode',
  'drain',
  'emergency',
  'first',
  'dryRun',
];

/** Errors: KernelError BAD_OPTION, BAD_ARGUMENT, UNKNOWN_BUNDLE: nothing was queued. */
export const upgradeInput = (
  core: KernelCore,
  vat: VatNumber,
  options: UpgradeVatOptions,
): Input<UpgradeResult> => {
  checkFields('upgradeVat', options, UPGRADE_NAMES);
  const { first = false } = options;
  const { message, drainWaves } = readTerms(options, UPGRADE_MESSAGE, UPGRADE);
  readDryRun(options, UPGRADE);
  const upgrade = readUpgrade(options, drainWaves, UPGRADE);
  // A plain one is stored without options, and its code is evaluated ahead. A replay is on the
  // vat's own image, a drain takes its time, an emergency is rare: nothing is prepared for them.
  const isPlain = upgrade.mode === UpgradeMode.swap && drainWaves === 0 && !upgrade.emergency;
  const code = codeOf(core, options, isPlain ? core.isolation.kindOf(vat) : undefined);
  const how = isPlain ? {} : { upgrade };
  const item = { type: ItemType.upgrade, vat, message, ...code, ...how };
  return upgradeItemInput(core, item, first);
};

/** An upgrade to the code that the vat had before. Errors: as of `upgradeInput`. */
export const rollbackInput = (
  core: KernelCore,
  vat: VatNumber,
  options: RollbackVatOptions,
): Input<UpgradeResult> => {
  checkFields('rollbackVat', options, ['upgradeMessage', 'drain', 'first']);
  const { first = false } = options;
  const dialect = hostDialect('rollbackVat');
  const { message, drainWaves } = readTerms(options, ROLLBACK_MESSAGE, dialect);
  const upgrade = { ...PLAIN_UPGRADE, code: UpgradeCode.previous, drainWaves };
  const item = { type: ItemType.upgrade, vat, message, upgrade, ...NO_DATA };
  return upgradeItemInput(core, item, first);
};

export interface UpgradeAllOptions {
  /** As of `upgradeVat`. */
  readonly upgradeMessage?: string;
  readonly drain?: { readonly waves: number };
  readonly dryRun?: false;
}

export type UpgradeAllResult = { readonly vatId: VatId; readonly name: string } & (
  | ({ readonly succeeded: true } & UpgradeResult)
  /** `reason`: what the requester of an upgrade would be told. */
  | { readonly succeeded: false; readonly reason: unknown }
);

/** What each vat would make of `upgradeAll`, and of a refresh. */
export interface UpgradeAllFinding extends DryRunReport {
  readonly name: string;
  /** As of `createVat`: a vat whose start refuses a restart refuses its refreshes, too. */
  readonly refresh: { readonly deliveries: number } | 'never';
}

/** `upgradeAll` with `dryRun: true`. */
export interface CheckAllOptions {
  readonly dryRun: true;
}

/**
 * Tries what `upgradeAll` would do with every running vat, each by itself, in order. Errors:
 * KernelError BAD_OPTION.
 */
export const checkAll = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: CheckAllOptions,
): Promise<UpgradeAllFinding[]> => {
  checkFields('upgradeAll', options, ['dryRun', 'upgradeMessage', 'drain']);
  const dialect = hostDialect('upgradeAll');
  readDryRun(options, dialect);
  const findings: UpgradeAllFinding[] = [];
  for (const vat of runningVats(core.state)) {
    const report = await blocks.aside(async () => {
      const row = core.state.vats.get(vat);
      // It may have ended while those before it were tried.
      if (row?.state !== VatState.running) return undefined;
      const { bundleId, parameters, slots, previous, name, options: kept } = row;
      const successor = { bundleId, parameters, slots, previous, message: 'dry run' };
      const refresh = kept.refresh > 0 ? { deliveries: kept.refresh } : 'never';
      return { name, refresh, ...(await core.dryRun(vat, successor)) } as const;
    });
    if (report !== undefined) findings.push(report);
  }
  return findings;
};

/** Upgrades every running vat to what it has, on the present image. Errors: HostError. */
export const upgradeAll = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: UpgradeAllOptions,
): Promise<UpgradeAllResult[]> => {
  checkFields('upgradeAll', options, ['upgradeMessage', 'drain', 'dryRun']);
  const dialect = hostDialect('upgradeAll');
  readDryRun(options, dialect);
  const { message, drainWaves } = readTerms(options, UPGRADE_MESSAGE, dialect);
  const upgrade = { ...PLAIN_UPGRADE, code: UpgradeCode.present, drainWaves };
  const upgrades = runningVats(core.state).map(async (vat): Promise<UpgradeAllResult> => {
    const item = { type: ItemType.upgrade, vat, message, upgrade, ...NO_DATA };
    const who = { vatId: vatIdOf(vat), name: core.state.vats.need(vat).name };
    try {
      const done = await blocks.input(upgradeItemInput(core, item, false));
      return { ...who, succeeded: true, ...done };
    } catch (reason) {
      if (reason instanceof HostError || reason instanceof KernelError) throw reason;
      return { ...who, succeeded: false, reason };
    }
  });
  return Promise.all(upgrades);
};

export interface CheckUpgradeOptions {
  /** One that is installed. */
  readonly bundleId?: string | undefined;
  /** Or one that is not. */
  readonly bundle?: VatBundle | undefined;
  readonly vatParameters?: unknown;
}

/** The same by `upgradeVat`. */
export interface DryRunOptions extends CheckUpgradeOptions {
  readonly dryRun: true;
}

/** What `checkUpgrade` takes of it. Errors: KernelError BAD_OPTION. */
export const plainCheck = (options: DryRunOptions): CheckUpgradeOptions => {
  checkFields('upgradeVat', options, ['bundle', ...UPGRADE_NAMES]);
  readDryRun(options, UPGRADE);
  const { bundleId, bundle, vatParameters } = options;
  return { bundleId, bundle, vatParameters };
};

/** Errors: KernelError BAD_OPTION unless one of both is given; BAD_BUNDLE, UNKNOWN_BUNDLE. */
const scriptToCheck = async (
  core: KernelCore,
  installed: string | undefined,
  bundle: VatBundle | undefined,
): Promise<VatScript> => {
  if (bundle === undefined && installed !== undefined) return core.bundles.scriptNamed(installed);
  if (bundle === undefined || installed !== undefined) {
    throw new KernelError('BAD_OPTION', 'a dry run: give either bundleId or bundle');
  }
  const imageId = core.images.currentId;
  core.images.checkInstallable();
  const checked = await checkBundle(bundle, core.ways.bundling);
  core.places.lend(checked);
  const { bundleId, script } = checked;
  return { bundleId, imageId, script: utf8(script) };
};

/** Errors: KernelError BAD_OPTION, BAD_BUNDLE, UNKNOWN_BUNDLE, UNKNOWN_REFERENCE. */
export const checkUpgrade = async (
  core: KernelCore,
  blocks: BlockDriver,
  vat: VatNumber,
  options: CheckUpgradeOptions,
): Promise<DryRunReport> => {
  checkFields('checkUpgrade', options, ['bundleId', 'bundle', 'vatParameters']);
  const { bundle, bundleId: given, vatParameters } = options;
  const script = await scriptToCheck(core, given, bundle);
  const { body: parameters, slots } = core.data.encode(vatParameters);
  const { bundleId } = script;
  const successor = { bundleId, parameters, slots, message: 'dry run' };
  const scripts = new Map([[bundleId, script]]);
  return blocks.aside(async () => {
    const unheld = slots.find(kref => !isHeld(core.state, kref));
    if (unheld !== undefined) throw unknownReference(unheld);
    return core.dryRun(vat, successor, { scripts });
  });
};
