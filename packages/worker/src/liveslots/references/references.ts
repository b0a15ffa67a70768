/**
 * The table between values and vrefs, both ways.
 *
 * Invariants:
 * - a value has at most one vref and a vref names one value while either is alive;
 * - named exports are held for as long as the incarnation lasts, as the root is;
 * - what can be made again (presences, representatives, collections, kind handles) is held weakly
 *   and made again on demand, reading nothing that could have changed (rules.md#o1); remotables
 *   that have a vref are held by `HeapExports`;
 * - remotables are recognised by endo's own rules, once, when they get their vref.
 */
import { PASS_STYLE } from '@endo/pass-style';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { HandledPromises } from '../../contracts/handled-promises.js';
import type { Hardening } from '../../contracts/hardening.js';
import type { Slots } from '../../protocol/passables.js';
import {
  durableRef,
  isPromiseRef,
  namedRef,
  parseVRef,
  ROOT_VREF,
  type VRef,
} from '../../protocol/refs.js';
import type { Reanimator, References, ExportStatus } from '../contract/context.js';
import { styleOf } from '../contract/patterns.js';
import { stampedRef, stampRef } from '../objects/ref-stamps.js';
import { isPromise, type PromiseTable } from '../promises/promise-table.js';
import type { Promises } from '../promises/promises.js';
import { HeapExports } from './heap-exports.js';
import { PresencePrototypes } from './presence-prototypes.js';
import { WeakValues } from './weak-values.js';

const { getPrototypeOf, setPrototypeOf } = Object;
const objectPrototype: unknown = Object.prototype;
const { isArray } = Array;

const CODE_DURABLE = 'd'.charCodeAt(0);
const CODE_MINUS = '-'.charCodeAt(0);

interface VatReferencesOptions {
  readonly crank: CrankSink;
  readonly handled: HandledPromises;
  readonly hardening: Hardening;
  readonly promises: Promises;
  readonly promiseTable: PromiseTable;
  /** What an import is called, as it is spelled (protocol/interfaces.ts). */
  readonly interfaceOf: (vref: VRef) => string;
}

/** Only vatParameters can mention it before the start has taken it over or abandoned it. */
const notReconnected = (vref: VRef): never => {
  const hint = 'check deserialize preceding reconnectExport';
  throw Error(`failed to reanimate named export ${vref}: ${hint}`);
};

export class VatReferences implements References {
  readonly #crank: CrankSink;
  readonly #handled: HandledPromises;
  readonly #hardening: Hardening;
  readonly #promises: Promises;
  readonly #promiseTable: PromiseTable;
  readonly #prototypes: PresencePrototypes;
  readonly #interfaceOf: (vref: VRef) => string;
  readonly #weak = new WeakValues<VRef>();
  readonly #heapExports = new HeapExports();
  readonly #named = new Map<VRef, object>();
  readonly #durableKinds = new Map<number, Reanimator>();
  readonly #virtualKinds = new Map<number, Reanimator>();
  #root: object | undefined;
  #incarnation = 0;

  constructor(options: VatReferencesOptions) {
    this.#crank = options.crank;
    this.#handled = options.handled;
    this.#hardening = options.hardening;
    this.#promises = options.promises;
    this.#promiseTable = options.promiseTable;
    this.#prototypes = new PresencePrototypes(options.hardening);
    this.#interfaceOf = options.interfaceOf;
  }

  bind(incarnation: number): void {
    this.#incarnation = incarnation;
    this.#heapExports.bind(incarnation);
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
    if (isPromise(value, prototype)) {
      const known = this.#promiseTable.vrefOf(value);
      if (known !== undefined) return known;
      return styleOf(value) === 'promise'
        ? this.#promiseTable.export(value)
        : undefined;
    }
    return PASS_STYLE in value ? this.#export(value) : undefined;
  }

  valueOf(vref: VRef): object {
    if (isPromiseRef(vref)) return this.#promises.valueOf(vref);
    return this.#weak.get(vref) ?? this.#make(vref);
  }

  bindVirtual(vref: VRef, value: object): void {
    this.#stamp(vref, value);
    this.#weak.set(vref, value);
  }

  bindRoot(value: object): void {
    check(this.#root === undefined, 'a vat has one root');
    this.#stamp(ROOT_VREF, value);
    this.#root = value;
  }

  /** Undefined before the vat has started. */
  get root(): object | undefined {
    return this.#root;
  }

  bindNamed(n: number, value: object): void {
    const vref = namedRef(n);
    check(!this.#named.has(vref), 'one object goes by a name');
    this.#stamp(vref, value);
    this.#named.set(vref, value);
  }

  /** What the crank exported and nobody holds is held weakly from now on. */
  endCrank(): void {
    this.#heapExports.endCrank();
  }

  exportMark(): number {
    return this.#heapExports.mark();
  }

  /** The remotables exported since `mark` were not mentioned after all. */
  forgetExports(mark: number): void {
    this.#heapExports.forgetSince(mark);
  }

  holdInRow(vref: VRef, by: 1 | -1): boolean {
    return isPromiseRef(vref)
      ? this.#promiseTable.holdInRow(vref, by)
      : this.#heapExports.holdInRow(vref, by);
  }

  exportChanged(vref: VRef, status: ExportStatus): void {
    this.#heapExports.setStatus(vref, status);
  }

  /** Nobody outside knows any remotable of the heap but these. */
  forgetHolders(kept: Slots): void {
    this.#heapExports.forgetHolders(new Set(kept));
  }

  noteWeakKey(vref: VRef): void {
    if (vref.startsWith('o+e')) this.#heapExports.noteKey(vref);
  }

  hasExports(): boolean {
    return this.#heapExports.size > 0;
  }

  deadExports(): VRef[] {
    return this.#heapExports.findDead();
  }

  exportStatus(vref: VRef): ExportStatus {
    return this.#heapExports.statusOf(vref);
  }

  forgetExport(vref: VRef): void {
    this.#heapExports.forget(vref);
  }

  isAlive(vref: VRef): boolean {
    return this.#weak.get(vref) !== undefined;
  }

  registerKind(durable: boolean, kind: number, reanimate: Reanimator): void {
    const kinds = durable ? this.#durableKinds : this.#virtualKinds;
    check(!kinds.has(kind), 'a kind is registered already');
    kinds.set(kind, reanimate);
  }

  registerRevoked(kind: number): void {
    this.#durableKinds.set(kind, (instance, facet) =>
      this.#makePresence(durableRef(kind, instance, facet)),
    );
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
    return this.#heapExports.add(value);
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
        return this.#root ?? this.#unknown(vref);
      case 'ephemeral':
        return this.#heapExports.get(vref) ?? this.#unknown(vref);
      case 'named':
        return this.#named.get(vref) ?? notReconnected(vref);
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
    setPrototypeOf(presence, this.#prototypes.of(this.#interfaceOf(vref)));
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
