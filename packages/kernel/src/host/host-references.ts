/**
 * The calls of a kernel about the references that its host holds: to find them again, to bind them
 * to names, to let go of them.
 *
 * Invariant: what the host holds follows from the state (objects/held-references.ts), so it is the
 * same after a restart, a state sync, and on every replica. What a block tells the host is left out
 * until the block is durable.
 */
import type { BinaryKey } from '@heirloom/store';
import { isVatNumber } from '@heirloom/worker';
import { checkFields, checkName } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { BlockDriver } from '../core/block-driver.js';
import type { VatReference } from '../core/host-data.js';
import { silentInput, unknownReference } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { isAlwaysHeld } from '../objects/held-references.js';
import { bindName, isTold, letGo, namesOfPin, unbindName } from '../objects/host-holds.js';
import type { Untold } from '../state/host-tellings.js';
import { ranges, spellings } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, parseKRef, showKRef, type KRef } from '../state/krefs.js';
import { KernelQueries } from './kernel-queries.js';

const PAGE_USUAL = 1_000;
const PAGE_MAX = 10_000;
/** In the text of an error. */
const NAMES_SHOWN = 20;

export interface ReferencesOptions {
  /** The `next` of the page before, or any kref: the page begins behind it. */
  readonly after?: string | undefined;
  /** At most so many references: 1 to 10,000, 1,000 unless it is given. */
  readonly limit?: number | undefined;
}

/** What is known of a reference that the host holds: for people, and for hosts that forget. */
export interface ReferenceDetails {
  readonly kref: string;
  readonly type: 'object' | 'promise';
  /** As of `VatReference`. */
  readonly iface: string | undefined;
  /**
   * The name of the vat that answers messages to the object, or decides the promise; undefined if
   * that is no vat, or if nobody does.
   */
  readonly vat: string | undefined;
  /** What the host has bound to it, in order of the names' bytes. */
  readonly names: readonly string[];
  /** Has the host been told of it and not released it? If not, its names alone hold it. */
  readonly told: boolean;
}

export interface ReferencesPage {
  /** Objects, then promises, each in order of their numbers. */
  readonly references: readonly VatReference[];
  /** Of each of them, in the same order. */
  readonly details: readonly ReferenceDetails[];
  /** `after` of the next page; undefined: this is the last. */
  readonly next: string | undefined;
}

export interface Binding {
  readonly name: string;
  readonly reference: VatReference;
}

/** Errors: KernelError BAD_ARGUMENT. */
const readKRef = (given: unknown): KRef => {
  const kref = typeof given === 'string' ? parseKRef(given) : undefined;
  if (kref !== undefined) return kref;
  const told = typeof given === 'string' ? JSON.stringify(given) : `a ${typeof given}`;
  throw new KernelError('BAD_ARGUMENT', `${told} is no kref: they are as "ko22" or "kp7"`);
};

const readLimit = (limit: number): number => {
  if (Number.isSafeInteger(limit) && limit > 0 && limit <= PAGE_MAX) return limit;
  const rule = `a natural number from 1 to ${PAGE_MAX}`;
  throw new KernelError('BAD_ARGUMENT', `references: limit must be ${rule}, not ${String(limit)}`);
};

const notBound = ({ boundNames }: KernelState, name: string): KernelError => {
  const known = boundNames.keys(ranges.boundNames, NAMES_SHOWN + 1);
  const shown = known.slice(0, NAMES_SHOWN).join(', ');
  const are = known.length === 0 ? 'no name is bound' : `bound are ${shown}`;
  const more = known.length > NAMES_SHOWN ? ', ...' : '';
  return new KernelError('UNKNOWN_REFERENCE', `nothing is bound to ${name}: ${are}${more}`);
};

/** Who answers: the vat's name. */
const vatOf = ({ objects, promises, vats }: KernelState, kref: KRef): string | undefined => {
  const who = isPromiseKRef(kref) ? promises.get(kref)?.decider : objects.get(kref)?.[0];
  return who !== undefined && isVatNumber(who) ? vats.get(who)?.name : undefined;
};

const namesByKRef = ({ boundNames }: KernelState): Map<KRef, string[]> => {
  const names = new Map<KRef, string[]>();
  for (const name of boundNames.scan(ranges.boundNames)) {
    const kref = boundNames.need(name);
    const known = names.get(kref);
    if (known === undefined) names.set(kref, [name]);
    else known.push(name);
  }
  return names;
};

export class HostReferences extends KernelQueries {
  readonly #core: KernelCore;
  readonly #blocks: BlockDriver;
  /** Releases that wait for their turn, with what was to be told when they were called. */
  readonly #releases = new Map<KRef, Untold>();
  /** How many bindings wait for their turn. */
  readonly #bindings = new Map<KRef, number>();

  constructor(core: KernelCore, blocks: BlockDriver) {
    super(core);
    this.#core = core;
    this.#blocks = blocks;
  }

  /**
   * The reference of a kref, as results give it: the same object. The host holds what it was told
   * of and has not released, what it has bound to a name, the roots of vats that run, its own host
   * objects, and the services.
   *
   * Errors: KernelError UNKNOWN_REFERENCE when the host does not hold it, or is told of it only
   * when the block in progress is durable; BAD_ARGUMENT for what is no kref.
   */
  reference(kref: string): VatReference {
    this.#core.assertAlive();
    const found = readKRef(kref);
    if (!this.#isVisible(found)) throw unknownReference(found);
    return this.#core.data.reference(found);
  }

  /**
   * What the host was told of and has not released, or has bound to names: a page of it. Give the
   * `next` of a page as `after` to go on. A page with bound references reads all names once.
   *
   * Errors: KernelError BAD_ARGUMENT, BAD_OPTION.
   */
  references(options: ReferencesOptions = {}): ReferencesPage {
    this.#core.assertAlive();
    checkFields('references', options, ['after', 'limit']);
    const { after, limit = PAGE_USUAL } = options;
    const from = after === undefined ? '' : spellings.pin.spell(readKRef(after));
    const { krefs, next } = this.#page(from, readLimit(limit));
    const { state, data } = this.#core;
    const isBound = krefs.some(kref => namesOfPin(state.pins.need(kref)) > 0);
    const names = isBound ? namesByKRef(state) : new Map<KRef, string[]>();
    return {
      references: krefs.map(kref => data.reference(kref)),
      details: krefs.map(kref => this.#detailsOf(kref, names.get(kref) ?? [])),
      next: next === undefined ? undefined : showKRef(next),
    };
  }

  /**
   * The host no longer needs a reference that it was told of. The reference is none of the kernel
   * from now on, unless a name is bound to it, or it is held anyway; what the block in progress
   * will tell of it counts anew. An input, which the next block makes durable.
   *
   * Errors: KernelError UNKNOWN_REFERENCE, BAD_ARGUMENT: there is no input.
   */
  release(reference: VatReference | string): void {
    const { state, data, engine } = this.#core;
    this.#core.assertAlive();
    engine.assertFits();
    const kref = typeof reference === 'string' ? readKRef(reference) : data.krefOf(reference);
    if (this.#blocks.isIdle && !this.#isVisible(kref)) throw unknownReference(kref);
    const untold = state.hostTellings.untold();
    // At once for the host; for the state when inputs are taken, since a block may be in progress.
    this.#releases.set(kref, untold);
    const apply = (): void => {
      this.#releases.delete(kref);
      letGo(state, kref, untold);
      this.#forgetUnheld(kref);
    };
    void this.#blocks.input(silentInput(apply));
    this.#forgetUnheld(kref);
  }

  /**
   * Binds a name to a reference that the host holds, instead of what it was bound to. From then on
   * the name holds it, also after `release`: over restarts, state sync, on every replica. Resolves
   * when that is durable.
   *
   * Errors: KernelError UNKNOWN_REFERENCE, BAD_ARGUMENT (a name).
   */
  async bind(name: string, reference: VatReference): Promise<void> {
    const { state, data } = this.#core;
    checkName(name, 'reference');
    const kref = data.krefOf(reference);
    const apply = (): void => bindName(state, name, kref);
    const bound = this.#blocks.input(silentInput(apply, { references: [kref] }));
    this.#bindings.set(kref, (this.#bindings.get(kref) ?? 0) + 1);
    try {
      await bound;
    } finally {
      const others = (this.#bindings.get(kref) ?? 1) - 1;
      if (others > 0) this.#bindings.set(kref, others);
      else this.#bindings.delete(kref);
    }
  }

  /**
   * Takes a name away. What it was bound to goes from the host if nothing else holds it. Resolves
   * when that is durable.
   *
   * Errors: KernelError UNKNOWN_REFERENCE when nothing is bound to it; BAD_ARGUMENT (a name).
   */
  async unbind(name: string): Promise<void> {
    const { state } = this.#core;
    this.#core.assertAlive();
    checkName(name, 'reference');
    const check = (): void => {
      if (state.boundNames.get(name) === undefined) throw notBound(state, name);
    };
    const apply = (): void => {
      const kref = state.boundNames.need(name);
      unbindName(state, name);
      this.#forgetUnheld(kref);
    };
    await this.#blocks.input(silentInput(apply, { check }));
  }

  /** What a name is bound to, if it is bound. Errors: KernelError BAD_ARGUMENT (a name). */
  bound(name: string): VatReference | undefined {
    this.#core.assertAlive();
    const { state, data } = this.#core;
    const kref = state.boundNames.get(checkName(name, 'reference'));
    return kref === undefined ? undefined : data.reference(kref);
  }

  /** All names, in order of their bytes, each with what it is bound to. */
  bindings(): Binding[] {
    this.#core.assertAlive();
    const { state, data } = this.#core;
    return [...state.boundNames.scan(ranges.boundNames)].map(name => {
      return { name, reference: data.reference(state.boundNames.need(name)) };
    });
  }

  /** Does the host hold it, as far as it has been told? */
  #isVisible(kref: KRef): boolean {
    return this.#isPinVisible(kref) || isAlwaysHeld(this.#core.state, kref);
  }

  #isPinVisible(kref: KRef): boolean {
    const pin = this.#core.state.pins.get(kref);
    return pin !== undefined && (namesOfPin(pin) > 0 || this.#isKnown(kref));
  }

  /** Has the host been told of it and not released it? */
  #isKnown(kref: KRef): boolean {
    const { pins, hostTellings } = this.#core.state;
    if (!isTold(pins.get(kref) ?? 0) || hostTellings.isNew(kref)) return false;
    const released = this.#releases.get(kref);
    return released === undefined || released.wasTold(kref);
  }

  /** What the host no longer holds is no reference of this kernel; a later telling makes one. */
  #forgetUnheld(kref: KRef): void {
    if (this.#bindings.has(kref) || this.#isVisible(kref)) return;
    this.#core.data.forget(kref);
  }

  #page(from: BinaryKey, limit: number): { krefs: KRef[]; next: KRef | undefined } {
    const { pins } = this.#core.state;
    const krefs: KRef[] = [];
    let after = from;
    for (;;) {
      const chunk = pins.keys(ranges.pins, limit + 1, after);
      for (const kref of chunk) {
        if (!this.#isPinVisible(kref)) continue;
        if (krefs.length === limit) return { krefs, next: krefs.at(-1) };
        krefs.push(kref);
      }
      const last = chunk.at(-1);
      if (last === undefined || chunk.length <= limit) return { krefs, next: undefined };
      after = spellings.pin.spell(last);
    }
  }

  #detailsOf(found: KRef, names: readonly string[]): ReferenceDetails {
    const { state, data } = this.#core;
    const { kref, type, iface } = data.reference(found);
    return { kref, type, iface, vat: vatOf(state, found), names, told: this.#isKnown(found) };
  }
}
