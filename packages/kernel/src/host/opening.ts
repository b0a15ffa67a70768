/**
 * What an opened kernel's first inputs are: host objects that the store does not have yet, and, in
 * a fresh store, its configuration.
 */
import { checkName } from '../base/arguments.js';
import { HostError, KernelError } from '../base/kernel-errors.js';
import type { CheckedBundle } from '../code/bundle.js';
import { NO_REFERENCES, silentInput, vatsInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { kernelData, SlotMark } from '../objects/kernel-data.js';
import { BOOTSTRAPPER, CLOCK, provideBundleCap } from '../objects/kernel-objects.js';
import { send } from '../objects/router.js';
import { provideHostObject } from '../services/host-calls.js';
import { bundleInstalled } from '../services/vat-admin.js';
import type { InputNumber } from '../state/input-numbers.js';
import { STATIC_VAT } from '../state/kept-options.js';
import type { KRef } from '../state/krefs.js';
import { NOBODY_DECIDES } from '../state/parties.js';
import { ItemType } from '../state/queue-items.js';
import { createdVat } from './answers.js';
import { prepareConfig, type LoadedConfig, type ReadyConfig } from './config.js';
import type { HostObjects } from './host-objects.js';
import { enqueueLifecycle } from './inputs.js';
import type { CreatedVat } from './kernel-types.js';
import type { PlacelessOptions } from './options.js';

/** Has a store taken inputs before? */
const isFresh = ({ state }: KernelCore): boolean => state.counters.lastInput === 0;

/** Makes a host object unless the store has it. */
export const hostObjectInput = ({ state }: KernelCore, name: string): Input<void> =>
  silentInput(() => void provideHostObject(state, name));

/**
 * Stores a bundle; the vats that wait for it get its cap. Errors: KernelError BAD_BUNDLE if another
 * image must be adopted first.
 */
export const bundleInput = (
  core: KernelCore,
  bundle: CheckedBundle,
  names: readonly string[],
): Input<void> => {
  const { bundles, images, state } = core;
  const apply = (): void => {
    const { bundleId } = bundle;
    bundles.add(bundle);
    if (bundle.sourceMap !== undefined) core.places.forget(bundleId);
    bundleInstalled(state, bundleId, provideBundleCap(state, bundleId));
    for (const name of names) state.services.bundleNames.set(name, bundleId);
  };
  return {
    ...silentInput(apply, { check: () => images.checkInstallable() }),
    prepare: () => bundles.expect(bundle),
  };
};

/** Makes a static vat. */
const vatInput = (core: KernelCore, vat: ReadyConfig['vats'][number]): Input<CreatedVat> => {
  const { name, bundleId, parameters, critical, reapInterval, isolation: chosen } = vat;
  const data = core.data.encode(parameters);
  const options = { ...STATIC_VAT, critical, reapInterval };
  const apply = (input: InputNumber): KRef => {
    const { state, zygotes, isolation, bundles } = core;
    zygotes.prepare({ kind: isolation.kindFor(chosen), script: bundles.scriptOf(bundleId) });
    const number = state.nextVat();
    if (chosen !== undefined) isolation.choose(number, chosen);
    const item = { type: ItemType.create, vat: number, bundleId, name, ...data, options };
    return enqueueLifecycle(core, input, item, false);
  };
  return { references: data.slots, apply, decode: createdVat };
};

const bootstrapInput = (
  { state, results }: KernelCore,
  config: ReadyConfig,
): Input<unknown> => {
  const apply = (input: InputNumber): KRef => {
    const { bootstrap, hostObjects, vats } = config;
    const objects = hostObjects.map(name => [
      name,
      new SlotMark(state.services.hostObjects.need(name)),
    ]);
    const devices: object = { ...Object.fromEntries(objects), clock: new SlotMark(CLOCK) };
    const args = [bootstrap, vats.map(({ name }) => name), devices];
    const { body, slots } = kernelData(['bootstrap', args]);
    const result = results.create(input, NOBODY_DECIDES);
    send(state, { target: BOOTSTRAPPER, body, slots, result });
    return result;
  };
  return vatsInput(apply, NO_REFERENCES);
};

/** What an opened kernel has begun with. */
interface Begun {
  readonly starts: readonly { readonly name: string; readonly start: Promise<unknown> }[];
  readonly bootstrapResult: Promise<unknown> | undefined;
}

interface BeginPowers {
  readonly hostObjects: HostObjects;
  /** Adds an input; resolves to its result. */
  readonly add: <T>(input: Input<T>) => Promise<T>;
}

/** The host objects that a kernel begins with and the store lacks. */
const missingObjects = (core: KernelCore, options: PlacelessOptions): string[] => {
  const { hostObjects = {}, blocks } = options;
  const { services } = core.state;
  const names = Object.keys(hostObjects).sort();
  for (const name of names) checkName(name, 'host object');
  // Replicas must agree on what an older store takes.
  if (!isFresh(core) && blocks === 'host') return [];
  return names.filter(name => services.hostObjects.get(name) === undefined);
};

const configure = async (
  core: KernelCore,
  loaded: LoadedConfig,
  add: BeginPowers['add'],
): Promise<Begun> => {
  const config = await prepareConfig(loaded, core.data.reference(CLOCK), core.ways.bundling);
  const names = config.hostObjects.map(name => checkName(name, 'host object'));
  const vats = config.vats.map(vat => ({ name: vat.name, input: vatInput(core, vat) }));
  for (const name of names) void add(hostObjectInput(core, name));
  for (const { bundle, names: labels } of config.bundles) {
    void add(bundleInput(core, bundle, labels));
  }
  const starts = vats.map(({ name, input }) => ({ name, start: add(input) }));
  const { bootstrap } = config;
  const bootstrapResult = bootstrap === undefined ? undefined : add(bootstrapInput(core, config));
  return { starts, bootstrapResult };
};

/** Adds the inputs with which a kernel begins; what the host has not answered is called again. */
export const begin = async (
  core: KernelCore,
  options: PlacelessOptions,
  loaded: LoadedConfig | undefined,
  { hostObjects, add }: BeginPowers,
): Promise<Begun> => {
  const fresh = isFresh(core);
  for (const name of missingObjects(core, options)) void add(hostObjectInput(core, name));
  let begun: Begun = { starts: [], bootstrapResult: undefined };
  if (fresh && loaded !== undefined) begun = await configure(core, loaded, add);
  for (const [name, implementation] of Object.entries(options.hostObjects ?? {})) {
    if (implementation !== null) hostObjects.implement(name, implementation);
  }
  hostObjects.deliver();
  return begun;
};

/** Errors: KernelError BAD_CONFIG names the static vat that did not start, and why. */
export const vatsStarted = async ({ starts }: Begun): Promise<void> => {
  for (const { name, start } of starts) {
    await start.catch((reason: unknown) => {
      if (reason instanceof HostError) throw reason;
      const why = `static vat ${JSON.stringify(name)} did not start: ${String(reason)}`;
      throw new KernelError('BAD_CONFIG', why, { cause: reason });
    });
  }
};
