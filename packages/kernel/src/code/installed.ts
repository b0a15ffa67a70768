/**
 * The bundles of a store and the scripts derived from them, one for every image that the bundle was
 * installed or adopted for.
 *
 * Rows of an uncommitted block are kept here until the block is written.
 */
import {
  BUNDLE_SOURCE_PREFIX,
  bundleScriptKey,
  bundleSourceKey,
  HostError,
  packFrame,
  textOf,
  unpackFrame,
  utf8,
  type BinaryKey,
} from '@heirloom/store';
import type { ReadView, RowChange } from '@heirloom/store';
import { KernelError } from '../base/kernel-errors.js';
import { keysOf } from '../state/scan.js';
import type { BundleFormat, CheckedBundle } from './bundle.js';
import type { VatScript } from './vat-script.js';

const SCRIPTS_MAX = 256;

/** A bundle as it was installed. */
export type BundleSource = Omit<CheckedBundle, 'script'>;

interface CurrentImage {
  readonly currentId: string;
}

export class InstalledBundles {
  readonly #view: ReadView;
  readonly #images: CurrentImage;
  readonly #added = new Map<BinaryKey, CheckedBundle>();
  readonly #scripts = new Map<BinaryKey, VatScript>();

  constructor(view: ReadView, images: CurrentImage) {
    this.#view = view;
    this.#images = images;
  }

  /** Adds the script for the image of new incarnations; one that is there stays as it is. */
  add(bundle: CheckedBundle): void {
    const imageId = this.#images.currentId;
    const key = bundleScriptKey(bundle.bundleId, imageId);
    if (this.#view.get('bundles', key) !== undefined || this.#added.has(key)) return;
    this.#added.set(key, bundle);
  }

  /** The same script for the image of new incarnations as for another. */
  carry(source: BundleSource, fromImageId: string): void {
    const { script } = this.scriptOf(source.bundleId, fromImageId);
    this.add({ ...source, script: textOf(script) });
  }

  /** Every bundle that is installed, in order of their ids. */
  sources(): BundleSource[] {
    const sources = new Map<string, BundleSource>();
    for (const bundle of this.#added.values()) sources.set(bundle.bundleId, bundle);
    for (const key of keysOf(this.#view, 'bundles', BUNDLE_SOURCE_PREFIX)) {
      const stored = this.#view.get('bundles', key)!;
      const [moduleFormat, source] = unpackFrame(stored) as unknown as [BundleFormat, Uint8Array];
      const bundleId = key.slice(BUNDLE_SOURCE_PREFIX.length);
      sources.set(bundleId, { bundleId, moduleFormat, source: textOf(source) });
    }
    return [...sources.values()].sort((a, b) => (a.bundleId < b.bundleId ? -1 : 1));
  }

  /** Errors: KernelError UNKNOWN_BUNDLE. */
  scriptOf(bundleId: string, imageId = this.#images.currentId): VatScript {
    const key = bundleScriptKey(bundleId, imageId);
    const known = this.#scripts.get(key);
    if (known !== undefined) return known;
    const script: VatScript = { bundleId, imageId, script: this.#read(bundleId, imageId) };
    if (this.#scripts.size >= SCRIPTS_MAX) this.#scripts.clear();
    this.#scripts.set(key, script);
    return script;
  }

  changes(into: RowChange[]): void {
    for (const [key, { bundleId, moduleFormat, source, script }] of this.#added) {
      const value = packFrame([moduleFormat, utf8(source)]);
      into.push({ table: 'bundles', key: bundleSourceKey(bundleId), value });
      into.push({ table: 'bundles', key, value: utf8(script) });
    }
  }

  committed(): void {
    this.#added.clear();
  }

  #read(bundleId: string, imageId: string): Uint8Array {
    const key = bundleScriptKey(bundleId, imageId);
    const added = this.#added.get(key);
    if (added !== undefined) return utf8(added.script);
    const derived = this.#view.get('bundles', key);
    if (derived !== undefined) return derived;
    if (this.#view.get('bundles', bundleSourceKey(bundleId)) === undefined) {
      const why = `bundle ${bundleId} is not installed: see installBundle`;
      throw new KernelError('UNKNOWN_BUNDLE', why);
    }
    // Every bundle is derived when it is installed, and when an image is adopted.
    const why = `the store lacks the script of bundle ${bundleId} for image ${imageId}`;
    throw new HostError('STORE_CORRUPT', why);
  }
}
