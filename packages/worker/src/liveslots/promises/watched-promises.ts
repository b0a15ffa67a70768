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
 * Invariants: a promise with a row is known to the kernel, which tells this vat when it settles;
 * a row goes in the crank in which its promise settles here, before any of its watchers is called.
 */
import { ROW_WATCH_PREFIX, prefixEnd, rowWatch, rowWatcher } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { Slots } from '../../protocol/passables.js';
import { parseVRef, type VRef } from '../../protocol/refs.js';
import { isRecord } from '../../values.js';
import { assertDurableValue } from '../collections/collection.js';
import type { Encoded } from '../contract/context.js';
import { Fail } from '../contract/fail.js';
import { styleOf } from '../contract/patterns.js';
import type { KindDefinitions } from '../kinds/kind-definitions.js';
import type { Core } from '../objects/core.js';
import { listOf, vrefIn } from '../rows/decoded.js';
import { packRow, unpackRow } from '../rows/frames.js';
import type { WatchRow } from '../rows/frames.js';
import { isPromise, whenSettled, type Settlement } from './promise-table.js';

const SETTLED: Promise<unknown> = Promise.resolve();

/** What watches need of the vat's promises. See promises.ts. */
export interface WatchablePromises {
  nameOf(promise: Promise<unknown>): VRef;
  subscribe(vpid: VRef): void;
  revive(vpid: VRef): Promise<unknown>;
  onSettled(promise: Promise<unknown>, job: (settlement: Settlement) => void): void;
}

type Watch = WatchRow[0][number];
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

  constructor(core: Core, kinds: KindDefinitions, promises: WatchablePromises) {
    this.#core = core;
    this.#kinds = kinds;
    this.#promises = promises;
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
    const { rows } = this.#core.context;
    const end = prefixEnd(ROW_WATCH_PREFIX);
    let key = rows.nextKey(ROW_WATCH_PREFIX, end);
    while (key !== undefined) {
      const vpid = vrefIn(key, ROW_WATCH_PREFIX.length);
      if (!this.#watched.has(vpid)) this.#react(vpid, this.#promises.revive(vpid));
      key = rows.nextKey(key, end);
    }
  }

  #watch(promise: unknown, watcher: unknown, args: readonly unknown[]): void {
    const { context } = this.#core;
    this.#checkWatcher(watcher);
    if (!this.#isPromise(promise)) throw Fail`watchPromise only watches promises`;
    const watch = context.hardening.harden([watcher, ...args]);
    const encoded = context.codec.encode(watch);
    assertDurableValue(this.#core, watch, encoded);
    const vpid = this.#promises.nameOf(promise);
    this.#record(vpid, encoded);
    if (this.#watched.has(vpid)) return;
    this.#react(vpid, promise);
    this.#promises.subscribe(vpid);
  }

  #checkWatcher(watcher: unknown): void {
    const { references } = this.#core.context;
    const vref = isWatcher(watcher) ? references.vrefOf(watcher) : undefined;
    const type = vref === undefined ? undefined : parseVRef(vref)?.type;
    if (!isWatcher(watcher) || (type !== 'durable' && type !== 'virtual')) {
      throw Fail`promise watcher must be a virtual object`;
    }
    const { onFulfilled, onRejected } = watcher;
    if (onFulfilled === undefined && onRejected === undefined) {
      Fail`promise watcher must implement at least one handler method`;
    }
  }

  #isPromise(value: unknown): value is Promise<unknown> {
    if (!isRecord(value) || !isPromise(value)) return false;
    return styleOf(this.#core.context.hardening.harden(value)) === 'promise';
  }

  #record(vpid: VRef, { body, slots }: Encoded): void {
    const { context, ledger } = this.#core;
    const watch: Watch = [body, slots];
    const before = this.#read(vpid);
    if (this.#isMadeAgain(vpid, before?.[0] ?? [], watch)) return;
    const watches = [...(before?.[0] ?? []), watch];
    ledger.rowChanged(true, slotsOf(before?.[0] ?? []), slotsOf(watches));
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
    for (const watch of watches) void whenSettled(SETTLED, () => this.#call(watch, settlement));
  }

  #call([body, slots]: Watch, { rejected, value }: Settlement): void {
    // The watcher is mentioned first.
    const [vref] = slots;
    check(vref !== undefined, 'a watch mentions its watcher');
    if (this.#core.dismissals.revocationOf(vref) !== undefined) return;
    const [watcher, ...args] = listOf(this.#core.values, body, slots);
    check(isWatcher(watcher), 'a watch begins with its watcher');
    if (rejected) {
      if (watcher.onRejected === undefined) throw value;
      watcher.onRejected(value, ...args);
    } else if (watcher.onFulfilled !== undefined) {
      watcher.onFulfilled(value, ...args);
    }
  }

  #read(vpid: VRef): WatchRow | undefined {
    const bytes = this.#core.context.rows.get(rowWatch(vpid));
    return bytes === undefined ? undefined : unpackRow('watch', bytes);
  }
}
