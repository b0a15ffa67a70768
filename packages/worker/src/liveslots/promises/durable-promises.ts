/**
 * `VatData.makeDurablePromiseKit`: promises that stay unresolved across upgrades, and whose durable
 * resolvers any later incarnation can use.
 *
 * Theory of operation. While the incarnation lasts, the promise is one like any other: the kernel
 * and the results of messages follow it in RAM. What outlives that is written down: for every name
 * that the kernel is to see settled with it (its own, and those of results of messages that a
 * method answered with it) a row, keyed by the name, that holds the resolver. The row is a promise
 * to the kernel: an upgrade neither rejects what it names nor takes the name away. A successor that
 * settles the resolver settles these names.
 *
 * Invariants: a row exists iff the kernel knows the name and the resolver has not been settled; the
 * resolver's state lists the same names; its kind is liveslots' own, defined before vat code runs.
 */
import { rowDurablePromise, rowResolverKind } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { PromiseRecord } from '../../contracts/handled-promises.js';
import { parseVRef, type VRef } from '../../protocol/refs.js';
import { isRecord } from '../../values.js';
import type { Definition, KindDefinitions, Maker } from '../kinds/kind-definitions.js';
import type { Core } from '../objects/core.js';
import { firstNotDurable } from '../objects/stored-values.js';
import { packNumber, packRow, unpackNumber, unpackRow } from '../rows/frames.js';
import { isPromise, type Settlement } from './promise-table.js';

const RESOLVER_TAG = 'promise resolver';
const LOST = 'a durable promise was settled with what is not durable, by an earlier incarnation';

/** What this needs of the vat's promises. See promises.ts. */
export interface DecidedPromises {
  makePending(): PromiseRecord;
  /** Settles a promise of the vat's own. */
  fire(record: PromiseRecord, settlement: Settlement): void;
  /** The promise of an earlier incarnation's name: it is followed for the kernel from now on. */
  adopt(vpid: VRef): PromiseRecord;
  /** Settles an earlier incarnation's name for the kernel; nothing if this one follows it. */
  settleNamed(vpid: VRef, settlement: Settlement): void;
  /** The job runs once `promise` has settled. */
  onSettled(promise: Promise<unknown>, job: (settlement: Settlement) => void): void;
  useDurable(durable: DurablePromises): void;
}

interface Outcome {
  readonly rejected: boolean;
  /** False: it could not be kept beyond the incarnation. */
  readonly isKept: boolean;
  readonly value: unknown;
}

/** As `init` makes it, and this file changes it. */
interface State {
  names: readonly VRef[];
  outcome: Outcome | null;
}

interface Context {
  readonly state: State;
  readonly self: object;
}

interface Open {
  readonly record: PromiseRecord;
  /** It has been resolved to another promise, and waits for that one. */
  isFollowing: boolean;
}

export class DurablePromises {
  readonly #core: Core;
  readonly #kinds: KindDefinitions;
  readonly #promises: DecidedPromises;
  /** By resolver, of those that this incarnation has made or asked for and not settled. */
  readonly #open = new Map<VRef, Open>();
  readonly #resolvers = new WeakMap<Promise<unknown>, VRef>();
  /** What this incarnation has settled with what its successors cannot know. */
  readonly #lost = new Map<VRef, Promise<unknown>>();
  #kind: number | undefined;
  #maker: Maker | undefined;

  constructor(core: Core, kinds: KindDefinitions, promises: DecidedPromises) {
    this.#core = core;
    this.#kinds = kinds;
    this.#promises = promises;
    promises.useDurable(this);
  }

  /** The number of the resolvers' kind; undefined while the vat has none. */
  get ownKind(): number | undefined {
    return this.#kind;
  }

  /** Before vat code runs: what an earlier incarnation made is usable from the start. */
  start(): void {
    const bytes = this.#core.context.rows.get(rowResolverKind());
    if (bytes === undefined) return;
    this.#kind = unpackNumber(bytes);
    this.#maker = this.#kinds.define(this.#kinds.handles.read(this.#kind), this.#definition());
  }

  makeKit(): object {
    const { harden } = this.#core.context.hardening;
    const resolver = this.#provideMaker()();
    const { promise } = this.#begin(this.#vrefOf(resolver), this.#promises.makePending());
    return harden({ promise, resolver });
  }

  /** The kernel learns of `promise` by `vpid`, or is to see `vpid` settle as it does. */
  told(promise: Promise<unknown>, vpid: VRef): void {
    const vref = this.#resolvers.get(promise);
    if (vref === undefined || !this.#open.has(vref)) return;
    const { state } = this.#contextOf(vref);
    if (state.names.includes(vpid)) return;
    state.names = this.#core.context.hardening.harden([...state.names, vpid]);
    const { rows } = this.#core.context;
    rows.set(rowDurablePromise(vpid), packRow('durablePromise', [vref]));
    this.#core.ledger.rowChanged(true, [], [vref]);
  }

  /** The promise that an earlier incarnation called `vpid`, if it is one of these. */
  promiseNamed(vpid: VRef): Promise<unknown> | undefined {
    if (parseVRef(vpid)?.type !== 'vatPromise') return undefined;
    const bytes = this.#core.context.rows.get(rowDurablePromise(vpid));
    if (bytes === undefined) return undefined;
    const [vref] = unpackRow('durablePromise', bytes);
    return this.#promiseOf(vref, this.#contextOf(vref).state);
  }

  #provideMaker(): Maker {
    if (this.#maker === undefined) {
      const { kind, maker } = this.#kinds.defineNew(RESOLVER_TAG, this.#definition());
      this.#core.context.rows.set(rowResolverKind(), packNumber(kind));
      this.#kind = kind;
      this.#maker = maker;
    }
    return this.#maker;
  }

  #definition(): Definition {
    const { harden } = this.#core.context.hardening;
    const behavior = {
      resolve: (context: Context, value: unknown) => this.#resolve(context, value),
      reject: (context: Context, reason: unknown) =>
        this.#settleOnce(context, { rejected: true, value: reason }),
      getPromise: ({ state, self }: Context) => this.#promiseOf(this.#vrefOf(self), state),
    };
    const init = (): object => harden({ names: [], outcome: null });
    return { init, behavior, options: {}, isMulti: false };
  }

  #vrefOf(resolver: object): VRef {
    const vref = this.#core.context.references.vrefOf(resolver);
    check(vref !== undefined, 'a resolver has a vref');
    return vref;
  }

  #contextOf(vref: VRef): Context {
    const resolver = this.#core.context.references.valueOf(vref);
    const kind = this.#kind === undefined ? undefined : this.#core.definedKinds.get(this.#kind);
    const context = kind?.contextFor(resolver, 0);
    check(context !== undefined, 'a resolver is of the kind of resolvers');
    // The kind is liveslots' own, and nobody else sets its state.
    return context as Context;
  }

  #begin(vref: VRef, record: PromiseRecord): PromiseRecord {
    this.#open.set(vref, { record, isFollowing: false });
    this.#resolvers.set(record.promise, vref);
    return record;
  }

  #promiseOf(vref: VRef, { names, outcome }: State): Promise<unknown> {
    if (outcome !== null) return this.#lost.get(vref) ?? this.#settledPromise(outcome);
    const open = this.#open.get(vref);
    if (open !== undefined) return open.record.promise;
    // Its own name; the others are of results, which the kernel has named.
    const name = names.find(it => it.startsWith('p+'));
    const record = name === undefined ? this.#promises.makePending() : this.#promises.adopt(name);
    return this.#begin(vref, record).promise;
  }

  #settledPromise({ rejected, isKept, value }: Outcome): Promise<unknown> {
    const record = this.#promises.makePending();
    const lost = (): Error => this.#core.context.hardening.harden(Error(LOST));
    this.#promises.fire(record, isKept ? { rejected, value } : { rejected: true, value: lost() });
    return record.promise;
  }

  /** As of any promise: resolved to another one it follows that, as long as the heap lasts. */
  #resolve(context: Context, value: unknown): void {
    const vref = this.#vrefOf(context.self);
    const isFollowing = this.#open.get(vref)?.isFollowing === true;
    if (isFollowing || context.state.outcome !== null) return;
    if (!isRecord(value) || !isPromise(value)) {
      return this.#settle(context, { rejected: false, value });
    }
    void this.#promiseOf(vref, context.state);
    const open = this.#open.get(vref);
    check(open !== undefined, 'a promise that was asked for is open');
    open.isFollowing = true;
    return this.#promises.onSettled(value, settlement => this.#settle(context, settlement));
  }

  #settleOnce(context: Context, settlement: Settlement): void {
    const open = this.#open.get(this.#vrefOf(context.self));
    if (open?.isFollowing === true || context.state.outcome !== null) return;
    this.#settle(context, settlement);
  }

  #settle({ state, self }: Context, { rejected, value: given }: Settlement): void {
    const { context, ledger } = this.#core;
    const value = context.hardening.harden(given);
    const vref = this.#vrefOf(self);
    const outcome = this.#outcomeOf({ rejected, value });
    if (!outcome.isKept) this.#lost.set(vref, this.#promiseOf(vref, state));
    const open = this.#open.get(vref);
    this.#open.delete(vref);
    const { names } = state;
    state.names = context.hardening.harden([]);
    state.outcome = context.hardening.harden(outcome);
    for (const name of names) {
      context.rows.delete(rowDurablePromise(name));
      ledger.rowChanged(true, [vref], []);
    }
    // What follows the promise in this incarnation settles by it, the other names by themselves.
    if (open !== undefined) this.#promises.fire(open.record, { rejected, value });
    for (const name of names) {
      this.#promises.settleNamed(name, { rejected, value });
    }
  }

  #outcomeOf({ rejected, value }: Settlement): Outcome {
    const { context } = this.#core;
    try {
      const { slots } = context.codec.encode(value);
      if (firstNotDurable(context, slots) < 0) return { rejected, isKept: true, value };
    } catch {
      // No data at all, or a proxy that throws: whoever waits gets an error that says so.
    }
    return { rejected, isKept: false, value: undefined };
  }
}
