/**
 * What vats are told of bundle caps, so that they can read what these stand for (`vatPowers.D`).
 *
 * A delivery names the bundle of each cap that it mentions, and startVat those of all caps that the
 * vat has. Both stand in the transcript: a replay knows what the vat knew, whatever the vat has let
 * go of since. A vat on an image that is older than this is told nothing, and its deliveries are
 * the same bytes as before.
 */
import type { BundleCaps, OptionalCaps, VatNumber } from '@heirloom/worker';
import type { Images } from '../code/images.js';
import type { BundleSource, InstalledBundles } from '../code/installed.js';
import { nameFor } from '../objects/clist.js';
import { ownerOf } from '../objects/orphans.js';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { KERNEL_OWNS } from '../state/parties.js';
import { KernelObject } from '../state/service-tables.js';

const optional = (caps: BundleCaps): OptionalCaps => (caps.length === 0 ? [] : [caps]);

export class ToldBundles {
  readonly #state: KernelState;
  readonly #images: Pick<Images, 'knowsBundleCaps'>;
  readonly #bundles: Pick<InstalledBundles, 'unshown'>;

  constructor(
    state: KernelState,
    images: Pick<Images, 'knowsBundleCaps'>,
    bundles: Pick<InstalledBundles, 'unshown'>,
  ) {
    this.#state = state;
    this.#images = images;
    this.#bundles = bundles;
  }

  /** Of the caps among what a delivery mentions, which the vat has names for. */
  among(vat: VatNumber, krefs: readonly KRef[]): OptionalCaps {
    const state = this.#state;
    const caps = krefs.filter(kref => this.#isKernelObject(kref));
    if (caps.length === 0 || !this.#knows(vat)) return [];
    const told = [...new Set(caps)].flatMap((kref): BundleCaps => {
      const row = state.services.kernelObjects.get(kref);
      return row?.[0] === KernelObject.bundleCap ? [[nameFor(state, vat, kref), row[1]]] : [];
    });
    return optional(told);
  }

  /** Of all caps that the vat has. */
  all(vat: VatNumber): OptionalCaps {
    if (!this.#knows(vat)) return [];
    const { bundleCaps } = this.#state.services;
    const { byKRef } = this.#state.clist(vat);
    const told: (BundleCaps[number])[] = [];
    for (const bundleId of bundleCaps.scan(ranges.bundleCaps)) {
      const entry = byKRef.get(bundleCaps.need(bundleId));
      if (entry !== undefined) told.push([entry[0], bundleId]);
    }
    return optional(told);
  }

  /** The bundles that the vat has a cap of and that the store does not show yet. */
  unshown(vat: VatNumber): readonly BundleSource[] {
    const unshown = this.#bundles.unshown();
    if (unshown.length === 0 || !this.#knows(vat)) return [];
    const { bundleCaps } = this.#state.services;
    const { byKRef } = this.#state.clist(vat);
    return unshown.filter(({ bundleId }) => {
      const cap = bundleCaps.get(bundleId);
      return cap !== undefined && byKRef.get(cap) !== undefined;
    });
  }

  #isKernelObject(kref: KRef): boolean {
    return !isPromiseKRef(kref) && ownerOf(this.#state, kref) === KERNEL_OWNS;
  }

  #knows(vat: VatNumber): boolean {
    return this.#images.knowsBundleCaps(this.#state.vats.need(vat).imageId);
  }
}
