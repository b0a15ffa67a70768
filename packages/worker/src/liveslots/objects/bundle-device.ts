/**
 * `vatPowers.D`: what SwingSet's vats read bundles with, synchronously.
 *
 * There a bundle cap is a device. Here it is an object of the kernel, and `D` knows caps only. What
 * `getBundle` gives depends on the cap alone, for an id is the hash of what it names: nothing of it
 * is in the crank, and a replay reads the same.
 */
import type { Hardening } from '../../contracts/hardening.js';
import type { BundleCaps, BundleText } from '../../protocol/bundle-caps.js';
import type { BundleId } from '../../protocol/code-ids.js';
import type { VRef } from '../../protocol/refs.js';
import { isObject } from '../../values.js';
import { Fail, q } from '../contract/fail.js';

/** An archive is named by the sha512 of its compartment map: `b1-` and 128 digits. */
const ARCHIVE_ID_LENGTH = 131;

interface BundleCapsOptions {
  readonly hardening: Hardening;
  readonly vrefOf: (value: object) => VRef | undefined;
  /** Of an installed bundle. */
  readonly read: (bundleId: BundleId) => BundleText;
}

export class VatBundleCaps {
  readonly #options: BundleCapsOptions;
  readonly #ids = new Map<VRef, BundleId>();

  constructor(options: BundleCapsOptions) {
    this.#options = options;
  }

  /** Notes the caps that a delivery mentions. */
  introduced(caps: BundleCaps): void {
    for (const [vref, bundleId] of caps) this.#ids.set(vref, bundleId);
  }

  /** `vatPowers.D`. */
  device(cap: unknown): object {
    const vref = isObject(cap) ? this.#options.vrefOf(cap) : undefined;
    const bundleId = vref === undefined ? undefined : this.#ids.get(vref);
    if (bundleId === undefined) {
      throw Fail`D() takes a bundle cap, not ${q(cap)}: objects of the host answer messages`;
    }
    return this.#options.hardening.harden({
      getBundleID: () => bundleId,
      getBundle: () => this.#bundle(bundleId),
    });
  }

  #bundle(bundleId: BundleId): object {
    const { hardening, read } = this.#options;
    const { moduleFormat, source } = read(bundleId);
    if (moduleFormat !== 'endoZipBase64') return hardening.harden({ moduleFormat, source });
    const archive = { moduleFormat, endoZipBase64: source };
    if (bundleId.length !== ARCHIVE_ID_LENGTH) return hardening.harden(archive);
    return hardening.harden({ ...archive, endoZipBase64Sha512: bundleId.slice('b1-'.length) });
  }
}
