/**
 * The bundles that this process has checked last, with their derived scripts. Checking parses and
 * instruments the whole source, 0.09 s of CPU time for the 200 kB of a small vat, and a process may
 * install the same bundle often: in every replica that it holds, say.
 *
 * A checked bundle is a function of its source alone, so whether one is found here changes nothing
 * but the time that it takes.
 */
import type { CheckedBundle } from './bundle.js';

/** UTF-16 code units of sources and scripts together: 64 MB at most, mostly half of that. */
const LENGTH_MAX = 32_000_000;

const lengthOf = ({ source, script, olderScript = '' }: CheckedBundle): number =>
  source.length + script.length + olderScript.length;

export class RecentBundles {
  readonly #lengthMax: number;
  /** The least recently used comes first. */
  readonly #bundles = new Map<string, CheckedBundle>();
  #length = 0;

  constructor(lengthMax = LENGTH_MAX) {
    this.#lengthMax = lengthMax;
  }

  get(key: string): CheckedBundle | undefined {
    const bundle = this.#bundles.get(key);
    if (bundle === undefined) return undefined;
    this.#bundles.delete(key);
    this.#bundles.set(key, bundle);
    return bundle;
  }

  /** A bundle that is larger than all may be together is not kept. */
  add(key: string, bundle: CheckedBundle): void {
    if (lengthOf(bundle) > this.#lengthMax || this.#bundles.has(key)) return;
    this.#bundles.set(key, bundle);
    this.#length += lengthOf(bundle);
    for (const [oldest, old] of this.#bundles) {
      if (this.#length <= this.#lengthMax) return;
      this.#bundles.delete(oldest);
      this.#length -= lengthOf(old);
    }
  }
}
