/**
 * What the parts of liveslots share: one vat, one incarnation, one thread.
 *
 * `references.ts` owns the table between values and vrefs; kinds and collections register how a
 * representative is made again from its vref; the supervisor calls the crank hooks.
 */
import type { Hardening } from '../../contracts/hardening.js';
import type { RowStore } from '../../contracts/row-store.js';
import type { FaultCode } from '../../protocol/faults.js';
import type { Slots, Body } from '../../protocol/passables.js';
import type { VRef } from '../../protocol/refs.js';

/** What the kernel knows of an export: reachable, recognizable, or nothing. */
export type ExportStatus = 'r' | 's' | 'n';

/** Canonical bytes of a passable beside the references it mentions, in order of first mention. */
export interface Encoded {
  readonly body: Body;
  readonly slots: Slots;
}

export interface ValueCodec {
  /**
   * Encodes a hardened passable. A remotable or promise without a vref is given one (an export).
   * Throws TypeError for what is not passable, RangeError past a size or nesting limit.
   */
  encode(value: unknown): Encoded;
  /**
   * Decodes to a fresh, born-hardened value; references become presences, representatives and
   * promises.
   */
  decode(body: Body, slots: Slots): unknown;
}

/** Makes the representative of one instance anew, and reads nothing (rules.md#o1). */
export type Reanimator = (instance: number, facet: number | undefined) => object;

export interface References {
  /** The vref of `value` if it has one; allocates nothing. */
  vrefOf(value: object): VRef | undefined;
  /**
   * The value of `vref`: the living one, else re-made. Throws VatFault BAD_DELIVERY if there is
   * none.
   */
  valueOf(vref: VRef): object;
  /**
   * Binds a value that liveslots itself made (representative, collection, kind handle) to its vref.
   * The table holds it weakly: it can be re-made. All facets of one cohort live and die together.
   */
  bindVirtual(vref: VRef, value: object): void;
  /** Binds a remotable that has no vref to a named export's, and holds it. */
  bindNamed(n: number, value: object): void;
  /**
   * A merely-virtual row more, or less, holds a remotable or a promise. True if RAM lets go of it
   * by that.
   */
  holdInRow(vref: VRef, by: 1 | -1): boolean;
  /** The kernel reaches a remotable, only recognises it, or knows it no longer. */
  exportChanged(vref: VRef, status: ExportStatus): void;
  /** Nobody outside knows any remotable of the heap but these. */
  forgetHolders(kept: Slots): void;
  /** A weak collection recognises a reference. */
  noteWeakKey(vref: VRef): void;
  /** Has any remotable a vref? */
  hasExports(): boolean;
  /** Remotables that somebody knows and V8 has collected. Asks V8: for reaps alone. */
  deadExports(): VRef[];
  exportStatus(vref: VRef): ExportStatus;
  /** The remotable has no vref any more. */
  forgetExport(vref: VRef): void;
  /** Does RAM hold what can be made again? Asks V8: for reaps alone. */
  isAlive(vref: VRef): boolean;
  /** How to re-make instances of a durable kind (`durable: true`) or a kind of this incarnation. */
  registerKind(durable: boolean, kind: number, reanimate: Reanimator): void;
  /** Of a kind that was dismissed and is not defined, instances are made like presences. */
  registerRevoked(kind: number): void;
  /** Imports, durable objects and durable collections are durable; promises never are. */
  isDurable(vref: VRef): boolean;
}

export interface LiveslotsContext {
  readonly incarnation: number;
  readonly rows: RowStore;
  /** Of imports that this crank's delivery was the first to mention, as they are spelled. */
  readonly interfaces: { told(vref: VRef): string };
  readonly codec: ValueCodec;
  readonly references: References;
  readonly hardening: Hardening;
  /**
   * Fixes the outcome of the crank to a fault and throws it: vat code that catches the exception
   * changes nothing (rules.md#h2). Nothing else throws a VatFault. `reason`: an error that tells
   * more than the message.
   */
  raise(code: FaultCode, message: string, reason?: Error): never;
}

/** A part of liveslots that keeps per-crank state. */
export interface CrankParticipant {
  /** Writes what is dirty to the rows, in key order, and forgets every per-crank object. */
  endCrank(): void;
}
