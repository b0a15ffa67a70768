/**
 * Remotables that have a vref: held strongly for as long as the kernel reaches them or a
 * merely-virtual row holds them, weakly otherwise.
 *
 * Invariants: a remotable keeps its vref for as long as vat code can mention it, so whether V8 has
 * collected one that is held weakly can be seen by a reap alone; what a crank exports is held until
 * the crank ends, when it is known who holds it. A remotable that keys a weak collection is not
 * forgotten before a reap has removed its entries.
 */
import { check } from '../../check.js';
import { ephemeralRef, type VRef } from '../../protocol/refs.js';
import type { ExportStatus } from '../contract/context.js';
import { stampRef, unstampRef } from '../objects/ref-stamps.js';

const { WeakRef: HostWeakRef } = globalThis;

interface HeapExport {
  readonly weak: WeakRef<object>;
  /** Undefined: held weakly. */
  strong: object | undefined;
  status: ExportStatus;
  /** Merely-virtual rows that hold it. */
  rowCount: number;
  isKey: boolean;
}

const SWEEP_COUNT_MIN = 4096;

export class HeapExports {
  readonly #exports = new Map<VRef, HeapExport>();
  /** Of the crank in progress. */
  #fresh: VRef[] = [];
  #incarnation = 0;
  #next = 1;
  #sweepAt = SWEEP_COUNT_MIN;

  bind(incarnation: number): void {
    this.#incarnation = incarnation;
  }

  get size(): number {
    return this.#exports.size;
  }

  /** Gives a remotable its vref. */
  add(value: object): VRef {
    const vref = ephemeralRef(this.#incarnation, this.#next);
    this.#next += 1;
    stampRef(value, vref);
    const weak = new HostWeakRef(value);
    this.#exports.set(vref, { weak, strong: value, status: 'n', rowCount: 0, isKey: false });
    this.#fresh.push(vref);
    return vref;
  }

  get(vref: VRef): object | undefined {
    const known = this.#exports.get(vref);
    return known === undefined ? undefined : (known.strong ?? known.weak.deref());
  }

  /** The number that the next export gets. */
  mark(): number {
    return this.#next;
  }

  /** The remotables exported since `mark` were not mentioned after all. */
  forgetSince(mark: number): void {
    for (let n = mark; n < this.#next; n += 1) {
      this.forget(ephemeralRef(this.#incarnation, n));
      this.#fresh.pop();
    }
    this.#next = mark;
  }

  /** A merely-virtual row more, or less, holds it. True if RAM lets go of it by that. */
  holdInRow(vref: VRef, by: 1 | -1): boolean {
    const known = this.#need(vref);
    known.rowCount += by;
    check(known.rowCount >= 0, 'a count below nil');
    return this.#rehold(known);
  }

  /** The kernel reaches it, only recognises it, or knows it no longer. */
  setStatus(vref: VRef, status: ExportStatus): void {
    const known = this.#exports.get(vref);
    // What a reap has found dead the kernel may still speak of in the same wave.
    if (known === undefined) return;
    known.status = status;
    this.#rehold(known);
  }

  /** Nobody outside knows any but these. */
  forgetHolders(kept: ReadonlySet<VRef>): void {
    for (const [vref, known] of this.#exports) {
      known.status = kept.has(vref) ? 'r' : 'n';
      this.#rehold(known);
    }
  }

  /** A weak collection recognises it. */
  noteKey(vref: VRef): void {
    const known = this.#exports.get(vref);
    if (known !== undefined) known.isKey = true;
  }

  /** What nobody turned out to hold is held weakly from now on. */
  endCrank(): void {
    if (this.#fresh.length === 0) return;
    for (const vref of this.#fresh) {
      const known = this.#exports.get(vref);
      if (known !== undefined) this.#rehold(known);
    }
    this.#fresh = [];
    if (this.#exports.size >= this.#sweepAt) this.#sweep();
  }

  /** Those that somebody knows and V8 has collected, in order. Asks V8. */
  findDead(): VRef[] {
    const dead: VRef[] = [];
    for (const [vref, known] of this.#exports) {
      if (known.strong !== undefined || known.weak.deref() !== undefined) continue;
      if (known.status === 's' || known.isKey) dead.push(vref);
      else this.#exports.delete(vref);
    }
    return dead;
  }

  statusOf(vref: VRef): ExportStatus {
    return this.#exports.get(vref)?.status ?? 'n';
  }

  forget(vref: VRef): void {
    const known = this.#exports.get(vref);
    const value = known?.strong ?? known?.weak.deref();
    if (value !== undefined) unstampRef(value);
    this.#exports.delete(vref);
  }

  #need(vref: VRef): HeapExport {
    const known = this.#exports.get(vref);
    check(known !== undefined, 'a row holds a remotable that has no vref');
    return known;
  }

  #rehold(known: HeapExport): boolean {
    const wasStrong = known.strong !== undefined;
    const isHeld = known.status === 'r' || known.rowCount > 0;
    known.strong = isHeld ? (known.strong ?? known.weak.deref()) : undefined;
    check(!isHeld || known.strong !== undefined, 'a remotable is held that is no more');
    return wasStrong && !isHeld;
  }

  /** Nobody can mention what is gone, unless the kernel or a weak collection knows it. */
  #sweep(): void {
    this.findDead();
    this.#sweepAt = Math.max(SWEEP_COUNT_MIN, this.#exports.size * 2);
  }
}
