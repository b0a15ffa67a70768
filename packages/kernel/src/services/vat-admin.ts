/**
 * The vat-admin service: creation, upgrade and end of vats as vats ask for them.
 *
 * Its objects are the kernel's own, so nothing of it is ever upgraded or lost: what is pending is
 * decided by the kernel and settles. What it does to a vat goes to the tail of the run queue,
 * behind whatever was sent to that vat before (decisions/040).
 */
import type { Steps } from '@heirloom/store';
import { isBundleId, vatIdOf, type BundleId, type VatNumber } from '@heirloom/worker';
import { holdAll, holdingAll } from '../objects/counts.js';
import { kernelData, SlotMark, type KernelData } from '../objects/kernel-data.js';
import {
  CRITICAL_KEY,
  kernelObjectOf,
  makeKernelObject,
  SERVICE,
} from '../objects/kernel-objects.js';
import { takeResult, waitFor, waitSubject, waking } from '../objects/replies.js';
import { makePromise, type Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import { heldBy, ItemType, type LifecycleRequest } from '../state/queue-items.js';
import { restartCount } from '../state/refresh-count.js';
import { VatState, type VatRow } from '../state/schema.js';
import { KernelObject, type KernelObjectOf } from '../state/service-tables.js';
import {
  NO_BUNDLE,
  PLAIN_UPGRADE,
  ROLLBACK_MESSAGE,
  UPGRADE_MESSAGE,
  UpgradeCode,
} from '../state/upgrade-options.js';
import {
  Answered,
  DEFERRED,
  describeArgument,
  isRecord,
  refuseCall,
  settledReference,
  textArgument,
  type KernelCall,
  type KernelMethods,
} from './calls.js';
import { makeMeter, makeUnlimitedMeter } from './meters.js';
import {
  readDryRun,
  readExports,
  readReapInterval,
  readRefresh,
  readTerms,
  readUpgrade,
  type Dialect,
  type UpgradeTerms,
} from './option-reader.js';
import { adminDialect, CHANGE_OPTIONS, checkCreation, checkName } from './vat-options.js';

type AdminRow = KernelObjectOf<typeof KernelObject.adminNode>;

const bundleIdOf = (call: KernelCall, method: string): BundleId => {
  const given = settledReference(call.state, call.args[0]);
  const cap = kernelObjectOf(call.state, given, KernelObject.bundleCap);
  if (cap !== undefined) return cap.row[1];
  return refuseCall(`vatAdmin.${method}() requires a bundlecap: ${describeArgument(given)}`);
};

/** Queues what the merge will carry out; the result of the call is the item's. */
const enqueue = (call: KernelCall, item: LifecycleRequest): typeof DEFERRED => {
  const { state } = call;
  let { result } = call;
  if (result === undefined) {
    result = makePromise(state, { decider: KERNEL_DECIDES, subscribers: [], references: 1 });
  } else takeResult(state, result);
  holdAll(state, heldBy(item));
  state.enqueue({ ...item, result });
  return DEFERRED;
};

const createVat = (call: KernelCall): typeof DEFERRED => {
  const bundleId = bundleIdOf(call, 'createVat');
  const { name, vatParameters, options } = checkCreation(call.state, call.args[1]);
  const vat = call.state.nextVat();
  const code = { bundleId, ...kernelData(vatParameters) };
  return enqueue(call, {
    type: ItemType.create,
    vat,
    name: name ?? vatIdOf(vat),
    ...code,
    options,
  });
};

const capOf = (state: KernelState, bundleId: BundleId): SlotMark => {
  const cap = state.services.bundleCaps.get(bundleId);
  return cap === undefined
    ? refuseCall(`bundleID not yet installed: ${bundleId}`)
    : new SlotMark(cap);
};

const namedBundle = (call: KernelCall): BundleId => {
  const name = textArgument(call, 0, 'name');
  const known = name.isWellFormed() && name !== '';
  const bundleId = known ? call.state.services.bundleNames.get(name) : undefined;
  return bundleId ?? refuseCall(`no bundle is named ${JSON.stringify(name)}`);
};

const bundleIdArgument = (call: KernelCall): BundleId => {
  const bundleId = textArgument(call, 0, 'bundleID');
  return isBundleId(bundleId)
    ? bundleId
    : refuseCall(`malformed bundleID ${JSON.stringify(bundleId)}`);
};

export const ROOT_METHODS: KernelMethods = {
  /** Takes a device in SwingSet; there are none. */
  createVatAdminService: () => new SlotMark(SERVICE),
  getCriticalVatKey: () => new SlotMark(CRITICAL_KEY),
};

export const SERVICE_METHODS: KernelMethods = {
  createVat,
  createVatByName: call => {
    const cap = capOf(call.state, namedBundle(call));
    return createVat({ ...call, args: [cap, ...call.args.slice(1)] });
  },
  getBundleCap: call => capOf(call.state, bundleIdArgument(call)),
  waitForBundleCap: call => {
    const bundleId = bundleIdArgument(call);
    const cap = call.state.services.bundleCaps.get(bundleId);
    if (cap !== undefined) return new SlotMark(cap);
    if (call.result !== undefined) waitFor(call.state, waitSubject.bundle(bundleId), call.result);
    return DEFERRED;
  },
  getNamedBundleCap: call => capOf(call.state, namedBundle(call)),
  getBundleIDByName: call => namedBundle(call),
  createMeter: call => new SlotMark(makeMeter(call)),
  createUnlimitedMeter: call => new SlotMark(makeUnlimitedMeter(call)),
};

export const BUNDLE_CAP_METHODS: KernelMethods<KernelObjectOf<typeof KernelObject.bundleCap>> = {
  getBundleID: ({ row: [, bundleId] }) => bundleId,
};

/** Errors: Refusal unless the vat runs. */
const runningVat = (call: KernelCall<AdminRow>, method: string): VatNumber => {
  const [, vat] = call.row;
  if (call.state.vats.get(vat)?.state === VatState.running) return vat;
  const attempt = `rejecting attempt to perform "${method}"()`;
  return refuseCall(`vatAdminService ${attempt} on non-running vat "${vatIdOf(vat)}"`);
};

/** A record of options of which `names` are known, at an index of the arguments. */
const optionsArgument = (
  call: KernelCall,
  index: number,
  method: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> => {
  const given = call.args[index] ?? {};
  if (!isRecord(given)) return refuseCall(`${method}() options must be a record`);
  const unknown = Object.keys(given).filter(name => !names.includes(name)).sort().join(',');
  if (unknown !== '') {
    refuseCall(`${method}() received unknown options: ${JSON.stringify(unknown)}`);
  }
  return given;
};

/** To vats, a message that is null is none. */
const termsOf = (
  { upgradeMessage, drain }: Readonly<Record<string, unknown>>,
  usual: string,
  dialect: Dialect,
): UpgradeTerms =>
  readTerms({ upgradeMessage: upgradeMessage ?? undefined, drain }, usual, dialect);

const UPGRADE_NAMES = ['vatParameters', 'upgradeMessage', 'mode', 'drain', 'emergency', 'dryRun'];

const upgrade = (call: KernelCall<AdminRow>): typeof DEFERRED => {
  const vat = runningVat(call, 'upgrade');
  const bundleId = bundleIdOf(call, 'upgrade');
  const given = optionsArgument(call, 1, 'upgrade', UPGRADE_NAMES);
  const dialect = adminDialect('upgrade');
  const { message, drainWaves } = termsOf(given, UPGRADE_MESSAGE, dialect);
  const what = { vat, bundleId, message, ...kernelData(given['vatParameters']) };
  if (readDryRun(given, dialect)) return enqueue(call, { type: ItemType.dryRun, ...what });
  const how = readUpgrade(given, drainWaves, dialect);
  return enqueue(call, { type: ItemType.upgrade, ...what, upgrade: how });
};

const rollback = (call: KernelCall<AdminRow>): typeof DEFERRED => {
  const vat = runningVat(call, 'rollback');
  const given = optionsArgument(call, 0, 'rollback', ['upgradeMessage', 'drain']);
  const dialect = adminDialect('rollback');
  const { message, drainWaves } = termsOf(given, ROLLBACK_MESSAGE, dialect);
  const none = { bundleId: NO_BUNDLE, ...kernelData(undefined) };
  return enqueue(call, {
    type: ItemType.upgrade,
    vat,
    message,
    ...none,
    upgrade: { ...PLAIN_UPGRADE, code: UpgradeCode.previous, drainWaves },
  });
};

/** An export whose counterpart the requester of a fork gets, besides the root. */
const exportArgument = (state: KernelState, value: unknown, index: number): KRef => {
  const found = settledReference(state, value);
  if (found instanceof SlotMark && !isPromiseKRef(found.kref)) return found.kref;
  return refuseCall(`fork() exports[${index}] must be an object: ${describeArgument(found)}`);
};

const fork = (call: KernelCall<AdminRow>): typeof DEFERRED => {
  const vat = runningVat(call, 'fork');
  const given = optionsArgument(call, 0, 'fork', ['name', 'vatParameters', 'exports']);
  const { vatParameters } = given;
  const name = checkName(given['name'], 'fork() options');
  const exports = readExports(given['exports'], adminDialect('fork'), (value, index) =>
    exportArgument(call.state, value, index),
  );
  const child = call.state.nextVat();
  const hasParameters = vatParameters !== undefined;
  return enqueue(call, {
    type: ItemType.fork,
    vat,
    child,
    name: name ?? vatIdOf(child),
    ...kernelData(vatParameters),
    exports,
    hasParameters,
    dynamic: true,
  });
};

const CHANGEABLE = ['reapInterval', 'refresh'];

const changeOptions = (call: KernelCall<AdminRow>): undefined => {
  const vat = runningVat(call, 'changeOptions');
  const [given] = call.args;
  if (!isRecord(given)) return refuseCall('changeOptions() options must be a record');
  for (const name of Object.keys(given)) {
    if (!CHANGEABLE.includes(name)) refuseCall(`invalid option ${JSON.stringify(name)}`);
  }
  const { state } = call;
  const row = state.vats.need(vat);
  const options = { ...row.options };
  if (!('refresh' in given) || 'reapInterval' in given) {
    options.reapInterval = readReapInterval(given['reapInterval'], CHANGE_OPTIONS);
  }
  if ('refresh' in given) {
    options.refresh = readRefresh(given['refresh'], CHANGE_OPTIONS);
    restartCount(state, vat, options.refresh);
  }
  state.vats.set(vat, { ...row, options });
  return undefined;
};

export const ADMIN_METHODS: KernelMethods<AdminRow> = {
  upgrade,
  rollback,
  fork,
  changeOptions,
  terminateWithFailure: call => {
    const vat = runningVat(call, 'terminateWithFailure');
    const data = kernelData(call.args[0]);
    return enqueue(call, { type: ItemType.terminate, vat, ...data });
  },
  /** Settles as the vat ends: with what it says when it leaves, else rejects with the reason. */
  done: ({ state, row: [, vat, end], result }) => {
    if (result === undefined) return DEFERRED;
    if (end !== null) {
      const [rejected, body, slots] = end;
      return new Answered({ rejected, body, slots });
    }
    waitFor(state, waitSubject.endOf(vat), result);
    return DEFERRED;
  },
  adminData: ({ state, row: [, vat] }) => {
    const row = state.vats.get(vat);
    const vatID = vatIdOf(vat);
    if (row?.state !== VatState.running) return { vatID, running: false };
    const { name, incarnation, bundleId: bundleID } = row;
    return { vatID, running: true, name, incarnationNumber: incarnation, bundleID };
  },
};

/** What a vat gets that has made another. */
export const creationAnswer = (
  state: KernelState,
  vat: VatNumber,
  root: KRef,
  more: Readonly<Record<string, unknown>> = {},
): KernelData => {
  const admin = makeKernelObject(state, [KernelObject.adminNode, vat, null]);
  const row = state.vats.need(vat);
  state.vats.set(vat, { ...row, options: { ...row.options, admin } });
  return kernelData({ adminNode: new SlotMark(admin), root: new SlotMark(root), ...more });
};

/** A vat has ended: `done()` settles, now and for whoever asks later. */
export function* settlingDone(
  state: KernelState,
  vat: VatNumber,
  { options: { admin } }: VatRow,
  end: Settlement,
): Steps<void> {
  yield* waking(state, waitSubject.endOf(vat), end);
  const row = admin === null ? undefined : state.services.kernelObjects.get(admin);
  if (admin === null || row?.[0] !== KernelObject.adminNode) return;
  yield* holdingAll(state, end.slots);
  const { rejected, body, slots } = end;
  state.services.kernelObjects.set(admin, [row[0], vat, [rejected, body, slots]]);
}

/** A bundle has been installed: whoever waits for its cap gets it. */
export const bundleInstalled = (state: KernelState, bundleId: BundleId, cap: KRef): void => {
  const told = { rejected: false, ...kernelData(new SlotMark(cap)) };
  state.defer(waking(state, waitSubject.bundle(bundleId), told));
};

