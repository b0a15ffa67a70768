/**
 * The input that makes another zygote image the one of new incarnations (rules.md#h4).
 *
 * The image and the script of every bundle for it are made first, which takes time and is no input;
 * the input then only adds rows, so replicas that run the same release write the same.
 */
import { bundleOfBefore, checkBundle, type CheckedBundle, type VatBundle } from '../code/bundle.js';
import type { Derives } from '../code/bundling.js';
import { prepareImage, type Image, type ImageSource } from '../code/images.js';
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

const derived = async (
  source: BundleSource,
  bundling: Derives,
): Promise<CheckedBundle> => {
  try {
    return await checkBundle(bundleOf(source), bundling);
  } catch (error) {
    return bundleOfBefore(source, error);
  }
};

/**
 * Every bundle of a store, its script derived by this release, under the id that it has there: an
 * older release may have named it in another way, and may have taken what this one refuses. Errors:
 * KernelError BAD_BUNDLE if this host cannot say what a bundle is.
 */
export const deriveBundles = async (
  bundles: Pick<InstalledBundles, 'sources'>,
  bundling: Derives,
): Promise<CheckedBundle[]> => {
  const checked: CheckedBundle[] = [];
  for (const source of bundles.sources()) {
    const { bundleId } = source;
    checked.push({ ...(await derived(source, bundling)), bundleId });
  }
  return checked;
};

/** An image, and the bundles that were installed when it was made ready. */
export interface ReadyImage {
  readonly image: Image;
  readonly bundles: readonly CheckedBundle[];
}

/**
 * Errors: KernelError BAD_ARGUMENT for what is no image; BAD_BUNDLE when this host cannot derive
 * the script of a bundle.
 */
export const readyImage = async (
  core: KernelCore,
  { image: given }: AdoptImageOptions,
): Promise<ReadyImage> => {
  const { installedImage, makeCodeCache, bundling } = core.ways;
  const image = await prepareImage(core.store, given ?? installedImage(), {
    makeCodeCache,
    warn: text => core.ways.warn(text),
  });
  core.assertAlive(); // it may have been closed meanwhile
  return { image, bundles: await deriveBundles(core.bundles, bundling) };
};

/** New incarnations get the image: part of an input. */
export const adoptReady = (core: KernelCore, { image, bundles }: ReadyImage): void => {
  const before = core.images.currentId;
  if (image.id === before) return;
  core.adopt(image);
  for (const bundle of bundles) core.bundles.add(bundle);
  // What was installed since was derived by this very release, and for no image in particular.
  for (const source of core.bundles.sources()) core.bundles.carry(source, before);
  core.zygotes.imageChanged();
};

export const adoptionInput = (core: KernelCore, ready: ReadyImage): Input<void> =>
  silentInput(() => adoptReady(core, ready));
