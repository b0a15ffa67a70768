/**
 * The promises that have a vref at present, and who settles each.
 *
 * Invariants:
 * - a vref names one promise; a promise has at most one vref at a time;
 * - a promise that settles in a wave keeps its vref until the wave ends (rules.md#w3), then has
 *   none: the next mention gives it a fresh one. A row that holds the old one still leads to the
 *   promise;
 * - a handled promise carries its vref in its record, any other one as a stamp.
 */
import { check } from '../../check.js';
import type { HandledPromises, PromiseRecord } from '../../contracts/handled-promises.js';
import { isPromiseRef, vatPromiseRef, type VRef } from '../../protocol/refs.js';
import { stampedRef, stampRef, unstampRef } from '../objects/ref-stamps.js';

const { apply } = Reflect;
const { getPrototypeOf } = Object;
const { then: nativeThen } = Promise.prototype;
const promisePrototype: unknown = Promise.prototype;

/** The promise's own `then`, captured: no property of the promise is looked up. */
export const whenSettled = (
  promise: Promise<unknown>,
  onFulfilled: ((value: unknown) => unknown) | undefined,
  onRejected?: (reason: unknown) => unknown,
): Promise<unknown> => apply(nativeThen, promise, [onFulfilled, onRejected]);

/** By its prototype; whether it is one that may be passed, endo says. */
export const isPromise = (
  value: object,
  prototype: unknown = getPrototypeOf(value),
): value is Promise<unknown> => prototype === promisePrototype;

const ignore = (): void => undefined;

export interface Settlement {
  readonly rejected: boolean;
  readonly value: unknown;
}

/**
 * `kernel`: a notify settles it. `vat`: this vat does, the kernel knows of it.
 * `untold`: this vat does, and no syscall has mentioned it yet.
 */
type Settler = 'kernel' | 'vat' | 'untold';

export interface PromiseEntry {
  readonly vpid: VRef;
  settler: Settler;
  /** Undefined for the result of a delivery that no one has mentioned yet. */
  promise: Promise<unknown> | undefined;
  /** The record by which liveslots settles the promise, unless vat code settles it. */
  record: PromiseRecord | undefined;
  /** Undefined until a syscall or a notify has settled it. */
  settlement: Settlement | undefined;
}

export class PromiseTable {
  readonly #handled: HandledPromises;
  readonly #byVpid = new Map<VRef, PromiseEntry>();
  /** Promises that rows hold under a name which the kernel no longer knows. */
  readonly #kept = new Map<VRef, Promise<unknown>>();
  /** How many rows hold each. */
  readonly #rowCounts = new Map<VRef, number>();
  #settledInWave: PromiseEntry[] = [];
  #untold: PromiseEntry[] = [];
  #incarnation = 0;
  #next = 1;

  constructor(handled: HandledPromises) {
    this.#handled = handled;
  }

  bind(incarnation: number): void {
    this.#incarnation = incarnation;
  }

  /** A name that this incarnation has never used. */
  allocate(): VRef {
    const vpid = vatPromiseRef(this.#incarnation, this.#next);
    this.#next += 1;
    return vpid;
  }

  get(vpid: VRef): PromiseEntry | undefined {
    return this.#byVpid.get(vpid);
  }

  keptPromise(vpid: VRef): Promise<unknown> | undefined {
    return this.#kept.get(vpid);
  }

  vrefOf(promise: object): VRef | undefined {
    const stamped = stampedRef(promise);
    if (stamped !== undefined) return stamped;
    const record = this.#handled.recordOf(promise);
    return record === undefined || record.presence === promise ? undefined : record.vref;
  }

  /** A promise that liveslots settles, through `record`. */
  add(vpid: VRef, settler: Settler, record: PromiseRecord | undefined): PromiseEntry {
    check(!this.#byVpid.has(vpid), 'a promise name is used twice');
    const promise = record?.promise;
    const entry = { vpid, settler, promise, record, settlement: undefined };
    if (record !== undefined) record.vref = vpid;
    this.#byVpid.set(vpid, entry);
    return entry;
  }

  /** Shows vat code the promise of a delivery's result. */
  materialize(entry: PromiseEntry): Promise<unknown> {
    if (entry.promise !== undefined) return entry.promise;
    const record = this.#handled.makePending();
    record.vref = entry.vpid;
    entry.record = record;
    entry.promise = record.promise;
    // The kernel is told of a rejection: it is nobody's oversight here.
    void whenSettled(entry.promise, undefined, ignore);
    if (entry.settlement !== undefined) this.fire(entry, entry.settlement);
    return entry.promise;
  }

  /** A promise of the vat's own, mentioned for the first time or again after it was forgotten. */
  export(promise: Promise<unknown>): VRef {
    const vpid = this.allocate();
    const entry: PromiseEntry = {
      vpid, settler: 'untold', promise, record: undefined, settlement: undefined,
    };
    stampRef(promise, vpid);
    this.#byVpid.set(vpid, entry);
    this.#untold.push(entry);
    return vpid;
  }

  /** A row more, or less, holds the promise. True if RAM lets go of it by that. */
  holdInRow(vpid: VRef, by: 1 | -1): boolean {
    const count = (this.#rowCounts.get(vpid) ?? 0) + by;
    check(count >= 0, 'a count below nil');
    if (count > 0) {
      this.#rowCounts.set(vpid, count);
      return false;
    }
    this.#rowCounts.delete(vpid);
    const entry = this.#byVpid.get(vpid);
    if (entry?.settler === 'untold') this.#untold.push(entry);
    return this.#kept.delete(vpid);
  }

  untoldMark(): number {
    return this.#untold.length;
  }

  /** The promises exported since `mark` were not mentioned after all. */
  forgetUntold(mark: number): void {
    for (const entry of this.#untold.splice(mark)) this.#forget(entry);
  }

  /** The promises among `slots` that the kernel learns of by the syscall just made, in order. */
  takeUntold(slots: readonly VRef[]): readonly PromiseEntry[] {
    const taken: PromiseEntry[] = [];
    for (const slot of slots) {
      if (!isPromiseRef(slot)) continue;
      const entry = this.#byVpid.get(slot);
      if (entry?.settler !== 'untold') continue;
      entry.settler = 'vat';
      taken.push(entry);
    }
    return taken;
  }

  /** The promise is settled for the kernel: it loses its name at the end of the wave. */
  settled(entry: PromiseEntry, settlement: Settlement): void {
    check(entry.settlement === undefined, 'a promise is settled once');
    entry.settlement = settlement;
    this.#settledInWave.push(entry);
  }

  /** Settles the promise that vat code sees. */
  fire(entry: PromiseEntry, { rejected, value }: Settlement): void {
    const { record } = entry;
    if (record === undefined) return;
    if (rejected) this.#handled.rejectRecord(record, value);
    else this.#handled.resolveRecord(record, value);
  }

  endCrank(): void {
    // What a row keeps and no syscall has mentioned stays untold, under the same name.
    for (const entry of this.#untold) {
      const { vpid, settler } = entry;
      const isKnown = settler !== 'untold' || this.#rowCounts.has(vpid);
      if (!isKnown && this.#byVpid.get(vpid) === entry) this.#forget(entry);
    }
    this.#untold = [];
  }

  endWave(): void {
    for (const entry of this.#settledInWave) {
      const { vpid, promise } = entry;
      const isInRow = this.#rowCounts.has(vpid);
      if (isInRow && promise !== undefined) this.#kept.set(vpid, promise);
      this.#forget(entry);
    }
    this.#settledInWave = [];
  }

  #forget({ vpid, promise, record }: PromiseEntry): void {
    this.#byVpid.delete(vpid);
    if (record !== undefined) record.vref = undefined;
    if (promise !== undefined) unstampRef(promise);
  }
}
