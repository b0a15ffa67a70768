/**
 * What comes out of a vat's worker; to-worker.ts has what goes in.
 *
 * | message | answers |
 * | --- | --- |
 * | `ready` | nothing: the first frame of all |
 * | `prepared`, `bound` | `prepare`, `bind` |
 * | `replayed` or `diverged` | `replay`; `progress` comes before it, now and then |
 * | `cranks` | `deliver`: one or more of them, until every delivery has its crank |
 * | `log` | nothing: a console line, at any time |
 * | `trace` | nothing: where an error was thrown, before the crank that tells of it |
 * | `described` | `describe` |
 * | `observed` | `observe`; `progress` comes before it if the look is a whole one |
 *
 * The kernel trusts none of it: it checks shape, size and the ownership of every reference, and
 * decodes no body. Numbers of opcodes, and what tuples may hold: opcodes.ts. In prose:
 * docs/protocol.md.
 */
import type { BundleId } from './code-ids.js';
import type { Interfaces } from './interfaces.js';
import type { Observations } from './observations.js';
import type { FromWorker, Syscall } from './opcodes.js';
import type { Body, Resolution, Slots } from './passables.js';
import type { VRef } from './refs.js';
import type { Position } from './vat-numbers.js';

export type FromWorkerTuple =
  /** `inCrank`: the bundle called VatData or sent while evaluated; evaluate it in the crank. */
  | readonly [typeof FromWorker.prepared, bundleId: BundleId, inCrank: boolean]
  | readonly [typeof FromWorker.bound]
  /**
   * Packed `CrankTuple`s of consecutive positions. `timesUs`: run time of each, for the host only.
   */
  | readonly [
      typeof FromWorker.cranks,
      firstPosition: Position,
      cranks: readonly Uint8Array[],
      timesUs: readonly number[],
    ]
  | readonly [typeof FromWorker.replayed, endPosition: Position]
  | readonly [typeof FromWorker.diverged, position: Position, reason: Uint8Array]
  /**
   * A console line of vat code, UTF-8, and the crank that wrote it, if one did: an older image does
   * not say. Never part of a hash.
   */
  | readonly [typeof FromWorker.log, level: string, text: Uint8Array]
  | readonly [typeof FromWorker.log, level: string, text: Uint8Array, position: Position | null]
  /** The first frame of all: the worker is warm. */
  | readonly [typeof FromWorker.ready]
  /**
   * A replay is here: told now and then, so that silence means a crank that does not end. Or so
   * many observations of a whole look have been made.
   */
  | readonly [typeof FromWorker.progress, position: Position]
  /**
   * Where an error was thrown, UTF-8: of the fault of a crank, where `vpid` is empty, or of the
   * rejection of a promise. `body`: the error as data. Comes before the crank, for the host alone.
   */
  | readonly [typeof FromWorker.trace, vpid: string, body: Body, text: Uint8Array]
  /** What the engine shows. */
  | readonly [typeof FromWorker.observed, observations: Observations]
  /** A packed `VatDescription`. */
  | readonly [typeof FromWorker.described, description: Uint8Array];

/** What a crank has done. `rows` are sorted by key, each key once. */
export type CrankTuple = readonly [
  outcome: Outcome,
  syscalls: readonly SyscallTuple[],
  rows: readonly RowWrite[],
  report: CrankReport,
];

/** What the crank asks of the kernel, in the order in which vat code asked. */
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
  | readonly [typeof Syscall.dismissKind, kind: number, tag: string]
  /** Of what the crank has exported; comes last, once at most. */
  | readonly [typeof Syscall.allege, interfaces: Interfaces]
  | readonly [typeof Syscall.keep, vpid: VRef];

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
