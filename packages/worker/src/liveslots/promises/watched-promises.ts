/**
 * `VatData.watchPromise` and `VatData.providePromiseWatcher`: watches that outlive incarnations
 * (docs/protocol.md#promises).
 *
 * Theory of operation. A row per watched promise, keyed by the vat's name for it, holds its watches
 * until it settles. The key is a promise to the kernel: as long as there is such a row, name and
 * subscription of the promise survive upgrades, and the notify reaches whichever incarnation there
 * is then. Each incarnation reacts once to each watched promise: when it is first watched, or when
 * the incarnation has started.
 *
 * A watcher that cannot be called (its state cannot be migrated, its kind has lost the method) is
 * passed over: its watch stays, and the promise keeps its name. The kernel tells of the promise
 * again when the next incarnation has started, or when the vat asks for it, which it does once the
 * watcher's state has been migrated after all.
 *
 * Invariants: a promise with a row is known to the kernel, which tells this vat when it settles; a
 * row goes in the crank in which its promise settles here, before any of its watchers is called,
 * and what could not be called comes back in the same crank.
 */
import { ROW_WATCH_PREFIX, prefixEnd, rowWatch, rowWatcher } from '@heirloom/store/keys';
import type { BinaryKey } from '@heirloom/store';
import { check } from '../../check.js';
import type { RowStore } from '../../contracts/row-store.js';
import { DESCRIBED_WATCHES_MAX, type LostWatches } from '../../protocol/description.js';
import type { Slots } from '../../protocol/passables.js';
import { parseVRef, type ParsedVRef, type VRef } from '../../protocol/refs.js';
import { isRecord } from '../../values.js';
import { assertDurableValue } from '../collections/collection.js';
import type { Encoded } from '../contract/context.js';
import { Fail, b } from '../contract/fail.js';
import { styleOf } from '../contract/patterns.js';
import { read, recordOf } from '../kinds/instances.js';
import type { KindDefinitions } from '../kinds/kind-definitions.js';
import { migrationError } from '../kinds/migration.js';
import type { Core } from '../objects/core.js';
import { listOf, vrefIn } from '../rows/decoded.js';
import { packRow, rowAt, unpackRow } from '../rows/frames.js';
import type { WatchRow } from '../rows/frames.js';
import { isPromise, whenSettled, type Settlement } from './promise-table.js';

const SETTLED: Promise<unknown> = Promise.resolve();

/** What watches need of the vat's promises. See promises.ts. */
export interface WatchablePromises {
  nameOf(promise: Promise<unknown>): VRef;
  subscribe(vpid: VRef): void;
  revive(vpid: VRef): Promise<unknown>;
  keep(vpid: VRef): void;
  askAgain(vpid: VRef): void;
  beforeNotify(job: (vpid: VRef) => void): void;
  onSettled(promise: Promise<unknown>, job: (settlement: Settlement) => void): void;
}

type Watch = WatchRow[0][number];
type DurableRef = Extract<ParsedVRef, { type: 'durable' }>;
type Handler = (settled: unknown, ...args: unknown[]) => unknown;
type Watcher = { readonly [name in 'onFulfilled' | 'onRejected']?: Handler };

const checkedHandler = (handler: unknown): Handler => {
  if (isHandler(handler)) return handler;
  throw Fail`${handler} must be a function`;
};

const isHandler = (handler: unknown): handler is Handler => typeof handler === 'function';

/** Its handlers are called as they are: the language throws for what is no function. */
const isWatcher = (watcher: unknown): watcher is Watcher => isRecord(watcher);

const isSame = ([bodyA, slotsA]: Watch, [bodyB, slotsB]: Watch): boolean =>
  bodyA.length === bodyB.length &&
  slotsA.length === slotsB.length &&
  slotsA.every((slot, i) => slot === slotsB[i]) &&
  bodyA.every((byte, i) => byte === bodyB[i]);

const slotsOf = (watches: readonly Watch[]): Slots => watches.flatMap(([, slots]) => slots);

/** What a watcher can be told: bits. */
const FULFILLED = 1;
const REJECTED = 2;

const handlersOf = ({ onFulfilled, onRejected }: Watcher): number =>
  (onFulfilled === undefined ? 0 : FULFILLED) | (onRejected === undefined ? 0 : REJECTED);

/** The watcher could be told, in the code that made the watch, and cannot be in this. */
const hasLost = ([, , had]: Watch, watcher: Watcher, rejected: boolean): boolean => {
  const has = handlersOf(watcher);
  if (had === undefined) return has === 0;
  return (had & (rejected ? REJECTED : FULFILLED)) !== 0;
};

const NO_HANDLER = 'promise watcher must implement at least one handler method';

const HANDLERS = [
  ['onFulfilled', FULFILLED],
  ['onRejected', REJECTED],
] as const;

/** Of watches, in order. */
function* keysOf(rows: RowStore): Generator<BinaryKey> {
  const end = prefixEnd(ROW_WATCH_PREFIX);
  let key = rows.nextKey(ROW_WATCH_PREFIX, end);
  for (; key !== undefined; key = rows.nextKey(key, end)) yield key;
}

const placeOf = (kind: number, instance: number): string => `${kind}/${instance}`;

const ignoreValue = (): void => undefined;
/** As if the watcher had no `onRejected`: an unhandled rejection. */
const rethrow = (reason: unknown): never => {
  throw reason;
};

export class WatchedPromises {
  readonly #core: Core;
  readonly #kinds: KindDefinitions;
  readonly #promises: WatchablePromises;
  /** The promises to which this incarnation reacts. */
  readonly #watched = new Set<VRef>();
  /**
   * While the vat starts: the watches of earlier incarnations, of each promise that the vat has
   * watched again, less those that it made again. Undefined once the vat has started.
   */
  #inherited: Map<VRef, Watch[]> | undefined = new Map();
  /** Promises that have settled in this incarnation, and that not all watchers have heard. */
  readonly #unheard = new Set<VRef>();
  /** Of these, those whose watcher's state cannot be migrated, by the watcher. */
  readonly #unmigrated = new Map<string, Set<VRef>>();

  constructor(core: Core, kinds: KindDefinitions, promises: WatchablePromises) {
    this.#core = core;
    this.#kinds = kinds;
    this.#promises = promises;
    core.onMigrated = (kind, instance) => this.#askAgain(kind, instance);
    promises.beforeNotify(vpid => this.#expect(vpid));
  }

  /**
   * Defines a kind whose only instance is a watcher; gives that. What the handlers return is lost,
   * what they throw is an unhandled rejection.
   */
  provideWatcher(
    handle: unknown,
    onFulfilled: unknown = ignoreValue,
    onRejected: unknown = rethrow,
  ): object {
    const handlers = [checkedHandler(onFulfilled), checkedHandler(onRejected)] as const;
    const withoutContext =
      (handler: Handler) =>
      (_context: unknown, settled: unknown, ...args: unknown[]): unknown =>
        handler(settled, ...args);
    const make = this.#kinds.defineDurable(handle, {
      init: () => ({}),
      behavior: {
        onFulfilled: withoutContext(handlers[0]),
        onRejected: withoutContext(handlers[1]),
      },
      options: {},
      isMulti: false,
    });
    const { context, ledger } = this.#core;
    const key = rowWatcher(this.#kinds.handles.use(handle).kind);
    const known = context.rows.get(key);
    if (known !== undefined) return context.references.valueOf(unpackRow('watcher', known)[0]);
    const watcher = make();
    const vref = context.references.vrefOf(watcher);
    check(vref !== undefined, 'a watcher has a vref');
    ledger.rowChanged(true, [], [vref]);
    context.rows.set(key, packRow('watcher', [vref]));
    return watcher;
  }

  /**
   * One turn later `promise` is watched; by then, if it is the result of a send of this turn, it
   * has a name. What is wrong with the arguments becomes an unhandled rejection.
   */
  watch(promise: unknown, watcher: unknown, args: readonly unknown[]): void {
    void whenSettled(SETTLED, () => this.#watch(promise, watcher, args));
  }

  /** Reacts to the promises that earlier incarnations watched, in order of their names. */
  revive(): void {
    this.#inherited = undefined;
    for (const key of keysOf(this.#core.context.rows)) {
      const vpid = vrefIn(key, ROW_WATCH_PREFIX.length);
      if (!this.#watched.has(vpid)) this.#react(vpid, this.#promises.revive(vpid));
    }
  }

  /** Watches that no method would be told of: of the first promises, in order of their names. */
  lost(): LostWatches[] {
    const { context, dismissals } = this.#core;
    const counts = new Map<string, LostWatches>();
    let promises = 0;
    for (const key of keysOf(context.rows)) {
      const [watches] = rowAt('watch', context.rows, key);
      for (const watch of watches) {
        const parsed = watch[1][0] === undefined ? undefined : parseVRef(watch[1][0]);
        if (parsed?.type !== 'durable' || dismissals.has(parsed.kind)) continue;
        for (const name of this.#lostBy(watch, parsed)) {
          const place = `${parsed.kind} ${name}`;
          const count = counts.get(place)?.[2] ?? 0;
          counts.set(place, [parsed.kind, name, count + 1]);
        }
      }
      promises += 1;
      if (promises === DESCRIBED_WATCHES_MAX) break;
    }
    return [...counts.values()];
  }

  /** The handlers that the kind of the watcher has lost. */
  #lostBy([, , had]: Watch, { kind, facet }: DurableRef): string[] {
    const facets = this.#core.definedKinds.get(kind)?.methodsOf();
    const methods = facets?.[facet ?? 0]?.[1];
    if (methods === undefined) return [];
    const gone = HANDLERS.filter(([name]) => !methods.includes(name));
    if (had === undefined) return gone.length < HANDLERS.length ? [] : gone.map(([name]) => name);
    return gone.filter(([, bit]) => (had & bit) !== 0).map(([name]) => name);
  }

  #watch(promise: unknown, watcher: unknown, args: readonly unknown[]): void {
    const { context } = this.#core;
    this.#checkWatcher(watcher);
    if (!this.#isPromise(promise)) throw Fail`watchPromise only watches promises`;
    const handlers = handlersOf(watcher);
    const watch = context.hardening.harden([watcher, ...args]);
    const encoded = context.codec.encode(watch);
    assertDurableValue(this.#core, watch, encoded);
    const vpid = this.#promises.nameOf(promise);
    this.#record(vpid, encoded, handlers);
    if (this.#watched.has(vpid)) return;
    this.#react(vpid, promise);
    this.#promises.subscribe(vpid);
  }

  #checkWatcher(watcher: unknown): asserts watcher is Watcher {
    const { references } = this.#core.context;
    const vref = isWatcher(watcher) ? references.vrefOf(watcher) : undefined;
    const type = vref === undefined ? undefined : parseVRef(vref)?.type;
    if (!isWatcher(watcher) || (type !== 'durable' && type !== 'virtual')) {
      throw Fail`promise watcher must be a virtual object`;
    }
    if (handlersOf(watcher) === 0) throw Fail`${b(NO_HANDLER)}`;
  }

  #isPromise(value: unknown): value is Promise<unknown> {
    if (!isRecord(value) || !isPromise(value)) return false;
    return styleOf(this.#core.context.hardening.harden(value)) === 'promise';
  }

  #record(vpid: VRef, { body, slots }: Encoded, handlers: number): void {
    const watch: Watch = [body, slots, handlers];
    if (!this.#isMadeAgain(vpid, this.#read(vpid)?.[0] ?? [], watch)) this.#add(vpid, watch);
  }

  #add(vpid: VRef, watch: Watch): void {
    const { context, ledger } = this.#core;
    const before = this.#read(vpid)?.[0] ?? [];
    const watches = [...before, watch];
    ledger.rowChanged(true, slotsOf(before), slotsOf(watches));
    context.rows.set(rowWatch(vpid), packRow('watch', [watches]));
  }

  /** A vat that watches in `buildRootObject` what its predecessor did is not told twice. */
  #isMadeAgain(vpid: VRef, before: readonly Watch[], watch: Watch): boolean {
    if (this.#inherited === undefined) return false;
    const inherited = this.#inherited.get(vpid) ?? [...before];
    this.#inherited.set(vpid, inherited);
    const found = inherited.findIndex(other => isSame(other, watch));
    if (found < 0) return false;
    inherited.splice(found, 1);
    return true;
  }

  #react(vpid: VRef, promise: Promise<unknown>): void {
    this.#watched.add(vpid);
    this.#promises.onSettled(promise, settlement => this.#settle(vpid, settlement));
  }

  #settle(vpid: VRef, settlement: Settlement): void {
    const { context, ledger } = this.#core;
    const row = this.#read(vpid);
    check(row !== undefined, 'a watched promise has a row');
    const [watches] = row;
    this.#watched.delete(vpid);
    context.rows.delete(rowWatch(vpid));
    ledger.rowChanged(true, slotsOf(watches), []);
    for (const watch of watches) {
      void whenSettled(SETTLED, () => this.#tell(vpid, watch, settlement));
    }
  }

  /** What is thrown is an unhandled rejection. */
  #tell(vpid: VRef, watch: Watch, { rejected, value }: Settlement): void {
    const [body, slots] = watch;
    // The watcher is mentioned first.
    const [vref] = slots;
    check(vref !== undefined, 'a watch mentions its watcher');
    const { dismissals, values } = this.#core;
    if (dismissals.isSuspended(vref)) return this.#keep(vpid, watch);
    if (dismissals.revocationOf(vref) !== undefined) return undefined;
    const obstacle = this.#obstacleOf(vpid, vref);
    if (obstacle !== undefined) {
      this.#keep(vpid, watch);
      throw obstacle;
    }
    const [watcher, ...args] = listOf(values, body, slots);
    check(isWatcher(watcher), 'a watch begins with its watcher');
    const name = rejected ? 'onRejected' : 'onFulfilled';
    if (watcher[name] !== undefined) watcher[name](value, ...args);
    else if (hasLost(watch, watcher, rejected)) {
      this.#keep(vpid, watch);
      const what = handlersOf(watcher) === 0 ? NO_HANDLER : `promise watcher has lost ${name}`;
      throw Fail`${b(what)}: ${watcher} is told when it has one again`;
    } else if (rejected) throw value;
    return undefined;
  }

  /** Why nothing can be told to the watcher now. Migrates its state if that is due. */
  #obstacleOf(vpid: VRef, vref: VRef): Error | undefined {
    const parsed = parseVRef(vref);
    if (parsed?.type !== 'durable') return undefined;
    const { kind: number, instance } = parsed;
    const kind = this.#core.definedKinds.get(number);
    if (kind === undefined || kind.version === 0) return undefined;
    const reading = read(recordOf(kind, instance));
    if (reading.type !== 'failed') return undefined;
    const place = placeOf(number, instance);
    const waiting = this.#unmigrated.get(place) ?? new Set();
    this.#unmigrated.set(place, waiting.add(vpid));
    return migrationError(kind, instance, reading.migration);
  }

  /** The watch waits for other code, or another state. */
  #keep(vpid: VRef, watch: Watch): void {
    this.#add(vpid, watch);
    if (!this.#unheard.has(vpid)) this.#promises.keep(vpid);
    this.#unheard.add(vpid);
  }

  /** The watcher can be told now. */
  #askAgain(kind: number, instance: number): void {
    if (this.#unmigrated.size === 0) return;
    const place = placeOf(kind, instance);
    for (const vpid of this.#unmigrated.get(place) ?? []) {
      if (this.#unheard.has(vpid)) this.#promises.askAgain(vpid);
    }
    this.#unmigrated.delete(place);
  }

  /** The kernel is about to tell of a promise, which some watchers may not have heard. */
  #expect(vpid: VRef): void {
    if (!this.#unheard.delete(vpid)) return;
    if (!this.#watched.has(vpid)) this.#react(vpid, this.#promises.revive(vpid));
  }

  #read(vpid: VRef): WatchRow | undefined {
    const bytes = this.#core.context.rows.get(rowWatch(vpid));
    return bytes === undefined ? undefined : unpackRow('watch', bytes);
  }
}
