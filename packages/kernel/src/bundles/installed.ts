/**
 * The bundles of a store and the scripts derived from them.
 *
 * Rows of an uncommitted block are kept here until the block is written.
 */
import { bundleScriptKey, bundleSourceKey, packFrame, unpackFrame } from '@heirloom/store';
import type { ReadView, RowChange } from '@heirloom/store';
import { KernelError } from '../errors.js';
import type { VatScript } from '../vats/zygote-pool.js';
import { bundleIdOf, deriveScript, type VatBundle } from './bundle.js';

const SCRIPTS_MAX = 256;

export class InstalledBundles {
  readonly #view: ReadView;
  readonly #imageId: string;
  readonly #added = new Map<string, VatBundle>();
  readonly #scripts = new Map<string, VatScript>();

  constructor(view: ReadView, imageId: string) {
    this.#view = view;
    this.#imageId = imageId;
  }

  has(bundleId: string): boolean {
    return (
      this.#added.has(bundleId) ||
      this.#view.get('bundles', bundleSourceKey(bundleId)) !== undefined
    );
  }

  /** Installing a bundle again changes nothing. */
  add(bundle: VatBundle): string {
    const bundleId = bundleIdOf(bundle);
    if (!this.has(bundleId)) this.#added.set(bundleId, bundle);
    return bundleId;
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
    for (const [bundleId, bundle] of this.#added) {
      const { moduleFormat, source } = bundle;
      const value = packFrame([moduleFormat, Buffer.from(source, 'utf8')]);
      into.push({ table: 'bundles', key: bundleSourceKey(bundleId), value });
      const key = bundleScriptKey(bundleId, this.#imageId);
      into.push({ table: 'bundles', key, value: deriveScript(bundle) });
    }
  }

  committed(): void {
    this.#added.clear();
  }

  #read(bundleId: string): Uint8Array {
    const added = this.#added.get(bundleId);
    if (added !== undefined) return deriveScript(added);
    const derived = this.#view.get('bundles', bundleScriptKey(bundleId, this.#imageId));
    if (derived !== undefined) return derived;
    const stored = this.#view.get('bundles', bundleSourceKey(bundleId));
    if (stored === undefined) {
      const why = `bundle ${bundleId} is not installed: see installBundle`;
      throw new KernelError('UNKNOWN_BUNDLE', why);
    }
    const [moduleFormat, source] = unpackFrame(stored) as unknown as [string, Uint8Array];
    return deriveScript({ moduleFormat, source: Buffer.from(source).toString('utf8') });
  }
}
