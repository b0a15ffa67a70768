/** How an upgrade is to be carried out: part of its item on the run queue (docs/tables.md). */

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
 * present code, or what it has. The latter two are read when the item is carried out.
 */
export const UpgradeCode = { given: 0, previous: 1, present: 2, refresh: 3 } as const;
export type UpgradeCode = (typeof UpgradeCode)[keyof typeof UpgradeCode];

export interface UpgradeOptions {
  readonly mode: UpgradeMode;
  readonly code: UpgradeCode;
  /** Waves that the vat may still take to let its promises settle. */
  readonly drainWaves: number;
}

export const PLAIN_UPGRADE: UpgradeOptions = {
  mode: UpgradeMode.swap,
  code: UpgradeCode.given,
  drainWaves: 0,
};

export type UpgradeTuple = readonly [mode: UpgradeMode, code: UpgradeCode, drainWaves: number];

export const upgradeTuple = ({ mode, code, drainWaves }: UpgradeOptions): UpgradeTuple => [
  mode,
  code,
  drainWaves,
];

export const upgradeOf = ([mode, code, drainWaves]: UpgradeTuple): UpgradeOptions => ({
  mode,
  code,
  drainWaves,
});
