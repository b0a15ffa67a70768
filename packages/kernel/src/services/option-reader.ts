/**
 * Options of upgrades, creations and forks: hosts, vats and configurations have them read here.
 *
 * Whoever asked is told what is wrong in its own words, its *dialect*. Invariant: what vats are
 * told is part of the state, so the order of these checks is too.
 */
import type { KRef } from '../state/krefs.js';
import { FORK_EXPORTS_MAX } from '../state/queue-items.js';
import {
  DRAIN_RULE,
  drainWavesOf,
  dryRunExcess,
  PLAIN_UPGRADE,
  REFRESH_RULE,
  refreshOf,
  REPLAY_TAKES_NOTHING,
  UpgradeMode,
  type UpgradeOptions,
} from '../state/upgrade-options.js';

/** Options with a type, or a range, that they must have. */
export type TypedOption =
  | 'upgradeMessage'
  | 'dryRun'
  | 'emergency'
  | 'mode'
  | 'reapInterval'
  | 'exports';

/** How somebody is refused; both throw. */
export interface Dialect {
  /** The option is not what it must be. */
  wrong(name: TypedOption, given: unknown): never;
  /** The options break a rule, which is in the same words for everybody. */
  broken(rule: string): never;
}

export interface UpgradeTerms {
  /** Of the object that the predecessor's promises are rejected with. */
  readonly message: string;
  readonly drainWaves: number;
}

/** What upgrades and rollbacks share. `usual` is the message of those that give none. */
export const readTerms = (
  given: { readonly upgradeMessage?: unknown; readonly drain?: unknown },
  usual: string,
  dialect: Dialect,
): UpgradeTerms => {
  const { upgradeMessage: message = usual, drain } = given;
  if (typeof message !== 'string') return dialect.wrong('upgradeMessage', message);
  return { message, drainWaves: drainWavesOf(drain) ?? dialect.broken(DRAIN_RULE) };
};

/** Is it a dry run? Then it takes parameters and nothing else. */
export const readDryRun = (given: { readonly dryRun?: unknown }, dialect: Dialect): boolean => {
  const { dryRun = false } = given;
  if (typeof dryRun !== 'boolean') return dialect.wrong('dryRun', dryRun);
  const excess = dryRun ? dryRunExcess({ ...given }) : undefined;
  return excess === undefined ? dryRun : dialect.broken(excess);
};

interface GivenUpgrade {
  readonly vatParameters?: unknown;
  readonly upgradeMessage?: unknown;
  readonly mode?: unknown;
  readonly drain?: unknown;
  readonly emergency?: unknown;
}

/** How an upgrade to given code is to be carried out. */
export const readUpgrade = (
  { vatParameters, upgradeMessage, mode = 'swap', drain, emergency = false }: GivenUpgrade,
  drainWaves: number,
  dialect: Dialect,
): UpgradeOptions => {
  if (typeof emergency !== 'boolean') return dialect.wrong('emergency', emergency);
  if (mode === 'swap') return { ...PLAIN_UPGRADE, drainWaves, emergency };
  if (mode !== 'replay') return dialect.wrong('mode', mode);
  if (emergency || [vatParameters, upgradeMessage, drain].some(it => it !== undefined)) {
    return dialect.broken(REPLAY_TAKES_NOTHING);
  }
  return { ...PLAIN_UPGRADE, mode: UpgradeMode.replay };
};

/** As in a vat's row. Null: as the store's parameters say; 0: never. */
export const readReapInterval = (value: unknown, dialect: Dialect): number | null => {
  if (value === undefined) return null;
  if (value === 'never') return 0;
  const given = typeof value === 'bigint' ? Number(value) : value;
  if (typeof given === 'number' && Number.isSafeInteger(given) && given > 0) return given;
  return dialect.wrong('reapInterval', value);
};

/** Deliveries; 0 for never. */
export const readRefresh = (value: unknown, dialect: Dialect): number =>
  refreshOf(value) ?? dialect.broken(REFRESH_RULE);

/** The exports whose counterparts a fork is asked for; `krefOf` refuses what is no reference. */
export const readExports = (
  given: unknown,
  dialect: Dialect,
  krefOf: (value: unknown, index: number) => KRef,
): KRef[] => {
  if (given === undefined) return [];
  const isList = Array.isArray(given) && given.length <= FORK_EXPORTS_MAX;
  return isList ? given.map(krefOf) : dialect.wrong('exports', given);
};
