/**
 * The bundles of the store, as a vat's crank may read them.
 *
 * Those that a block has installed which is not committed yet are handed over, and kept until the
 * store shows them.
 */
import type { ReadView } from '@heirloom/store';
import { bundleSourceKey } from '@heirloom/store/keys';
import { required } from '@heirloom/store/types';
import { textOf } from '@heirloom/store/utf8';
import { check } from '../check.js';
import type { BundleText } from '../protocol/bundle-caps.js';
import type { BundleId } from '../protocol/code-ids.js';
import { unpackTuple } from '../protocol/frame-reader.js';

export class InstalledBundles {
  #view: ReadView | undefined;
  readonly #handed = new Map<BundleId, BundleText>();

  add(bundleId: BundleId, moduleFormat: string, source: Uint8Array): void {
    this.#handed.set(bundleId, { moduleFormat, source: textOf(source) });
  }

  /** Reads go to `view` from now on. */
  open(view: ReadView): void {
    this.#view = view;
    for (const bundleId of this.#handed.keys()) {
      if (view.get('bundles', bundleSourceKey(bundleId)) !== undefined) {
        this.#handed.delete(bundleId);
      }
    }
  }

  close(): void {
    this.#view = undefined;
  }

  /** A bundle that the vat has a cap of. */
  read(bundleId: BundleId): BundleText {
    const handed = this.#handed.get(bundleId);
    if (handed !== undefined) return handed;
    const view = required(this.#view, 'a snapshot');
    const row = required(view.get('bundles', bundleSourceKey(bundleId)), `bundle ${bundleId}`);
    const [moduleFormat, source] = unpackTuple(row);
    check(typeof moduleFormat === 'string' && source instanceof Uint8Array, 'a bundle');
    return { moduleFormat, source: textOf(source) };
  }
}
