/**
 * What deliveries tell vats of the things that they mention: which bundles caps stand for
 * (`vatPowers.D`), and what objects that are new to the vat say that they are.
 *
 * A delivery names the bundle of each cap that it mentions, and startVat those of all caps that the
 * vat has. All of it stands in the transcript: a replay knows what the vat knew, whatever the vat
 * has let go of since. A vat on an image that is older than this is told nothing, and its
 * deliveries are the same bytes as before.
 */
import type { BundleCaps, Interfaces, Told, VatNumber } from '@heirloom/worker';
import type { Images } from '../code/images.js';
import type { BundleSource, InstalledBundles } from '../code/installed.js';
import { nameFor } from '../objects/clist.js';
import { interfacesOf } from '../objects/object-interfaces.js';
import { ownerOf } from '../objects/orphans.js';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { KERNEL_OWNS } from '../state/parties.js';
import { KernelObject } from '../state/service-tables.js';

const told = (caps: BundleCaps, interfaces: Interfaces): Told => {
  if (interfaces.length > 0) return [caps, interfaces];
  return caps.length === 0 ? [] : [caps];
};

type Marks = Pick<Images, 'knowsBundleCaps' | 'knowsInterfaces'>;

const NOTHING: Told = [];

export class ToldBundles {
  readonly #state: KernelState;
  readonly #images: Marks;
  readonly #bundles: Pick<InstalledBundles, 'unshown'>;

  constructor(
    state: KernelState,
    images: Marks,
    bundles: Pick<InstalledBundles, 'unshown'>,
  ) {
    this.#state = state;
    this.#images = images;
    this.#bundles = bundles;
  }

  /**
   * What a delivery mentions and the vat has names for. `isReaped`: by then the vat may have
   * forgotten what it knows at present.
   */
  among(vat: VatNumber, krefs: readonly KRef[], isReaped = false): Told {
    if (krefs.length === 0) return NOTHING;
    return told(this.#capsAmong(vat, krefs), this.#interfaces(vat, krefs, isReaped));
  }

  /** All caps that the vat has, and what startVat mentions. */
  atStart(vat: VatNumber, krefs: readonly KRef[]): Told {
    return told(this.#allCaps(vat), this.#interfaces(vat, krefs, false));
  }

  #capsAmong(vat: VatNumber, krefs: readonly KRef[]): BundleCaps {
    const state = this.#state;
    const caps = krefs.filter(kref => this.#isKernelObject(kref));
    if (caps.length === 0 || !this.#knows(vat)) return [];
    return [...new Set(caps)].flatMap((kref): BundleCaps => {
      const row = state.services.kernelObjects.get(kref);
      return row?.[0] === KernelObject.bundleCap ? [[nameFor(state, vat, kref), row[1]]] : [];
    });
  }

  #allCaps(vat: VatNumber): BundleCaps {
    if (!this.#knows(vat)) return [];
    const { bundleCaps } = this.#state.services;
    const { byKRef } = this.#state.clist(vat);
    const caps: (BundleCaps[number])[] = [];
    for (const bundleId of bundleCaps.scan(ranges.bundleCaps)) {
      const entry = byKRef.get(bundleCaps.need(bundleId));
      if (entry !== undefined) caps.push([entry[0], bundleId]);
    }
    return caps;
  }

  #interfaces(vat: VatNumber, krefs: readonly KRef[], all: boolean): Interfaces {
    const isKnowing = this.#images.knowsInterfaces(this.#state.vats.need(vat).imageId);
    return isKnowing ? interfacesOf(this.#state, vat, krefs, all) : [];
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
