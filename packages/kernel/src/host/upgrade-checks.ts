/** What hosts ask of upgrades: upgrades, rollbacks and dry runs, with their options checked. */
import { utf8 } from '@heirloom/store';
import { vatIdOf, type VatId } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { checkBundle, type VatBundle } from '../code/bundle.js';
import type { BlockDriver } from '../core/block-driver.js';
import type { Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { ItemType, type UpgradeItem } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import type { VatNumber } from '../state/schema.js';
import {
  REPLAY_TAKES_NOTHING,
  DRAIN_RULE,
  drainWavesOf,
  dryRunExcess,
  NO_DATA,
  PLAIN_UPGRADE,
  ROLLBACK_MESSAGE,
  UPGRADE_MESSAGE,
  UpgradeCode,
  UpgradeMode,
  type UpgradeOptions,
} from '../state/upgrade-options.js';
import { upgradeResult } from './answers.js';
import { codeOf, enqueueLifecycle } from './inputs.js';
import type { RollbackVatOptions, UpgradeResult, UpgradeVatOptions } from './kernel-types.js';

const bad = (text: string): never => {
  throw new KernelError('BAD_OPTION', text);
};

/** For a dry run there is an option of its own. */
const MODES: readonly (keyof typeof UpgradeMode)[] = ['swap', 'replay'];

/** How the upgrade is to be carried out. Absent: as usual. */
const upgradeOptions = (options: UpgradeVatOptions): UpgradeOptions | undefined => {
  const { mode = 'swap', vatParameters, upgradeMessage, drain, emergency = false } = options;
  const { dryRun = false } = options;
  if (typeof dryRun !== 'boolean') return bad('upgradeVat: dryRun must be true or false');
  if (typeof emergency !== 'boolean') return bad('upgradeVat: emergency must be true or false');
  if (!MODES.includes(mode)) {
    return bad(`upgradeVat: mode ${String(mode)}; there are ${MODES.join(', ')}`);
  }
  const drainWaves = drainWavesOf(drain) ?? bad(`upgradeVat: ${DRAIN_RULE}`);
  if (mode === 'swap') {
    const isPlain = drainWaves === 0 && !emergency;
    return isPlain ? undefined : { ...PLAIN_UPGRADE, drainWaves, emergency };
  }
  if (emergency || [vatParameters, upgradeMessage, drain].some(it => it !== undefined)) {
    return bad(`upgradeVat: ${REPLAY_TAKES_NOTHING}`);
  }
  return { ...PLAIN_UPGRADE, mode: UpgradeMode[mode] };
};

const upgradeItemInput = (
  core: KernelCore,
  item: Omit<UpgradeItem, 'result'>,
  first: boolean,
): Input<UpgradeResult> => ({
  apply: input => enqueueLifecycle(core, input, item, first),
  decode: upgradeResult,
});

const checkMessage = (message: unknown): string => {
  if (typeof message === 'string') return message;
  throw new KernelError('BAD_ARGUMENT', 'upgradeMessage must be a string');
};

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
  const { upgradeMessage = UPGRADE_MESSAGE, first = false } = options;
  const upgrade = upgradeOptions(options);
  const message = checkMessage(upgradeMessage);
  // A replay is on the vat's own image, and a drain takes its time: nothing is prepared for them.
  const kind = upgrade === undefined ? core.isolation.kindOf(vat) : undefined;
  const how = upgrade === undefined ? {} : { upgrade };
  const code = codeOf(core, options, kind);
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
  const { upgradeMessage = ROLLBACK_MESSAGE, drain, first = false } = options;
  const message = checkMessage(upgradeMessage);
  const drainWaves = drainWavesOf(drain) ?? bad(`rollbackVat: ${DRAIN_RULE}`);
  const upgrade = { ...PLAIN_UPGRADE, code: UpgradeCode.previous, drainWaves };
  const item = { type: ItemType.upgrade, vat, message, upgrade, ...NO_DATA };
  return upgradeItemInput(core, item, first);
};

export interface UpgradeAllOptions {
  /** As of `upgradeVat`. */
  readonly upgradeMessage?: string;
  readonly drain?: { readonly waves: number };
}

export type UpgradeAllResult = { readonly vatId: VatId; readonly name: string } & (
  | ({ readonly succeeded: true } & UpgradeResult)
  /** `reason`: what the requester of an upgrade would be told. */
  | { readonly succeeded: false; readonly reason: unknown }
);

/** Upgrades every running vat to what it has, on the present image. Errors: HostError. */
export const upgradeAll = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: UpgradeAllOptions,
): Promise<UpgradeAllResult[]> => {
  checkFields('upgradeAll', options, ['upgradeMessage', 'drain']);
  const { upgradeMessage = UPGRADE_MESSAGE, drain } = options;
  const message = checkMessage(upgradeMessage);
  const drainWaves = drainWavesOf(drain) ?? bad(`upgradeAll: ${DRAIN_RULE}`);
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
  const excess = dryRunExcess({ ...options });
  if (excess !== undefined) return bad(`upgradeVat: ${excess}`);
  const { bundleId, bundle, vatParameters } = options;
  return { bundleId, bundle, vatParameters };
};

/** Errors: KernelError BAD_OPTION, BAD_BUNDLE, UNKNOWN_BUNDLE. */
export const checkUpgrade = async (
  core: KernelCore,
  blocks: BlockDriver,
  vat: VatNumber,
  options: CheckUpgradeOptions,
): Promise<DryRunReport> => {
  checkFields('checkUpgrade', options, ['bundleId', 'bundle', 'vatParameters']);
  const { bundle, bundleId: given, vatParameters } = options;
  if ((bundle === undefined) === (given === undefined)) {
    throw new KernelError('BAD_OPTION', 'a dry run: give either bundleId or bundle');
  }
  const imageId = core.images.currentId;
  const checked = bundle === undefined ? undefined : await checkBundle(bundle);
  const script =
    checked === undefined
      ? core.bundles.scriptOf(given!)
      : { bundleId: checked.bundleId, imageId, script: utf8(checked.script) };
  const { body: parameters, slots } = core.data.encode(vatParameters);
  const { bundleId } = script;
  const successor = { bundleId, parameters, slots, message: 'dry run' };
  return blocks.aside(() => core.dryRun(vat, successor, script));
};
