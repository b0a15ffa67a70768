/**
 * What presences inherit from, as endo's `Remotable` would make it: one object for each interface.
 *
 * It is held weakly, so that names that other vats think of do not stay in the heap. Vat code that
 * still has a prototype to compare holds it, and so it is the same (rules.md#o1); a weak map or set
 * of which it is a key holds it too.
 */
import type { Hardening } from '../../contracts/hardening.js';
import { NO_INTERFACE, readInterface } from '../../protocol/interfaces.js';
import { farPrototype } from '../contract/far-prototypes.js';
import { markRemade } from '../objects/remade-marks.js';
import { WeakValues } from './weak-values.js';

export class PresencePrototypes {
  readonly #harden: Hardening['harden'];
  readonly #unnamed: object;
  readonly #named = new WeakValues<string>();

  constructor({ harden }: Hardening) {
    this.#harden = harden;
    this.#unnamed = this.#make(NO_INTERFACE);
  }

  /** For an interface as it is spelled. */
  of(spelled: string): object {
    if (spelled === '') return this.#unnamed;
    const known = this.#named.get(spelled);
    if (known !== undefined) return known;
    const made = this.#make(readInterface(spelled) ?? NO_INTERFACE);
    this.#named.set(spelled, made);
    return made;
  }

  #make(iface: string): object {
    const prototype = farPrototype(iface);
    markRemade(prototype);
    return this.#harden(prototype);
  }
}
