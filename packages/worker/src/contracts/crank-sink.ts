/** What liveslots may do to the crank in progress; supervisor/crank.ts does it. */
import type { FaultCode } from '../protocol/faults.js';
import type { SyscallTuple } from '../protocol/from-worker.js';
import type { VRef } from '../protocol/refs.js';

export interface CrankSink {
  syscall(syscall: SyscallTuple): void;
  /** Fixes the outcome of the crank and throws. `reason`: what vat code threw, if it did. */
  raise(code: FaultCode, message: string, reason?: unknown): never;
  /** Fixes the outcome if `error` is a fault that was thrown past us. */
  note(error: unknown): void;
  /**
   * Vat code has rejected a promise, or ended its vat where `vpid` is empty: `body` is the reason
   * as data. For traces alone.
   */
  thrown(vpid: VRef | '', reason: unknown, body: Uint8Array): void;
  /** Runs a job of ours in a turn of vat code: what it throws is a fault, or the host's failure. */
  guard(job: () => void): void;
}

/** A sink that can be told that there will be no outcome at all. */
export interface FallibleCrankSink extends CrankSink {
  /** Remembers that this host failed. The caller throws something of its own choice. */
  failHost(error: unknown): void;
}
