/**
 * A naive model of what a vat holds: things as plain objects, liveness by counting holders
 * again and again until nothing more dies.
 *
 * Things refer only to older ones, so that they make no cycles but through weak entries, which
 * count alike in the model and in the vat.
 */
/** What a thing is: an instance of a kind, a store, a remotable, a weak map of the heap. */
type Sort =
  | 'node' | 'kit' | 'vnode'
  | 'dmap' | 'dset' | 'dweak' | 'vmap' | 'vweak'
  | 'far' | 'weakmap';

interface ModelImport {
  readonly vref: string;
}

export interface ModelThing {
  readonly sort: Sort;
  /** Of its base; undefined for what has none that tests could know. */
  readonly vref: string | undefined;
  readonly isDurable: boolean;
  readonly order: number;
  links: Held[];
  readonly entries: Entry[];
}

export type Held = ModelThing | ModelImport;
interface Entry {
  readonly key: Held | string;
  readonly value: Held | undefined;
}

export const isThing = (held: Held): held is ModelThing => 'sort' in held;

/** Of instances of each kind, and of collections of each scope. */
const FIRST_NUMBERS = { node: 1, kit: 1, vnode: 1, durable: 4, virtual: 4 };
const DURABLE: readonly Sort[] = ['node', 'kit', 'dmap', 'dset', 'dweak'];
export const WEAK: readonly Sort[] = ['dweak', 'vweak', 'weakmap'];

export class GarbageModel {
  /** What the vat holds in RAM, by name. */
  held = new Map<string, Held>();
  readonly baggage = new Map<string, Held>();
  things = new Set<ModelThing>();
  /** Of exported facets: whether the kernel reaches them. */
  readonly exports = new Map<ModelThing, Set<string>>();
  incarnation = 0;
  #order = 0;
  #numbers = { ...FIRST_NUMBERS };

  make(sort: Sort, links: Held[]): ModelThing {
    this.#order += 1;
    const thing: ModelThing = {
      sort,
      vref: this.#vrefOf(sort),
      isDurable: DURABLE.includes(sort),
      order: this.#order,
      links,
      entries: [],
    };
    this.things.add(thing);
    return thing;
  }

  /** A new incarnation: RAM and everything merely virtual is gone. */
  upgrade(): void {
    this.incarnation += 1;
    this.held = new Map();
    this.things = new Set([...this.things].filter(thing => thing.isDurable));
    for (const thing of [...this.exports.keys()]) {
      if (!thing.isDurable) this.exports.delete(thing);
    }
    this.#numbers = { ...this.#numbers, vnode: 1, virtual: 4 };
  }

  /** Lets everything go that nothing holds. */
  collect(): void {
    for (let before = -1; before !== this.things.size;) {
      before = this.things.size;
      const holders = this.#holders();
      for (const thing of [...this.things]) if (!holders.has(thing)) this.#remove(thing);
    }
  }

  /** Entries of weak tables keyed by it are gone. */
  cease(key: Held): void {
    for (const thing of this.things) {
      if (!WEAK.includes(thing.sort)) continue;
      const left = thing.entries.filter(entry => entry.key !== key);
      thing.entries.splice(0, thing.entries.length, ...left);
    }
  }

  /** After `collect`: how far the vat knows an import. */
  reachOf(found: ModelImport): 'reachable' | 'recognizable' | undefined {
    if (this.#holders().has(found)) return 'reachable';
    const isKey = [...this.things].some(({ entries }) => entries.some(({ key }) => key === found));
    return isKey ? 'recognizable' : undefined;
  }

  #vrefOf(sort: Sort): string | undefined {
    const { incarnation } = this;
    const take = (counter: keyof typeof FIRST_NUMBERS): number => {
      const n = this.#numbers[counter];
      this.#numbers[counter] += 1;
      return n;
    };
    switch (sort) {
      case 'node':
        return `o+d10/${take('node')}`;
      case 'kit':
        return `o+d11/${take('kit')}`;
      case 'vnode':
        return `o+v${incarnation}/10/${take('vnode')}`;
      case 'dmap':
        return `o+d6/${take('durable')}`;
      case 'dweak':
        return `o+d7/${take('durable')}`;
      case 'dset':
        return `o+d8/${take('durable')}`;
      case 'vmap':
        return `o+v${incarnation}/2/${take('virtual')}`;
      case 'vweak':
        return `o+v${incarnation}/3/${take('virtual')}`;
      case 'far':
      case 'weakmap':
        return undefined;
      default:
        throw TypeError(`unknown sort ${String(sort satisfies never)}`);
    }
  }

  #holders(): Set<Held> {
    const held = new Set<Held>([...this.held.values(), ...this.baggage.values()]);
    for (const [thing, facets] of this.exports) if (facets.size > 0) held.add(thing);
    for (const thing of this.things) {
      for (const link of thing.links) held.add(link);
      for (const { key, value } of thing.entries) {
        if (value !== undefined) held.add(value);
        if (typeof key !== 'string' && !WEAK.includes(thing.sort)) held.add(key);
      }
    }
    return held;
  }

  #remove(thing: ModelThing): void {
    this.things.delete(thing);
    this.exports.delete(thing);
    this.cease(thing);
  }
}
