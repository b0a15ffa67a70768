/** What hosts ask of upgrades: upgrades, rollbacks and dry runs, with their options checked. */
import { utf8 } from '@heirloom/store';
import { vatIdOf, type VatId, type VatNumber } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { HostError, KernelError } from '../base/kernel-errors.js';
import {
  checkBundle,
  scriptFor,
  type CheckedBundle,
  type VatBundle,
} from '../code/bundle.js';
import type { VatScript } from '../code/vat-script.js';
import type { BlockDriver } from '../core/block-driver.js';
import { silentInput, unknownReference, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { checkAccepted, type AcceptedWarning } from '../lifecycle/warnings/accepted.js';
import { isHeld } from '../objects/held-references.js';
import { makePromise } from '../objects/router.js';
import { readDryRun, readTerms, readUpgrade } from '../services/option-reader.js';
import { HOST_SUBSCRIBES, KERNEL_DECIDES } from '../state/parties.js';
import { ItemType, type UpgradeItem } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import {
  NO_DATA,
  PLAIN_UPGRADE,
  ROLLBACK_MESSAGE,
  UPGRADE_MESSAGE,
  UpgradeCode,
  UpgradeMode,
} from '../state/upgrade-options.js';
import { upgradeResult } from './answers.js';
import { hostDialect } from './host-dialect.js';
import { codeOf, enqueueLifecycle, prepareWorker } from './inputs.js';
import type { RollbackVatOptions, UpgradeResult, UpgradeVatOptions } from './kernel-types.js';
import { checkRuns } from './vat-info.js';

const UPGRADE = hostDialect('upgradeVat');

/** What the kernel answers, with what this process knows besides. */
const completeResult =
  ({ upgrades }: KernelCore, vat: VatNumber) =>
  (answer: unknown): UpgradeResult => {
    const result = upgradeResult(answer);
    const warnings = upgrades.warningsOf(vatIdOf(vat), result.incarnationNumber);
    return warnings.length === 0 ? result : { ...result, warnings };
  };

const upgradeItemInput = (
  core: KernelCore,
  item: Omit<UpgradeItem, 'result'>,
  first: boolean,
): Input<UpgradeResult> => ({
  references: item.slots,
  apply: input => enqueueLifecycle(core, input, item, first),
  decode: completeResult(core, item.vat),
  bytes: item.body.length,
});

const UPGRADE_NAMES = [
  'bundleId',
  'vatParameters',
  'upgradeMessage',
  'mode',
  'drain',
  'emergency',
  'first',
  'dryRun',
];

/** Errors: KernelError BAD_OPTION, BAD_ARGUMENT, UNKNOWN_BUNDLE: nothing was queued. */
export const upgradeInput = (
  core: KernelCore,
  vat: VatNumber,
  options: UpgradeVatOptions,
): Input<UpgradeResult> => {
  checkFields('upgradeVat', options, UPGRADE_NAMES);
  const { first = false } = options;
  const { message, drainWaves } = readTerms(options, UPGRADE_MESSAGE, UPGRADE);
  readDryRun(options, UPGRADE);
  const upgrade = readUpgrade(options, drainWaves, UPGRADE);
  // A plain one is stored without options, and its code is evaluated ahead. A replay is on the
  // vat's own image, a drain takes its time, an emergency is rare: nothing is prepared for them.
  const isPlain = upgrade.mode === UpgradeMode.swap && drainWaves === 0 && !upgrade.emergency;
  const code = codeOf(core, options);
  const { bundleId } = code;
  const how = isPlain ? {} : { upgrade };
  const item = { type: ItemType.upgrade, vat, message, ...code, ...how };
  return {
    ...upgradeItemInput(core, item, first),
    check: () => void core.bundles.scriptOf(bundleId),
    prepare: () => {
      if (isPlain) prepareWorker(core, bundleId, core.isolation.kindOf(vat));
    },
  };
};

/** An upgrade to the code that the vat had before. Errors: as of `upgradeInput`. */
export const rollbackInput = (
  core: KernelCore,
  vat: VatNumber,
  options: RollbackVatOptions,
): Input<UpgradeResult> => {
  checkFields('rollbackVat', options, ['upgradeMessage', 'drain', 'first']);
  const { first = false } = options;
  const dialect = hostDialect('rollbackVat');
  const { message, drainWaves } = readTerms(options, ROLLBACK_MESSAGE, dialect);
  const upgrade = { ...PLAIN_UPGRADE, code: UpgradeCode.previous, drainWaves };
  const item = { type: ItemType.upgrade, vat, message, upgrade, ...NO_DATA };
  return upgradeItemInput(core, item, first);
};

export interface UpgradeAllOptions {
  /** As of `upgradeVat`. */
  readonly upgradeMessage?: string;
  readonly drain?: { readonly waves: number };
  readonly dryRun?: false;
}

export type UpgradeAllResult = { readonly vatId: VatId; readonly name: string } & (
  | ({ readonly succeeded: true } & UpgradeResult)
  /** `reason`: what the requester of an upgrade would be told. */
  | { readonly succeeded: false; readonly reason: unknown }
);

/** What each vat would make of `upgradeAll`, and of a refresh. */
export interface UpgradeAllFinding extends DryRunReport {
  readonly name: string;
  /** As of `createVat`: a vat whose start refuses a restart refuses its refreshes, too. */
  readonly refresh: { readonly deliveries: number } | 'never';
}

/** `upgradeAll` with `dryRun: true`. */
export interface CheckAllOptions {
  readonly dryRun: true;
}

/**
 * Tries what `upgradeAll` would do with every running vat, each by itself, in order. Errors:
 * KernelError BAD_OPTION.
 */
export const checkAll = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: CheckAllOptions,
): Promise<UpgradeAllFinding[]> => {
  checkFields('upgradeAll', options, ['dryRun', 'upgradeMessage', 'drain']);
  const dialect = hostDialect('upgradeAll');
  readDryRun(options, dialect);
  return blocks.aside(NOTHING, async () => {
    const findings: UpgradeAllFinding[] = [];
    for (const vat of runningVats(core.state)) {
      const { bundleId, parameters, slots, previous, name, options: kept } =
        core.state.vats.need(vat);
      const successor = { bundleId, parameters, slots, previous, message: 'dry run' };
      const refresh = kept.refresh > 0 ? { deliveries: kept.refresh } : 'never';
      findings.push({ name, refresh, ...(await core.dryRun(vat, successor)) });
    }
    return findings;
  });
};

const NOTHING = (): void => undefined;

type UpgradeOf = (vat: VatNumber) => Omit<UpgradeItem, 'result'>;

/** What the upgrade of one vat comes to. Errors: HostError. */
const resultOfOne = async (
  { state }: KernelCore,
  vat: VatNumber,
  upgrading: Promise<UpgradeResult>,
): Promise<UpgradeAllResult> => {
  const who = { vatId: vatIdOf(vat), name: state.vats.need(vat).name };
  try {
    return { ...who, succeeded: true, ...(await upgrading) };
  } catch (reason) {
    if (reason instanceof HostError || reason instanceof KernelError) throw reason;
    return { ...who, succeeded: false, reason };
  }
};

/** An input for each vat that runs now. */
const upgradeEach = (
  core: KernelCore,
  blocks: BlockDriver,
  upgradeOf: UpgradeOf,
): Promise<UpgradeAllResult[]> =>
  Promise.all(
    runningVats(core.state).map(vat =>
      resultOfOne(core, vat, blocks.input(upgradeItemInput(core, upgradeOf(vat), false))),
    ),
  );

/** One input, for every vat that runs where it is taken: how many, nobody knows before. */
const upgradeLater = async (
  core: KernelCore,
  blocks: BlockDriver,
  upgradeOf: UpgradeOf,
): Promise<UpgradeAllResult[]> => {
  const { state, results } = core;
  const upgrades: Promise<UpgradeAllResult>[] = [];
  const asked = silentInput(() => {
    for (const vat of runningVats(state)) {
      const subscribers = [HOST_SUBSCRIBES];
      // The item holds it, and the host is told of it without a row that is kept for `resultOf`.
      const result = makePromise(state, { decider: KERNEL_DECIDES, subscribers, references: 1 });
      state.enqueue({ ...upgradeOf(vat), result });
      const upgrade = resultOfOne(core, vat, results.wait(result).then(completeResult(core, vat)));
      upgrade.catch(() => undefined); // it is waited for below, once all are asked for
      upgrades.push(upgrade);
    }
  });
  await blocks.input(asked);
  return Promise.all(upgrades);
};

/** Upgrades every running vat to what it has, on the present image. Errors: HostError. */
export const upgradeAll = async (
  core: KernelCore,
  blocks: BlockDriver,
  options: UpgradeAllOptions,
): Promise<UpgradeAllResult[]> => {
  checkFields('upgradeAll', options, ['upgradeMessage', 'drain', 'dryRun']);
  const dialect = hostDialect('upgradeAll');
  readDryRun(options, dialect);
  const { message, drainWaves } = readTerms(options, UPGRADE_MESSAGE, dialect);
  const upgrade = { ...PLAIN_UPGRADE, code: UpgradeCode.present, drainWaves };
  const upgradeOf: UpgradeOf = vat =>
    ({ type: ItemType.upgrade, vat, message, upgrade, ...NO_DATA });
  const isBetweenRuns = blocks.takeWaiting();
  return (isBetweenRuns ? upgradeEach : upgradeLater)(core, blocks, upgradeOf);
};

export interface CheckUpgradeOptions {
  /** One that is installed. */
  readonly bundleId?: string | undefined;
  /** Or one that is not. */
  readonly bundle?: VatBundle | undefined;
  /** As of `upgradeVat`: undefined if they are left out. */
  readonly vatParameters?: unknown;
  /** In their place those that the vat has now, with what they refer to. */
  readonly presentParameters?: boolean | undefined;
  /**
   * Starts the present code beside the new one, and the new one once more: warns of methods that
   * are gone, and of what every start does again. Three starts in the place of one.
   */
  readonly compare?: boolean | undefined;
  /** Warnings that are known and count for no verdict, by code and subject. */
  readonly accept?: readonly AcceptedWarning[] | undefined;
}

/** The same by `upgradeVat`. */
export interface DryRunOptions extends CheckUpgradeOptions {
  readonly dryRun: true;
}

/** What `checkUpgrade` takes of it. Errors: KernelError BAD_OPTION. */
export const plainCheck = (options: DryRunOptions): CheckUpgradeOptions => {
  checkFields('upgradeVat', options, ['bundle', ...UPGRADE_NAMES, 'accept']);
  readDryRun(options, UPGRADE);
  const { bundleId, bundle, vatParameters, accept } = options;
  return { bundleId, bundle, vatParameters, accept };
};

/** Of a bundle that is not installed. */
const toCheck = ({ images, places }: KernelCore, bundle: CheckedBundle): VatScript => {
  const { bundleId } = bundle;
  const script = scriptFor(bundle, images.weaving);
  places.lend({ ...bundle, script });
  return { bundleId, imageId: images.currentId, script: utf8(script) };
};

/**
 * Finds the script, once nothing else is in progress. Errors: KernelError BAD_OPTION unless one of
 * both is given; BAD_BUNDLE, UNKNOWN_BUNDLE.
 */
const scriptToCheck = async (
  core: KernelCore,
  installed: string | undefined,
  bundle: VatBundle | undefined,
): Promise<() => VatScript> => {
  const { bundles, ways } = core;
  if (bundle === undefined && installed !== undefined) {
    const bundleId = bundles.named(installed);
    return () => {
      const waiting = bundles.expected(bundleId);
      return waiting === undefined ? bundles.scriptOf(bundleId) : toCheck(core, waiting);
    };
  }
  if (bundle === undefined || installed !== undefined) {
    throw new KernelError('BAD_OPTION', 'a dry run: give either bundleId or bundle');
  }
  const checked = await checkBundle(bundle, ways.bundling, core.images.weaving);
  return () => {
    core.images.checkInstallable();
    return toCheck(core, checked);
  };
};

const CHECK_NAMES = [
  'bundleId',
  'bundle',
  'vatParameters',
  'presentParameters',
  'compare',
  'accept',
];

/** Errors: KernelError BAD_OPTION, BAD_BUNDLE, UNKNOWN_BUNDLE, UNKNOWN_REFERENCE. */
export const checkUpgrade = async (
  core: KernelCore,
  blocks: BlockDriver,
  vat: VatNumber,
  options: CheckUpgradeOptions,
): Promise<DryRunReport> => {
  checkFields('checkUpgrade', options, CHECK_NAMES);
  const { bundle, bundleId: given, vatParameters } = options;
  const { presentParameters = false, compare: compares = false, accept = [] } = options;
  const accepts = checkAccepted('checkUpgrade: accept', accept);
  if (presentParameters && vatParameters !== undefined) {
    const how = 'a dry run: give vatParameters, or presentParameters: true, and not both';
    throw new KernelError('BAD_OPTION', how);
  }
  const encoded = core.data.encode(vatParameters);
  if (!blocks.isBusy) checkRuns(core, vat);
  return blocks.aside(
    () => scriptToCheck(core, given, bundle),
    async findScript => {
      checkRuns(core, vat);
      const script = findScript();
      const { bundleId } = script;
      const row = core.state.vats.need(vat);
      const { parameters, slots } = presentParameters
        ? row
        : { parameters: encoded.body, slots: encoded.slots };
      // What the vat holds need not be held by the host.
      const unheld = presentParameters ? undefined : slots.find(kref => !isHeld(core.state, kref));
      if (unheld !== undefined) throw unknownReference(unheld);
      const successor = { bundleId, parameters, slots, message: 'dry run' };
      const scripts = new Map([[bundleId, script]]);
      return core.dryRun(vat, successor, { scripts, compares, accepts });
    },
  );
};
