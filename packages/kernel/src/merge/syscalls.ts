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
import { getPromise, isFew } from '../objects/counts.js';
import { dismissKind } from '../objects/dismissed-kinds.js';
import { allege } from '../objects/object-interfaces.js';
import { soleReference } from '../objects/kernel-data.js';
import { sending, settling, startSending, startSettling, subscribe } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import type { QueuedMessage } from '../state/queue-items.js';
import { PromiseState } from '../state/schema.js';

/** What a crank's syscalls ask beyond the tables. */
export interface CrankEffects {
  /** Promises whose c-list entries go when the wave ends (rules.md#w3). */
  readonly retired: KRef[];
  /** Promises whose entries stay then: the vat has watchers that have not heard. */
  readonly kept: KRef[];
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

/** The same at a stretch. */
const nameFew = (state: KernelState, speaker: Speaker, slots: readonly VRef[]): KRef[] => {
  const krefs: KRef[] = [];
  for (const vref of slots) krefs.push(resolveName(state, speaker, vref));
  return krefs;
};

type Send = Extract<SyscallTuple, readonly [typeof Syscall.send, ...unknown[]]>;

const startSend = (
  state: KernelState,
  speaker: Speaker,
  [, target, body, slots, result]: Send,
): Steps<void> | undefined => {
  const to = resolveName(state, speaker, target);
  // The result is allocated before the arguments are read: it may be among them only if fresh.
  const answer = result === null ? undefined : makeResult(state, speaker, result);
  const message = { target: to, body, slots: [], result: answer };
  if (!isFew(slots)) return sendingTo(state, speaker, message, slots);
  return startSending(state, { ...message, slots: nameFew(state, speaker, slots) });
};

function* sendingTo(
  state: KernelState,
  speaker: Speaker,
  message: QueuedMessage,
  slots: readonly VRef[],
): Steps<void> {
  yield* sending(state, { ...message, slots: yield* naming(state, speaker, slots) });
}

/** The promise that a resolution settles. Throws unless the vat decides it. */
const decided = (state: KernelState, speaker: Speaker, vpid: VRef): KRef => {
  const promise = resolvePromiseName(state, speaker, vpid);
  const row = getPromise(state, promise);
  if (row.state !== PromiseState.unresolved || row.decider !== speaker.vat) {
    throw new VatFault('NOT_DECIDER', `the vat does not decide ${vpid}`);
  }
  return promise;
};

const checkSole = ([vpid, rejected, body]: Resolution, krefs: readonly KRef[]): void => {
  const sole = soleReference(body, krefs);
  if (!rejected && sole !== undefined && isPromiseKRef(sole)) {
    fault(`${vpid} cannot be fulfilled with a promise`);
  }
};

const startResolve = (
  state: KernelState,
  speaker: Speaker,
  effects: CrankEffects,
  resolutions: readonly Resolution[],
): Steps<void> | undefined => {
  const [resolution, ...more] = resolutions;
  const isShort = resolution !== undefined && more.length === 0 && isFew(resolution[3]);
  if (!isShort) return doingResolve(state, speaker, effects, resolutions);
  const [vpid, rejected, body, slots] = resolution;
  const promise = decided(state, speaker, vpid);
  const krefs = nameFew(state, speaker, slots);
  checkSole(resolution, krefs);
  effects.retired.push(promise);
  return startSettling(state, promise, { rejected, body, slots: krefs });
};

function* doingResolve(
  state: KernelState,
  speaker: Speaker,
  effects: CrankEffects,
  resolutions: readonly Resolution[],
): Steps<void> {
  for (const resolution of resolutions) {
    const [vpid, rejected, body, slots] = resolution;
    const promise = decided(state, speaker, vpid);
    const krefs = yield* naming(state, speaker, slots);
    checkSole(resolution, krefs);
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
  /** Of the crank (worker/src/protocol/parts.ts): a heavier one is undone, and ends its vat. */
  readonly weightMax: number;
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

/** Is it a list of more than one resolution, or any list of others? */
export const hasParts = (syscall: SyscallTuple): syscall is ListSyscall => {
  switch (syscall[0]) {
    case Syscall.send:
    case Syscall.subscribe:
    case Syscall.keep:
    case Syscall.exit:
    case Syscall.dismissKind:
      return false;
    case Syscall.resolve:
      return syscall[1].length !== 1;
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
    case Syscall.allege:
      return true;
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
};

/** What comes to the same as the syscall, one after the other, none of which takes long. */
export const partsOf = (syscall: SyscallTuple): Iterable<SyscallTuple> =>
  hasParts(syscall) ? partsOfList(syscall) : [syscall];

type ListSyscall = Extract<SyscallTuple, readonly [2 | 4 | 5 | 6 | 7 | 9, ...unknown[]]>;

function* partsOfList(syscall: ListSyscall): Generator<SyscallTuple, void> {
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

function* exiting(
  state: KernelState,
  speaker: Speaker,
  effects: CrankEffects,
  [, isFailure, body, slots]: Extract<SyscallTuple, readonly [typeof Syscall.exit, ...unknown[]]>,
): Steps<void> {
  if (effects.exit !== undefined) return;
  effects.exit = { isFailure, body, slots: yield* naming(state, speaker, slots) };
}

/**
 * Carries out one checked syscall; gives the steps that are left, if it takes many. Throws
 * VatFault; the caller undoes the crank.
 */
export const execute = (
  state: KernelState,
  speaker: Speaker,
  rights: CrankRights,
  effects: CrankEffects,
  syscall: SyscallTuple,
): Steps<void> | undefined => {
  switch (syscall[0]) {
    case Syscall.send:
      return startSend(state, speaker, syscall);
    case Syscall.subscribe:
      subscribe(state, speaker.vat, resolvePromiseName(state, speaker, syscall[1]));
      return undefined;
    case Syscall.keep:
      effects.kept.push(resolvePromiseName(state, speaker, syscall[1]));
      return undefined;
    case Syscall.resolve:
      return startResolve(state, speaker, effects, syscall[1]);
    case Syscall.exit:
      return exiting(state, speaker, effects, syscall);
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
      doCollect(state, speaker.vat, rights, syscall);
      return undefined;
    case Syscall.dismissKind:
      dismissKind(state, speaker.vat, syscall[1], syscall[2]);
      return undefined;
    case Syscall.allege:
      allege(state, speaker.vat, syscall[1]);
      return undefined;
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
};
