/**
 * A kind as defined in this incarnation: its numbers, its behaviour, how its instances look.
 *
 * Invariant: `make` runs every check before it takes an instance number.
 */
import type { InterfaceGuard } from '@endo/patterns';
import { rowKind, rowKindNext } from '@heirloom/store/keys';
import { check } from '../../check.js';
import { defineOwn, isRecord, type Properties } from '../../values.js';
import { DESCRIBED_INIT_CHARS_MAX, type FacetMethods } from '../../protocol/description.js';
import type { Encoded } from '../contract/context.js';
import { Fail, b, q } from '../contract/fail.js';
import type { Core } from '../objects/core.js';
import { assertDurable } from '../objects/stored-values.js';
import { packNumber, packRow, unpackNumber } from '../rows/frames.js';
import type { RowsOut, Scope } from '../rows/scope.js';
import { guardFactsOf } from './describe-guards.js';
import { checkField, createRecord, load, recordOf } from './instances.js';
import type { InstanceRecord } from './instances.js';
import type { Migrate } from './migration.js';
import { methodNamesOf } from './method-names.js';
import { Cohort, Representative } from './representatives.js';
import type { StateShape } from './state-shape.js';
import { Layouts, type Layout } from './state.js';

interface KindOptions {
  readonly scope: Scope;
  readonly number: number;
  readonly tag: string;
  /** In the order of facet numbers. Undefined: single-facet. */
  readonly facetNames: readonly string[] | undefined;
  readonly shape: StateShape | undefined;
  readonly storedLayouts: readonly (readonly string[])[];
  /** Of the state; 0 for a kind that never said. */
  readonly version: number;
  readonly migrate: Migrate | undefined;
}

/** What a definition has that is compared with that of other code. */
interface DescribedDefinition {
  /** What makes a first state. */
  readonly init: unknown;
  /** Of each facet. */
  readonly guards: readonly (InterfaceGuard | undefined)[];
}

const FIRST_INSTANCE = 1;

const { apply } = Reflect;
const functionText = Function.prototype.toString;
const textOfFunction = (of: unknown): string => String(apply(functionText, of, []));

interface CheckedState {
  readonly names: readonly string[];
  readonly values: unknown[];
}

export class Kind {
  readonly core: Core;
  readonly scope: Scope;
  readonly number: number;
  readonly tag: string;
  readonly facetNames: readonly string[] | undefined;
  readonly shape: StateShape | undefined;
  readonly layouts: Layouts;
  readonly version: number;
  readonly migrate: Migrate | undefined;
  /** The instances that this crank has used: the first, and the others by number. */
  firstRecord: InstanceRecord | undefined;
  readonly moreRecords = new Map<number, InstanceRecord>();
  #prototypes: readonly object[] = [];
  #definition: DescribedDefinition | undefined;
  #nextInstance: number | undefined;
  #isNextDirty = false;
  /** Why nothing of this kind works any more, once it has been dismissed. */
  #revocation: string | undefined;

  constructor(core: Core, options: KindOptions) {
    const { scope, number, tag, facetNames, shape, storedLayouts, version, migrate } = options;
    this.core = core;
    this.scope = scope;
    this.number = number;
    this.tag = tag;
    this.facetNames = facetNames;
    this.shape = shape;
    this.version = version;
    this.migrate = migrate;
    this.layouts = new Layouts(this, core.context.hardening, storedLayouts);
    shape?.bindTo(this.layouts);
  }

  /**
   * Gives the kind its behaviour: one hardened prototype per facet, and its place in the vat.
   * `definition`: what it is told by.
   */
  install(prototypes: readonly object[], definition: DescribedDefinition): void {
    this.#prototypes = prototypes;
    this.#definition = definition;
    this.core.context.references.registerKind(
      this.scope.isDurable,
      this.number,
      (instance, facet) => this.reanimate(instance, facet),
    );
  }

  /** The methods of each facet, by the names that they have. */
  methodsOf(): FacetMethods[] {
    const names = this.facetNames ?? [''];
    return this.#prototypes.map((prototype, i) => {
      const guards = guardFactsOf(this.#definition?.guards[i]);
      return [names[i] ?? '', methodNamesOf(prototype), guards];
    });
  }

  /** The text of what makes a first state, for whoever compares it with what is stored. */
  initText(): string {
    const init = this.#definition?.init;
    if (this.shape !== undefined || typeof init !== 'function') return '';
    const text = textOfFunction(init);
    return text.length > DESCRIBED_INIT_CHARS_MAX ? '' : text;
  }

  /** The kind has been dismissed: whatever touches an instance throws. */
  revoke(reason: string): void {
    this.#revocation = reason;
  }

  /** Throws if the kind has been dismissed. */
  assertInUse(): void {
    if (this.#revocation !== undefined) throw Error(this.#revocation);
  }

  /** The record of an instance whose state this crank writes. */
  dirtyRecord(instance: number): InstanceRecord | undefined {
    const { firstRecord: first, moreRecords } = this;
    const record = first?.instance === instance ? first : moreRecords.get(instance);
    return record?.own === undefined ? undefined : record;
  }

  /** A new instance: its representative, or the record of its facets. */
  make(init: unknown, args: unknown[], finish: ((context: object) => void) | undefined): object {
    this.core.purity.assertOff('a maker');
    this.assertInUse();
    const initial: unknown = typeof init === 'function' ? init(...args) : {};
    if (!isRecord(initial)) {
      throw Fail`initial data must be object, not ${initial}`;
    }
    const { names, values } = this.checkedState(initial);
    const layout = this.layoutFor(names);
    const instance = this.#takeInstance();
    const record = createRecord(this, instance, layout, values);
    const { facetNames } = this;
    const made =
      facetNames === undefined
        ? this.#representOne(instance)
        : this.#representCohort(instance, facetNames);
    finish?.(this.#contextOf(record, made));
    return made;
  }

  /** Makes what stands for an instance again, and binds it. Reads nothing. */
  reanimate(instance: number, facet: number | undefined): object {
    const { facetNames } = this;
    if (facetNames === undefined && facet === undefined) return this.#representOne(instance);
    const name = facet === undefined ? undefined : facetNames?.[facet];
    if (facetNames === undefined || name === undefined) {
      const ref = this.scope.refOf(this.number, instance, facet);
      return this.core.context.raise('BAD_DELIVERY', `${ref}: kind ${this.tag} has no such facet`);
    }
    const made = this.#representCohort(instance, facetNames)[name];
    check(made !== undefined, 'a cohort has all facets');
    return made;
  }

  /** The context for a call on `target`, or undefined if it is no such facet of this kind. */
  contextFor(target: unknown, facet: number): object | undefined {
    const instance = Representative.instanceOf(target, this, facet);
    if (instance === 0) return undefined;
    this.core.purity.assertOff('a method');
    this.assertInUse();
    const record = recordOf(this, instance);
    return record.context ?? this.#contextOf(record, target);
  }

  /** Throws unless everything that a state property mentions is durable. */
  assertDurableField(name: string, value: unknown, { slots }: Encoded): void {
    assertDurable(this.core.context, slots, slot => {
      // Messages say "(an object)" of whatever it is.
      const shown = isRecord(value) && !(value instanceof Error) ? value : [value];
      throw Fail`value for ${q(name)} is not durable: slot ${b(slot)} of ${shown}`;
    });
  }

  /** The layout of a state that has just been checked; a new one if there is none. */
  layoutFor(names: readonly string[]): Layout {
    return this.shape?.layout ?? this.layouts.find(names) ?? this.#addLayout(names);
  }

  /** The number of the next instance: all before it have been made, and some are gone. */
  get nextInstance(): number {
    if (this.#nextInstance === undefined) {
      const bytes = this.scope.isDurable
        ? this.core.context.rows.get(rowKindNext(this.number))
        : undefined;
      this.#nextInstance = bytes === undefined ? FIRST_INSTANCE : unpackNumber(bytes);
    }
    return this.#nextInstance;
  }

  /** The values of a state in the order of its layout's names. Throws unless all may be stored. */
  checkedState(initial: Properties): CheckedState {
    const given = Object.keys(initial);
    const { shape } = this;
    if (shape === undefined) {
      const values = given.map(name => {
        const value = initial[name];
        checkField(this, name, value);
        return value;
      });
      return { names: given, values };
    }
    const found = new Map<string, unknown>();
    for (const name of given) {
      const value = initial[name];
      shape.assertHas(name);
      checkField(this, name, value);
      found.set(name, value);
    }
    return { names: shape.names, values: shape.names.map(name => found.get(name)) };
  }

  collectNextRow(out: RowsOut): void {
    if (!this.#isNextDirty) return;
    this.#isNextDirty = false;
    out.push([rowKindNext(this.number), packNumber(this.nextInstance)]);
  }

  collectKindRow(out: RowsOut): void {
    const { codec } = this.core.context;
    const { harden } = this.core.context.hardening;
    const text = (value: unknown): Uint8Array => codec.encode(harden(value)).body;
    const shape = codec.encode(this.shape?.pattern);
    const facets = this.facetNames === undefined ? null : text([...this.facetNames]);
    const layouts = text(this.layouts.names.map(names => [...names]));
    const { version } = this;
    const row = [text(this.tag), facets, shape.body, shape.slots, version, layouts] as const;
    out.push([rowKind(this.number), packRow('kind', row)]);
  }

  #addLayout(names: readonly string[]): Layout {
    if (this.scope.isDurable) this.core.dirtyKinds.add(this);
    return this.layouts.add(names);
  }

  #takeInstance(): number {
    const instance = this.nextInstance;
    this.#nextInstance = instance + 1;
    if (this.scope.isDurable) {
      this.#isNextDirty = true;
      this.core.dirtyNext.add(this);
    }
    return instance;
  }

  #representOne(instance: number): object {
    const { references, hardening } = this.core.context;
    const self = this.#inheriting(0);
    new Representative(self, this, 0, instance);
    hardening.bornHardened(self);
    references.bindVirtual(this.scope.refOf(this.number, instance), self);
    return self;
  }

  #representCohort(instance: number, names: readonly string[]): Readonly<Record<string, object>> {
    const { references, hardening } = this.core.context;
    const cohort: Record<string, object> = {};
    new Cohort(cohort);
    names.forEach((name, facet) => {
      const self = this.#inheriting(facet);
      new Representative(self, this, facet, instance, cohort);
      defineOwn(cohort, name, hardening.bornHardened(self));
      references.bindVirtual(this.scope.refOf(this.number, instance, facet), self);
    });
    return hardening.bornHardened(cohort);
  }

  #inheriting(facet: number): object {
    const prototype = this.#prototypes[facet];
    check(prototype !== undefined, 'a kind has a prototype for each facet');
    return Object.create(prototype);
  }

  /** `made` is any facet or the record of all. */
  #contextOf(record: InstanceRecord, made: unknown): object {
    const { bornHardened } = this.core.context.hardening;
    const state = this.#stateOf(record);
    record.context =
      this.facetNames === undefined
        ? bornHardened({ state, self: made })
        : bornHardened({ state, facets: Representative.cohortOf(made) ?? made });
    return record.context;
  }

  #stateOf(record: InstanceRecord): object {
    // Migration may give an instance another layout than its row has.
    const single = this.migrate === undefined ? this.layouts.single : undefined;
    const known = this.shape?.layout ?? record.layout ?? single;
    if (known !== undefined) return known.makeState(record);
    // Which properties there are stands in the row. Without one, touching any is a fault.
    const layout = load(record) ? record.layout : this.layouts.first;
    return layout?.makeState(record) ?? this.core.context.hardening.harden({});
  }
}
