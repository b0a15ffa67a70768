/**
 * What goes into a vat's worker; from-worker.ts has what comes out. Nothing else crosses between a
 * kernel and its workers, be they threads or child processes; rows a worker reads from the store.
 *
 * | message | when |
 * | --- | --- |
 * | `prepare` | first, once: the script of a bundle, before it is known which vat it will be |
 * | `bind` | then, once: from now on the worker serves one incarnation of one vat |
 * | `replay` | at most once, after `bind`: a worker that takes over what another one began |
 * | `deliver` | then for each wave: the vat's deliveries, in order |
 * | `restack` | between waves: from the last block on the vat's rows stand in these spaces |
 * | `bundle` | before one of these: a bundle that the store does not show yet |
 * | `noteSites` | before the crank of startVat, by who will ask `describe`: where is each made? |
 * | `describe` | after the crank of startVat, by who tries an upgrade: what has the start made? |
 * | `observe` | instead of all these: the worker looks at its engine, and is ended |
 *
 * A thread begins with `ZygoteData` (zygote/entry.ts), a child process with a `ProcessBootTuple`
 * (process-boot.ts). Numbers of opcodes, and what tuples may hold: opcodes.ts. In prose:
 * docs/protocol.md.
 */
import type { Height } from '@heirloom/store/types';
import type { BundleId } from './code-ids.js';
import type { ReapReport } from './from-worker.js';
import type { Told } from './interfaces.js';
import type { Delivery, ToWorker } from './opcodes.js';
import type { Body, Resolution, Slots } from './passables.js';
import type { VRef } from './refs.js';
import type { Incarnation, Position, Space, VatId, VatNumber } from './vat-numbers.js';

export type ToWorkerTuple =
  /**
   * Evaluates a vat script before the thread knows its vat (rules.md#u4); with `evaluateNow` false
   * only keeps the script, to be evaluated in the crank of startVat. Sent once, before `bind`.
   */
  | readonly [
      typeof ToWorker.prepare,
      bundleId: BundleId,
      script: Uint8Array,
      evaluateNow: boolean,
    ]
  /**
   * Makes the thread serve one incarnation of one vat. `space` keys the rows that it writes,
   * `below` those under them, upper ones first. The rest: see `HandOver`.
   */
  | readonly [
      typeof ToWorker.bind,
      vatId: VatId,
      incarnation: Incarnation,
      space: Space,
      height: Height,
      rows: readonly HandOverRow[],
      below: readonly Space[],
      preImages: readonly HandOverPreImage[],
      history: VatNumber,
    ]
  /** The vat's rows stand in these spaces, from the last block on. Has no answer. */
  | readonly [typeof ToWorker.restack, space: Space, below: readonly Space[]]
  /**
   * The vat's part of one wave. `height`: last committed block. `deliveries` are packed
   * `DeliveryTuple`s, the very bytes that the transcript keeps.
   */
  | readonly [
      typeof ToWorker.deliver,
      height: Height,
      wave: number,
      firstPosition: Position,
      deliveries: readonly Uint8Array[],
    ]
  /**
   * Replays the transcript of the bound incarnation from position 0 up to `endPosition`. `waves`:
   * packed `TranscriptTuple`s that the store does not show yet (rules.md#t4).
   */
  | readonly [typeof ToWorker.replay, endPosition: Position, waves: readonly HandOverWave[]]
  /** One that the vat has a cap of. Has no answer. */
  | readonly [
      typeof ToWorker.bundle,
      bundleId: BundleId,
      moduleFormat: string,
      source: Uint8Array,
    ]
  /** What does the engine show? `whole`: all that is looked at, not only the quick choice. */
  | readonly [typeof ToWorker.observe, whole: boolean]
  | readonly [typeof ToWorker.describe]
  /** Has no answer. It costs an upgrade up to a tenth. */
  | readonly [typeof ToWorker.noteSites];

/** What a vat is to do, in one crank. */
export type DeliveryTuple =
  /** `isEmergency`: vat code gets its predecessors' estate, and need not define every kind. */
  | readonly [
      typeof Delivery.startVat,
      vatParameters: Body,
      slots: Slots,
      isEmergency: boolean,
      /** All caps that the vat has; interfaces of what is new to it. */
      ...told: Told,
    ]
  /** `body` is the canonical encoding of `[method, args]`. */
  | readonly [
      typeof Delivery.message,
      target: VRef,
      body: Body,
      slots: Slots,
      result: VRef | null,
      ...told: Told,
    ]
  | readonly [typeof Delivery.notify, resolutions: readonly Resolution[], ...told: Told]
  | readonly [typeof Delivery.dropExports, vrefs: Slots]
  | readonly [typeof Delivery.retireExports, vrefs: Slots]
  | readonly [typeof Delivery.retireImports, vrefs: Slots]
  /** `report` null: the worker asks V8. A transcript holds the report that came of it. */
  | readonly [
      typeof Delivery.reap,
      report: ReapReport | null,
      rowsMax: number,
      /** Looks at every candidate before it reports that there is no more to do. */
      isFull: boolean,
    ]
  /** `findsCycles`: what only holds each other is looked for, once nothing else is left. */
  | readonly [typeof Delivery.sweep, rowsMax: number, findsCycles: boolean]
  /** Stored states of older versions are migrated, from the first row on if `isFirst`. */
  | readonly [typeof Delivery.migrate, rowsMax: number, isFirst: boolean]
  /**
   * The vat is another one from now on: a fork of the one whose deliveries came before. Of what it
   * exported, only `exports` are known to anybody, besides the root.
   */
  | readonly [
      typeof Delivery.fork,
      vatParameters: Body,
      slots: Slots,
      exports: Slots,
      ...told: Told,
    ];

/**
 * A row as the kernel holds it and the store may not show it yet (rules.md#t4). `null`: deleted.
 */
export type HandOverRow = readonly [
  key: Uint8Array,
  value: Uint8Array | null,
  born: Incarnation,
  written: Incarnation,
];
export type HandOverPreImage = readonly [key: Uint8Array, value: Uint8Array];
/** What one wave did to a vat, by the position of its first delivery. */
export type HandOverWave = readonly [firstPosition: Position, transcript: Uint8Array];
export interface HandOver {
  /** The height of the last commit: the thread's first snapshot must show at least this. */
  readonly height: Height;
  /** The vat's rows and tombstones written since. */
  readonly rows: readonly HandOverRow[];
  /** Of the incarnation, since: rows as they were when it began. */
  readonly preImages: readonly HandOverPreImage[];
  /**
   * The vat under whose number transcript and pre-images of the incarnation stand up to that
   * height: another one for a vat that has just been forked from it.
   */
  readonly history: VatNumber;
}
