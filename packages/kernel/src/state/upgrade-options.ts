/** How an upgrade is to be carried out: part of its item on the run queue (docs/tables.md). */
import assert from 'node:assert/strict';
import type { BundleId } from '@heirloom/worker';
import { checkArity } from './frame-codec.js';

/** How new code takes over. */
export const UpgradeMode = {
  /** A new incarnation begins: see docs/upgrade.md. */
  swap: 0,
  /** The incarnation goes on: its transcript is replayed by the new code. */
  replay: 1,
} as const;
export type UpgradeMode = (typeof UpgradeMode)[keyof typeof UpgradeMode];

/**
 * Whose code and parameters the successor gets: what the item says, what the vat had before its
 * present code, or what it has; a refresh is carried out only while it is due, and `engine` is what
 * an adopted engine asks for. All but the first are read when the item is carried out.
 */
export const UpgradeCode = { given: 0, previous: 1, present: 2, refresh: 3, engine: 4 } as const;
export type UpgradeCode = (typeof UpgradeCode)[keyof typeof UpgradeCode];

export interface UpgradeOptions {
  readonly mode: UpgradeMode;
  readonly code: UpgradeCode;
  /** Waves that the vat may still take to let its promises settle. */
  readonly drainWaves: number;
  /** The successor gets its predecessors' estate, and need not define every kind. */
  readonly emergency: boolean;
}

export const PLAIN_UPGRADE: UpgradeOptions = {
  mode: UpgradeMode.swap,
  code: UpgradeCode.given,
  drainWaves: 0,
  emergency: false,
};

/** Of an upgrade to code that the vat has, or had before. */
export const NO_BUNDLE = '' as const;

/** The bundle of an upgrade to code that it brings along. */
export const givenBundle = (bundleId: BundleId | typeof NO_BUNDLE): BundleId => {
  if (bundleId === NO_BUNDLE) assert.fail('an upgrade to given code names its bundle');
  return bundleId;
};

/** What an item says of code and parameters when it brings none. */
export const NO_DATA = { bundleId: NO_BUNDLE, body: new Uint8Array(), slots: [] } as const;

export type UpgradeTuple = readonly [
  mode: UpgradeMode | typeof DRY_RUN_MODE,
  code: UpgradeCode,
  drainWaves: number,
  emergency: boolean,
];

/** As a mode, it says that the item is a dry run: docs/upgrade/dry-run.md. */
const DRY_RUN_MODE = 2;

/** What the item of a dry run is stored with. */
export const DRY_RUN_TUPLE: UpgradeTuple = [DRY_RUN_MODE, UpgradeCode.given, 0, false];

export const upgradeTuple = (options: UpgradeOptions): UpgradeTuple => {
  const { mode, code, drainWaves, emergency } = options;
  return [mode, code, drainWaves, emergency];
};

/** Undefined: the item is a dry run. */
export const upgradeOf = (tuple: UpgradeTuple): UpgradeOptions | undefined => {
  checkArity('the options of an upgrade', tuple, [4]);
  const [mode, code, drainWaves, emergency] = tuple;
  if (mode === DRY_RUN_MODE) return undefined;
  return { mode, code, drainWaves, emergency };
};

/** Of the object that promises are rejected with, unless who asks for the upgrade says another. */
export const UPGRADE_MESSAGE = 'vat upgraded';
export const ROLLBACK_MESSAGE = 'vat rolled back';
export const REFRESH_MESSAGE = 'vat refreshed';
export const ENGINE_MESSAGE = 'engine adopted';

/** What is said of the rest: `dryRunExcess`. */
const DRY_RUN_TAKES = 'a dry run takes vatParameters only';

/** Why options, `dryRun` left out, are none of a dry run. Undefined: they may be. */
export const dryRunExcess = (options: Readonly<Record<string, unknown>>): string | undefined => {
  const { mode = 'swap', upgradeMessage, drain, emergency = false, first = false } = options;
  const excess = [
    ...(mode === 'swap' ? [] : ['mode']),
    ...(upgradeMessage === undefined ? [] : ['upgradeMessage']),
    ...(drain === undefined ? [] : ['drain']),
    ...(emergency === false ? [] : ['emergency']),
    ...(first === false ? [] : ['first']),
  ];
  if (excess.length === 0) return undefined;
  return `dryRun excludes ${excess.join(', ')}: ${DRY_RUN_TAKES}`;
};

/** Waves that one drain may take. */
const DRAIN_WAVES_MAX = 10_000;

export interface DrainOptions {
  readonly waves: number;
}

export const DRAIN_RULE = `drain must be { waves: N }, N from 1 to ${DRAIN_WAVES_MAX}`;

/** N of `{ NAME: N }`, from 1 to `max`; 0 for undefined. Undefined: it is neither. */
const countIn = (given: unknown, name: string, max: number): number | undefined => {
  if (given === undefined) return 0;
  if (typeof given !== 'object' || given === null) return undefined;
  if (Object.keys(given).join() !== name) return undefined;
  const [value]: readonly unknown[] = Object.values(given);
  const count = typeof value === 'bigint' ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count)) return undefined;
  return count >= 1 && count <= max ? count : undefined;
};

/** Waves; 0 without a drain. Undefined: see `DRAIN_RULE`. */
export const drainWavesOf = (drain: unknown): number | undefined =>
  countIn(drain, 'waves', DRAIN_WAVES_MAX);

/** After how many deliveries an incarnation gives way to another with the same code. */
export interface RefreshOptions {
  readonly deliveries: number;
}

export const REFRESH_RULE = "refresh must be { deliveries: N }, N a positive integer, or 'never'";

/** Deliveries; 0 for never. Undefined: see `REFRESH_RULE`. */
export const refreshOf = (refresh: unknown): number | undefined =>
  refresh === 'never' ? 0 : countIn(refresh, 'deliveries', Number.MAX_SAFE_INTEGER);

/** Error text for options that replay mode does not take. */
export const REPLAY_TAKES_NOTHING =
  "mode 'replay' takes no vatParameters, upgradeMessage, drain or emergency: " +
  'the incarnation goes on';
