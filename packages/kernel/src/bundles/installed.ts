/**
 * The bundles of a store and the scripts derived from them.
 *
 * Rows of an uncommitted block are kept here until the block is written.
 */
import { bundleScriptKey, bundleSourceKey, HostError, packFrame } from '@heirloom/store';
import type { ReadView, RowChange } from '@heirloom/store';
import { KernelError } from '../errors.js';
import type { VatScript } from '../vats/zygote-pool.js';
import type { CheckedBundle } from './bundle.js';

const SCRIPTS_MAX = 256;

export class InstalledBundles {
  readonly #view: ReadView;
  readonly #imageId: string;
  readonly #added = new Map<string, CheckedBundle>();
  readonly #scripts = new Map<string, VatScript>();

  constructor(view: ReadView, imageId: string) {
    this.#view = view;
    this.#imageId = imageId;
  }

  /** Installing a bundle again changes nothing. */
  add(bundle: CheckedBundle): void {
    const { bundleId } = bundle;
    const key = bundleScriptKey(bundleId, this.#imageId);
    if (this.#view.get('bundles', key) === undefined) this.#added.set(bundleId, bundle);
  }

  /** Errors: KernelError UNKNOWN_BUNDLE. */
  scriptOf(bundleId: string): VatScript {
    const known = this.#scripts.get(bundleId);
    if (known !== undefined) return known;
    const script: VatScript = { bundleId, script: this.#read(bundleId) };
    if (this.#scripts.size >= SCRIPTS_MAX) this.#scripts.clear();
    this.#scripts.set(bundleId, script);
    return script;
  }

  changes(into: RowChange[]): void {
    for (const [bundleId, { moduleFormat, source, script }] of this.#added) {
      const value = packFrame([moduleFormat, Buffer.from(source, 'utf8')]);
      into.push({ table: 'bundles', key: bundleSourceKey(bundleId), value });
      const key = bundleScriptKey(bundleId, this.#imageId);
      into.push({ table: 'bundles', key, value: Buffer.from(script, 'utf8') });
    }
  }

  committed(): void {
    this.#added.clear();
  }

  #read(bundleId: string): Uint8Array {
    const added = this.#added.get(bundleId);
    if (added !== undefined) return Buffer.from(added.script, 'utf8');
    const derived = this.#view.get('bundles', bundleScriptKey(bundleId, this.#imageId));
    if (derived !== undefined) return derived;
    if (this.#view.get('bundles', bundleSourceKey(bundleId)) === undefined) {
      const why = `bundle ${bundleId} is not installed: see installBundle`;
      throw new KernelError('UNKNOWN_BUNDLE', why);
    }
    // The image of a store does not change, and every bundle is derived for it when installed.
    const why = `the store lacks the script of bundle ${bundleId} for image ${this.#imageId}`;
    throw new HostError('STORE_CORRUPT', why);
  }
}
