/**
 * What takes time before a call is an input: a bundle is verified and its script derived, an image
 * read and every bundle derived for it.
 *
 * A host that owns its blocks prepares first, so that the input lands where it is called
 * (rules.md#w6). What was prepared is opaque, and belongs to the kernel that has done it: scripts
 * are what the ways out of that kernel derive, and an image is made ready for the bundles of its
 * store.
 */
import { checkFields, checkName } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import { checkBundle, type CheckedBundle, type VatBundle } from '../code/bundle.js';
import type { BlockDriver } from '../core/block-driver.js';
import type { KernelCore } from '../core/kernel-core.js';
import {
  adoptionInput,
  readyImage,
  type AdoptImageOptions,
  type ReadyImage,
} from './adoption.js';
import { bundleInput } from './opening.js';

/** A bundle that `installBundle` of the same kernel can take at once. */
export interface PreparedBundle {
  readonly bundleId: string;
}

/** An image that `adoptImage` of the same kernel can take at once. */
export interface PreparedImage {
  readonly imageId: string;
  readonly image?: never;
}

/** What a kernel has made ready, by what the host was given for it. */
class Prepared<Told extends object, Ready> {
  readonly #ready = new WeakMap<object, { readonly core: KernelCore; readonly ready: Ready }>();
  readonly #prepares: string;

  constructor(prepares: string) {
    this.#prepares = prepares;
  }

  add(core: KernelCore, told: Told, ready: Ready): Told {
    this.#ready.set(told, { core, ready });
    return Object.freeze(told);
  }

  /** Undefined for anything else. Errors: KernelError BAD_ARGUMENT if another kernel made it. */
  find(core: KernelCore, given: object): Ready | undefined {
    const found = this.#ready.get(given);
    if (found === undefined || found.core === core) return found?.ready;
    const why = `another kernel has prepared it: call ${this.#prepares} of this one`;
    throw new KernelError('BAD_ARGUMENT', why);
  }
}

const bundles = new Prepared<PreparedBundle, CheckedBundle>('prepareBundle');
const images = new Prepared<PreparedImage, ReadyImage>('prepareImage');

/** Errors: KernelError BAD_BUNDLE. */
export const prepareBundle = async (
  core: KernelCore,
  bundle: VatBundle,
): Promise<PreparedBundle> => {
  core.assertAlive();
  const checked = await checkBundle(bundle, core.ways.bundling, core.images.weaving);
  return bundles.add(core, { bundleId: checked.bundleId }, checked);
};

/** Errors: KernelError BAD_OPTION; as of `readyImage`. */
export const prepareImage = async (
  core: KernelCore,
  options: AdoptImageOptions,
): Promise<PreparedImage> => {
  checkFields('prepareImage', options, ['image']);
  core.assertAlive();
  const ready = await readyImage(core, options);
  return images.add(core, { imageId: ready.image.id }, ready);
};

const isObject = (given: unknown): given is object => typeof given === 'object' && given !== null;

/** Errors: KernelError BAD_OPTION for what a host that owns its blocks must prepare first. */
const prepareFirst = (call: string, what: string, how: string): never => {
  const why = `with blocks: 'host' ${what} must be prepared: pass what ${how} resolves to`;
  throw new KernelError('BAD_OPTION', `${call}: ${why}`);
};

export interface InstallBundleOptions {
  /** For getNamedBundleCap. */
  readonly name?: string;
}

/** Of each kernel, the bundle that is checked last of those that are to be installed. */
const lastChecked = new WeakMap<KernelCore, Promise<unknown>>();

/** Bundles that are installed by one kernel become inputs in order of call, whatever each takes. */
const inOrder = (
  core: KernelCore,
  checking: CheckedBundle | Promise<CheckedBundle>,
): CheckedBundle | Promise<CheckedBundle> => {
  const before = lastChecked.get(core);
  if (before === undefined && !(checking instanceof Promise)) return checking;
  const turn = Promise.allSettled([before, checking]).then(() => {
    if (lastChecked.get(core) === turn) lastChecked.delete(core);
  });
  lastChecked.set(core, turn);
  return Promise.resolve(before).then(() => checking);
};

/**
 * See `Kernel.installBundle`. The input is added at once, if the bundle is prepared or the host
 * owns its blocks; else behind those that were called before, as soon as its script is derived.
 */
export const installBundle = async (
  core: KernelCore,
  blocks: BlockDriver,
  given: VatBundle | PreparedBundle,
  options: InstallBundleOptions,
): Promise<string> => {
  checkFields('installBundle', options, ['name']);
  const names = options.name === undefined ? [] : [checkName(options.name, 'bundle')];
  const install = async (bundle: CheckedBundle): Promise<string> => {
    await blocks.input(bundleInput(core, bundle, names));
    return bundle.bundleId;
  };
  const prepared = isObject(given) ? bundles.find(core, given) : undefined;
  if (prepared !== undefined) {
    const turn = blocks.isAuto ? inOrder(core, prepared) : prepared;
    return install(turn instanceof Promise ? await turn : turn);
  }
  const isArchive =
    isObject(given) && 'moduleFormat' in given && given.moduleFormat === 'endoZipBase64';
  if (isArchive && !blocks.isAuto) {
    prepareFirst('installBundle', 'an endoZipBase64 archive', 'kernel.prepareBundle(bundle)');
  }
  const { images, ways } = core;
  const checking = checkBundle(given, ways.bundling, images.weaving, !blocks.isAuto);
  const ordered = blocks.isAuto ? inOrder(core, checking) : checking;
  return install(ordered instanceof Promise ? await ordered : ordered);
};

/** See `Kernel.adoptImage`. The input is added at once, if the image is prepared. */
export const adoptImage = async (
  core: KernelCore,
  blocks: BlockDriver,
  given: PreparedImage | AdoptImageOptions | undefined,
): Promise<{ readonly imageId: string }> => {
  const adopt = async (ready: ReadyImage): Promise<{ readonly imageId: string }> => {
    await blocks.input(adoptionInput(core, ready));
    return { imageId: ready.image.id };
  };
  const prepared = isObject(given) ? images.find(core, given) : undefined;
  if (prepared !== undefined) return adopt(prepared);
  const options: AdoptImageOptions = given ?? {};
  checkFields('adoptImage', options, ['image']);
  if (!blocks.isAuto) prepareFirst('adoptImage', 'the image', 'kernel.prepareImage({ image })');
  return adopt(await readyImage(core, options));
};
