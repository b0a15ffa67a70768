/**
 * `defineKind`, `defineKindMulti`, `defineDurableKind`, `defineDurableKindMulti`.
 *
 * Every check comes before the first effect. A durable kind's row is written when the kind is first
 * defined and when a definition changes it. A definition that does not fit what an earlier
 * incarnation stored defines nothing and is remembered: the start goes on, so that everything that
 * does not fit is found, and then fails.
 */
import type { InterfaceGuard } from '@endo/patterns';
import { ROW_KIND_PREFIX, prefixEnd, readU32, rowKind } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { KindFact, Site } from '../../protocol/description.js';
import { revocationText } from '../../protocol/revocation.js';
import { noteStartSite, notedStartSites, type SiteText } from '../contract/call-sites.js';
import type { Encoded } from '../contract/context.js';
import { allOf, Fail, b, q } from '../contract/fail.js';
import type { Core } from '../objects/core.js';
import { assertDurable } from '../objects/stored-values.js';
import { layoutNamesOf, namesOf, textOf } from '../rows/decoded.js';
import { rowAt, type KindRow } from '../rows/frames.js';
import {
  about,
  areSameBytes,
  behaviorOf,
  facetMismatch,
  mergeFacets,
  migrateOf,
  shapeMismatch,
  versionMismatch,
  versionOf,
  type Behavior,
} from './kind-checks.js';
import { KindHandles, type HandledKind } from './kind-handles.js';
import { Kind } from './kind.js';
import { makePrototype } from './prototypes.js';
import { Representative } from './representatives.js';
import { StateShape } from './state-shape.js';
import { unclaimedError, type UnclaimedKind } from './unclaimed-kinds.js';

export interface DefineOptions {
  readonly finish?: (context: object) => void;
  readonly stateShape?: unknown;
  /** Of the state. Merely-virtual kinds, whose states end with the incarnation, have none. */
  readonly version?: unknown;
  readonly migrate?: unknown;
  readonly thisfulMethods?: boolean;
  readonly interfaceGuard?: InterfaceGuard;
  readonly interfaceGuardKit?: Readonly<Record<string, InterfaceGuard>>;
  readonly receiveAmplifier?: (amplify: (facet: unknown) => object) => void;
  readonly receiveInstanceTester?: (
    isInstance: (specimen: unknown, facetName?: string) => boolean,
  ) => void;
}

/** What vat code hands to each of the four functions, after the tag or handle. */
export interface Definition {
  /** Makes the first state; instances have none if it is no function. */
  readonly init: unknown;
  readonly behavior: unknown;
  readonly options: DefineOptions;
  readonly isMulti: boolean;
}

export type Maker = (...args: unknown[]) => object;

const checkOptions = (tag: string, { options, isMulti }: Definition): void => {
  const { interfaceGuard, interfaceGuardKit, receiveAmplifier } = options;
  if (isMulti && interfaceGuard !== undefined) {
    Fail`Use an interfaceGuardKit, not an interfaceGuard, to protect class kit ${q(tag)}`;
  }
  if (!isMulti && interfaceGuardKit !== undefined) {
    Fail`Use an interfaceGuard, not interfaceGuardKit, to protect class ${q(tag)}`;
  }
  if (!isMulti && receiveAmplifier !== undefined) {
    Fail`Only facets of an exo class kit can be amplified, not ${q(tag)}`;
  }
};

const checkGuardKit = (
  tag: string,
  names: readonly string[],
  kit: Readonly<Record<string, InterfaceGuard>>,
): void => {
  const guarded = Object.keys(kit);
  const unguarded = names.filter(name => !guarded.includes(name));
  if (unguarded.length > 0) Fail`Interfaces ${q(unguarded)} not implemented by ${q(tag)}`;
  const extra = guarded.filter(name => !names.includes(name));
  if (extra.length > 0) Fail`Facets ${q(extra)} of ${q(tag)} not guarded by interfaces`;
};

/** One prototype per facet, in the order of facet numbers. */
const prototypesOf = (kind: Kind, behavior: Behavior, options: DefineOptions): object[] => {
  const { harden } = kind.core.context.hardening;
  const { interfaceGuard, interfaceGuardKit, thisfulMethods: isThisful = false } = options;
  const { facetNames, tag } = kind;
  if (behavior.facetNames === undefined) {
    const methods = harden(behavior.methods);
    return [
      makePrototype(kind, { name: tag, facet: 0, methods, guard: interfaceGuard, isThisful }),
    ];
  }
  check(facetNames !== undefined, 'a kind has facets if its behaviour has');
  if (interfaceGuardKit !== undefined) checkGuardKit(tag, facetNames, interfaceGuardKit);
  return facetNames.map((facetName, facet) => {
    const methods = harden(behavior.facets[facetName]);
    if (methods === undefined) throw Fail`facet ${q(facetName)} of ${q(tag)} has no methods`;
    const name = `${tag} ${facetName}`;
    const guard = interfaceGuardKit?.[facetName];
    return makePrototype(kind, { name, facet, methods, guard, isThisful });
  });
};

const makeInstanceTester =
  (kind: Kind) =>
  (specimen: unknown, facetName?: string): boolean => {
    const { facetNames, tag } = kind;
    if (facetName === undefined) return Representative.anyInstanceOf(specimen, kind) !== 0;
    if (facetNames === undefined) {
      const what = q(facetName);
      throw Fail`facetName can only be used with an exo class kit: ${q(tag)} has no facet ${what}`;
    }
    const facet = facetNames.indexOf(facetName);
    if (facet < 0) throw Fail`exo class kit ${q(tag)} has no facet named ${q(facetName)}`;
    return Representative.instanceOf(specimen, kind, facet) !== 0;
  };

const makeAmplifier =
  (kind: Kind) =>
  (facet: unknown): object => {
    const isOne = Representative.anyInstanceOf(facet, kind) !== 0;
    const cohort = isOne ? Representative.cohortOf(facet) : undefined;
    if (cohort === undefined) throw Fail`Must be a facet of ${q(kind.tag)}: ${facet}`;
    return cohort;
  };

const siteName = (kind: number): string => `kind ${kind}`;

const UNVERSIONED = { storedLayouts: [], version: 0, migrate: undefined } as const;

export class KindDefinitions {
  readonly #core: Core;
  readonly handles: KindHandles;
  /**
   * Kinds whose definition does not fit, and why: the start is bound to fail. The errors are made
   * where the kind was defined, so that their traces say where.
   */
  readonly #refused = new Map<number, readonly Error[]>();
  /** Tags of the durable kinds that this incarnation has defined first. */
  readonly #newTags = new Set<string>();

  constructor(core: Core) {
    this.#core = core;
    this.handles = new KindHandles(core);
  }

  defineVirtual(tag: unknown, definition: Definition): Maker {
    if (typeof tag !== 'string') throw Fail`kind tag must be a string, not ${tag}`;
    const behavior = behaviorOf(definition.behavior, definition.isMulti, tag);
    const { facetNames } = behavior;
    const shape = this.#shapeOf(tag, definition.options);
    checkOptions(tag, definition);
    const { virtual: scope, counters } = this.#core;
    const number = counters.takeKind(scope);
    const identity = { scope, number, tag, facetNames, shape, ...UNVERSIONED };
    const kind = new Kind(this.#core, identity);
    this.#core.virtualKinds.set(number, kind);
    return this.#install(kind, behavior, definition);
  }

  defineDurable(handle: unknown, definition: Definition): Maker {
    return this.define(this.handles.use(handle), definition);
  }

  /** Makes a durable kind and defines it: both, or neither. */
  defineNew(
    tag: string,
    definition: Definition,
  ): { readonly kind: number; readonly maker: Maker } {
    const made = this.handles.use(this.handles.make(tag));
    try {
      return { kind: made.kind, maker: this.define(made, definition) };
    } catch (error) {
      this.#core.context.rows.delete(rowKind(made.kind));
      throw error;
    }
  }

  /** `isForced`: whatever shape and facets it had; a lower version stands for the stored one. */
  define(
    { kind: number, row }: HandledKind,
    definition: Definition,
    { isForced = false } = {},
  ): Maker {
    const { codec } = this.#core.context;
    const tag = textOf(codec, row[0]);
    if (this.#core.definedKinds.has(number) || this.#refused.has(number)) {
      Fail`redefinition of durable kind ${definition.isMulti ? q(tag) : b(tag)}`;
    }
    const behavior = behaviorOf(definition.behavior, definition.isMulti, tag);
    noteStartSite(siteName(number));
    const fresh = behavior.facetNames;
    const shape = this.#shapeOf(tag, definition.options);
    checkOptions(tag, definition);
    const shapeNow = this.#encodedShape(tag, shape);
    const { migrate: givenMigrate, version: givenVersion } = definition.options;
    const [, oldText, body, slots, oldVersion, layouts] = row;
    const migrate = migrateOf(tag, givenMigrate);
    const given = versionOf(tag, givenVersion);
    const version = isForced ? Math.max(given, oldVersion) : given;
    const isFirst = body === null;
    const old = oldText === null ? undefined : namesOf(codec, oldText);
    const change = { tag, old, fresh };
    const versions = { tag, old: oldVersion, fresh: version, migrates: migrate !== undefined };
    const texts = isFirst
      ? []
      : [
          facetMismatch(change),
          versionMismatch(versions) ?? this.#shapeText(tag, version, row, shapeNow),
        ].filter(text => text !== undefined);
    if (texts.length > 0 && !isForced) return this.#refuse(number, texts);
    const facetNames = isFirst ? fresh : mergeFacets(change);
    const isSame = version === oldVersion && !isFirst && areSameBytes(body, shapeNow.body);
    const kind = new Kind(this.#core, {
      scope: this.#core.durable,
      number,
      tag,
      facetNames,
      shape,
      storedLayouts: layoutNamesOf(codec, layouts),
      version,
      migrate,
    });
    const maker = this.#install(kind, behavior, definition);
    if (!isSame || old?.length !== facetNames?.length) this.#core.dirtyKinds.add(kind);
    this.#core.ledger.rowChanged(true, slots, shapeNow.slots);
    this.#core.definedKinds.set(number, kind);
    if (isFirst) this.#newTags.add(tag);
    return maker;
  }

  /** Gives up what the vat owes to a kind: see dismissals.ts. Throws if it was dismissed. */
  dismiss(crank: CrankSink, kind: number): string {
    const { context, definedKinds, dismissals } = this.#core;
    const { row } = this.handles.read(kind);
    const tag = textOf(context.codec, row[0]);
    const defined = definedKinds.get(kind);
    dismissals.add(crank, kind, tag, defined !== undefined);
    defined?.revoke(revocationText(tag));
    return tag;
  }

  /**
   * The durable kinds that this incarnation has defined, tried to define, or given up, in order of
   * their numbers.
   */
  describe(siteText: SiteText): KindFact[] {
    const siteOf = (kind: number): Site => siteText(notedStartSites().get(siteName(kind)));
    const { context, definedKinds, dismissals } = this.#core;
    const { rows, codec } = context;
    const defined = [...definedKinds.values()].map((kind): KindFact =>
      [kind.number, kind.tag, true, kind.methodsOf(), kind.initText(), siteOf(kind.number)]);
    const others: KindFact[] = [];
    const end = prefixEnd(ROW_KIND_PREFIX);
    let key = rows.nextKey(ROW_KIND_PREFIX, end);
    for (; key !== undefined; key = rows.nextKey(key, end)) {
      const number = readU32(key, 1);
      const isOther = this.#refused.has(number) || dismissals.has(number);
      if (!isOther || definedKinds.has(number)) continue;
      const tag = textOf(codec, rowAt('kind', rows, key)[0]);
      others.push([number, tag, false, [], '', siteOf(number)]);
    }
    return [...defined, ...others].sort(([a], [b]) => a - b);
  }

  /** The tags of the durable kinds that this incarnation has not defined, by kind number. */
  unclaimedTags(): string[] {
    return [...this.#unclaimed()].map(({ tag }) => tag);
  }

  *#unclaimed(): Generator<UnclaimedKind> {
    const { definedKinds, dismissals } = this.#core;
    const { rows, codec } = this.#core.context;
    const end = prefixEnd(ROW_KIND_PREFIX);
    let key = rows.nextKey(ROW_KIND_PREFIX, end);
    for (; key !== undefined; key = rows.nextKey(key, end)) {
      const number = readU32(key, 1);
      const isClaimed = definedKinds.has(number) || this.#refused.has(number);
      if (isClaimed || dismissals.has(number)) continue;
      const [tagText, facets, body] = rowAt('kind', rows, key);
      const tag = textOf(codec, tagText);
      yield {
        kind: number,
        tag,
        facets: facets === null ? undefined : namesOf(codec, facets),
        isDefined: body !== null,
        hasTwin: this.#newTags.has(tag),
      };
    }
  }

  /** Why definitions do not fit what an earlier incarnation stored, in order of definition. */
  mismatches(): Error[] {
    return [...this.#refused.values()].flat();
  }

  /** An emergency start: what nobody defined is suspended. Throws if a definition does not fit. */
  suspendUnclaimed(): void {
    const error = allOf(this.mismatches());
    if (error !== undefined) this.#core.context.raise('KIND_MISMATCH', error.message, error);
    const { dismissals, values } = this.#core;
    dismissals.load();
    for (const { kind, tag } of this.#unclaimed()) dismissals.suspend(kind, tag);
    values.allClaimed();
  }

  assertAllClaimed(): void {
    const errors = this.mismatches();
    const code = errors.length > 0 ? 'KIND_MISMATCH' : 'KIND_UNCLAIMED';
    const unclaimed = [...this.#unclaimed()];
    if (unclaimed.length > 0) errors.push(unclaimedError(unclaimed));
    const error = allOf(errors);
    if (error !== undefined) this.#core.context.raise(code, error.message, error);
    this.#core.dismissals.load();
    this.#core.values.allClaimed();
  }

  #shapeOf(tag: string, { stateShape }: DefineOptions): StateShape | undefined {
    return stateShape === undefined
      ? undefined
      : new StateShape(stateShape, tag, this.#core.context.hardening);
  }

  /** The shape as it is stored: `undefined` for none. */
  #encodedShape(tag: string, shape: StateShape | undefined): Encoded {
    const { context } = this.#core;
    const encoded = context.codec.encode(shape?.pattern);
    assertDurable(context, encoded.slots, slot => {
      const text = `stateShape is not durable: slot ${slot} of (an object)`;
      throw about(text, `stateShape of kind ${q(tag)}`);
    });
    return encoded;
  }

  /** Why the shape may not follow the stored one. With a later version any may. */
  #shapeText(tag: string, version: number, row: KindRow, shape: Encoded): string | undefined {
    const [, , body, slots, oldVersion] = row;
    if (body === null || version !== oldVersion) return undefined;
    const text = shapeMismatch(this.#core.context.codec, { body, slots }, shape);
    return text && `durable kind "${tag}": ${text}`;
  }

  /** What stands for the maker of a kind that does not fit. */
  #refuse(number: number, texts: readonly string[]): Maker {
    const errors: Error[] = [];
    // No callback: it would be the first frame.
    for (const text of texts) errors.push(Error(text));
    this.#refused.set(number, errors);
    return this.#core.context.hardening.harden(() => {
      throw Error(texts.join('; '));
    });
  }

  #install(kind: Kind, behavior: Behavior, { init, options }: Definition): Maker {
    const { harden } = this.#core.context.hardening;
    const { interfaceGuard, interfaceGuardKit } = options;
    const guards = kind.facetNames?.map(name => interfaceGuardKit?.[name]) ?? [interfaceGuard];
    kind.install(prototypesOf(kind, behavior, options), { init, guards });
    options.receiveAmplifier?.(harden(makeAmplifier(kind)));
    options.receiveInstanceTester?.(harden(makeInstanceTester(kind)));
    const { finish } = options;
    const maker = (...args: unknown[]): object => kind.make(init, args, finish);
    return harden(maker);
  }
}
