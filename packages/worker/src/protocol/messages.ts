/**
 * What crosses between the kernel and a vat worker, as tuples that msgpack frames carry.
 *
 * Invariants: every tuple holds only safe integers, booleans, null, byte arrays, ASCII strings and
 * such tuples (rules.md#t5). Data of vat code crosses as `body` (canonical bytes, never decoded by
 * the kernel) beside `slots` (the references it mentions). See docs/protocol.md.
 */
import type { VRef, VatId } from './refs.js';

/** Canonical bytes of a passable. */
export type Body = Uint8Array;
export type Slots = readonly VRef[];
export type Resolution = readonly [vpid: VRef, rejected: boolean, body: Body, slots: Slots];

/** Opcodes of deliveries. */
export const Delivery = {
  startVat: 0,
  message: 1,
  notify: 2,
  dropExports: 3,
  retireExports: 4,
  retireImports: 5,
  reap: 6,
  sweep: 7,
  changeOptions: 8,
  migrate: 9,
  fork: 10,
} as const;

export type DeliveryTuple =
  /** `isEmergency`: vat code gets its predecessors' estate, and need not define every kind. */
  | readonly [
      typeof Delivery.startVat,
      vatParameters: Body,
      slots: Slots,
      isEmergency: boolean,
    ]
  /** `body` is the canonical encoding of `[method, args]`. */
  | readonly [typeof Delivery.message, target: VRef, body: Body, slots: Slots, result: VRef | null]
  | readonly [typeof Delivery.notify, resolutions: readonly Resolution[]]
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
  | readonly [typeof Delivery.changeOptions, options: Body]
  /** Stored states of older versions are migrated, from the first row on if `isFirst`. */
  | readonly [typeof Delivery.migrate, rowsMax: number, isFirst: boolean]
  /**
   * The vat is another one from now on: a fork of the one whose deliveries came before. Of what it
   * exported, only `exports` are known to anybody, besides the root.
   */
  | readonly [typeof Delivery.fork, vatParameters: Body, slots: Slots, exports: Slots];

/** Opcodes of syscalls. */
export const Syscall = {
  /** With a result, the sender is subscribed to it: no `subscribe` follows. */
  send: 0,
  subscribe: 1,
  resolve: 2,
  exit: 3,
  dropImports: 4,
  retireImports: 5,
  retireExports: 6,
  abandonExports: 7,
  /** In any crank: the exports of a durable kind are revoked from now on. */
  dismissKind: 8,
} as const;

export type SyscallTuple =
  | readonly [typeof Syscall.send, target: VRef, body: Body, slots: Slots, result: VRef | null]
  | readonly [typeof Syscall.subscribe, vpid: VRef]
  | readonly [typeof Syscall.resolve, resolutions: readonly Resolution[]]
  | readonly [typeof Syscall.exit, isFailure: boolean, body: Body, slots: Slots]
  | readonly [typeof Syscall.dropImports, vrefs: Slots]
  | readonly [typeof Syscall.retireImports, vrefs: Slots]
  | readonly [typeof Syscall.retireExports, vrefs: Slots]
  | readonly [typeof Syscall.abandonExports, vrefs: Slots]
  /** `tag`: see `asciiTag`. */
  | readonly [typeof Syscall.dismissKind, kind: number, tag: string];

/** One row of the vat's own space: `null` deletes it. The key's first byte is the table. */
export type RowWrite = readonly [key: Uint8Array, value: Uint8Array | null];

/**
 * How a crank ended. `null`: well. Otherwise a fault: its code (protocol/faults.ts) and the
 * canonical bytes, without references, of the error that tells why. A faulted crank carries
 * neither syscalls nor rows.
 */
export type Outcome = null | readonly [code: string, error: Body];

/**
 * What a reap says besides: is there more to do; what V8 has let go of (things by baseRef, and
 * remotables); which imports nothing recognises any more. Both lists are sorted.
 */
export type ReapReport = readonly [more: boolean, dead: Slots, forgotten: Slots];

/** A state that was left as it was: of which kind and version, and why. Texts as `asciiText`. */
export type FailedMigration = readonly [
  kind: number,
  instance: number,
  version: number,
  tag: string,
  reason: string,
];

/**
 * What a migrate delivery says: is there more to do; how many states it migrated; of all instances
 * ever made of the kinds that have versions, how many lie behind it; what it could not migrate.
 */
export type MigrationReport = readonly [
  more: boolean,
  migrated: number,
  done: number,
  total: number,
  failed: readonly FailedMigration[],
];

/** A sweep reports with empty lists; any other delivery, and a crank that faulted, `null`. */
export type CrankReport = null | ReapReport | MigrationReport;

/** `rows` are sorted by key, each key once. */
export type CrankTuple = readonly [
  outcome: Outcome,
  syscalls: readonly SyscallTuple[],
  rows: readonly RowWrite[],
  report: CrankReport,
];

/** Opcodes from the kernel to a worker. */
export const ToWorker = { prepare: 0, bind: 1, deliver: 2, replay: 3, restack: 4 } as const;

/**
 * A row as the kernel holds it and the store may not show it yet (rules.md#t4). `null`: deleted.
 */
export type HandOverRow = readonly [
  key: Uint8Array,
  value: Uint8Array | null,
  born: number,
  written: number,
];
export type HandOverPreImage = readonly [key: Uint8Array, value: Uint8Array];
/** What one wave did to a vat, by the position of its first delivery. */
export type HandOverWave = readonly [firstPosition: number, transcript: Uint8Array];
export interface HandOver {
  /** The height of the last commit: the thread's first snapshot must show at least this. */
  readonly height: number;
  /** The vat's rows and tombstones written since. */
  readonly rows: readonly HandOverRow[];
  /** Of the incarnation, since: rows as they were when it began. */
  readonly preImages: readonly HandOverPreImage[];
  /**
   * The vat under whose number transcript and pre-images of the incarnation stand up to that
   * height: another one for a vat that has just been forked from it.
   */
  readonly history: number;
}

export type ToWorkerTuple =
  /**
   * Evaluates a vat script before the thread knows its vat (rules.md#u4); with `evaluateNow` false
   * only keeps the script, to be evaluated in the crank of startVat. Sent once, before `bind`.
   */
  | readonly [
      typeof ToWorker.prepare,
      bundleId: string,
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
      incarnation: number,
      space: number,
      height: number,
      rows: readonly HandOverRow[],
      below: readonly number[],
      preImages: readonly HandOverPreImage[],
      history: number,
    ]
  /** The vat has been forked: what it has written is below from now on. Has no answer. */
  | readonly [typeof ToWorker.restack, space: number, below: readonly number[]]
  /**
   * The vat's part of one wave. `height`: last committed block. `deliveries` are packed
   * `DeliveryTuple`s, the very bytes that the transcript keeps.
   */
  | readonly [
      typeof ToWorker.deliver,
      height: number,
      wave: number,
      firstPosition: number,
      deliveries: readonly Uint8Array[],
    ]
  /**
   * Replays the transcript of the bound incarnation from position 0 up to `endPosition`. `waves`:
   * packed `TranscriptTuple`s that the store does not show yet (rules.md#t4).
   */
  | readonly [typeof ToWorker.replay, endPosition: number, waves: readonly HandOverWave[]];

/** Opcodes from a worker to the kernel. */
export const FromWorker = {
  prepared: 0,
  bound: 1,
  cranks: 2,
  replayed: 3,
  diverged: 4,
  log: 5,
  ready: 6,
  progress: 7,
} as const;

export type FromWorkerTuple =
  /** `inCrank`: the bundle called VatData or sent while evaluated; evaluate it in the crank. */
  | readonly [typeof FromWorker.prepared, bundleId: string, inCrank: boolean]
  | readonly [typeof FromWorker.bound]
  /**
   * Packed `CrankTuple`s of consecutive positions. `timesUs`: run time of each, for the host only.
   */
  | readonly [
      typeof FromWorker.cranks,
      firstPosition: number,
      cranks: readonly Uint8Array[],
      timesUs: readonly number[],
    ]
  | readonly [typeof FromWorker.replayed, endPosition: number]
  | readonly [typeof FromWorker.diverged, position: number, reason: Uint8Array]
  /** A console line of vat code, UTF-8. Never part of a hash. */
  | readonly [typeof FromWorker.log, level: string, text: Uint8Array]
  /** The first frame of all: the worker is warm. */
  | readonly [typeof FromWorker.ready]
  /** A replay is here: told now and then, so that silence means a crank that does not end. */
  | readonly [typeof FromWorker.progress, position: number];

/**
 * A row of the transcript table, key (vat, incarnation, position of its first delivery): what one
 * wave delivered to the vat and how that went. One row per vat and wave: a row per crank costs more
 * in rows and hashes than the cranks themselves.
 */
export type TranscriptTuple = readonly [
  height: number,
  wave: number,
  deliveries: readonly Uint8Array[],
  /** CRC-32 of each packed `CrankTuple`, u32 big-endian, in order: they name what diverged. */
  checks: Uint8Array,
  /** sha256 over every packed `CrankTuple`, each behind its length as u32 big-endian. */
  digest: Uint8Array,
];
