/** What hosts ask of upgrades beside doing one: dry runs. */
import { checkFields } from './arguments.js';
import type { BlockDriver } from './block-driver.js';
import { checkBundle, type VatBundle } from './bundles/bundle.js';
import type { KernelCore } from './core.js';
import type { DryRunReport } from './dry-run.js';
import { KernelError } from './errors.js';
import type { VatNumber } from './state/schema.js';

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
