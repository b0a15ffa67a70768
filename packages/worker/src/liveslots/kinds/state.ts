/**
 * State objects: what behaviour sees as `context.state`.
 *
 * A state object is made per instance and crank; its accessors are made once per kind and layout
 * (the names of an instance's properties, in order). Without a `stateShape` the accessors are own
 * properties; with one they stand on a prototype that all instances share. Invariants: a state
 * object keeps nothing but which record it belongs to, so one held past its crank goes on working;
 * an accessor works on state of its own kind only.
 */
import type { Hardening } from '../../contracts/hardening.js';
import { Stamped } from '../../values.js';
import { Fail, q } from '../contract/fail.js';
import { getField, reopened, setField } from './instances.js';
import type { InstanceRecord } from './instances.js';
import type { Kind } from './kind.js';

class StateObject extends Stamped {
  readonly #record: InstanceRecord;

  constructor(target: object, record: InstanceRecord) {
    super(target);
    this.#record = record;
  }

  static recordOf(target: unknown, kind: Kind): InstanceRecord {
    const isState = typeof target === 'object' && target !== null && #record in target;
    if (!isState || target.#record.kind !== kind) {
      throw Fail`state accessors can only be applied to state`;
    }
    return reopened(target.#record);
  }
}

/** A property's place, and whether an instance that lacks it reads as undefined. */
export interface Field {
  readonly name: string;
  readonly index: number;
  readonly layout: Layout;
}

const makeAccessor = (kind: Kind, field: Field): PropertyDescriptor => {
  const { get, set } = {
    get(this: unknown): unknown {
      return getField(StateObject.recordOf(this, kind), field);
    },
    set(this: unknown, value: unknown): void {
      setField(StateObject.recordOf(this, kind), field, value);
    },
  };
  return { get, set, enumerable: true, configurable: false };
};

export class Layout {
  /** Its place in the kind's list of layouts. */
  readonly index: number;
  readonly names: readonly string[];
  readonly #hardening: Hardening;
  readonly #prototype: object;
  readonly #own: readonly (readonly [name: string, accessor: PropertyDescriptor])[];

  constructor(kind: Kind, index: number, names: readonly string[], hardening: Hardening) {
    this.index = index;
    this.names = names;
    this.#hardening = hardening;
    const accessors = names.map((name, index) => {
      const accessor = hardening.harden(makeAccessor(kind, { name, index, layout: this }));
      return [name, accessor] as const;
    });
    const isShaped = kind.shape !== undefined;
    const prototype = {};
    if (isShaped) for (const [name, it] of accessors) Object.defineProperty(prototype, name, it);
    this.#prototype = hardening.harden(prototype);
    this.#own = isShaped ? [] : accessors;
  }

  makeState(record: InstanceRecord): object {
    const state: object = Object.create(this.#prototype);
    // One by one: V8 shares the hidden classes of objects that are made so.
    for (const [name, accessor] of this.#own) Object.defineProperty(state, name, accessor);
    new StateObject(state, record);
    return this.#hardening.bornHardened(state);
  }
}

/** The distinct layouts of one kind, kept in its row so that instances carry no names. */
export class Layouts {
  readonly #kind: Kind;
  readonly #hardening: Hardening;
  readonly #list: Layout[] = [];
  readonly #byNames = new Map<string, Layout>();

  constructor(kind: Kind, hardening: Hardening, stored: readonly (readonly string[])[]) {
    this.#kind = kind;
    this.#hardening = hardening;
    for (const names of stored) this.#add(names);
  }

  get names(): readonly (readonly string[])[] {
    return this.#list.map(layout => layout.names);
  }

  /** The only layout there is, so that no row need be read to know an instance's. */
  get single(): Layout | undefined {
    return this.#list.length === 1 ? this.#list[0] : undefined;
  }

  get first(): Layout | undefined {
    return this.#list[0];
  }

  at(index: number): Layout {
    return this.#list[index] ?? Fail`no layout ${q(index)}`;
  }

  find(names: readonly string[]): Layout | undefined {
    return this.#byNames.get(JSON.stringify(names));
  }

  /** Adds a layout that `find` did not find. The kind's row changes. */
  add(names: readonly string[]): Layout {
    if (this.#list.length >= LAYOUTS_MAX) {
      Fail`kind ${q(this.#kind.tag)} has more than ${q(LAYOUTS_MAX)} sets of state properties`;
    }
    return this.#add(names);
  }

  #add(names: readonly string[]): Layout {
    const layout = new Layout(this.#kind, this.#list.length, names, this.#hardening);
    this.#list.push(layout);
    this.#byNames.set(JSON.stringify(names), layout);
    return layout;
  }
}

/** Distinct sets of state properties of one kind. */
const LAYOUTS_MAX = 10_000;
