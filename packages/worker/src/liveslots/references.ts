/**
 * The table between values and vrefs, both ways.
 *
 * Invariants:
 * - a value has at most one vref and a vref names one value while either is alive;
 * - what can be made again (presences, representatives, collections, kind handles) is held weakly
 *   and made again on demand, without reading anything (rule O1); remotables that the vat exported
 *   are held for the length of the incarnation, since nothing is collected yet;
 * - remotables are recognised by endo's own rules, once, when they get their vref.
 */
import { PASS_STYLE, passStyleOf } from '@endo/pass-style';
import { check } from '../check.js';
import type { CrankSink } from '../supervisor/crank.js';
import { ephemeralRef, isPromiseRef, parseVRef, ROOT_VREF, type VRef } from '../protocol/refs.js';
import type { HandledPromises } from '../zygote/environment.js';
import type { Hardening, Reanimator, References } from './context.js';
import type { PromiseTable } from './promise-table.js';
import type { Promises } from './promises.js';
import { stampedRef, stampRef, unstampRef } from './ref-stamps.js';
import { WeakValues } from './weak-values.js';

const { getPrototypeOf, setPrototypeOf } = Object;
const promisePrototype: unknown = Promise.prototype;
const objectPrototype: unknown = Object.prototype;
const { isArray } = Array;

const styleOf = passStyleOf as (value: unknown) => string;

const CODE_DURABLE = 'd'.charCodeAt(0);
const CODE_MINUS = '-'.charCodeAt(0);
const PRESENCE_TAG = 'Alleged: remote';

export interface VatReferencesOptions {
  readonly crank: CrankSink;
  readonly handled: HandledPromises;
  readonly hardening: Hardening;
  readonly promises: Promises;
  readonly promiseTable: PromiseTable;
}

/** What presences inherit from, as endo's `Remotable` would make it. */
const makePresencePrototype = ({ harden }: Hardening): object =>
  harden(
    Object.create(Object.prototype, {
      [PASS_STYLE]: { value: 'remotable' },
      [Symbol.toStringTag]: { value: PRESENCE_TAG },
    }) as object,
  );

export class VatReferences implements References {
  readonly #crank: CrankSink;
  readonly #handled: HandledPromises;
  readonly #hardening: Hardening;
  readonly #promises: Promises;
  readonly #promiseTable: PromiseTable;
  readonly #presencePrototype: object;
  readonly #strong = new Map<VRef, object>();
  readonly #weak = new WeakValues();
  readonly #durableKinds = new Map<number, Reanimator>();
  readonly #virtualKinds = new Map<number, Reanimator>();
  #incarnation = 0;
  #nextExport = 1;

  constructor(options: VatReferencesOptions) {
    this.#crank = options.crank;
    this.#handled = options.handled;
    this.#hardening = options.hardening;
    this.#promises = options.promises;
    this.#promiseTable = options.promiseTable;
    this.#presencePrototype = makePresencePrototype(options.hardening);
  }

  bind(incarnation: number): void {
    this.#incarnation = incarnation;
  }

  vrefOf(value: object): VRef | undefined {
    return stampedRef(value) ?? this.#promiseTable.vrefOf(value);
  }

  /** As `vrefOf`, but a remotable or promise without a vref is given one; undefined for data. */
  slotOf(value: object): VRef | undefined {
    const stamped = stampedRef(value);
    if (stamped !== undefined) return stamped;
    if (typeof value === 'function') return this.#export(value);
    if (isArray(value)) return undefined;
    const prototype: unknown = getPrototypeOf(value);
    if (prototype === objectPrototype || prototype === null) return undefined;
    if (prototype === promisePrototype) {
      const known = this.#promiseTable.vrefOf(value);
      if (known !== undefined) return known;
      return styleOf(value) === 'promise'
        ? this.#promiseTable.export(value as Promise<unknown>)
        : undefined;
    }
    return PASS_STYLE in value ? this.#export(value) : undefined;
  }

  valueOf(vref: VRef): object {
    if (isPromiseRef(vref)) return this.#promises.valueOf(vref);
    return this.#strong.get(vref) ?? this.#weak.get(vref) ?? this.#make(vref);
  }

  bindVirtual(vref: VRef, value: object): void {
    this.#stamp(vref, value);
    this.#weak.set(vref, value);
  }

  bindStrong(vref: VRef, value: object): void {
    check(!this.#strong.has(vref), 'a vref is bound already');
    this.#stamp(vref, value);
    this.#strong.set(vref, value);
  }

  exportMark(): number {
    return this.#nextExport;
  }

  /** The remotables exported since `mark` were not mentioned after all. */
  forgetExports(mark: number): void {
    for (let n = mark; n < this.#nextExport; n += 1) {
      const vref = ephemeralRef(this.#incarnation, n);
      unstampRef(this.#strong.get(vref)!);
      this.#strong.delete(vref);
    }
    this.#nextExport = mark;
  }

  registerKind(durable: boolean, kind: number, reanimate: Reanimator): void {
    const kinds = durable ? this.#durableKinds : this.#virtualKinds;
    check(!kinds.has(kind), 'a kind is registered already');
    kinds.set(kind, reanimate);
  }

  isDurable(vref: VRef): boolean {
    if (isPromiseRef(vref)) return false;
    return vref.charCodeAt(1) === CODE_MINUS || vref.charCodeAt(2) === CODE_DURABLE;
  }

  #stamp(vref: VRef, value: object): void {
    const known = stampedRef(value);
    check(known === undefined || known === vref, 'a value has another vref already');
    if (known === undefined) stampRef(value, vref);
  }

  /** Throws endo's own TypeError for what pretends to be remotable and is not. */
  #export(value: object): VRef | undefined {
    if (styleOf(value) !== 'remotable') return undefined;
    const vref = ephemeralRef(this.#incarnation, this.#nextExport);
    this.#nextExport += 1;
    this.bindStrong(vref, value);
    return vref;
  }

  #make(vref: VRef): object {
    const parsed = parseVRef(vref);
    switch (parsed?.type) {
      case 'import':
        return this.#makePresence(vref);
      case 'durable':
        return this.#reanimate(vref, this.#durableKinds.get(parsed.kind), parsed);
      case 'virtual':
        if (parsed.incarnation !== this.#incarnation) return this.#unknown(vref);
        return this.#reanimate(vref, this.#virtualKinds.get(parsed.kind), parsed);
      case 'root':
      case 'ephemeral':
      case 'vatPromise':
      case 'kernelPromise':
      case undefined:
        return this.#unknown(vref);
      default:
        throw TypeError(`unknown reference ${String(parsed satisfies never)}`);
    }
  }

  #makePresence(vref: VRef): object {
    const { presence } = this.#handled.makePresence(this.#promises.handler);
    setPrototypeOf(presence, this.#presencePrototype);
    this.#hardening.bornHardened(presence);
    this.bindVirtual(vref, presence);
    return presence;
  }

  #reanimate(
    vref: VRef,
    reanimate: Reanimator | undefined,
    { kind, instance, facet }: { kind: number; instance: number; facet: number | undefined },
  ): object {
    if (reanimate === undefined) {
      throw Error(`no kind info for ${kind}; check deserialize preceding kind definitions`);
    }
    const value = reanimate(instance, facet);
    if (stampedRef(value) === undefined) this.bindVirtual(vref, value);
    return value;
  }

  #unknown(vref: VRef): never {
    const what = vref === ROOT_VREF ? 'the root object before it is made' : vref;
    return this.#crank.raise('BAD_DELIVERY', `the vat has no ${what}`);
  }
}
