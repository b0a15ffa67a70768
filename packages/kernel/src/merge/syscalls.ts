/**
 * The syscalls of a crank are carried out in order (docs/protocol.md).
 *
 * The kernel trusts no worker message: shape and sizes are checked by crank-reader.ts, ownership of
 * every reference here, and what does not hold is a VatFault that undoes the crank. Bodies are
 * never decoded.
 */
import type { Steps } from '@heirloom/store';
import {
  ROOT_VREF,
  Syscall,
  VatFault,
  type Resolution,
  type SyscallTuple,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { makeResult, resolveName, resolvePromiseName, type Speaker } from '../objects/clist.js';
import { abandonExports, dropImports, retireExports, retireImports } from '../objects/collect.js';
import { getPromise } from '../objects/counts.js';
import { dismissKind } from '../objects/dismissed-kinds.js';
import { allege } from '../objects/object-interfaces.js';
import { soleReference } from '../objects/kernel-data.js';
import { sending, settling, subscribe } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { PromiseState } from '../state/schema.js';

/** What a crank's syscalls ask beyond the tables. */
export interface CrankEffects {
  /** Promises whose c-list entries go when the wave ends (rules.md#w3). */
  readonly retired: KRef[];
  /** Names of exports that a start has not taken over, in key order. */
  readonly abandonedNames: string[];
  exit:
    { readonly isFailure: boolean; readonly body: Uint8Array; readonly slots: KRef[] } | undefined;
}

const fault = (what: string): never => {
  throw new VatFault('BAD_SYSCALL', what);
};

function* naming(
  state: KernelState,
  speaker: Speaker,
  slots: readonly VRef[],
): Steps<KRef[]> {
  const krefs: KRef[] = [];
  for (const vref of slots) {
    krefs.push(resolveName(state, speaker, vref));
    yield;
  }
  return krefs;
}

function* doingSend(
  state: KernelState,
  speaker: Speaker,
  [, target, body, slots, result]: Extract<
    SyscallTuple,
    readonly [typeof Syscall.send, ...unknown[]]
  >,
): Steps<void> {
  const to = resolveName(state, speaker, target);
  // The result is allocated before the arguments are read: it may be among them only if fresh.
  const answer = result === null ? undefined : makeResult(state, speaker, result);
  const message = { target: to, body, slots: yield* naming(state, speaker, slots), result: answer };
  yield* sending(state, message);
}

function* doingResolve(
  state: KernelState,
  speaker: Speaker,
  effects: CrankEffects,
  resolutions: readonly Resolution[],
): Steps<void> {
  for (const [vpid, rejected, body, slots] of resolutions) {
    const promise = resolvePromiseName(state, speaker, vpid);
    const row = getPromise(state, promise);
    if (row.state !== PromiseState.unresolved || row.decider !== speaker.vat) {
      throw new VatFault('NOT_DECIDER', `the vat does not decide ${vpid}`);
    }
    const krefs = yield* naming(state, speaker, slots);
    const sole = soleReference(body, krefs);
    if (!rejected && sole !== undefined && isPromiseKRef(sole)) {
      fault(`${vpid} cannot be fulfilled with a promise`);
    }
    yield* settling(state, promise, { rejected, body, slots: krefs });
    effects.retired.push(promise);
  }
}

/** What a crank may do beyond the ordinary. */
export interface CrankRights {
  /**
   * The crank may make garbage syscalls: true of reap, sweep and lifecycle cranks only
   * (rules.md#g1).
   */
  readonly collects: boolean;
  /** Its report is that of a migration. */
  readonly migrates: boolean;
  /** Does a later delivery of the wave name this import? */
  isNamedInWave(kref: KRef): boolean;
}

const doCollect = (
  state: KernelState,
  vat: VatNumber,
  rights: CrankRights,
  [op, vrefs]: Extract<SyscallTuple, readonly [4 | 5 | 6 | 7, ...unknown[]]>,
): void => {
  if (!rights.collects) {
    return fault('garbage syscalls are legal in reap, sweep and lifecycle cranks only');
  }
  switch (op) {
    case Syscall.dropImports:
      return dropImports(state, vat, vrefs);
    case Syscall.retireImports:
      return retireImports(state, vat, vrefs, rights.isNamedInWave);
    case Syscall.retireExports:
      return retireExports(state, vat, vrefs);
    case Syscall.abandonExports:
      if (vrefs.includes(ROOT_VREF)) return fault('the root cannot be abandoned');
      return abandonExports(state, vat, vrefs);
    default:
      throw TypeError(`unknown syscall ${String(op satisfies never)}`);
  }
};

/** References of one syscall that are worked off at a stretch. */
const COLLECTED_MAX = 50;

/** What comes to the same as the syscall, one after the other, none of which takes long. */
export function* partsOf(syscall: SyscallTuple): Generator<SyscallTuple, void> {
  switch (syscall[0]) {
    case Syscall.resolve:
      for (const resolution of syscall[1]) yield [Syscall.resolve, [resolution]];
      return;
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports: {
      const [op, vrefs] = syscall;
      // Once at least, so that the right to it is looked at.
      for (let at = 0; at === 0 || at < vrefs.length; at += COLLECTED_MAX) {
        yield [op, vrefs.slice(at, at + COLLECTED_MAX)];
      }
      return;
    }
    case Syscall.send:
    case Syscall.subscribe:
    case Syscall.exit:
    case Syscall.dismissKind:
      yield syscall;
      return;
    case Syscall.allege: {
      const [op, interfaces] = syscall;
      for (let at = 0; at < interfaces.length; at += COLLECTED_MAX) {
        yield [op, interfaces.slice(at, at + COLLECTED_MAX)];
      }
      return;
    }
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
}

/** Carries out one checked syscall. Throws VatFault; the caller undoes the crank. */
export function* executing(
  state: KernelState,
  speaker: Speaker,
  rights: CrankRights,
  effects: CrankEffects,
  syscall: SyscallTuple,
): Steps<void> {
  switch (syscall[0]) {
    case Syscall.send:
      return yield* doingSend(state, speaker, syscall);
    case Syscall.subscribe: {
      const promise = resolvePromiseName(state, speaker, syscall[1]);
      return subscribe(state, speaker.vat, promise);
    }
    case Syscall.resolve:
      return yield* doingResolve(state, speaker, effects, syscall[1]);
    case Syscall.exit: {
      const [, isFailure, body, slots] = syscall;
      if (effects.exit !== undefined) return undefined;
      effects.exit = { isFailure, body, slots: yield* naming(state, speaker, slots) };
      return undefined;
    }
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
      return doCollect(state, speaker.vat, rights, syscall);
    case Syscall.dismissKind:
      return dismissKind(state, speaker.vat, syscall[1], syscall[2]);
    case Syscall.allege:
      return allege(state, speaker.vat, syscall[1]);
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
}
