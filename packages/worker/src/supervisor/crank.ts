/**
 * What one crank has done so far: its syscalls, and the fault that decides its outcome.
 *
 * Invariants:
 * - the first fault of a crank is fixed when it is raised; vat code that catches the exception
 *   changes nothing (rules.md#h2);
 * - a failure of the host (the store, a bug of ours) is no outcome at all: it is thrown again at
 *   the crank boundary and ends the thread, whatever vat code does with the exception.
 */
import { types } from 'node:util';
import { check } from '../check.js';
import type { FallibleCrankSink } from '../contracts/crank-sink.js';
import { VatFault, type FaultCode } from '../protocol/faults.js';
import type { SyscallTuple } from '../protocol/from-worker.js';
import {
  ELEMENT_WEIGHT,
  REFERENCE_WEIGHT,
  SYSCALLS_PER_CRANK_MAX,
  SYSCALL_BYTES_PER_CRANK_MAX,
} from '../protocol/limits.js';
import { TRACED_BYTES_MAX } from '../protocol/lines.js';
import { Syscall } from '../protocol/opcodes.js';
import { limitedWeight, tooHeavy } from '../protocol/parts.js';
import type { VRef } from '../protocol/refs.js';

/** A fault and, if vat code threw something, what it threw. */
export interface RaisedFault {
  readonly fault: VatFault;
  readonly reason: unknown;
}

/** A promise that the crank rejected, or what the vat ended with. */
interface Rejection {
  readonly vpid: VRef | '';
  readonly reason: unknown;
  readonly body: Uint8Array;
}

/** Of one crank: of further ones no trace is told. */
const REJECTIONS_MAX = 20;

const NO_SYSCALLS: readonly SyscallTuple[] = [];

const keepAsIs = <T>(value: T): T => value;

/** Vat code may have hardened it: such an error takes no stack with it (zygote/warm.ts). */
const openError = (error: unknown): unknown => {
  if (!types.isNativeError(error) || !Object.isFrozen(error)) return error;
  const message: unknown = Object.getOwnPropertyDescriptor(error, 'message')?.value;
  return Error(typeof message === 'string' ? message : '', { cause: error });
};

export class Crank implements FallibleCrankSink {
  readonly #harden: <T>(value: T) => T;
  #syscalls: SyscallTuple[] = [];
  #syscallBytes = 0;
  #weightMax = Infinity;
  /** References, resolutions and interfaces; counted where there is a `#weightMax`. */
  #mentions = 0;
  #fault: RaisedFault | undefined;
  #rejections: Rejection[] = [];
  #hostFailure: { readonly error: unknown } | undefined;
  #isOpen = false;

  /** `harden`: vat code may catch a fault; it must not be a channel between its parts. */
  constructor(harden: <T>(value: T) => T = keepAsIs) {
    this.#harden = harden;
    harden(VatFault);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get fault(): RaisedFault | undefined {
    return this.#fault;
  }

  /** `weightMax`: what makes it heavier ends it; the kernel looks at the whole (parts.ts). */
  begin(weightMax = Infinity): void {
    check(!this.#isOpen, 'crank: the last one has not ended');
    this.#isOpen = true;
    this.#syscallBytes = 0;
    this.#weightMax = weightMax;
    this.#mentions = 0;
    this.#fault = undefined;
    if (this.#rejections.length > 0) this.#rejections = [];
  }

  /** What the syscalls of the crank, or of the last one, weigh. */
  get syscallBytes(): number {
    return this.#syscallBytes;
  }

  /** Of the last crank. */
  get rejections(): readonly Rejection[] {
    return this.#rejections;
  }

  /** Ends the crank; a fault has emptied it. Throws what the host failed with, if it did. */
  end(): readonly SyscallTuple[] {
    check(this.#isOpen, 'crank: none is open');
    this.#isOpen = false;
    const syscalls = this.#syscalls;
    // Their data would stay in memory until the vat's next crank, which may never come.
    this.#syscalls = [];
    if (this.#hostFailure !== undefined) throw openError(this.#hostFailure.error);
    return this.#fault === undefined ? syscalls : NO_SYSCALLS;
  }

  syscall(syscall: SyscallTuple): void {
    check(this.#isOpen, 'syscall outside a crank');
    if (this.#fault !== undefined) return;
    if (this.#syscalls.length >= SYSCALLS_PER_CRANK_MAX) {
      this.raise('LIMIT', `a crank makes at most ${SYSCALLS_PER_CRANK_MAX} syscalls`);
    }
    this.#syscallBytes += weightOf(syscall);
    if (this.#syscallBytes > SYSCALL_BYTES_PER_CRANK_MAX) {
      const rule = `at most ${SYSCALL_BYTES_PER_CRANK_MAX} bytes`;
      this.raise('LIMIT', `the syscalls of a crank weigh ${rule}`);
    }
    this.#syscalls.push(syscall);
    if (this.#weightMax === Infinity) return;
    this.#mentions += mentionsIn(syscall);
    this.#checkWeight(0);
  }

  /** `rows`: what the crank has written so far. */
  hasWritten(rows: { readonly contentBytes: number }): void {
    if (this.#weightMax !== Infinity) this.#checkWeight(rows.contentBytes);
  }

  /** What is sure to be in the packed crank: bodies at least, and rows as far as they are given. */
  #checkWeight(rowBytes: number): void {
    const [count, mentions] = [this.#syscalls.length, this.#mentions];
    const frames = (count + mentions) * ELEMENT_WEIGHT + mentions * REFERENCE_WEIGHT;
    const bodyBytes = Math.max(0, this.#syscallBytes - frames);
    if (limitedWeight(bodyBytes + rowBytes, count, mentions) <= this.#weightMax) return;
    this.raise('LIMIT', tooHeavy(this.#weightMax));
  }

  raise(code: FaultCode, message: string, reason?: unknown): never {
    const fault = this.#harden(new VatFault(code, message));
    this.#fault ??= { fault, reason };
    throw fault;
  }

  note(error: unknown): void {
    if (VatFault.isOn(error)) this.#fault ??= { fault: error, reason: undefined };
  }

  thrown(vpid: VRef | '', reason: unknown, body: Uint8Array): void {
    if (body.length > TRACED_BYTES_MAX) return; // it has no trace (docs/limits.md)
    if (this.#rejections.length < REJECTIONS_MAX) this.#rejections.push({ vpid, reason, body });
  }

  guard(job: () => void): void {
    try {
      job();
    } catch (error) {
      if (VatFault.isOn(error)) this.note(error);
      else this.failHost(error);
    }
  }

  /** Remembers that this host failed. The caller throws something of its own choice. */
  failHost(error: unknown): void {
    this.#hostFailure ??= { error };
  }
}

/** References, resolutions and interfaces. */
const mentionsIn = (syscall: SyscallTuple): number => {
  switch (syscall[0]) {
    case Syscall.send:
    case Syscall.exit:
      return syscall[3].length;
    case Syscall.resolve:
      return syscall[1].reduce((sum, [, , , slots]) => sum + 1 + slots.length, 0);
    case Syscall.subscribe:
    case Syscall.dismissKind:
    case Syscall.keep:
      return 0;
    case Syscall.allege:
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
      return syscall[1].length;
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
};

/** More than the syscall's frame takes (protocol/limits.ts). */
const weightOf = (syscall: SyscallTuple): number => {
  switch (syscall[0]) {
    case Syscall.send:
    case Syscall.exit:
      return ELEMENT_WEIGHT + syscall[2].length + syscall[3].length * REFERENCE_WEIGHT;
    case Syscall.resolve: {
      let weight = ELEMENT_WEIGHT;
      for (const [, , body, slots] of syscall[1]) {
        weight += ELEMENT_WEIGHT + body.length + slots.length * REFERENCE_WEIGHT;
      }
      return weight;
    }
    case Syscall.subscribe:
    case Syscall.dismissKind:
    case Syscall.keep:
      return ELEMENT_WEIGHT;
    case Syscall.allege:
      return syscall[1].reduce(
        (weight, [, spelled]) => weight + REFERENCE_WEIGHT + ELEMENT_WEIGHT + spelled.length,
        ELEMENT_WEIGHT,
      );
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
      return ELEMENT_WEIGHT + syscall[1].length * REFERENCE_WEIGHT;
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
};
