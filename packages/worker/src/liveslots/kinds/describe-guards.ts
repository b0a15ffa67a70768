/**
 * What an interface guard asks of the arguments of methods, for whoever compares two versions of
 * it: patterns as short texts that are equal where the patterns are.
 *
 * No code of the vat runs for it.
 */
import { createHash } from 'node:crypto';
import {
  getAwaitArgGuardPayload,
  getInterfaceGuardPayload,
  getMethodGuardPayload,
  isAwaitArgGuard,
  isRawGuard,
  M,
  type ArgGuard,
  type InterfaceGuard,
} from '@endo/patterns';
import { PassableCodec } from '@heirloom/store/codec';
import { ANY_ARGUMENT, type GuardFact } from '../../protocol/description.js';

/** Two patterns that mention references are not told apart. */
const MENTIONS = '?';

const refuseReference = (): never => {
  throw TypeError('a reference');
};

const codec = new PassableCodec({
  slotOf: refuseReference,
  valueOf: refuseReference,
  isHardened: () => true,
  bornHardened: value => value,
});

const bytesOf = (pattern: unknown): Uint8Array | undefined => {
  try {
    return codec.encode(pattern).body;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
};

const summaryOf = (pattern: unknown): string => {
  const bytes = bytesOf(pattern);
  if (bytes === undefined) return MENTIONS;
  return createHash('sha256').update(bytes).digest('hex');
};

let anySummary: string | undefined;

const textOf = (guard: ArgGuard): string => {
  const inner = isAwaitArgGuard(guard) ? getAwaitArgGuardPayload(guard).argGuard : guard;
  if (isRawGuard(inner)) return ANY_ARGUMENT;
  const summary = summaryOf(inner);
  anySummary ??= summaryOf(M.any());
  return summary === anySummary ? ANY_ARGUMENT : summary;
};

/** Of methods whose names are strings, as the guard names them. */
export const guardFactsOf = (guard: InterfaceGuard | undefined): GuardFact[] => {
  if (guard === undefined) return [];
  const { methodGuards } = getInterfaceGuardPayload(guard);
  return Object.entries(methodGuards).map(([method, methodGuard]): GuardFact => {
    const payload = getMethodGuardPayload(methodGuard);
    const { argGuards, optionalArgGuards = [], restArgGuard } = payload;
    const rest = restArgGuard === undefined ? '' : textOf(restArgGuard);
    return [method, argGuards.map(textOf), optionalArgGuards.map(textOf), rest];
  });
};
