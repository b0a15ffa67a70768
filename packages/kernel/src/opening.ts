/**
 * What an opened kernel's first inputs are: host objects that the store does not have yet, and, in
 * a fresh store, its configuration.
 */
import { checkName } from './arguments.js';
import { prepareConfig, type LoadedConfig, type ReadyConfig } from './config.js';
import type { KernelOptions } from './options.js';
import type { KernelCore } from './core.js';
import { holdAll } from './counts.js';
import type { ApplyInput } from './inputs.js';
import { kernelData, SlotMark } from './kernel-data.js';
import { send } from './router.js';
import { provideHostObject } from './services/host-calls.js';
import { BOOTSTRAPPER, CLOCK, provideBundleCap } from './services/objects.js';
import { bundleInstalled } from './services/vat-admin.js';
import type { CheckedBundle } from './bundles/bundle.js';
import {
  ItemType,
  KERNEL_DECIDES,
  NOBODY,
  STATIC_VAT,
  type VatNumber,
} from './state/schema.js';

/** Has a store taken inputs before? */
export const isFresh = ({ state }: KernelCore): boolean => state.counters.lastInput === 0;

/** Makes a host object unless the store has it. */
export const hostObjectInput =
  ({ state }: KernelCore, name: string): ApplyInput =>
  () => {
    provideHostObject(state, name);
    return undefined;
  };

/** Stores a bundle; the vats that wait for it get its cap. */
export const bundleInput =
  (core: KernelCore, bundle: CheckedBundle, names: readonly string[]): ApplyInput =>
  () => {
    const { bundles, router, state } = core;
    const { bundleId } = bundle;
    bundles.add(bundle);
    bundleInstalled(router, bundleId, provideBundleCap(state, bundleId));
    for (const name of names) state.services.bundleNames.set(name, bundleId);
    return undefined;
  };

/** Makes a static vat. */
const vatInput = (
  { state, results, data, pool, bundles }: KernelCore,
  vat: ReadyConfig['vats'][number],
): ApplyInput => {
  const { name, bundleId, parameters, critical, reapInterval } = vat;
  const { body, slots } = data.encode(parameters);
  return input => {
    pool.prepare(bundles.scriptOf(bundleId));
    const result = results.create(input, KERNEL_DECIDES);
    const options = { ...STATIC_VAT, critical, reapInterval };
    const number: VatNumber = state.next('nextVat');
    holdAll(state, slots);
    const item = { type: ItemType.create, vat: number, bundleId, body, slots, text: name } as const;
    state.enqueue({ ...item, result, options });
    return result;
  };
};

const bootstrapInput =
  ({ state, results, router }: KernelCore, config: ReadyConfig): ApplyInput =>
  input => {
    const { bootstrap, hostObjects, vats } = config;
    const objects = hostObjects.map(name => [
      name,
      new SlotMark(state.services.hostObjects.need(name)),
    ]);
    const devices = { ...Object.fromEntries(objects), clock: new SlotMark(CLOCK) } as object;
    const args = [bootstrap, vats.map(({ name }) => name), devices];
    const { body, slots } = kernelData(['bootstrap', args]);
    const result = results.create(input, NOBODY);
    send(router, { target: BOOTSTRAPPER, body, slots, result });
    return result;
  };

export interface OpeningInputs {
  readonly objects: readonly ApplyInput[];
  /** With the names of the vats. */
  readonly vats: readonly (readonly [name: string, apply: ApplyInput])[];
  readonly bootstrap: ApplyInput | undefined;
}

/**
 * The inputs with which a kernel begins, in the order in which they are to be taken. Host objects
 * that an older store lacks are inputs only if the kernel owns its blocks: replicas must agree.
 */
export const openingInputs = async (
  core: KernelCore,
  { hostObjects = {}, blocks }: KernelOptions,
  loaded: LoadedConfig | undefined,
): Promise<OpeningInputs> => {
  const fresh = isFresh(core);
  const { services } = core.state;
  const names = Object.keys(hostObjects).sort();
  for (const name of names) checkName(name, 'host object');
  const missing = names.filter(name => services.hostObjects.get(name) === undefined);
  const objects = (fresh || blocks !== 'host' ? missing : []).map(n => hostObjectInput(core, n));
  if (!fresh || loaded === undefined) return { objects, vats: [], bootstrap: undefined };
  const config = await prepareConfig(loaded, core.data.reference(CLOCK));
  return {
    objects: [
      ...objects,
      ...config.hostObjects.map(name => hostObjectInput(core, checkName(name, 'host object'))),
      ...config.bundles.map(({ bundle, names }) => bundleInput(core, bundle, names)),
    ],
    vats: config.vats.map(vat => [vat.name, vatInput(core, vat)] as const),
    bootstrap: config.bootstrap === undefined ? undefined : bootstrapInput(core, config),
  };
};
