/**
 * Promises between a vat and the kernel: sends, subscriptions, resolutions (docs/protocol.md).
 *
 * Theory of operation. A promise comes in when a delivery mentions `p-N`: it is pending, forwards
 * sends to the kernel, and is subscribed to. A promise goes out when a syscall mentions it: the vat
 * then *follows* it, and settles it for the kernel when it settles. The result of a send is settled
 * by a notify; the result of a delivery is settled by the vat, and becomes a promise only if
 * somebody mentions it. A settlement whose data mentions promises that the vat knows to be settled
 * takes them along in one `resolve`.
 *
 * Invariants: each promise is settled for the kernel at most once, and only by its settler; a
 * syscall that mentions a promise for the first time is made before any that settles it.
 */
import { askMessage, isTooLarge } from '@heirloom/store/codec';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type {
  HandledPromises,
  PromiseRecord,
  Send,
  SendHandler,
} from '../../contracts/handled-promises.js';
import type { Hardening } from '../../contracts/hardening.js';
import { DESCRIBED_LIST_MAX } from '../../protocol/description.js';
import { Syscall } from '../../protocol/opcodes.js';
import type { Resolution } from '../../protocol/passables.js';
import { VatFault } from '../../protocol/faults.js';
import { isPromiseRef, type VRef } from '../../protocol/refs.js';
import { isInstance, propertyOf } from '../../values.js';
import type { Encoded } from '../contract/context.js';
import { noteOrigin, noteSend } from '../contract/fail.js';
import { stampedRef } from '../objects/ref-stamps.js';
import type { VatCodec } from './codec.js';
import type { DurablePromises } from './durable-promises.js';
import { whenSettled, type PromiseEntry, type PromiseTable, type Settlement }
  from './promise-table.js';

/** In an array of the method and its arguments. */
const ARGUMENT_PLACE = / \(at \[1\]\[(\d+)\](.*)\)$/;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface PromisesOptions {
  readonly crank: CrankSink;
  readonly handled: HandledPromises;
  readonly hardening: Hardening;
  readonly table: PromiseTable;
}

interface Settling {
  readonly entry: PromiseEntry;
  readonly settlement: Settlement;
}

interface SentByStart {
  readonly target: VRef;
  /** Empty if it has no name. */
  readonly method: string;
  readonly site: Error | undefined;
}

export class Promises {
  readonly #crank: CrankSink;
  readonly #handled: HandledPromises;
  readonly #hardening: Hardening;
  readonly #table: PromiseTable;
  /** What the vat knows of promises that it settled for the kernel, beyond their names. */
  readonly #known = new WeakMap<Promise<unknown>, Settlement>();
  #codec: VatCodec | undefined;
  #durable: DurablePromises | undefined;
  #onNotified: ((vpid: VRef) => void) | undefined;
  /** The first messages of a start, for whoever tries it; undefined behind it. */
  #sentByStart: SentByStart[] | undefined;
  /** While a notify is decoded: promises seen for the first time. */
  #arrivals: PromiseEntry[] | undefined;
  /** Carries out sends to presences and to pending promises of the kernel. */
  readonly handler: SendHandler;

  constructor({ crank, handled, hardening, table }: PromisesOptions) {
    this.#crank = crank;
    this.#handled = handled;
    this.#hardening = hardening;
    this.#table = table;
    const queueSend = (send: Send, target: PromiseRecord): void => this.#send(send, target);
    this.handler = hardening.harden({ queueSend });
  }

  /** The codec needs the references, which need this: they meet when all are made. */
  useCodec(codec: VatCodec): void {
    this.#codec = codec;
  }

  /** Durable promises need these promises, which need them. */
  useDurable(durable: DurablePromises): void {
    this.#durable = durable;
  }

  /** What a start sends is noted, what comes behind it is not. */
  noteSends(isStart: boolean): void {
    this.#sentByStart = isStart ? [] : undefined;
  }

  get sentByStart(): readonly SentByStart[] {
    return this.#sentByStart ?? [];
  }

  /** `job` is told of each promise that a notify settles, before the notify is read. */
  beforeNotify(job: (vpid: VRef) => void): void {
    this.#onNotified = job;
  }

  /** The promise that a vref of a delivery or row names. */
  valueOf(vpid: VRef): Promise<unknown> {
    const entry = this.#table.get(vpid);
    if (entry !== undefined) return this.#table.materialize(entry);
    return this.#table.keptPromise(vpid) ?? this.#import(vpid);
  }

  /** The vat is to settle `vpid`, the result of a delivery. */
  takeResult(vpid: VRef): PromiseEntry {
    const entry = this.#table.get(vpid);
    if (entry === undefined) return this.#table.add(vpid, 'vat', undefined);
    const isPending = entry.settler === 'kernel' && entry.settlement === undefined;
    if (!isPending) this.#crank.raise('BAD_DELIVERY', `${vpid} cannot be a result again`);
    entry.settler = 'vat';
    return entry;
  }

  /** Settles the result of a delivery, for the kernel and for whoever holds its promise here. */
  settleResult(entry: PromiseEntry, settlement: Settlement): void {
    if (settlement.rejected) askMessage(settlement.value);
    this.#crank.guard(() => {
      this.#table.fire(entry, settlement);
      this.#settle(entry, settlement);
    });
  }

  /** The result settles as `promise` does. */
  followForResult(entry: PromiseEntry, promise: Promise<unknown>): void {
    this.#durable?.told(promise, entry.vpid);
    if (entry.record !== undefined) {
      this.#handled.resolveRecord(entry.record, promise);
      // The promise may be the result's own: then its record has turned it into a rejection.
      if (entry.promise === promise) return this.#follow(entry);
    }
    this.#whenSettled(promise, settlement => this.settleResult(entry, settlement));
  }

  /** A delivery of settlements. Those of promises that this incarnation does not await are void. */
  notify(resolutions: readonly Resolution[]): void {
    check(this.#arrivals === undefined, 'notify within notify');
    for (const [vpid] of resolutions) this.#onNotified?.(vpid);
    const arrivals: PromiseEntry[] = [];
    this.#arrivals = arrivals;
    const settled: Settling[] = [];
    try {
      this.#decodeAwaited(resolutions, settled);
    } finally {
      this.#arrivals = undefined;
    }
    for (const { entry, settlement } of settled) this.#table.fire(entry, settlement);
    arrivals.sort((a, b) => compare(a.vpid, b.vpid));
    for (const { vpid, settlement } of arrivals) {
      if (settlement === undefined) this.#crank.syscall([Syscall.subscribe, vpid]);
    }
  }

  /** To be called after every syscall whose data mentions `slots`. */
  mentioned(slots: readonly VRef[]): void {
    if (slots.length === 0) return;
    const batch: Settling[] = [];
    const toFollow: PromiseEntry[] = [];
    this.#sort(slots, batch, toFollow);
    if (batch.length > 0) this.#resolve(batch, toFollow);
    for (const entry of toFollow) this.#follow(entry);
  }

  /** The name of a promise of vat code; one that has none is exported, and not told yet. */
  nameOf(promise: Promise<unknown>): VRef {
    return this.#table.vrefOf(promise) ?? this.#table.export(promise);
  }

  /** From now on the kernel tells the vat, or its next incarnation, how `vpid` settles. */
  subscribe(vpid: VRef): void {
    const entry = this.#table.get(vpid);
    check(entry !== undefined, 'promises: a subscription to what has no name');
    if (entry.settler === 'kernel' || entry.settlement !== undefined) return;
    this.#crank.syscall([Syscall.subscribe, vpid]);
    this.mentioned([vpid]);
  }

  /** The kernel keeps the name of a promise that settles in this wave. */
  keep(vpid: VRef): void {
    this.#crank.syscall([Syscall.keep, vpid]);
  }

  /** The kernel tells once more of a promise that has settled, and that was kept. */
  askAgain(vpid: VRef): void {
    this.#crank.syscall([Syscall.subscribe, vpid]);
  }

  /** A promise whose name the kernel has kept for this incarnation, or within it. */
  revive(vpid: VRef): Promise<unknown> {
    const entry = this.#table.get(vpid);
    if (entry !== undefined) return this.#table.materialize(entry);
    return this.#addPending(vpid).record.promise;
  }

  /** A job of ours, in a turn of its own once `promise` has settled. */
  onSettled(promise: Promise<unknown>, job: (settlement: Settlement) => void): void {
    this.#whenSettled(promise, settlement => this.#crank.guard(() => job(settlement)));
  }

  /** Without a handler: the vat settles it. */
  makePending(): PromiseRecord {
    return this.#handled.makePending();
  }

  fire(record: PromiseRecord, { rejected, value }: Settlement): void {
    if (rejected) this.#handled.rejectRecord(record, value);
    else this.#handled.resolveRecord(record, value);
  }

  /** See `DecidedPromises`. */
  adopt(vpid: VRef): PromiseRecord {
    const known = this.#table.get(vpid);
    const entry = known ?? this.#table.add(vpid, 'vat', this.#handled.makePending());
    void this.#table.materialize(entry);
    entry.settler = 'vat';
    this.#follow(entry);
    check(entry.record !== undefined, 'promises: an adopted promise has a record');
    return entry.record;
  }

  /** See `DecidedPromises`. */
  settleNamed(vpid: VRef, settlement: Settlement): void {
    const known = this.#table.get(vpid);
    if (known !== undefined && known.settler !== 'kernel') return;
    const entry = known ?? this.#table.add(vpid, 'vat', undefined);
    entry.settler = 'vat';
    this.settleResult(entry, settlement);
  }

  get #wire(): VatCodec {
    check(this.#codec !== undefined, 'promises: no codec yet');
    return this.#codec;
  }

  /** A promise that the kernel settles. */
  #addPending(vpid: VRef): { readonly record: PromiseRecord; readonly entry: PromiseEntry } {
    const record = this.#handled.makePending(this.handler);
    return { record, entry: this.#table.add(vpid, 'kernel', record) };
  }

  #import(vpid: VRef): Promise<unknown> {
    const durable = this.#durable?.promiseNamed(vpid);
    if (durable !== undefined) return durable;
    const { record, entry } = this.#addPending(vpid);
    if (this.#arrivals === undefined) this.#crank.syscall([Syscall.subscribe, vpid]);
    else this.#arrivals.push(entry);
    return record.promise;
  }

  /** A promise may be mentioned by one that stands before it or after it in the batch. */
  #decodeAwaited(resolutions: readonly Resolution[], settled: Settling[]): void {
    let rest = resolutions;
    let isProgress = true;
    while (isProgress && rest.length > 0) {
      const unknown: Resolution[] = [];
      for (const resolution of rest) {
        const [vpid, rejected, body, slots] = resolution;
        const entry = this.#table.get(vpid);
        if (entry === undefined) unknown.push(resolution);
        else if (entry.settler === 'kernel' && entry.settlement === undefined) {
          const settlement = this.#read(rejected, () => this.#wire.decode(body, slots));
          this.#table.settled(entry, settlement);
          settled.push({ entry, settlement });
        }
      }
      isProgress = unknown.length < rest.length;
      rest = unknown;
    }
  }

  /** A worker that was taken over may settle its promises with any bytes. */
  #read(rejected: boolean, decode: () => unknown): Settlement {
    try {
      return { rejected, value: decode() };
    } catch {
      const value = this.#hardening.harden(TypeError('the promise was settled with no data'));
      return { rejected: true, value };
    }
  }

  #send(send: Send, target: PromiseRecord): void {
    const { presence } = target;
    const vref = presence === undefined ? target.vref : stampedRef(presence);
    check(vref !== undefined, 'a send to what has no vref');
    if (send.operation === 'get') return this.#get(send, target);
    const { harden, bornHardened } = this.#hardening;
    const methargs = bornHardened([send.property, harden(send.args)]);
    const { body, slots } = this.#encodeSend(methargs, send, vref);
    this.#crank.guard(() => {
      let vpid: VRef | null = null;
      if (!send.isSendOnly) {
        vpid = this.#table.allocate();
        this.#table.add(vpid, 'kernel', send.result);
        this.#handled.setHandler(send.result, this.handler);
      }
      this.#crank.syscall([Syscall.send, vref, body, slots, vpid]);
      const noted = this.#sentByStart;
      if (noted !== undefined && noted.length < DESCRIBED_LIST_MAX) {
        const method = typeof send.property === 'string' ? send.property : '';
        noted.push({ target: vref, method, site: this.#handled.siteOfSend(send) });
      }
      this.mentioned(slots);
    });
  }

  /** Errors: they name the method, and the argument, if that is known, by its number from 0. */
  #encodeSend(methargs: unknown, { property, args }: Send, vref: VRef): Encoded {
    try {
      return this.#wire.encodeForWire(methargs);
    } catch (error) {
      this.#crank.note(error);
      const isOfLimit = isInstance(error, RangeError) || VatFault.isOn(error);
      if (isOfLimit || !isInstance(error, Error)) throw error;
      const { message } = error;
      const [place = '', number = '', rest = ''] = ARGUMENT_PLACE.exec(message) ?? [];
      const argument = place === '' ? 'an argument' : `argument ${number}${rest}`;
      const why = message.slice(0, message.length - place.length);
      const telling = `${why} (${argument} of ${String(property)})`;
      throw noteSend(isInstance(error, TypeError) ? TypeError(telling) : Error(telling), {
        ...{ error, property, args, vref },
      });
    }
  }

  /** No message asks for a property: it is read from what the promise turns out to be. */
  #get({ property, result }: Send, target: PromiseRecord): void {
    check(property !== undefined, 'promises: a property has a name');
    const read = (value: unknown): unknown => propertyOf(value, property);
    const value =
      target.presence === undefined
        ? whenSettled(target.promise, read)
        : read(target.presence);
    this.#handled.resolveRecord(result, value);
  }

  #follow(entry: PromiseEntry): void {
    check(entry.promise !== undefined, 'promises: nothing to follow');
    this.onSettled(entry.promise, settlement => this.#settle(entry, settlement));
  }

  #whenSettled(promise: Promise<unknown>, job: (settlement: Settlement) => void): void {
    void whenSettled(
      promise,
      value => job({ rejected: false, value }),
      value => job({ rejected: true, value }),
    );
  }

  #settle(entry: PromiseEntry, settlement: Settlement): void {
    const toFollow: PromiseEntry[] = [];
    this.#resolve([{ entry, settlement }], toFollow);
    for (const other of toFollow) this.#follow(other);
  }

  /** Makes one `resolve` of `batch` and of every known settlement that its data reaches. */
  #resolve(batch: Settling[], toFollow: PromiseEntry[]): void {
    const resolutions: Resolution[] = [];
    // The batch grows while its data is read.
    for (let i = 0; i < batch.length; i += 1) {
      const settling = batch[i];
      check(settling !== undefined, 'promises: a batch has no holes');
      const { entry, settlement } = settling;
      const { rejected, reason, body, slots } = this.#encodeSettlement(settlement);
      resolutions.push([entry.vpid, rejected, body, slots]);
      if (rejected) this.#crank.thrown(entry.vpid, reason, body);
      this.#table.settled(entry, settlement);
      if (entry.promise !== undefined) this.#known.set(entry.promise, settlement);
      if (slots.length > 0) this.#sort(slots, batch, toFollow);
    }
    this.#crank.syscall([Syscall.resolve, resolutions]);
  }

  /** Promises that the kernel does not know yet: settled ones to `batch`, others to `toFollow`. */
  #sort(slots: readonly VRef[], batch: Settling[], toFollow: PromiseEntry[]): void {
    if (!slots.some(isPromiseRef)) return;
    for (const entry of this.#table.takeUntold(slots)) {
      const { promise } = entry;
      check(promise !== undefined, 'promises: what is untold has a promise');
      const settlement = this.#known.get(promise);
      if (settlement === undefined) toFollow.push(entry);
      else batch.push({ entry, settlement });
      this.#durable?.told(promise, entry.vpid);
    }
  }

  /** What cannot be passed becomes a rejection that says why; what is too large ends the vat. */
  #encodeSettlement({ rejected, value }: Settlement): Encoded & {
    readonly rejected: boolean;
    readonly reason: unknown;
  } {
    askMessage(value);
    try {
      const encoded = this.#wire.encodeSettlement(this.#hardening.harden(value));
      return { rejected, reason: value, ...encoded };
    } catch (error) {
      this.#crank.note(error);
      if (isTooLarge(error)) this.#crank.raise('LIMIT', error.message);
      const reason = this.#hardening.harden(noteOrigin(error, value));
      return { rejected: true, reason, ...this.#wire.encodeSettlement(reason) };
    }
  }
}
