/**
 * Static configuration: what a fresh store begins with.
 *
 * A configuration is a record, or a .json, .js or .mjs file with one (as default export). It
 * becomes inputs of the first block: host objects, bundles, vats (the bootstrap vat first, then
 * `mailbox`, `timer`, then the others by name), and the message `bootstrap(vats, devices)`. A store
 * that has taken inputs before is never configured again.
 *
 * Files that are written for SwingSet are taken: what says how SwingSet runs a vat has no effect,
 * what says when vats are reaped has that of a parameter.
 */
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError, required } from '@heirloom/store';
import type { BundleId } from '@heirloom/worker';
import { checkFields, checkName } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import { checkBundle, type CheckedBundle, type VatBundle } from '../code/bundle.js';
import type { Bundling } from '../code/bundling.js';
import type { Isolation } from '../vats/channel.js';
import { readReapInterval } from '../services/option-reader.js';
import type { KernelParameters } from '../state/parameters.js';
import { hostDialect, readCritical } from './host-dialect.js';
import { checkIsolation } from './isolation-option.js';

/**
 * Where a bundle comes from: exactly one of the three. Paths are relative to the file; what is no
 * file there is sought in packages (`@agoric/vats/src/vat-board.js`).
 */
export interface BundleSource {
  readonly $comment?: unknown;
  /** An entry module, bundled now. */
  readonly sourceSpec?: string;
  /** A JSON file with a bundle. */
  readonly bundleSpec?: string;
  readonly bundle?: VatBundle;
}

export interface VatConfig extends BundleSource {
  /** One of `bundles`, instead of a source of its own. */
  readonly bundleName?: string;
  readonly parameters?: unknown;
  readonly creationOptions?: {
    readonly critical?: boolean;
    readonly reapInterval?: number | 'never';
    /** Where the vat runs on this host, if not where the kernel's vats usually do. */
    readonly isolation?: Isolation;
    /** Without effect: how a vat is isolated is the host's business. */
    readonly managerType?: string;
  };
}

/** How SwingSet bundles and runs vats: without effect here; see `checkForeign`. */
interface SwingSetConfig {
  readonly $comment?: unknown;
  readonly defaultManagerType?: string;
  readonly snapshotInitial?: number;
  readonly snapshotInterval?: number;
  readonly includeDevDependencies?: boolean;
  readonly bundleCachePath?: string;
  readonly bundleFormat?: string;
  /** No root is ever collected. */
  readonly pinBootstrapRoot?: boolean;
  /** Only false is taken. */
  readonly relaxDurabilityRules?: boolean;
  /** Only none are taken. */
  readonly devices?: Readonly<Record<string, never>>;
}

export interface KernelConfig extends SwingSetConfig {
  /** The vat whose root gets `bootstrap(vats, devices)`. */
  readonly bootstrap?: string;
  readonly vats?: Readonly<Record<string, VatConfig>>;
  /** For `getNamedBundleCap`. */
  readonly bundles?: Readonly<Record<string, BundleSource>>;
  /** Host objects that the bootstrap vat gets as `devices`, beside `clock` and `vatAdmin`. */
  readonly hostObjects?: readonly string[];
  /** Add these vats, under these names. */
  readonly timer?: boolean;
  readonly mailbox?: boolean;
  /** `vatParameters.argv` of the bootstrap vat. */
  readonly argv?: readonly string[];
  /** Where vats run on this host, unless `openKernel` says so: docs/isolation.md. */
  readonly isolation?: Isolation;
  /** Consensus parameters of the store. */
  readonly kernelParameters?: Partial<KernelParameters>;
  /** The parameters `reapInterval` and `reapKrefs`, by their names in SwingSet. */
  readonly defaultReapInterval?: number | 'never';
  readonly defaultReapGCKrefs?: number | 'never';
}

interface ConfiguredVat {
  readonly name: string;
  readonly bundleId: BundleId;
  readonly parameters: unknown;
  readonly critical: boolean;
  /** As in a vat's row. */
  readonly reapInterval: number | null;
  /** Undefined: where the kernel's vats usually do. */
  readonly isolation: Isolation | undefined;
}

/** A configuration with every bundle made and checked. */
export interface ReadyConfig {
  readonly bootstrap: string | undefined;
  readonly hostObjects: readonly string[];
  /** Each once, with the names that it has. */
  readonly bundles: readonly { readonly bundle: CheckedBundle; readonly names: string[] }[];
  readonly vats: readonly ConfiguredVat[];
}

const FIELDS = [
  ...['bootstrap', 'vats', 'bundles', 'hostObjects', 'timer', 'mailbox', 'argv'],
  ...['kernelParameters', 'isolation', 'defaultReapInterval', 'defaultReapGCKrefs'],
  ...['$comment', 'defaultManagerType', 'snapshotInitial', 'snapshotInterval'],
  ...['includeDevDependencies', 'bundleCachePath', 'bundleFormat'],
  ...['pinBootstrapRoot', 'relaxDurabilityRules', 'devices'],
];
const SOURCES = ['sourceSpec', 'bundleSpec', 'bundle', 'bundleName'] as const;
const BUNDLE_FIELDS = [...SOURCES, '$comment'];
const VAT_FIELDS = [...BUNDLE_FIELDS, 'parameters', 'creationOptions'];
const CREATION_FIELDS = ['critical', 'reapInterval', 'isolation', 'managerType'];

const bad = (message: string): never => {
  throw new KernelError('BAD_CONFIG', message);
};

/** The vats that come with the kernel, as entries to bundle. */
export const BUILT_IN_VATS = {
  mailbox: fileURLToPath(new URL('../../vats/mailbox.js', import.meta.url)),
  timer: fileURLToPath(new URL('../../vats/timer.js', import.meta.url)),
} as const;

export interface LoadedConfig {
  readonly config: KernelConfig;
  readonly directory: string;
  /** Where vats run whose modules are bundled here, and which say nothing of it. */
  readonly isolationOfSources?: Isolation;
}

/** Reads a configuration, if one is given. Errors: KernelError BAD_CONFIG, with the file's name. */
export const loadConfig = async (
  given: string | KernelConfig | undefined,
  bundling: Bundling,
): Promise<LoadedConfig | undefined> => {
  if (given === undefined) return undefined;
  if (typeof given !== 'string') return { config: given, directory: '.' };
  const path = resolve(given);
  let config: unknown;
  try {
    if (extname(path) === '.json') config = JSON.parse(await bundling.readText(path));
    else config = await bundling.importDefault(path);
  } catch (error) {
    const why = `cannot read ${given}: ${describeError(error)}`;
    throw new KernelError('BAD_CONFIG', why, { cause: error });
  }
  if (typeof config !== 'object' || config === null) bad(`${given} has no configuration`);
  return { config: config as KernelConfig, directory: dirname(path) };
};

/** What somebody else may have made. */
export const isReadyMade = ({ bundleSpec, bundle }: BundleSource): boolean =>
  bundleSpec !== undefined || bundle !== undefined;

const REAP_PARAMETERS = [
  ['defaultReapInterval', 'reapInterval'],
  ['defaultReapGCKrefs', 'reapKrefs'],
] as const;

/**
 * The parameters that a configuration gives a fresh store. Errors: KernelError BAD_CONFIG for one
 * that it gives twice.
 */
export const configuredParameters = (config: KernelConfig): Partial<KernelParameters> => {
  const reaps: Partial<Record<'reapInterval' | 'reapKrefs', number>> = {};
  for (const [field, name] of REAP_PARAMETERS) {
    const given = config[field];
    if (given === undefined) continue;
    if (config.kernelParameters?.[name] !== undefined) {
      bad(`give ${field} or ${name} of kernelParameters, not both`);
    }
    reaps[name] = given === 'never' ? Number.MAX_SAFE_INTEGER : given;
  }
  return { ...config.kernelParameters, ...reaps };
};

class Preparation {
  readonly #directory: string;
  readonly #bundling: Bundling;
  readonly #isolationOfSources: Isolation | undefined;
  readonly #bundles = new Map<BundleId, { bundle: CheckedBundle; names: string[] }>();
  readonly #named = new Map<string, BundleId>();
  /** Names of bundles that are made here. */
  readonly #madeHere = new Set<string>();

  constructor({ directory, isolationOfSources }: LoadedConfig, bundling: Bundling) {
    this.#directory = directory;
    this.#bundling = bundling;
    this.#isolationOfSources = isolationOfSources;
  }

  get bundles(): ReadyConfig['bundles'] {
    return [...this.#bundles.values()];
  }

  /** Returns the bundle's id. */
  async addSource(what: string, source: BundleSource, name?: string): Promise<BundleId> {
    const bundle = await checkBundle(await this.#bundleOf(what, source), this.#bundling);
    const { bundleId } = bundle;
    const known = this.#bundles.get(bundleId) ?? { bundle, names: [] };
    this.#bundles.set(bundleId, known);
    if (name !== undefined) {
      known.names.push(name);
      this.#named.set(name, bundleId);
      if (!isReadyMade(source)) this.#madeHere.add(name);
    }
    return bundleId;
  }

  async vat(name: string, config: VatConfig): Promise<ConfiguredVat> {
    const what = `vat ${JSON.stringify(name)}`;
    checkName(name);
    checkFields(what, config, VAT_FIELDS);
    const { bundleName, creationOptions = {}, parameters, ...source } = config;
    checkFields(`${what} creationOptions`, creationOptions, CREATION_FIELDS);
    const dialect = hostDialect(what, 'BAD_CONFIG');
    const critical = readCritical(creationOptions.critical, dialect);
    const reapInterval = readReapInterval(creationOptions.reapInterval, dialect);
    const bundleId =
      bundleName === undefined
        ? await this.addSource(what, source)
        : (this.#named.get(bundleName) ?? bad(`${what}: no bundle is named ${bundleName}`));
    const isMadeHere =
      bundleName === undefined ? !isReadyMade(source) : this.#madeHere.has(bundleName);
    const usual = isMadeHere ? this.#isolationOfSources : undefined;
    const { isolation = usual } = creationOptions;
    checkIsolation(isolation, `${what}: isolation`, 'BAD_CONFIG');
    return { name, bundleId, critical, reapInterval, parameters, isolation };
  }

  async #bundleOf(what: string, source: BundleSource): Promise<unknown> {
    checkFields(what, source, BUNDLE_FIELDS);
    const { $comment: _, ...sources } = source;
    const given = Object.values(sources).filter(value => value !== undefined);
    if (given.length !== 1) bad(`${what}: give one of ${SOURCES.join(', ')}`);
    const { sourceSpec, bundleSpec, bundle } = source;
    if (sourceSpec !== undefined) {
      return this.#bundling.bundleEntry(await this.#find(what, sourceSpec));
    }
    if (bundle !== undefined) return bundle;
    const spec = required(bundleSpec, 'the file of a bundle');
    return JSON.parse(await this.#bundling.readText(await this.#find(what, spec)));
  }

  async #find(what: string, spec: string): Promise<string> {
    const path = await this.#bundling.findFile(spec, this.#directory);
    const where = `neither a file, seen from ${this.#directory}, nor in a package there`;
    return path ?? bad(`${what}: there is no ${spec}: ${where}`);
  }
}

const sortedEntries = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** All vats of a configuration in the order in which they are made. */
const vatsInOrder = async (
  { config, isolationOfSources: isolation }: LoadedConfig,
  clock: unknown,
  bundling: Bundling,
): Promise<[string, VatConfig][]> => {
  const { bootstrap, argv } = config;
  const vats = { ...config.vats };
  for (const name of ['mailbox', 'timer'] as const) {
    if (config[name] !== true) continue;
    if (vats[name] !== undefined) bad(`the configuration has a vat ${name} of its own`);
    const own = isolation === undefined ? {} : { creationOptions: { isolation } };
    const bundle = await bundling.bundleOwn(BUILT_IN_VATS[name]);
    vats[name] = { bundle, parameters: { clock }, ...own };
  }
  if (bootstrap !== undefined) {
    const named = Object.hasOwn(vats, bootstrap) ? vats[bootstrap] : undefined;
    const own = named ?? bad(`bootstrap: no vat ${JSON.stringify(bootstrap)}`);
    const given = Object.entries(Object(own.parameters ?? {}));
    const parameters: unknown = Object.fromEntries([...given, ['argv', argv ?? []]]);
    vats[bootstrap] = { ...own, parameters };
  }
  const first = [bootstrap, 'mailbox', 'timer'].filter(name => name !== undefined);
  const rank = (name: string): number => (first.includes(name) ? first.indexOf(name) : Infinity);
  return sortedEntries(vats).sort(([a], [b]) => {
    const [before, after] = [rank(a), rank(b)];
    return before === after ? 0 : before - after;
  });
};

/** What SwingSet would do and this kernel does not. Errors: KernelError BAD_CONFIG. */
const checkForeign = ({ devices, relaxDurabilityRules }: KernelConfig): void => {
  const names = Object.keys(Object(devices ?? {}));
  if (names.length > 0) {
    const instead = 'there are no devices; give objects of the host instead, by hostObjects';
    bad(`config: devices (${names.join(', ')}): ${instead} (docs/host-objects.md)`);
  }
  if (relaxDurabilityRules !== undefined && relaxDurabilityRules !== false) {
    bad('config: relaxDurabilityRules must be false: what is durable holds what is durable');
  }
};

/**
 * Makes and checks every bundle. `clock` is the reference that the timer vat is given.
 *
 * Errors: KernelError BAD_CONFIG, BAD_BUNDLE, BAD_ARGUMENT (a name), BAD_OPTION (a field).
 */
export const prepareConfig = async (
  loaded: LoadedConfig,
  clock: unknown,
  bundling: Bundling,
): Promise<ReadyConfig> => {
  const { config } = loaded;
  checkFields('config', config, FIELDS);
  checkForeign(config);
  const { bootstrap, bundles = {}, hostObjects = [] } = config;
  const preparation = new Preparation(loaded, bundling);
  for (const [name, source] of sortedEntries(bundles)) {
    checkName(name, 'bundle');
    await preparation.addSource(`bundle ${JSON.stringify(name)}`, source, name);
  }
  const vats: ConfiguredVat[] = [];
  for (const [name, vat] of await vatsInOrder(loaded, clock, bundling)) {
    vats.push(await preparation.vat(name, vat));
  }
  return { bootstrap, hostObjects, bundles: preparation.bundles, vats };
};
