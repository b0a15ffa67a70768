/**
 * The naive model: every object of the vat, with its state or its entries in plain lists.
 *
 * Invariant: an object that is not durable ends with its incarnation; nothing durable mentions it.
 */
import { compareKeys, isRef, same } from './values.js';
import type { Random } from '../../support/suite/random.js';
import type { ModelPattern, Ref, Value } from './values.js';

export const STORES = ['MapStore', 'SetStore', 'WeakMapStore', 'WeakSetStore'] as const;
type StoreType = (typeof STORES)[number];
export type ThingType = 'one' | 'kit' | 'far' | 'import' | StoreType;

interface Entry {
  readonly key: Value;
  value: Value;
}

export interface Thing {
  readonly id: number;
  readonly type: ThingType;
  readonly isDurable: boolean;
  /** Of kinds. */
  readonly state: Map<string, Value>;
  /** Of stores, in order of insertion. */
  entries: Entry[];
}

export const FIELDS = ['p', 'q', 'r'];
const FACETS: Readonly<Record<string, readonly string[]>> = { kit: ['a', 'b'] };

export const isStore = (thing: Thing): boolean => thing.type.endsWith('Store');
export const isSet = (thing: Thing): boolean => thing.type.endsWith('SetStore');
export const isWeak = (thing: Thing): boolean => thing.type.startsWith('Weak');

/** The entries that match, in the order of keys. */
export const selected = (
  { entries }: Thing,
  keys: ModelPattern,
  values?: ModelPattern,
): readonly Entry[] =>
  entries
    .filter(({ key, value }) => keys.matches(key) && (values?.matches(value) ?? true))
    // Stable: objects stay in order of insertion.
    .sort((a, b) => compareKeys(a.key, b.key));

export const find = ({ entries }: Thing, key: Value): Entry | undefined =>
  entries.find(entry => same(entry.key, key));

export const remove = (thing: Thing, key: Value): void => {
  thing.entries = thing.entries.filter(entry => !same(entry.key, key));
};

export class Things {
  readonly #all = new Map<number, Thing>();
  #nextId = 1;

  add(type: ThingType, isDurable: boolean): Thing {
    const id = this.#nextId;
    this.#nextId += 1;
    const thing: Thing = { id, type, isDurable, state: new Map(), entries: [] };
    this.#all.set(id, thing);
    return thing;
  }

  /** A key that no store has had before. */
  takeName(): string {
    this.#nextId += 1;
    return `new${this.#nextId}`;
  }

  all(): readonly Thing[] {
    return [...this.#all.values()];
  }

  /** What is not durable is gone. */
  upgrade(): void {
    for (const { id, isDurable } of this.all()) if (!isDurable) this.#all.delete(id);
  }

  pick(random: Random, isWanted: (thing: Thing) => boolean): Thing | undefined {
    const wanted = this.all().filter(isWanted);
    return wanted[random.below(Math.max(1, wanted.length))];
  }

  /** A reference to any object, durable or not. */
  refOf(random: Random): Ref | undefined {
    const thing = this.pick(random, () => true);
    if (thing === undefined) return undefined;
    const facets = FACETS[thing.type] ?? [''];
    return ['ref', thing.id, facets[random.below(facets.length)]!];
  }

  /** True if `value` mentions nothing that ends with the incarnation. */
  isDurable(value: Value): boolean {
    if (typeof value !== 'object' || value === null) return true;
    if (isRef(value)) return this.#all.get(value[1])!.isDurable;
    return value.slice(1).every(member => this.isDurable(member as Value));
  }
}
