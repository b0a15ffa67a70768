/**
 * Interface guards: patterns for the arguments and results of methods.
 *
 * `@endo/patterns` says what guards are; this file applies them, as exo layers expect of the kinds
 * that they define. A method whose guard is `raw` on both sides is left alone.
 */
import { passStyleOf, toThrowable } from '@endo/pass-style';
import {
  M,
  getAwaitArgGuardPayload,
  getCopyMapEntries,
  getInterfaceGuardPayload,
  getMethodGuardPayload,
  isAwaitArgGuard,
  isRawGuard,
  mustMatch,
} from '@endo/patterns';
import type { ArgGuard, InterfaceGuard, MethodGuard, Pattern } from '@endo/patterns';
import type { Hardening } from '../../contracts/hardening.js';
import { VatFault } from '../../protocol/faults.js';
import { isInstance } from '../../values.js';
import { noteCallSite } from '../contract/call-sites.js';
import { Fail, q } from '../contract/fail.js';

export type Method = (...args: unknown[]) => unknown;
type Harden = Hardening['harden'];
type ArgGuards = readonly ArgGuard[];

/** What guards a method: a guard, or only that everything is passable, or nothing. */
type Protection = MethodGuard | 'passable' | 'raw';

/** What a method may throw: passable and hardened. A fault passes as it is. */
export const thrown = (error: unknown): unknown =>
  VatFault.isOn(error) ? error : toThrowable(error);

const difference = (names: readonly PropertyKey[], others: readonly PropertyKey[]): PropertyKey[] =>
  names.filter(name => !others.includes(name));

/** The protection of each of `names`, by an interface guard or by default. */
export const protectionsOf = (
  tag: string,
  names: readonly PropertyKey[],
  guard: InterfaceGuard | undefined,
  isThisful: boolean,
): ReadonlyMap<PropertyKey, Protection> => {
  if (guard === undefined) {
    const protection = isThisful ? 'passable' : 'raw';
    return new Map(names.map(name => [name, protection]));
  }
  const payload = getInterfaceGuardPayload(guard);
  const { interfaceName, methodGuards, symbolMethodGuards, sloppy } = payload;
  const { defaultGuards = sloppy ? 'passable' : undefined } = payload;
  const guards = new Map<PropertyKey, Protection>(Object.entries(methodGuards));
  if (symbolMethodGuards !== undefined) {
    const entries = getCopyMapEntries(symbolMethodGuards);
    for (const [name, methodGuard] of entries) {
      guards.set(name, methodGuard);
    }
  }
  const unimplemented = difference([...guards.keys()], names);
  if (unimplemented.length > 0) Fail`methods ${q(unimplemented)} not implemented by ${q(tag)}`;
  const unguarded = difference(names, [...guards.keys()]);
  if (defaultGuards !== undefined) {
    for (const name of unguarded) guards.set(name, defaultGuards);
  } else if (unguarded.length > 0) {
    Fail`methods ${q(unguarded)} not guarded by ${q(interfaceName)}`;
  }
  return guards;
};

const REDACTED = '<redacted raw arg>';

interface ArgsCheck {
  readonly declared: number;
  readonly pattern: Pattern;
  readonly rawIndexes: readonly number[];
  readonly rest: 'none' | 'raw' | 'matched';
}

const argsCheckOf = (args: ArgGuards, optional: ArgGuards, rest: Pattern): ArgsCheck => {
  const rawIndexes: number[] = [];
  const patternOf = (guard: ArgGuard, i: number): Pattern => {
    if (!isRawGuard(guard)) return guard;
    rawIndexes.push(i);
    return REDACTED;
  };
  const required = args.map(patternOf);
  const others = optional.map((guard, i) => patternOf(guard, args.length + i));
  const isRawRest = rest !== undefined && isRawGuard(rest);
  const restPattern = isRawRest ? M.arrayOf(REDACTED) : rest;
  return {
    declared: args.length + optional.length,
    pattern: M.splitArray(required, others, restPattern),
    rawIndexes,
    rest: rest === undefined ? 'none' : isRawRest ? 'raw' : 'matched',
  };
};

/** As `mustMatch`; the trace of what it throws says who has called the method. */
const matchHere = (specimen: unknown, pattern: Pattern, label: string): void => {
  try {
    mustMatch(specimen, pattern, label);
  } catch (error) {
    if (isInstance(error, Error)) noteCallSite(error);
    throw error;
  }
};

const checkArgs = (args: unknown[], check: ArgsCheck, label: string, harden: Harden): void => {
  const { declared, rawIndexes, rest } = check;
  const matchable = args.slice();
  for (const i of rawIndexes) if (i < matchable.length) matchable[i] = REDACTED;
  if (rest === 'raw' && matchable.length > declared) matchable.fill(REDACTED, declared);
  matchHere(harden(matchable), check.pattern, label);
  if (rest === 'none' && args.length > declared) {
    Fail`${q(label)} accepts at most ${q(declared)} arguments, not ${q(args.length)}: ${args}`;
  }
};

const checkResult = (result: unknown, guard: Pattern, label: string, harden: Harden): void => {
  if (!isRawGuard(guard)) {
    matchHere(harden(result), guard, `${label}: result`);
  }
};

const PASSABLE_ARGS: Pattern = M.splitArray([], [], M.any());

const isPassable = (value: unknown, harden: Harden): boolean => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'symbol')) {
    if (typeof value !== 'function') return true;
  }
  try {
    passStyleOf(harden(value));
    return true;
  } catch {
    return false; // `mustMatch` says what is wrong, in its own words
  }
};

/** How one method is guarded. */
interface MethodPlace {
  /** `In "m" method of (tag)`. */
  readonly label: string;
  readonly harden: Harden;
  /** The context for a call on `target`, in this crank. Throws if it is no instance. */
  readonly contextOf: (target: unknown) => object;
}

/** Runs what may throw: what it throws is made passable. */
const rethrowing = (call: (self: unknown, args: unknown[]) => unknown): Method => {
  const { method } = {
    method(this: unknown, ...args: unknown[]): unknown {
      try {
        return call(this, args);
      } catch (error) {
        throw thrown(error);
      }
    },
  };
  return method;
};

const rawMethod = (behavior: Method, { contextOf }: MethodPlace): Method =>
  rethrowing((self, args) => Reflect.apply(behavior, contextOf(self), args));

/** As under `M.call().rest(M.any()).returns(M.any())`, without matching what is passable. */
const passableMethod = (behavior: Method, { contextOf, label, harden }: MethodPlace): Method =>
  rethrowing((self, args) => {
    const context = contextOf(self);
    if (!args.every(arg => isPassable(arg, harden))) {
      matchHere(harden(args), PASSABLE_ARGS, label);
    }
    const result = Reflect.apply(behavior, context, args);
    if (!isPassable(result, harden)) checkResult(result, M.any(), label, harden);
    return result;
  });

const awaitedIndexes = (guards: ArgGuards): number[] =>
  guards.flatMap((guard, i) => (isAwaitArgGuard(guard) ? [i] : []));

const innerGuard = (guard: ArgGuard): ArgGuard =>
  isAwaitArgGuard(guard) ? getAwaitArgGuardPayload(guard).argGuard : guard;

/** The context is that of the crank in which everything awaited is there. */
const asyncMethod = (
  behavior: Method,
  guard: ReturnType<typeof getMethodGuardPayload>,
  { contextOf, label, harden }: MethodPlace,
): Method => {
  const { argGuards, optionalArgGuards = [], restArgGuard, returnGuard } = guard;
  if (restArgGuard !== undefined && isAwaitArgGuard(restArgGuard)) {
    Fail`Rest args may not be awaited: ${restArgGuard}`;
  }
  const awaited = awaitedIndexes([...argGuards, ...optionalArgGuards]);
  const check = argsCheckOf(
    argGuards.map(innerGuard),
    optionalArgGuards.map(innerGuard),
    restArgGuard,
  );
  const run = async (self: unknown, given: readonly unknown[]): Promise<unknown> => {
    const args = given.slice();
    const indexes = awaited.filter(i => i < args.length);
    const values = await Promise.all(indexes.map(i => args[i]));
    indexes.forEach((i, j) => (args[i] = values[j]));
    const context = contextOf(self);
    checkArgs(args, check, label, harden);
    const result = await Reflect.apply(behavior, context, args);
    checkResult(result, returnGuard, label, harden);
    return result;
  };
  const { method } = {
    method(this: unknown, ...args: unknown[]): Promise<unknown> {
      return run(this, args).catch((error: unknown) => {
        throw thrown(error);
      });
    },
  };
  return method;
};

/** A method of representatives that calls `behavior` with the context as `this`, under a guard. */
export const guardMethod = (
  behavior: Method,
  protection: Protection,
  place: MethodPlace,
): Method => {
  if (protection === 'raw') return rawMethod(behavior, place);
  if (protection === 'passable') return passableMethod(behavior, place);
  const payload = getMethodGuardPayload(protection);
  if (payload.callKind === 'async') return asyncMethod(behavior, payload, place);
  const { contextOf, label, harden } = place;
  const { argGuards, optionalArgGuards = [], restArgGuard, returnGuard } = payload;
  const check = argsCheckOf(argGuards, optionalArgGuards, restArgGuard);
  return rethrowing((self, args) => {
    const context = contextOf(self);
    checkArgs(args, check, label, harden);
    const result = Reflect.apply(behavior, context, args);
    checkResult(result, returnGuard, label, harden);
    return result;
  });
};
