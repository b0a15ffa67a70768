/**
 * `VatData`: how vat code defines kinds and makes collections, and what stands behind it.
 *
 * `createVatData` reads no row: everything can be made before the thread knows its vat
 * (rules.md#u4). Within a crank, new rows of kinds and collections and all entries are written at
 * once; the state of instances, counts and counters when the crank ends, in key order.
 */
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { KindFact, LostWatches, MadeStore } from '../../protocol/description.js';
import type { Body, Slots } from '../../protocol/passables.js';
import { provideBaggage } from '../collections/baggage.js';
import { Collections } from '../collections/collections.js';
import type { StoreOptions } from '../collections/collections.js';
import type { StoreType } from '../collections/stores.js';
import { makeWeakCollections } from '../collections/weak.js';
import type { SiteText } from '../contract/call-sites.js';
import type { CrankParticipant, LiveslotsContext } from '../contract/context.js';
import { Garbage } from '../garbage/garbage.js';
import { collectObjectRows, encodeObjects } from '../kinds/instances.js';
import { KindDefinitions } from '../kinds/kind-definitions.js';
import type { DefineOptions, Definition } from '../kinds/kind-definitions.js';
import { Core } from '../objects/core.js';
import type { Dismissals } from '../objects/dismissals.js';
import type { Ledger } from '../objects/ledger.js';
import type { Purity } from '../objects/purity.js';
import { firstNotDurable } from '../objects/stored-values.js';
import { DurablePromises, type DecidedPromises } from '../promises/durable-promises.js';
import { WatchedPromises, type WatchablePromises } from '../promises/watched-promises.js';
import type { RowsOut } from '../rows/scope.js';
import { ForkDelivery } from '../upgrade/fork-delivery.js';
import { UpgradePowers } from '../upgrade/upgrade-powers.js';

/** What a start has made. */
interface VatDataFacts {
  readonly kinds: readonly KindFact[];
  readonly lost: readonly LostWatches[];
  readonly made: readonly MadeStore[];
}

export interface VatDataPart extends CrankParticipant {
  /** The global that vat code sees. Hardened. */
  readonly VatData: object;
  /** `WeakMap` and `WeakSet` that know virtual objects. Hardened. */
  readonly globals: Record<string, unknown>;
  baggage(): object;
  /** Throws for instances of durable kinds that are not defined yet, and names the kind. */
  decode(body: Body, slots: Slots): unknown;
  /** Throws VatFault KIND_UNCLAIMED, or KIND_MISMATCH for what `mismatches` gives. */
  assertAllClaimed(): void;
  /** Why kinds, as defined so far, do not fit what an earlier incarnation stored. */
  mismatches(): readonly Error[];
  /** What holds the vat's things. */
  readonly ledger: Ledger;
  readonly dismissals: Dismissals;
  readonly purity: Purity;
  /** Collects garbage as deliveries ask for it. */
  garbage(crank: CrankSink, collectGarbage: () => void): Garbage;
  /** How the vat becomes a fork. */
  forkDelivery(crank: CrankSink): ForkDelivery;
  /** What the incarnation owes to those before it. */
  upgradePowers(crank: CrankSink): UpgradePowers;
  /** Kinds of liveslots' own are defined again. To be called once, before vat code runs. */
  start(): void;
  /** What the start has made: kinds, and watches that nobody would hear. */
  describe(siteText: SiteText): VatDataFacts;
  /** Watches of earlier incarnations go on. To be called once, after `buildRootObject`. */
  reviveWatches(): void;
}

type Define = (
  tagOrHandle: unknown,
  init: unknown,
  behavior: unknown,
  options?: DefineOptions,
) => unknown;
type MakeStore = (label?: unknown, options?: StoreOptions) => object;

interface Parts {
  readonly kinds: KindDefinitions;
  readonly stores: Collections;
  readonly watched: WatchedPromises;
  readonly durable: DurablePromises;
}

const makeVatData = (core: Core, { kinds, stores, watched, durable }: Parts): object => {
  const { context } = core;
  const definition = (
    init: unknown,
    behavior: unknown,
    options: DefineOptions,
    isMulti: boolean,
  ): Definition => ({ init, behavior, options, isMulti });
  const define =
    (isDurable: boolean, isMulti: boolean): Define =>
    (tagOrHandle, init, behavior, options = {}) => {
      const given = definition(init, behavior, options, isMulti);
      return isDurable
        ? kinds.defineDurable(tagOrHandle, given)
        : kinds.defineVirtual(tagOrHandle, given);
    };
  const makeStore =
    (type: StoreType, defaultLabel: string): MakeStore =>
    (label = defaultLabel, options = {}) =>
      stores.make(type, label, options);
  return context.hardening.harden({
    defineKind: define(false, false),
    defineKindMulti: define(false, true),
    makeKindHandle: (tag: unknown) => kinds.handles.make(tag),
    defineDurableKind: define(true, false),
    defineDurableKindMulti: define(true, true),
    canBeDurable: (specimen: unknown) =>
      firstNotDurable(context, context.codec.encode(specimen).slots) < 0,
    providePromiseWatcher: (handle: unknown, onFulfilled?: unknown, onRejected?: unknown) =>
      watched.provideWatcher(handle, onFulfilled, onRejected),
    makeDurablePromiseKit: () => durable.makeKit(),
    watchPromise: (promise: unknown, watcher: unknown, ...args: unknown[]) =>
      watched.watch(promise, watcher, args),
    makeScalarBigMapStore: makeStore('mapStore', 'map'),
    makeScalarBigWeakMapStore: makeStore('weakMapStore', 'weakMap'),
    makeScalarBigSetStore: makeStore('setStore', 'set'),
    makeScalarBigWeakSetStore: makeStore('weakSetStore', 'weakSet'),
  });
};

const byKey = (a: RowsOut[number], b: RowsOut[number]): number => (a[0] < b[0] ? -1 : 1);

const endCrank = (core: Core, collections: Collections): void => {
  const out: RowsOut = [];
  encodeObjects(core);
  core.ledger.settle();
  collectObjectRows(core, out);
  core.counters.collectRows(out);
  // `clear` costs 150 ns, also of what is empty.
  if (core.dirtyKinds.size > 0) {
    for (const kind of core.dirtyKinds) kind.collectKindRow(out);
    core.dirtyKinds.clear();
  }
  if (core.dirtyNext.size > 0) {
    for (const kind of core.dirtyNext) kind.collectNextRow(out);
    core.dirtyNext.clear();
  }
  collections.collectRows(out);
  if (out.length > 1) out.sort(byKey);
  const { rows } = core.context;
  for (const [key, value] of out) {
    if (value === null) rows.delete(key);
    else rows.set(key, value);
  }
};

export const createVatData = (
  context: LiveslotsContext,
  promises: WatchablePromises & DecidedPromises,
): VatDataPart => {
  const core = new Core(context);
  const kinds = new KindDefinitions(core);
  const stores = new Collections(core);
  const watched = new WatchedPromises(core, kinds, promises);
  const durable = new DurablePromises(core, kinds, promises);
  const { WeakMap, WeakSet } = makeWeakCollections({
    references: context.references,
    recognizers: core.ramRecognizers,
  });
  return {
    VatData: makeVatData(core, { kinds, stores, watched, durable }),
    globals: context.hardening.harden({ WeakMap, WeakSet }),
    baggage: () => provideBaggage(stores),
    decode: (body, slots) => core.values.decode(body, slots),
    assertAllClaimed: () => kinds.assertAllClaimed(),
    mismatches: () => kinds.mismatches(),
    start: () => durable.start(),
    reviveWatches: () => watched.revive(),
    describe: siteText => ({
      kinds: kinds.describe(siteText).filter(([kind]) => kind !== durable.ownKind),
      lost: watched.lost(),
      made: stores.describe(siteText),
    }),
    ledger: core.ledger,
    dismissals: core.dismissals,
    purity: core.purity,
    garbage: (crank, collectGarbage) =>
      new Garbage({ core, collections: stores, crank, collectGarbage }),
    forkDelivery: crank => new ForkDelivery({ core, crank }),
    upgradePowers: crank => new UpgradePowers({ core, kinds, crank }),
    endCrank: () => endCrank(core, stores),
  };
};
