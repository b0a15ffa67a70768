/**
 * Types for authors of vats: `import type {} from '@heirloom/worker/vat'` declares the globals
 * `VatData` and, with the others of ses, `harden`; `console`, `URL` and the text codecs come from
 * `@heirloom/worker/vat-globals`. Nothing here exists at run time.
 */
import type {} from 'ses';
import type { BundleCap, InstalledBundle } from './vat-services.js';

export type * from './vat-services.js';

/** What stores take for a shape or a selection: a pattern of `@endo/patterns`. */
export type VatPattern = unknown;

/** A durable object. Settles once; what comes later is ignored. */
export interface DurableResolver<T> {
  /** A promise is followed as long as the heap lasts: after an upgrade it can be settled anew. */
  resolve(value: T | Promise<T>): void;
  reject(reason: unknown): void;
  /** The promise of the kit, also after upgrades. */
  getPromise(): Promise<T>;
}

export interface DurablePromiseKit<T> {
  readonly promise: Promise<T>;
  readonly resolver: DurableResolver<T>;
}

export interface MapStoreMethods<K, V> {
  /** False also for what could not be a key. */
  has(key: K): boolean;
  /** Throws if there is no such key. */
  get(key: K): V;
  /** Throws if the key is present. */
  init(key: K, value: V): void;
  /** Throws if there is no such key. */
  set(key: K, value: V): void;
  /** Throws if there is no such key. */
  delete(key: K): void;
  /** Sets keys that are present and adds the others. Takes entries or a CopyMap. */
  addAll(entries: Iterable<readonly [K, V]> | object): void;
}

export type WeakMapStore<K, V> = MapStoreMethods<K, V>;

/** Iterators step in rank order; a new key makes the next step throw. */
export interface MapStore<K, V> extends MapStoreMethods<K, V> {
  keys(keyPattern?: VatPattern, valuePattern?: VatPattern): IterableIterator<K>;
  values(keyPattern?: VatPattern, valuePattern?: VatPattern): IterableIterator<V>;
  entries(keyPattern?: VatPattern, valuePattern?: VatPattern): IterableIterator<readonly [K, V]>;
  /** A CopyMap. */
  snapshot(keyPattern?: VatPattern, valuePattern?: VatPattern): object;
  getSize(keyPattern?: VatPattern, valuePattern?: VatPattern): number;
  clear(keyPattern?: VatPattern, valuePattern?: VatPattern): void;
}

export interface WeakSetStore<K> {
  has(key: K): boolean;
  /** Does nothing if the key is present. */
  add(key: K): void;
  /** Throws if there is no such key. */
  delete(key: K): void;
  addAll(keys: Iterable<K> | object): void;
}

export interface SetStore<K> extends WeakSetStore<K> {
  keys(keyPattern?: VatPattern): IterableIterator<K>;
  values(keyPattern?: VatPattern): IterableIterator<K>;
  /** A CopySet. */
  snapshot(keyPattern?: VatPattern): object;
  getSize(keyPattern?: VatPattern): number;
  clear(keyPattern?: VatPattern): void;
}

/** The durable map that goes from incarnation to incarnation. */
export interface Baggage extends MapStore<string, unknown> {
  /**
   * Throws if there is no such key. What an earlier incarnation has left has the type that its
   * reader asks for (`DurableKindHandle`, where `defineDurableKind` takes it): nothing checks that.
   */
  get<V>(key: string): V;
}

export interface StoreOptions {
  readonly durable?: boolean;
  readonly keyShape?: VatPattern;
  readonly valueShape?: VatPattern;
}

declare const handleBrand: unique symbol;
/** Names a durable kind, in this incarnation and in later ones. */
export interface DurableKindHandle {
  readonly [handleBrand]: true;
}

type AnyFunction = (...args: never[]) => unknown;
type Behavior = Readonly<Record<PropertyKey, AnyFunction>>;
type FacetBehaviors = Readonly<Record<string, Behavior>>;

/** The methods of an object whose behaviour takes a context first. */
export type KindFacet<B> = {
  readonly [M in keyof B]: B[M] extends (context: never, ...args: infer A) => infer R
    ? (...args: A) => R
    : never;
};
/** All facets of a cohort. */
export type KindFacets<B> = { readonly [F in keyof B]: KindFacet<B[F]> };

/** What behaviour of a single-facet kind is called with. */
export interface KindContext<S, Self = unknown> {
  readonly state: S;
  readonly self: Self;
}
/** What behaviour of a multi-facet kind is called with. */
export interface MultiKindContext<S, Facets = unknown> {
  readonly state: S;
  readonly facets: Facets;
}

/** The methods of an object whose behaviour takes the context as `this`. */
export type ThisfulFacet<B> = {
  readonly [M in keyof B]: B[M] extends (this: never, ...args: infer A) => infer R
    ? (...args: A) => R
    : never;
};
export type ThisfulFacets<B> = { readonly [F in keyof B]: ThisfulFacet<B[F]> };

/** `I`: whether behaviour takes the context as `this`, and not as its first argument. */
export interface KindOptions<C, I extends boolean = false> {
  /** Called with the context of each new instance before the maker returns. */
  readonly finish?: (context: C) => void;
  /** A record of patterns, one for each property of the state. */
  readonly stateShape?: Readonly<Record<string, VatPattern>>;
  /**
   * Of the state that the kind has now: a whole number that later code may raise, never lower; 0
   * without. With a higher version `stateShape` may change in any way. Merely-virtual kinds ignore
   * it.
   */
  readonly version?: number;
  /**
   * What a stored state of an older version becomes: called when the state is first touched, or
   * when the host asks for all. It is pure: it may return a copyRecord of durable data and do
   * nothing else, neither send nor touch objects, stores or `VatData`. What it throws, and a result
   * that does not fit, rejects the call that touched the state; nothing is lost.
   */
  readonly migrate?: (oldState: Readonly<Record<string, unknown>>, oldVersion: number) => object;
  readonly thisfulMethods?: I;
  readonly interfaceGuard?: unknown;
  readonly receiveInstanceTester?: (
    isInstance: (specimen: unknown, facetName?: string) => boolean,
  ) => void;
}
/** `F`: all facets of an instance. */
export interface MultiKindOptions<C, F, I extends boolean = false>
  extends Omit<KindOptions<C, I>, 'interfaceGuard'> {
  readonly interfaceGuardKit?: Readonly<Record<string, unknown>>;
  readonly receiveAmplifier?: (amplify: (facet: unknown) => F) => void;
}
/**
 * Options of a kind whose behaviour takes the context as `this`. Its methods declare their result
 * types: what they find in `this` is inferred from these.
 */
type Thisful<O> = O & { readonly thisfulMethods: true };

/** `A`, `S`: arguments of `init` and the state it returns. `B`: behaviour. */
interface Define<Name> {
  <A extends unknown[], S, B extends Behavior>(
    name: Name,
    init: ((...args: A) => S) | null | undefined,
    behavior: B & ThisType<KindContext<S, ThisfulFacet<B>>>,
    options: Thisful<KindOptions<KindContext<NoInfer<S>, ThisfulFacet<NoInfer<B>>>, true>>,
  ): (...args: A) => ThisfulFacet<B>;
  <A extends unknown[], S, B extends Behavior>(
    name: Name,
    init: ((...args: A) => S) | null | undefined,
    behavior: B & Readonly<Record<keyof B, (context: KindContext<S>, ...args: never[]) => unknown>>,
    options?: KindOptions<KindContext<NoInfer<S>, KindFacet<NoInfer<B>>>>,
  ): (...args: A) => KindFacet<B>;
}
interface DefineMulti<Name> {
  <A extends unknown[], S, B extends FacetBehaviors>(
    name: Name,
    init: ((...args: A) => S) | null | undefined,
    behavior: B & ThisType<MultiKindContext<S, ThisfulFacets<B>>>,
    options: Thisful<MultiKindOptions<
      MultiKindContext<NoInfer<S>, ThisfulFacets<NoInfer<B>>>, ThisfulFacets<NoInfer<B>>, true
    >>,
  ): (...args: A) => ThisfulFacets<B>;
  <A extends unknown[], S, B extends FacetBehaviors>(
    name: Name,
    init: ((...args: A) => S) | null | undefined,
    behavior: B & {
      readonly [F in keyof B]: Readonly<
        Record<keyof B[F], (context: MultiKindContext<S>, ...args: never[]) => unknown>
      >;
    },
    options?: MultiKindOptions<
      MultiKindContext<NoInfer<S>, KindFacets<NoInfer<B>>>, KindFacets<NoInfer<B>>
    >,
  ): (...args: A) => KindFacets<B>;
}

/**
 * What a durable object has to have to watch promises: at least one of the two. What they return
 * is ignored; what they throw is an unhandled rejection.
 */
export interface PromiseWatcher<T = unknown, A extends unknown[] = unknown[]> {
  readonly onFulfilled?: (value: T, ...args: A) => unknown;
  /** Without it a rejection is an unhandled rejection. */
  readonly onRejected?: (reason: unknown, ...args: A) => unknown;
}

/** The reason for which promises that a vat decides are rejected when it is upgraded. */
export interface UpgradeDisconnection {
  readonly name: 'vatUpgraded';
  readonly upgradeMessage: string;
  /** Of the incarnation that ended. */
  readonly incarnationNumber: number;
}

export interface VatDataGlobal {
  /** Merely-virtual kinds end with the incarnation. */
  readonly defineKind: Define<string>;
  readonly defineKindMulti: DefineMulti<string>;
  readonly makeKindHandle: (tag: string) => DurableKindHandle;
  /** To be called once for each handle in every incarnation. */
  readonly defineDurableKind: Define<DurableKindHandle>;
  readonly defineDurableKindMulti: DefineMulti<DurableKindHandle>;
  /** Whether a durable object could hold `specimen`. */
  readonly canBeDurable: (specimen: unknown) => boolean;
  /**
   * A promise that stays unresolved across upgrades, until its durable resolver, in whichever
   * incarnation, settles it. A method that answers with the promise itself is answered so across
   * upgrades, too.
   */
  readonly makeDurablePromiseKit: <T = unknown>() => DurablePromiseKit<T>;
  /**
   * Calls the watcher once `promise` has settled, in this incarnation or a later one. `args` must
   * be durable. Misuse is an unhandled rejection, one turn later.
   */
  readonly watchPromise: <T, A extends unknown[]>(
    promise: Promise<T>,
    watcher: PromiseWatcher<T, A>,
    ...args: A
  ) => void;
  /**
   * Defines the kind of `handle` and gives its only instance, the same in every incarnation. By
   * default a value is ignored and a reason is thrown: an unhandled rejection.
   */
  readonly providePromiseWatcher: <T = unknown, A extends unknown[] = unknown[]>(
    handle: DurableKindHandle,
    fulfillHandler?: (value: T, ...args: A) => unknown,
    rejectHandler?: (reason: unknown, ...args: A) => unknown,
  ) => Required<PromiseWatcher<T, A>>;
  readonly makeScalarBigMapStore: <K, V>(label?: string, options?: StoreOptions) => MapStore<K, V>;
  readonly makeScalarBigWeakMapStore: <K, V>(
    label?: string,
    options?: StoreOptions,
  ) => WeakMapStore<K, V>;
  readonly makeScalarBigSetStore: <K>(label?: string, options?: StoreOptions) => SetStore<K>;
  readonly makeScalarBigWeakSetStore: <K>(
    label?: string,
    options?: StoreOptions,
  ) => WeakSetStore<K>;
}

/** The first argument of `buildRootObject`. */
export interface VatPowers {
  readonly VatData: VatDataGlobal;
  /**
   * Of a bundle cap: what it stands for, at once. `getBundle` gives what `importBundle` of
   * `@endo/import-bundle` takes. Throws for anything else.
   */
  readonly D: (bundleCap: BundleCap) => {
    readonly getBundleID: () => string;
    readonly getBundle: () => InstalledBundle;
  };
  /** Ends the vat when this crank ends; what the crank did stays done. */
  readonly exitVat: (completion?: unknown) => void;
  /** Ends the vat when this crank ends; the crank is undone. */
  readonly exitVatWithFailure: (reason?: unknown) => void;
  readonly WeakMap: WeakMapConstructor;
  readonly WeakSet: WeakSetConstructor;
  /**
   * Makes a durable kind that later incarnations find by its name, without a handle in baggage.
   * Throws if the name is taken. A name is 1 to 200 bytes of UTF-8, also the kind's tag.
   */
  readonly makeKind: Define<string>;
  readonly makeKindMulti: DefineMulti<string>;
  /**
   * Defines a kind again that an earlier incarnation made under this name; each must be, as kinds
   * with handles must. Throws if there is none, and lists those there are.
   */
  readonly replaceKind: Define<string>;
  readonly replaceKindMulti: DefineMulti<string>;
  /**
   * Gives up what the vat owes to a durable kind, by its handle or name: nobody has to define it
   * again, its instances are revoked, whoever holds them, and their rows go in time. In any crank.
   */
  readonly dismissKind: (kind: DurableKindHandle | string) => void;
  /**
   * Gives a remotable a name before it is first exported, so that a later incarnation can take its
   * reference over. It is held as long as the incarnation lasts. Throws if the name is taken, also
   * by an earlier incarnation whose export has not been reconnected.
   */
  readonly nameExport: (name: string, remotable: object) => void;
  /**
   * While the vat starts: from now on `remotable`, not exported yet, is what holders of the export
   * of that name reach. Names that nobody reconnects are abandoned when the start is over.
   */
  readonly reconnectExport: (name: string, remotable: object) => void;
  /**
   * While the vat starts, once: every durable kind is defined and every name reconnected. What is
   * missing fails the start there and then. Without it the same happens when the crank of
   * `buildRootObject` has come to rest, with what ran in it after `buildRootObject` had settled.
   */
  readonly finishedUpgrade: () => void;
  /**
   * What is called in a vat that is a fork of this one, before any message: with the parameters
   * that the fork was asked for with, in the order in which handlers were given. What a handler
   * begins must settle in its crank. A handler that throws fails the fork. An upgrade forgets them.
   */
  readonly onFork: (handler: (fork: { readonly vatParameters: unknown }) => unknown) => void;
}

declare global {
  const VatData: VatDataGlobal;
}
