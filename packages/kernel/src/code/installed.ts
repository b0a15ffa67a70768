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
  textOf,
  utf8,
  type BinaryKey,
  type ReadView,
  type RowChange,
} from '@heirloom/store';
import { isBundleId, storedBundleId, type BundleId, type ImageId } from '@heirloom/worker';
import { WEAVING, type Weaving } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import { decodeRow, missingRow, readHint, readRow } from '../state/damage.js';
import { same } from '../state/frame-codec.js';
import { keysOf, rowAt } from '../state/scan.js';
import { scriptFor, type BundleFormat, type CheckedBundle } from './bundle.js';
import { sourceMapKey, sourceRootKey } from './source-maps.js';
import type { VatScript } from './vat-script.js';

const SCRIPTS_MAX = 256;
/** A row of an installed bundle. */
export const sourceCodec = same<readonly [BundleFormat, Uint8Array]>('a bundle', 2);

/** A bundle as it was installed. */
export type BundleSource = Omit<
  CheckedBundle,
  'script' | 'olderScript' | 'sourceMap' | 'sourceRoot'
>;

interface CurrentImage {
  readonly currentId: ImageId;
  /** How it needs scripts woven; absent: as this release weaves. */
  readonly weaving?: Weaving | undefined;
}

const notInstalled = (bundleId: string): never => {
  const why = `bundle ${bundleId} is not installed: see installBundle`;
  throw new KernelError('UNKNOWN_BUNDLE', why);
};

export class InstalledBundles {
  readonly #view: ReadView;
  readonly #images: CurrentImage;
  readonly #added = new Map<BinaryKey, CheckedBundle>();
  readonly #scripts = new Map<BinaryKey, VatScript>();
  /** Those that the store does not have yet. */
  readonly #maps = new Map<BundleId, string>();
  readonly #roots = new Map<BundleId, string>();
  /** As this release's image needs them, of what was installed for the image before. */
  readonly #newer = new Map<BundleId, string>();
  /** Inputs that wait will install them: for dry runs only. */
  readonly #expected = new Map<BundleId, CheckedBundle>();

  constructor(view: ReadView, images: CurrentImage) {
    this.#view = view;
    this.#images = images;
  }

  /** An input that installs it has been called, and has to wait. */
  expect(bundle: CheckedBundle): void {
    this.#expected.set(bundle.bundleId, bundle);
  }

  expected(bundleId: BundleId): CheckedBundle | undefined {
    return this.#expected.get(bundleId);
  }

  /** Adds the script for the image of new incarnations; one that is there stays as it is. */
  add(bundle: CheckedBundle): void {
    const imageId = this.#images.currentId;
    const key = bundleScriptKey(bundle.bundleId, imageId);
    this.#expected.delete(bundle.bundleId);
    if (bundle.olderScript !== undefined) this.#newer.set(bundle.bundleId, bundle.script);
    if (bundle.sourceMap !== undefined) this.#maps.set(bundle.bundleId, bundle.sourceMap);
    if (bundle.sourceRoot !== undefined) this.#roots.set(bundle.bundleId, bundle.sourceRoot);
    if (this.#view.get('bundles', key) !== undefined || this.#added.has(key)) return;
    // Zip files that differ may be one bundle: what vats have read of it stays as it is.
    const { source } = this.#addedNow(bundle.bundleId) ?? bundle;
    const script = scriptFor(bundle, this.#images.weaving);
    this.#added.set(key, { ...bundle, source, script, olderScript: undefined });
  }

  /** Installed in this block: the store does not show them. */
  unshown(): readonly BundleSource[] {
    const found = new Map<BundleId, BundleSource>();
    for (const bundle of this.#added.values()) {
      if (!this.#isStored(bundle.bundleId)) found.set(bundle.bundleId, bundle);
    }
    return [...found.values()];
  }

  #addedNow(bundleId: BundleId): CheckedBundle | undefined {
    return [...this.#added.values()].find(bundle => bundle.bundleId === bundleId);
  }

  #isStored(bundleId: BundleId): boolean {
    return this.#view.get('bundles', bundleSourceKey(bundleId)) !== undefined;
  }

  /**
   * The same script for the image of new incarnations as for another, or as it would be had the
   * image been this release's when the bundle was installed.
   */
  carry(source: BundleSource, fromImageId: ImageId): void {
    const { bundleId } = source;
    const script =
      this.#newer.get(bundleId) ?? textOf(this.scriptOf(bundleId, fromImageId).script);
    this.add({ ...source, script });
  }

  /** Every bundle that is installed, in order of their ids. */
  sources(): BundleSource[] {
    const sources = new Map<BundleId, BundleSource>();
    for (const bundle of this.#added.values()) sources.set(bundle.bundleId, bundle);
    for (const key of keysOf(this.#view, 'bundles', BUNDLE_SOURCE_PREFIX)) {
      const row = rowAt(this.#view, 'bundles', key);
      const [moduleFormat, source] = decodeRow(sourceCodec, 'bundles', key, row);
      const bundleId = storedBundleId(key.slice(BUNDLE_SOURCE_PREFIX.length));
      sources.set(bundleId, { bundleId, moduleFormat, source: textOf(source) });
    }
    return [...sources.values()].sort((a, b) => (a.bundleId < b.bundleId ? -1 : 1));
  }

  /** What a host calls a bundle, installed or not. Errors: KernelError UNKNOWN_BUNDLE. */
  named(bundleId: string): BundleId {
    return isBundleId(bundleId) ? bundleId : notInstalled(bundleId);
  }

  /** Errors: KernelError UNKNOWN_BUNDLE. */
  scriptOf(bundleId: BundleId, imageId = this.#images.currentId): VatScript {
    const key = bundleScriptKey(bundleId, imageId);
    const known = this.#scripts.get(key);
    if (known !== undefined) return known;
    const script: VatScript = { bundleId, imageId, script: this.#read(bundleId, imageId) };
    if (this.#scripts.size >= SCRIPTS_MAX) this.#scripts.clear();
    this.#scripts.set(key, script);
    return script;
  }

  changes(into: RowChange[]): void {
    for (const { bundleId, moduleFormat, source } of this.unshown()) {
      const value = sourceCodec.encode([moduleFormat, utf8(source)]);
      into.push({ table: 'bundles', key: bundleSourceKey(bundleId), value });
    }
    for (const [key, { script }] of this.#added) {
      into.push({ table: 'bundles', key, value: utf8(script) });
    }
  }

  /** Source maps that are new in this block, and where their files are: outside every hash. */
  sourceMaps(into: RowChange[]): void {
    for (const [bundleId, map] of this.#maps) this.#keep(sourceMapKey(bundleId), map, into);
    for (const [bundleId, root] of this.#roots) this.#keep(sourceRootKey(bundleId), root, into);
  }

  #keep(key: BinaryKey, text: string, into: RowChange[]): void {
    if (this.#localText(key) === text) return;
    into.push({ table: 'local', key, value: utf8(text) });
  }

  sourceMapOf(bundleId: BundleId): string | undefined {
    const added = this.#maps.get(bundleId);
    if (added !== undefined) return added;
    return this.#localText(sourceMapKey(bundleId));
  }

  /** A URL of the directory that the source map names files from, where the bundle was made. */
  sourceRootOf(bundleId: BundleId): string | undefined {
    const added = this.#roots.get(bundleId);
    if (added !== undefined) return added;
    return this.#localText(sourceRootKey(bundleId));
  }

  /** A text that traces can do without: what is damaged counts as absent. */
  #localText(key: BinaryKey): string | undefined {
    return readHint(this.#view, key, { decode: textOf }, () => undefined);
  }

  /** As it was installed, if it is: for traces. */
  bundleOf(bundleId: BundleId): BundleSource | undefined {
    const added = this.#addedNow(bundleId);
    if (added !== undefined) return added;
    const key = bundleSourceKey(bundleId);
    const stored = readRow(this.#view, 'bundles', key, sourceCodec);
    if (stored === undefined) return undefined;
    const [moduleFormat, source] = stored;
    return { bundleId, moduleFormat, source: textOf(source) };
  }

  /** The script of a bundle for new incarnations, if there is one: for traces. */
  scriptTextOf(bundleId: BundleId): string | undefined {
    const key = bundleScriptKey(bundleId, this.#images.currentId);
    const stored = this.#added.has(key) ? undefined : this.#view.get('bundles', key);
    return stored === undefined ? this.#added.get(key)?.script : textOf(stored);
  }

  committed(): void {
    this.#maps.clear();
    this.#roots.clear();
    this.#added.clear();
    if (this.#images.weaving === WEAVING) this.#newer.clear();
  }

  #read(bundleId: BundleId, imageId: ImageId): Uint8Array {
    const key = bundleScriptKey(bundleId, imageId);
    const added = this.#added.get(key);
    if (added !== undefined) return utf8(added.script);
    const derived = this.#view.get('bundles', key);
    if (derived !== undefined) return derived;
    if (this.#view.get('bundles', bundleSourceKey(bundleId)) === undefined) {
      notInstalled(bundleId);
    }
    // Every bundle is derived when it is installed, and when an image is adopted.
    throw missingRow('bundles', key);
  }
}
