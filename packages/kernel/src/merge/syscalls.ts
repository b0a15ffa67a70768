/**
 * The syscalls of a crank are checked and carried out in order (docs/protocol.md).
 *
 * The kernel trusts no worker message: shape, sizes and ownership of every reference are checked
 * here, and what does not hold is a VatFault that undoes the crank. Bodies are never decoded.
 */
import { isNatural } from '@heirloom/store';
import {
  areReferences,
  BODY_BYTES_MAX,
  isReference,
  MIGRATION_FAILURES_MAX,
  MIGRATION_REASON_CHARS_MAX,
  readAsciiText,
  readInterface,
  readTag,
  REPORT_CHARS_MAX,
  ROOT_VREF,
  ROW_BYTES_MAX,
  ROW_KEY_BYTES_MAX,
  ROWS_PER_CRANK_MAX,
  SLOTS_MAX,
  Syscall,
  SYSCALLS_PER_CRANK_MAX,
  VatFault,
  type CrankTuple,
  type Resolution,
  type SyscallTuple,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { makeResult, resolveName, resolvePromiseName, type Speaker } from '../objects/clist.js';
import { abandonExports, dropImports, retireExports, retireImports } from '../objects/collect.js';
import { getPromise } from '../objects/counts.js';
import { checkDismissal, dismissKind } from '../objects/dismissed-kinds.js';
import { allege } from '../objects/object-interfaces.js';
import { soleReference } from '../objects/kernel-data.js';
import { send, settle, subscribe } from '../objects/router.js';
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

const isTuple = (value: unknown, length: number): value is readonly unknown[] =>
  Array.isArray(value) && value.length === length;

const checkData = (body: unknown, slots: unknown): void => {
  if (!(body instanceof Uint8Array)) return fault('data is no byte array');
  if (!areReferences(slots)) return fault('slots are no references');
  if (body.length > BODY_BYTES_MAX || slots.length > SLOTS_MAX) {
    throw new VatFault('LIMIT', 'syscall capdata too large');
  }
};

const checkResolution = (resolution: unknown): void => {
  if (!isTuple(resolution, 4)) return fault('malformed resolution');
  const [vpid, rejected, body, slots] = resolution;
  if (!isReference(vpid) || typeof rejected !== 'boolean') return fault('malformed resolution');
  checkData(body, slots);
};

const isInterface = (pair: unknown): boolean => {
  if (!isTuple(pair, 2)) return false;
  const [vref, spelled] = pair;
  return isReference(vref) && typeof spelled === 'string' && readInterface(spelled) !== undefined;
};

const checkSyscall = (syscall: unknown): void => {
  if (!Array.isArray(syscall)) return fault('a syscall is no tuple');
  const [op, a, b, c, d]: readonly unknown[] = syscall;
  switch (op) {
    case Syscall.send:
      if (syscall.length !== 5 || !isReference(a)) fault('malformed send');
      if (d !== null && !isReference(d)) fault('malformed send');
      return checkData(b, c);
    case Syscall.subscribe:
      return syscall.length === 2 && isReference(a) ? undefined : fault('malformed subscribe');
    case Syscall.resolve:
      if (syscall.length !== 2 || !Array.isArray(a)) return fault('malformed resolve');
      return a.forEach(checkResolution);
    case Syscall.exit:
      if (syscall.length !== 4 || typeof a !== 'boolean') fault('malformed exit');
      return checkData(b, c);
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
      if (syscall.length !== 2 || !areReferences(a)) return fault('malformed garbage syscall');
      return undefined;
    case Syscall.dismissKind:
      if (syscall.length !== 3) fault('malformed dismissal');
      return checkDismissal(a, b);
    case Syscall.allege:
      if (syscall.length !== 2 || !Array.isArray(a)) return fault('malformed interfaces');
      return a.every(isInterface) ? undefined : fault('malformed interfaces');
    default:
      return fault(`unknown syscall ${String(op)}`);
  }
};

const checkRow = (row: unknown, before: Uint8Array | undefined): Uint8Array => {
  if (!isTuple(row, 2)) return fault('malformed row write');
  const [key, value] = row;
  if (!(key instanceof Uint8Array) || key.length === 0) return fault('a row key is no byte array');
  if (key.length > ROW_KEY_BYTES_MAX) throw new VatFault('LIMIT', 'row key too long');
  if (value !== null && !(value instanceof Uint8Array)) return fault('a row is no byte array');
  if (value !== null && value.length > ROW_BYTES_MAX) throw new VatFault('LIMIT', 'row too large');
  if (before !== undefined && Buffer.compare(before, key) >= 0)
    fault('row writes are not in order');
  return key;
};

/** Reaps and sweeps say whether there is more to do, reaps also what V8 has let go of. */
const checkReport = (report: unknown): void => {
  if (report === null) return undefined;
  if (!isTuple(report, 3)) return fault('malformed report');
  const [more, ...lists] = report;
  if (typeof more !== 'boolean' || !lists.every(areReferences)) return fault('malformed report');
  const chars = lists.flat().reduce((sum, vref) => sum + vref.length, 0);
  if (chars > REPORT_CHARS_MAX) throw new VatFault('LIMIT', 'a report of too many references');
  return undefined;
};

const isFailure = (failure: unknown): boolean => {
  if (!isTuple(failure, 5)) return false;
  const [kind, instance, version, tag, reason] = failure;
  return (
    [kind, instance, version].every(isNatural) &&
    readTag(String(tag)) !== undefined &&
    readAsciiText(String(reason), MIGRATION_REASON_CHARS_MAX) !== undefined
  );
};

/** A migration says how far it has come and what failed. */
const checkMigrationReport = (report: unknown): void => {
  if (!isTuple(report, 5)) return fault('malformed report');
  const [more, migrated, done, total, failed] = report;
  const isWhole = typeof more === 'boolean' && [migrated, done, total].every(isNatural);
  if (!isWhole || !Array.isArray(failed)) return fault('malformed report');
  if (failed.length > MIGRATION_FAILURES_MAX) throw new VatFault('LIMIT', 'too many failures');
  return failed.every(isFailure) ? undefined : fault('malformed report');
};

function assertCrank(crank: unknown, migrates: boolean): asserts crank is CrankTuple {
  if (!isTuple(crank, 4)) return fault('malformed crank');
  const [outcome, syscalls, rows, report] = crank;
  if (outcome !== null) {
    const pair = Array.isArray(outcome) && outcome.length === 2 && typeof outcome[0] === 'string';
    if (!pair || !(outcome[1] instanceof Uint8Array)) return fault('malformed outcome');
    if (outcome[1].length > BODY_BYTES_MAX) throw new VatFault('LIMIT', 'an error too large');
  }
  if (!Array.isArray(syscalls) || !Array.isArray(rows)) return fault('malformed crank');
  if (syscalls.length > SYSCALLS_PER_CRANK_MAX) throw new VatFault('LIMIT', 'too many syscalls');
  if (rows.length > ROWS_PER_CRANK_MAX) throw new VatFault('LIMIT', 'too many row writes');
  syscalls.forEach(checkSyscall);
  let before: Uint8Array | undefined;
  for (const row of rows) before = checkRow(row, before);
  // A crank that faulted reports nothing.
  if (migrates && outcome === null) checkMigrationReport(report);
  else checkReport(report);
}

/** Checks the shape of an unpacked crank. Throws VatFault. */
export const checkCrank = (crank: unknown, { migrates }: CrankRights): CrankTuple => {
  assertCrank(crank, migrates);
  return crank;
};

const names = (state: KernelState, speaker: Speaker, slots: readonly VRef[]): KRef[] =>
  slots.map(vref => resolveName(state, speaker, vref));

const doSend = (
  state: KernelState,
  speaker: Speaker,
  [, target, body, slots, result]: Extract<
    SyscallTuple,
    readonly [typeof Syscall.send, ...unknown[]]
  >,
): void => {
  const to = resolveName(state, speaker, target);
  // The result is allocated before the arguments are read: it may be among them only if fresh.
  const answer = result === null ? undefined : makeResult(state, speaker, result);
  send(state, { target: to, body, slots: names(state, speaker, slots), result: answer });
};

const doResolve = (
  state: KernelState,
  speaker: Speaker,
  effects: CrankEffects,
  resolutions: readonly Resolution[],
): void => {
  for (const [vpid, rejected, body, slots] of resolutions) {
    const promise = resolvePromiseName(state, speaker, vpid);
    const row = getPromise(state, promise);
    if (row.state !== PromiseState.unresolved || row.decider !== speaker.vat) {
      throw new VatFault('NOT_DECIDER', `the vat does not decide ${vpid}`);
    }
    const krefs = names(state, speaker, slots);
    const sole = soleReference(body, krefs);
    if (!rejected && sole !== undefined && isPromiseKRef(sole)) {
      fault(`${vpid} cannot be fulfilled with a promise`);
    }
    settle(state, promise, { rejected, body, slots: krefs });
    effects.retired.push(promise);
  }
};

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

/** Carries out one checked syscall. Throws VatFault; the caller undoes the crank. */
export const execute = (
  state: KernelState,
  speaker: Speaker,
  rights: CrankRights,
  effects: CrankEffects,
  syscall: SyscallTuple,
): void => {
  switch (syscall[0]) {
    case Syscall.send:
      return doSend(state, speaker, syscall);
    case Syscall.subscribe: {
      const promise = resolvePromiseName(state, speaker, syscall[1]);
      return subscribe(state, speaker.vat, promise);
    }
    case Syscall.resolve:
      return doResolve(state, speaker, effects, syscall[1]);
    case Syscall.exit: {
      const [, isFailure, body, slots] = syscall;
      effects.exit ??= { isFailure, body, slots: names(state, speaker, slots) };
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
};
