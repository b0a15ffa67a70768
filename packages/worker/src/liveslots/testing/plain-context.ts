/**
 * A `LiveslotsContext` without the rest of liveslots: plain freezing, the real codec, and a table
 * of references that can be told to forget what it can make again, as a garbage collector would.
 */
import { PASS_STYLE, Far } from '@endo/pass-style';
import { PassableCodec } from '@heirloom/store/codec';
import type { Hardening } from '../../contracts/hardening.js';
import type { RowStore } from '../../contracts/row-store.js';
import { VatFault } from '../../protocol/faults.js';
import {
  durableRef,
  ephemeralRef,
  namedRef,
  parseVRef,
  storedVRef,
  vatPromiseRef,
  type VRef,
} from '../../protocol/refs.js';
import type {
  Encoded,
  LiveslotsContext,
  Reanimator,
  References,
  ValueCodec,
} from '../contract/context.js';

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Freezes own properties all the way down; prototypes are left alone. */
const deepFreeze = (value: unknown, seen = new Set<object>()): void => {
  if (!isObject(value) || seen.has(value) || ArrayBuffer.isView(value)) return;
  seen.add(value);
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    deepFreeze(property.value, seen);
    deepFreeze(property.get, seen);
    deepFreeze(property.set, seen);
  }
};

const plainHardening: Hardening = {
  harden: value => {
    deepFreeze(value);
    return value;
  },
  isHardened: value => !isObject(value) || Object.isFrozen(value),
  bornHardened: value => Object.freeze(value),
};

class PlainReferences implements References {
  readonly #incarnation: number;
  readonly #refs = new WeakMap<object, VRef>();
  readonly #strong = new Map<VRef, object>();
  #virtual = new Map<VRef, object>();
  readonly #kinds = new Map<string, Reanimator>();
  #next = 1;

  constructor(incarnation: number) {
    this.#incarnation = incarnation;
  }

  vrefOf(value: object): VRef | undefined {
    return this.#refs.get(value);
  }

  slotOf(value: object): VRef | undefined {
    const known = this.#refs.get(value);
    if (known !== undefined) return known;
    const isPromise = value instanceof Promise;
    if (!isPromise && !(PASS_STYLE in value)) return undefined;
    const number = this.#next++;
    const make = isPromise ? vatPromiseRef : ephemeralRef;
    const vref = make(this.#incarnation, number);
    this.#bindStrong(vref, value);
    return vref;
  }

  valueOf(vref: VRef): object {
    return this.#strong.get(vref) ?? this.#virtual.get(vref) ?? this.#make(vref);
  }

  bindVirtual(vref: VRef, value: object): void {
    this.#refs.set(value, vref);
    this.#virtual.set(vref, value);
  }

  bindNamed(n: number, value: object): void {
    this.#bindStrong(namedRef(n), value);
  }

  holdInRow(): boolean {
    return false;
  }

  exportChanged(): void {
    // Nothing of a plain context is collected.
  }

  forgetHolders(): void {
    // As above.
  }

  noteWeakKey(): void {
    // As above.
  }

  hasExports(): boolean {
    return false;
  }

  deadExports(): VRef[] {
    return [];
  }

  exportStatus(): 'n' {
    return 'n';
  }

  forgetExport(): void {
    // As above.
  }

  isAlive(vref: VRef): boolean {
    return this.#virtual.has(vref);
  }

  #bindStrong(vref: VRef, value: object): void {
    this.#refs.set(value, vref);
    this.#strong.set(vref, value);
  }

  registerKind(durable: boolean, kind: number, reanimate: Reanimator): void {
    this.#kinds.set(`${durable ? 'd' : 'v'}${kind}`, reanimate);
  }

  registerRevoked(kind: number): void {
    this.#kinds.set(`d${kind}`, (instance, facet) => {
      const presence = plainHardening.harden(Far('remote', {}));
      this.bindVirtual(durableRef(kind, instance, facet), presence);
      return presence;
    });
  }

  isDurable(vref: VRef): boolean {
    return vref.startsWith('o-') || vref.startsWith('o+d');
  }

  /** What can be made again is forgotten, as if it had been collected. */
  collect(): void {
    this.#virtual = new Map();
  }

  #make(vref: VRef): object {
    const parsed = parseVRef(vref);
    if (parsed?.type === 'import') {
      const presence = plainHardening.harden(Far('remote', {}));
      this.bindVirtual(vref, presence);
      return presence;
    }
    if (parsed?.type === 'durable' || parsed?.type === 'virtual') {
      const reanimate = this.#kinds.get(`${parsed.type === 'durable' ? 'd' : 'v'}${parsed.kind}`);
      const isOurs = parsed.type === 'durable' || parsed.incarnation === this.#incarnation;
      if (reanimate !== undefined && isOurs) return reanimate(parsed.instance, parsed.facet);
    }
    throw new VatFault('BAD_DELIVERY', `the vat has no ${vref}`);
  }
}

export interface PlainContext extends LiveslotsContext {
  readonly references: PlainReferences;
  /** How many values were encoded and decoded so far. */
  readonly work: { encoded: number; decoded: number };
}

export const makePlainContext = (rows: RowStore, incarnation = 0): PlainContext => {
  const references = new PlainReferences(incarnation);
  const work = { encoded: 0, decoded: 0 };
  const passables = new PassableCodec({
    slotOf: value => references.slotOf(value),
    valueOf: slot => references.valueOf(storedVRef(slot)),
    isHardened: value => Object.isFrozen(value),
    bornHardened: value => Object.freeze(value),
  });
  const codec: ValueCodec = {
    encode: value => {
      work.encoded += 1;
      return passables.encode(value) as Encoded;
    },
    decode: (body, slots) => {
      work.decoded += 1;
      return passables.decode(body, slots);
    },
  };
  const raise: PlainContext['raise'] = (code, message) => {
    throw new VatFault(code, message);
  };
  const interfaces = { told: () => '' };
  const hardening = plainHardening;
  return { incarnation, rows, interfaces, codec, references, hardening, raise, work };
};
