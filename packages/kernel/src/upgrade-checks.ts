/** What hosts ask of upgrades: the options of one, and dry runs. */
import { checkFields } from './arguments.js';
import type { BlockDriver } from './block-driver.js';
import { checkBundle, type VatBundle } from './bundles/bundle.js';
import type { KernelCore } from './core.js';
import type { DryRunReport } from './dry-run.js';
import { KernelError } from './errors.js';
import type { UpgradeVatOptions } from './kernel-types.js';
import { REPLAY_TAKES_NOTHING } from './replay-upgrade.js';
import type { VatNumber } from './state/schema.js';
import { PLAIN_UPGRADE, UpgradeMode, type UpgradeOptions } from './state/upgrade-options.js';

/** Absent: an upgrade as usual. Errors: KernelError BAD_OPTION. */
export const upgradeOptions = (options: UpgradeVatOptions): UpgradeOptions | undefined => {
  const { mode = 'swap', vatParameters, upgradeMessage, emergency = false } = options;
  if (typeof emergency !== 'boolean') {
    throw new KernelError('BAD_OPTION', 'upgradeVat: emergency must be true or false');
  }
  if (!Object.hasOwn(UpgradeMode, mode)) {
    const modes = Object.keys(UpgradeMode).join(', ');
    throw new KernelError('BAD_OPTION', `upgradeVat: mode ${String(mode)}; there are ${modes}`);
  }
  if (mode === 'swap') return emergency ? { ...PLAIN_UPGRADE, emergency } : undefined;
  if (vatParameters !== undefined || upgradeMessage !== undefined || emergency) {
    throw new KernelError('BAD_OPTION', `upgradeVat: ${REPLAY_TAKES_NOTHING}`);
  }
  return { ...PLAIN_UPGRADE, mode: UpgradeMode[mode] };
};

export interface CheckUpgradeOptions {
  /** One that is installed. */
  readonly bundleId?: string;
  /** Or one that is not. */
  readonly bundle?: VatBundle;
  readonly vatParameters?: unknown;
}

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
    throw new KernelError('BAD_OPTION', 'checkUpgrade: give either bundleId or bundle');
  }
  const imageId = core.images.currentId;
  const checked = bundle === undefined ? undefined : await checkBundle(bundle);
  const script =
    checked === undefined
      ? core.bundles.scriptOf(given!)
      : { bundleId: checked.bundleId, imageId, script: Buffer.from(checked.script, 'utf8') };
  const { body: parameters, slots } = core.data.encode(vatParameters);
  const { bundleId } = script;
  const successor = { bundleId, parameters, slots, message: 'dry run' };
  return blocks.aside(() => core.dryRun(vat, successor, script));
};
