/**
 * A vat that follows a seeded script in the place of liveslots: it makes up syscalls and row writes
 * at random, and in them uses what deliveries have brought it.
 *
 * Invariants: what a crank does depends on the seed, the vat, the incarnation and the deliveries
 * before it, in memory as in rows, so that a replay that goes wrong anywhere shows in a digest; but
 * for a few cranks that break the protocol on purpose, it keeps to what a vat may say.
 */
import { PassableCodec } from '@heirloom/store/codec';
import type { Continuation } from '../liveslots/contract/delivery-handlers.js';
import type { CrankReport } from '../protocol/from-worker.js';
import { Delivery, Syscall } from '../protocol/opcodes.js';
import type { Resolution, Slots } from '../protocol/passables.js';
import {
  durableRef,
  ephemeralRef,
  importRef,
  isPromiseRef,
  kernelPromiseRef,
  storedVRef,
  vatPromiseRef,
  type VRef,
} from '../protocol/refs.js';
import type { DeliveryTuple } from '../protocol/to-worker.js';
import type { Crank } from '../supervisor/crank.js';
import type { VatRows } from '../supervisor/rows.js';
import { SeededRandom } from './seeded-random.js';

/** A reference within data. */
class Ref {
  readonly vref: VRef;

  constructor(vref: VRef) {
    this.vref = vref;
    Object.freeze(this);
  }
}

const codec = new PassableCodec<VRef>({
  slotOf: value => (value instanceof Ref ? value.vref : undefined),
  valueOf: slot => new Ref(slot),
  isHardened: () => true,
  bornHardened: value => value,
});

type Encoded = readonly [body: Uint8Array, slots: Slots];

const encode = (value: unknown): Encoded => {
  const { body, slots } = codec.encode(value);
  return [body, slots];
};

type MessageTuple = Extract<DeliveryTuple, readonly [typeof Delivery.message, ...unknown[]]>;

/** A table of rows that the kernel gives no meaning to. */
const TABLE = '\x7e';
const KEPT_ROW = `${TABLE}kept`;
const COUNT_ROW = `${TABLE}count`;
const CELLS = `${TABLE}cell/`;
const CELLS_END = `${TABLE}cell0`;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** Imports that a successor knows of. */
const KEPT_MAX = 6;
const DURABLE_KIND = 10;
const KNOWN_MAX = 40;

const textOf = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : Buffer.from(bytes).toString('latin1');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const without = (list: VRef[], gone: readonly VRef[]): VRef[] =>
  list.filter(vref => !gone.includes(vref));
const sorted = (list: readonly VRef[]): VRef[] => [...list].sort((a, b) => (a < b ? -1 : 1));

export class ScriptedVat {
  readonly #crank: Crank;
  readonly #rows: VatRows;
  #seed = '';
  #incarnation = 0;
  #position = 0;
  #random = new SeededRandom('');
  #report: CrankReport = null;
  /** Changes with everything that the vat was told or has read. */
  #mood = 0;
  #exportCount = 0;
  #promiseCount = 0;
  #imports: VRef[] = [];
  #droppedImports: VRef[] = [];
  #exports: VRef[] = [];
  #droppedExports: VRef[] = [];
  /** Promises that it may mention, and is not to settle. */
  #promises: VRef[] = [];
  #subscribed: VRef[] = [];
  /** Promises that it is to settle. */
  #decides: VRef[] = [];
  /** Settled in the wave in progress: to be used no more (rules.md#w3). */
  #settled: VRef[] = [];

  constructor(crank: Crank, rows: VatRows) {
    this.#crank = crank;
    this.#rows = rows;
  }

  bind(seed: string, vatId: string, incarnation: number): void {
    this.#seed = `${seed}/${vatId}/${incarnation}`;
    this.#incarnation = incarnation;
  }

  deliver(delivery: DeliveryTuple): Continuation | undefined {
    this.#random = new SeededRandom(`${this.#seed}/${this.#position}/${this.#mood}`);
    this.#position += 1;
    this.#report = null;
    switch (delivery[0]) {
      case Delivery.startVat:
        this.#start(delivery[2]);
        break;
      case Delivery.message:
        this.#message(delivery);
        break;
      case Delivery.notify:
        this.#notify(delivery[1]);
        break;
      case Delivery.dropExports:
        this.#exports = without(this.#exports, delivery[1]);
        this.#droppedExports.push(...delivery[1]);
        break;
      case Delivery.retireExports:
        this.#exports = without(this.#exports, delivery[1]);
        this.#droppedExports = without(this.#droppedExports, delivery[1]);
        break;
      case Delivery.retireImports:
        this.#forgetImports(delivery[1]);
        this.#droppedImports = without(this.#droppedImports, delivery[1]);
        break;
      case Delivery.reap:
        this.#reap();
        break;
      case Delivery.sweep:
        this.#report = [this.#random.isOneIn(3), [], []];
        this.#useRows();
        break;
      case Delivery.migrate:
        this.#report = [false, 0, 0, 0, []];
        break;
      case Delivery.fork:
        throw TypeError('scripted vats are not forked');
      default:
        throw TypeError(`unknown delivery ${String(delivery satisfies never)}`);
    }
    return undefined;
  }

  endCrank(): void {}

  afterCrank(): CrankReport {
    return this.#report;
  }

  encodeError(error: unknown): { readonly body: Uint8Array; readonly slots: Slots } {
    return codec.encode(error);
  }

  endWave(): void {
    this.#settled = [];
  }

  #start(slots: Slots): void {
    const kept = textOf(this.#rows.get(KEPT_ROW));
    this.#imports = kept === '' ? [] : kept.split(' ').map(storedVRef);
    this.#learn(slots);
    this.#useRows();
    this.#scanCells();
    if (this.#random.isOneIn(this.#incarnation === 0 ? 20 : 6)) {
      this.#crank.raise('START_FAILED', `it will not start: ${this.#mood}`);
    }
    this.#speak(2);
    this.#keepImports();
  }

  #message([, target, body, slots, result]: MessageTuple): void {
    this.#feel(target);
    this.#feel(textOf(body));
    this.#learn(slots);
    if (result !== null) this.#decides.push(result);
    this.#useRows();
    if (this.#random.isOneIn(4)) this.#scanCells();
    this.#speak(3);
    this.#settle();
    if (this.#random.isOneIn(5)) this.#subscribe();
    this.#keepImports();
    if (this.#random.isOneIn(300)) this.#misbehave();
    if (this.#random.isOneIn(400)) {
      this.#crank.syscall([Syscall.exit, this.#random.isOneIn(2), ...encode(this.#mood)]);
    }
  }

  #notify(resolutions: readonly Resolution[]): void {
    for (const [vpid, rejected, body, slots] of resolutions) {
      this.#feel(`${vpid} ${rejected} ${textOf(body)}`);
      this.#learn(slots);
      this.#promises = without(this.#promises, [vpid]);
      this.#subscribed = without(this.#subscribed, [vpid]);
      this.#settled.push(vpid);
    }
    this.#useRows();
    if (this.#random.isOneIn(6)) this.#speak(1);
    if (this.#random.isOneIn(2)) this.#settle();
    this.#keepImports();
  }

  #feel(text: string): void {
    this.#mood = SeededRandom.hash(`${this.#mood}${text}`);
  }

  #learn(slots: Slots): void {
    for (const vref of slots) {
      this.#feel(vref);
      if (!isPromiseRef(vref)) {
        if (!vref.startsWith('o-')) continue;
        this.#droppedImports = without(this.#droppedImports, [vref]);
        if (!this.#imports.includes(vref)) this.#imports.push(vref);
      } else if (
        !this.#settled.includes(vref) &&
        !this.#decides.includes(vref) &&
        !this.#promises.includes(vref)
      ) {
        this.#promises.push(vref);
      }
    }
  }

  /** Reads, writes, deletes. */
  #useRows(): void {
    const random = this.#random;
    const count = Number(textOf(this.#rows.get(COUNT_ROW)) || '0') + 1;
    this.#rows.set(COUNT_ROW, bytesOf(String(count)));
    this.#feel(String(count));
    for (let n = random.below(3); n > 0; n -= 1) {
      const key = `${CELLS}${random.pick([...LETTERS])}${random.below(3)}`;
      const choice = random.below(5);
      if (choice < 2) this.#feel(textOf(this.#rows.get(key)));
      else if (choice === 2) this.#rows.delete(key);
      else this.#rows.set(key, bytesOf('x'.repeat(random.below(20)) + String(this.#mood)));
    }
  }

  #scanCells(): void {
    let at: string | undefined = CELLS;
    for (let n = this.#random.below(6); n > 0 && at !== undefined; n -= 1) {
      at = this.#rows.nextKey(at, CELLS_END);
      if (at !== undefined) this.#feel(at + textOf(this.#rows.get(at)));
    }
  }

  /** What a successor is to know. */
  #keepImports(): void {
    const kept = this.#imports.slice(-KEPT_MAX).join(' ');
    if (kept !== textOf(this.#rows.get(KEPT_ROW))) this.#rows.set(KEPT_ROW, bytesOf(kept));
    if (this.#imports.length > KNOWN_MAX) this.#imports = this.#imports.slice(-KNOWN_MAX);
  }

  #newExport(): VRef {
    this.#exportCount += 1;
    const vref = this.#random.isOneIn(3)
      ? durableRef(DURABLE_KIND, this.#incarnation * 100_000 + this.#exportCount)
      : ephemeralRef(this.#incarnation, this.#exportCount);
    this.#exports.push(vref);
    return vref;
  }

  #someObject(): VRef {
    const random = this.#random;
    if (random.isOneIn(4) || this.#imports.length + this.#exports.length === 0) {
      return this.#newExport();
    }
    return random.pick([...this.#imports, ...this.#exports]);
  }

  #someData(takesPromises: boolean): unknown {
    const random = this.#random;
    const data: unknown[] = [this.#mood];
    for (let n = random.below(3); n > 0; n -= 1) {
      const isPromise = takesPromises && this.#promises.length > 0 && random.isOneIn(3);
      data.push(new Ref(isPromise ? random.pick(this.#promises) : this.#someObject()));
    }
    return data;
  }

  /** Up to `most` messages, fewer as a rule: what one delivery causes must come to an end. */
  #speak(most: number): void {
    const random = this.#random;
    for (let n = random.below(most); n > 0; n -= 1) {
      const targets = random.isOneIn(4) ? this.#promises : this.#imports;
      if (targets.length === 0 || random.isOneIn(3)) continue;
      const target = random.pick(targets);
      const [body, slots] = encode(['hear', [this.#someData(true)]]);
      let result: VRef | null = null;
      if (!random.isOneIn(5)) {
        this.#promiseCount += 1;
        result = vatPromiseRef(this.#incarnation, this.#promiseCount);
      }
      this.#crank.syscall([Syscall.send, target, body, slots, result]);
      if (result !== null) {
        this.#promises.push(result);
        this.#subscribed.push(result);
      }
    }
  }

  /** Some of what it is to settle; the rest waits. */
  #settle(): void {
    const random = this.#random;
    const now = this.#decides.filter(() => !random.isOneIn(4));
    if (now.length === 0) return;
    this.#decides = without(this.#decides, now);
    this.#settled.push(...now);
    const resolutions = now.map((vpid): Resolution => {
      const isRejected = random.isOneIn(6);
      const value = random.isOneIn(4) ? new Ref(this.#someObject()) : this.#someData(false);
      return [vpid, isRejected, ...encode(value)];
    });
    this.#crank.syscall([Syscall.resolve, resolutions]);
  }

  #subscribe(): void {
    const free = without(this.#promises, this.#subscribed);
    if (free.length === 0) return;
    const vpid = this.#random.pick(free);
    this.#subscribed.push(vpid);
    this.#crank.syscall([Syscall.subscribe, vpid]);
  }

  /** As V8 might: lets go of imports, and of names that nobody needs any more. */
  #reap(): void {
    const random = this.#random;
    const dropped = sorted(this.#imports.filter(() => random.isOneIn(4)));
    this.#forgetImports(dropped);
    this.#droppedImports.push(...dropped);
    const retired = sorted(this.#droppedImports.filter(() => random.isOneIn(2)));
    this.#droppedImports = without(this.#droppedImports, retired);
    const mine = sorted(this.#droppedExports.filter(() => random.isOneIn(2)));
    this.#droppedExports = without(this.#droppedExports, mine);
    if (dropped.length > 0) this.#crank.syscall([Syscall.dropImports, dropped]);
    if (retired.length > 0) this.#crank.syscall([Syscall.retireImports, retired]);
    if (mine.length > 0) this.#crank.syscall([Syscall.retireExports, mine]);
    this.#keepImports();
    this.#report = [false, dropped, []];
  }

  #forgetImports(vrefs: readonly VRef[]): void {
    this.#imports = without(this.#imports, vrefs);
  }

  /** What no vat may do: the kernel, or the worker, ends it. */
  #misbehave(): void {
    const random = this.#random;
    switch (random.below(4)) {
      case 0:
        return this.#crank.raise('LIMIT', `enough: ${this.#mood}`);
      case 1:
        return this.#crank.syscall([Syscall.send, importRef(999_999), ...encode(['no', []]), null]);
      case 2:
        return this.#crank.syscall([Syscall.dropImports, []]);
      default: {
        const stranger = kernelPromiseRef(999_999);
        return this.#crank.syscall([Syscall.resolve, [[stranger, false, ...encode(1)]]]);
      }
    }
  }
}
