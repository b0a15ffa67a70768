/**
 * The input that makes another zygote image the one of new incarnations (rules.md#h4).
 *
 * The image and the script of every bundle for it are made first; the input then only adds rows, so
 * replicas that run the same release write the same.
 */
import { readImage } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { checkBundle, type CheckedBundle, type VatBundle } from '../code/bundle.js';
import { prepareImage, type ImageSource } from '../code/images.js';
import type { BundleSource, InstalledBundles } from '../code/installed.js';
import { silentInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';

export interface AdoptImageOptions {
  /** Default: the image of the installed release. */
  readonly image?: ImageSource;
}

const bundleOf = ({ moduleFormat, source }: BundleSource): VatBundle =>
  moduleFormat === 'endoZipBase64'
    ? { moduleFormat, endoZipBase64: source }
    : { moduleFormat, source };

/** Every bundle of a store, its script derived by this release. Errors: KernelError BAD_BUNDLE. */
export const deriveBundles = async (bundles: InstalledBundles): Promise<CheckedBundle[]> => {
  const checked: CheckedBundle[] = [];
  for (const source of bundles.sources()) checked.push(await checkBundle(bundleOf(source)));
  return checked;
};

/**
 * Errors: KernelError BAD_ARGUMENT for what is no image; BAD_BUNDLE when a bundle of the store is
 * none for this release.
 */
export const adoptionInput = async (
  core: KernelCore,
  options: AdoptImageOptions,
): Promise<Input<void>> => {
  checkFields('adoptImage', options, ['image']);
  const image = await prepareImage(core.store, options.image ?? readImage());
  const checked = await deriveBundles(core.bundles);
  return silentInput(() => {
    const before = core.images.currentId;
    if (image.id === before) return;
    core.adopt(image);
    for (const bundle of checked) core.bundles.add(bundle);
    // What was installed meanwhile was derived by this very release.
    for (const source of core.bundles.sources()) core.bundles.carry(source, before);
    core.zygotes.imageChanged();
  });
};
