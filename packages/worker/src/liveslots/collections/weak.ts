/**
 * `WeakMap` and `WeakSet` as vat code sees them.
 *
 * A representative, collection or presence can be collected and made again, so such keys stand by
 * vref; other objects stand by identity, weakly. Invariant: neither tells whether a key was
 * collected meanwhile (rules.md#o1). What has no vref and is made again (the record of a cohort's
 * facets, the prototype of presences, the methods of stores) is therefore held.
 *
 * An entry by vref lasts until the table is collected, or what the vref names is no more.
 */
import type { VRef } from '../../protocol/refs.js';
import { isObject } from '../../values.js';
import type { References } from '../contract/context.js';
import { Cohort } from '../kinds/representatives.js';
import { RamRecognizers, type RamRecognizer } from '../objects/ram-recognizers.js';
import { isMarkedRemade } from '../objects/remade-marks.js';

const { WeakMap: HostWeakMap } = globalThis;

/** The vrefs that stand for objects which can be made again. */
const isRemadeRef = (vref: VRef): boolean =>
  vref.startsWith('o-') || vref.startsWith('o+d') || vref.startsWith('o+v');

/** Can it be made again, though it has no vref? */
const isRemadeUnnamed = (key: unknown): boolean =>
  isObject(key) && (Cohort.is(key) || isMarkedRemade(key));

/** Would it show whether it was collected, if vat code could mark it and did not hold it? */
export const isRemade = (value: object, references: Pick<References, 'vrefOf'>): boolean => {
  const vref = references.vrefOf(value);
  return vref === undefined ? isRemadeUnnamed(value) : isRemadeRef(vref);
};

/** What cannot be a key is not there; `set` throws TypeError for it. */
interface IdentityTable<V> {
  has(key: unknown): boolean;
  get(key: unknown): V | undefined;
  set(key: unknown, value: V): unknown;
  delete(key: unknown): boolean;
}

interface WeakSurroundings {
  readonly references: References;
  readonly recognizers: RamRecognizers;
}

/** A weak table from any object to values, of which `WeakMap` and `WeakSet` are views. */
class WeakTable<V> implements RamRecognizer {
  readonly #references: References;
  readonly #recognizers: RamRecognizers;
  readonly #handle: WeakRef<RamRecognizer>;
  readonly #byRef = new Map<VRef, V>();
  readonly #byIdentity: IdentityTable<V> = new HostWeakMap<WeakKey, V>();
  readonly #held = new Set<unknown>();

  constructor({ references, recognizers }: WeakSurroundings) {
    this.#references = references;
    this.#recognizers = recognizers;
    this.#handle = RamRecognizers.handleOf(this);
  }

  cease(vref: VRef): void {
    this.#byRef.delete(vref);
  }

  has(key: unknown): boolean {
    const vref = this.#refOf(key);
    return vref === undefined ? this.#byIdentity.has(key) : this.#byRef.has(vref);
  }

  get(key: unknown): V | undefined {
    const vref = this.#refOf(key);
    return vref === undefined ? this.#byIdentity.get(key) : this.#byRef.get(vref);
  }

  /** Throws TypeError, as the engine's own do, for what cannot be a key. */
  set(key: unknown, value: V): void {
    const vref = this.#refOf(key);
    if (vref !== undefined) {
      if (!this.#byRef.has(vref)) this.#recognizers.add(vref, this.#handle);
      this.#byRef.set(vref, value);
      return;
    }
    this.#byIdentity.set(key, value);
    if (isRemadeUnnamed(key)) this.#held.add(key);
  }

  delete(key: unknown): boolean {
    const vref = this.#refOf(key);
    if (vref !== undefined) {
      this.#recognizers.remove(vref, this.#handle);
      return this.#byRef.delete(vref);
    }
    this.#held.delete(key);
    return this.#byIdentity.delete(key);
  }

  #refOf(key: unknown): VRef | undefined {
    if ((typeof key !== 'object' || key === null) && typeof key !== 'function') return undefined;
    const vref = this.#references.vrefOf(key);
    return vref !== undefined && isRemadeRef(vref) ? vref : undefined;
  }
}

const name = (constructor: object, text: string): void => {
  Object.defineProperty(constructor, 'name', { value: text });
};

const makeWeakMap = (surroundings: WeakSurroundings): object => {
  class VirtualAwareWeakMap {
    readonly #table = new WeakTable<unknown>(surroundings);

    constructor(entries?: Iterable<readonly [unknown, unknown]> | null) {
      for (const [key, value] of entries ?? []) this.set(key, value);
    }

    has(key: unknown): boolean {
      return this.#table.has(key);
    }

    get(key: unknown): unknown {
      return this.#table.get(key);
    }

    set(key: unknown, value: unknown): this {
      this.#table.set(key, value);
      return this;
    }

    delete(key: unknown): boolean {
      return this.#table.delete(key);
    }
  }
  const tag = { value: 'WeakMap', configurable: true };
  Object.defineProperty(VirtualAwareWeakMap.prototype, Symbol.toStringTag, tag);
  name(VirtualAwareWeakMap, 'WeakMap');
  return VirtualAwareWeakMap;
};

const makeWeakSet = (surroundings: WeakSurroundings): object => {
  class VirtualAwareWeakSet {
    readonly #table = new WeakTable<true>(surroundings);

    constructor(members?: Iterable<unknown> | null) {
      for (const member of members ?? []) this.add(member);
    }

    has(member: unknown): boolean {
      return this.#table.has(member);
    }

    add(member: unknown): this {
      this.#table.set(member, true);
      return this;
    }

    delete(member: unknown): boolean {
      return this.#table.delete(member);
    }
  }
  const tag = { value: 'WeakSet', configurable: true };
  Object.defineProperty(VirtualAwareWeakSet.prototype, Symbol.toStringTag, tag);
  name(VirtualAwareWeakSet, 'WeakSet');
  return VirtualAwareWeakSet;
};

/** The two constructors, not yet hardened. */
export const makeWeakCollections = (
  surroundings: WeakSurroundings,
): { readonly WeakMap: object; readonly WeakSet: object } => ({
  WeakMap: makeWeakMap(surroundings),
  WeakSet: makeWeakSet(surroundings),
});
