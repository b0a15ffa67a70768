/**
 * The kernel as a host sees it.
 *
 * Invariants: the host is told no result that is not durable (queries show the state as it is, amid
 * a block too); after a HostError every call gives the same error until the store is opened again;
 * `run` and `commit` exclude each other.
 */
import type { VatNumber } from '@heirloom/worker';
import { closedAmid, whenAborted } from './base/aborted.js';
import { checkName, checkRecord } from './base/arguments.js';
import { KernelError, type CrankPlace, type WorkerError } from './base/kernel-errors.js';
import type { VatBundle } from './code/bundle.js';
import { BlockDriver } from './core/block-driver.js';
import type { VatReference } from './core/host-data.js';
import { tellingSent, tellingWhere } from './core/host-frames.js';
import type { Input } from './core/inbox.js';
import { KernelCore } from './core/kernel-core.js';
import type { MigrateVatsOptions, MigrationSummary } from './core/record-migrations.js';
import { checkRunLimits, type RunLimits, type RunStats } from './core/run-policy.js';
import type { WaysOut } from './core/ways-out.js';
import type { AdoptImageOptions } from './host/adoption.js';
import { blockInput, type BeginBlock } from './host/blocks.js';
import { closeKernel, readCloseOptions, type CloseOptions } from './host/closing.js';
import { configuredParameters, loadConfig, type LoadedConfig } from './host/config.js';
import { configuredIsolation } from './host/configured-isolation.js';
import {
  checkEngine,
  engineInput,
  prepareEngine,
  readAdoptEngine,
  type AdoptEngineOptions,
  type EngineAdoption,
  type EngineFinding,
  type PreparedEngine,
} from './host/engine-input.js';
import { forkInput } from './host/fork-input.js';
import { HostObjects } from './host/host-objects.js';
import type { HostAnswer, HostCall, HostObject } from './host/host-objects.js';
import { HostReferences } from './host/host-references.js';
import { hostWays } from './host/host-ways.js';
import {
  cancelInput,
  collectCyclesInput,
  createInput,
  messageInput,
  reapAllInput,
  settlementInput,
  terminateInput,
} from './host/inputs.js';
import type {
  CreatedVat,
  ForkedVat,
  ForkVatOptions,
  CreateVatOptions,
  RollbackVatOptions,
  SentMessage,
  TerminateVatOptions,
  UpgradeResult,
  UpgradeVatOptions,
} from './host/kernel-types.js';
import { migrate } from './host/migrating.js';
import { begin, hostObjectInput, vatsStarted } from './host/opening.js';
import { checkDirectory, checkOptions } from './host/options.js';
import type { KernelOptions, PlacelessOptions } from './host/options.js';
import {
  adoptImage,
  installBundle,
  prepareBundle,
  prepareImage,
  type InstallBundleOptions,
  type PreparedBundle,
  type PreparedImage,
} from './host/preparations.js';
import {
  checkAll,
  checkUpgrade,
  plainCheck,
  rollbackInput,
  upgradeAll,
  upgradeInput,
  type CheckAllOptions,
  type CheckUpgradeOptions,
  type DryRunOptions,
  type UpgradeAllFinding,
  type UpgradeAllOptions,
  type UpgradeAllResult,
} from './host/upgrade-checks.js';
import { toRunning, vatGiven } from './host/vat-info.js';
import type { DryRunReport } from './lifecycle/dry-run.js';
import type { ItemChoice } from './objects/cancel.js';

export class Kernel extends HostReferences {
  readonly #core: KernelCore;
  readonly #blocks: BlockDriver;
  readonly #hostObjects: HostObjects;
  #bootstrapResult: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #cutShort: readonly CrankPlace[] = [];
  /** Of a kernel that was opened to adopt this engine. */
  #engine: PreparedEngine | undefined;
  /** What was put off until the engine is adopted. */
  #opening: (() => Promise<void>) | undefined;

  private constructor(core: KernelCore, options: PlacelessOptions) {
    const isAuto = options.blocks !== 'host';
    const blocks = new BlockDriver(core, { isAuto, committed: () => hostObjects.deliver() });
    const add = (input: Input<void>): Promise<void> => blocks.input(input);
    const hostObjects = new HostObjects({ core, add, holdsAnswers: !isAuto });
    super(core, blocks);
    this.#core = core;
    this.#blocks = blocks;
    this.#hostObjects = hostObjects;
  }

  /** Creates or opens a store and rebuilds its vats; `ways` is asked once options are right. */
  static async open(
    options: PlacelessOptions,
    ways: () => WaysOut,
    /** Of a configuration that was read. */
    adjust = (loaded: LoadedConfig): LoadedConfig => loaded,
  ): Promise<Kernel> {
    checkOptions(options);
    const out = ways();
    const read = await loadConfig(options.config, out.bundling);
    const loaded = read && adjust(read);
    const configured = loaded === undefined ? {} : configuredParameters(loaded.config);
    const parameters = { ...configured, ...options.parameters };
    const isolation = options.isolation ?? configuredIsolation(loaded?.config);
    const given = { ...options, parameters, ...(isolation === undefined ? {} : { isolation }) };
    const kernel = new Kernel(await KernelCore.open(given, out), options);
    const { signal } = options;
    const stopWatching = whenAborted(signal, () => void kernel.close({ timeoutMs: 0 }));
    try {
      await kernel.#prepare(options, loaded);
      if (signal?.aborted === true) throw closedAmid([]);
    } catch (error) {
      await kernel.close();
      throw signal?.aborted === true ? closedAmid(kernel.cutShort) : error;
    } finally {
      stopWatching();
    }
    return kernel;
  }

  async #prepare(options: PlacelessOptions, loaded: LoadedConfig | undefined): Promise<void> {
    const core = this.#core;
    if (options.adoptEngine === true) this.#engine = await prepareEngine(core);
    const begins = (): Promise<void> => this.#begin(options, loaded);
    if (core.engine.fits) await begins();
    else this.#opening = begins;
  }

  async #begin(options: PlacelessOptions, loaded: LoadedConfig | undefined): Promise<void> {
    const add = <T>(input: Input<T>): Promise<T> => this.#blocks.add(input).result;
    const begun = await begin(this.#core, options, loaded, { hostObjects: this.#hostObjects, add });
    this.#bootstrapResult = begun.bootstrapResult;
    // What an earlier kernel left on the queue waits for the host's first call: it may want to be
    // first (rules.md#h3).
    if (!this.#blocks.isAuto || !this.#core.hasUncommittedInputs) return;
    void this.#blocks.pump();
    await vatsStarted(begun);
  }

  /** What `bootstrap(vats, devices)` settles to, when this opening configured the store. */
  get bootstrapResult(): Promise<unknown> | undefined {
    return this.#bootstrapResult;
  }

  /**
   * Verifies a bundle and derives its script, of an archive in a thread; no input. What it gives is
   * for `installBundle` of this kernel. Errors: KernelError BAD_BUNDLE says what is wrong with it.
   */
  async prepareBundle(bundle: VatBundle): Promise<PreparedBundle> {
    return prepareBundle(this.#core, bundle);
  }

  /**
   * Stores a bundle under what it is; installing it again changes nothing. With `blocks: 'auto'` an
   * endoZipBase64 bundle becomes an input once it is prepared; all else is one at once.
   *
   * Errors: KernelError BAD_BUNDLE says what is wrong with it, or that an image must be adopted;
   * BAD_OPTION with `blocks: 'host'` for an archive that is not prepared.
   */
  async installBundle(
    bundle: VatBundle | PreparedBundle,
    options: InstallBundleOptions = {},
  ): Promise<string> {
    return installBundle(this.#core, this.#blocks, bundle, options);
  }

  /**
   * Makes the image of the installed release (or the one given) ready, and derives every bundle for
   * it; no input. What it gives is for `adoptImage` of this kernel, whatever is installed before.
   *
   * Errors: KernelError BAD_ARGUMENT, BAD_BUNDLE, BAD_OPTION.
   */
  async prepareImage(options: AdoptImageOptions = {}): Promise<PreparedImage> {
    return prepareImage(this.#core, options);
  }

  /**
   * Makes a prepared image the image of new incarnations. Vats stay on theirs until they are
   * upgraded. Resolves when that is durable, to the image's id; changes nothing if it is the image
   * already. With `blocks: 'auto'` it takes what `prepareImage` takes, too, and prepares it.
   *
   * Errors: as of `prepareImage`; BAD_OPTION with `blocks: 'host'` for what is not prepared.
   */
  async adoptImage(
    image?: PreparedImage | AdoptImageOptions,
  ): Promise<{ readonly imageId: string }> {
    return adoptImage(this.#core, this.#blocks, image);
  }

  /**
   * Has the store adopt the engine of this process, and the image of the installed release with it:
   * the first input of a block, taken by a kernel that was opened with `adoptEngine: true`. Every
   * vat is started anew, before anything else reaches it, if the engine did not fit. With
   * `dryRun: true` the starts are tried, and nothing of it stays. Resolves when all vats have been
   * tried, durably. docs/move-to-another-node.md.
   *
   * Errors: KernelError BAD_OPTION when the kernel was opened otherwise.
   */
  async adoptEngine(options: { readonly dryRun: true }): Promise<EngineFinding[]>;
  async adoptEngine(options?: AdoptEngineOptions): Promise<EngineAdoption>;
  async adoptEngine(options: AdoptEngineOptions = {}): Promise<EngineFinding[] | EngineAdoption> {
    const prepared = this.#engine;
    const isDryRun = readAdoptEngine(options);
    if (prepared === undefined) {
      const how = 'open the kernel with adoptEngine: true';
      throw new KernelError('BAD_OPTION', `adoptEngine: ${how}`);
    }
    if (isDryRun) return checkEngine(this.#core, this.#blocks, prepared);
    const adopted = this.#see(engineInput(this.#core, prepared));
    const begins = this.#opening;
    this.#opening = undefined;
    await begins?.();
    return await adopted;
  }

  /**
   * Makes a vat; resolves when its first block is durable.
   *
   * Errors: KernelError before anything is queued; the vat's own error when it did not start.
   */
  async createVat(options: CreateVatOptions): Promise<CreatedVat> {
    return await this.#see(createInput(this.#core, options));
  }

  /**
   * Replaces the code of a vat. Rejects with the reason when the upgrade fails; the vat then goes
   * on with its old code, its heap intact. With `dryRun: true` it is `checkUpgrade`.
   */
  async upgradeVat(vatId: string, options: DryRunOptions): Promise<DryRunReport>;
  async upgradeVat(vatId: string, options: UpgradeVatOptions): Promise<UpgradeResult>;
  async upgradeVat(
    vatId: string,
    options: UpgradeVatOptions | DryRunOptions,
  ): Promise<UpgradeResult | DryRunReport> {
    checkRecord('upgradeVat', options);
    if (options.dryRun === true) return this.checkUpgrade(vatId, plainCheck(options));
    const vat = vatGiven(vatId);
    return this.#tell(vat, upgradeInput(this.#core, vat, options), options.first);
  }

  /**
   * Upgrades a vat to the code and the parameters that it had before its present code, on its
   * present data. Rejects as an upgrade does; a second rollback undoes the first.
   */
  async rollbackVat(vatId: string, options: RollbackVatOptions = {}): Promise<UpgradeResult> {
    const vat = vatGiven(vatId);
    return this.#tell(vat, rollbackInput(this.#core, vat, options), options.first);
  }

  /**
   * Tries an upgrade on live data, in a thread of its own: nothing of it stays, nobody notices.
   * `bundle` need not be installed. What stands in its way is in the report.
   *
   * Errors: KernelError UNKNOWN_VAT, UNKNOWN_BUNDLE, BAD_BUNDLE, BAD_OPTION.
   */
  async checkUpgrade(vatId: string, options: CheckUpgradeOptions): Promise<DryRunReport> {
    return checkUpgrade(this.#core, this.#blocks, vatGiven(vatId), options);
  }

  /**
   * Upgrades every vat that runs, in order of creation, to the image of new incarnations, with the
   * code and the parameters that it has. One that fails goes on as it was; the report says why.
   * With `dryRun: true` it tells so before, of each vat, and nothing of it stays.
   */
  async upgradeAll(options: CheckAllOptions): Promise<UpgradeAllFinding[]>;
  async upgradeAll(options?: UpgradeAllOptions): Promise<UpgradeAllResult[]>;
  async upgradeAll(
    options: UpgradeAllOptions | CheckAllOptions = {},
  ): Promise<UpgradeAllResult[] | UpgradeAllFinding[]> {
    if (options.dryRun === true) return checkAll(this.#core, this.#blocks, options);
    return upgradeAll(this.#core, this.#blocks, options);
  }

  /**
   * Makes a vat from the state of another, which goes on as if nothing had happened: the same rows,
   * without a copy, and the same heap, by replay. Its objects are new ones to everybody; `exports`
   * are those of the fork that stand for those asked for.
   *
   * Errors: KernelError before anything is queued; the reason why it could not be forked.
   */
  async forkVat(vatId: string, options: ForkVatOptions): Promise<ForkedVat> {
    const vat = vatGiven(vatId);
    return this.#tell(vat, forkInput(this.#core, vat, options), options.first);
  }

  /** Ends a vat: what it decides is rejected, messages to its objects are refused. */
  async terminateVat(vatId: string, options: TerminateVatOptions = {}): Promise<void> {
    const vat = vatGiven(vatId);
    await this.#tell(vat, terminateInput(this.#core, vat, options), options.first);
  }

  /**
   * Takes one item off the run queue: its sender's result is rejected. Always one of the first
   * inputs of a block. Errors: KernelError UNKNOWN_ITEM, BAD_OPTION.
   */
  async cancelItem(choice: ItemChoice): Promise<void> {
    checkRecord('cancelItem', choice);
    this.#blocks.checkFirst();
    await this.#blocks.input(cancelInput(this.#core, choice));
  }

  /** Sends a message, runs, commits; resolves to the result once that is durable. */
  async call(
    target: VatReference,
    method: string,
    args: readonly unknown[] = [],
  ): Promise<unknown> {
    const work = this.#blocks.input(messageInput(this.#core, target, method, args));
    return await tellingWhere(this.#core, work, [target, method]);
  }

  /**
   * Queues a message. With `blocks: 'host'` nothing happens before `run`, else KernelError
   * INPUTS_FULL refuses it, as `call` and others, while too much data of inputs is not durable.
   */
  send(target: VatReference, method: string, args: readonly unknown[] = []): SentMessage {
    const sent = this.#blocks.enqueue(messageInput(this.#core, target, method, args));
    return tellingSent(this.#core, sent, [target, method]);
  }

  /** What a promise that the host holds settles to. */
  async settlement(promise: VatReference): Promise<unknown> {
    return await this.#see(settlementInput(this.#core, promise));
  }

  /** The result of an earlier input, also one that the last block settled before a crash. */
  resultOf(input: number): Promise<unknown> {
    return tellingWhere(this.#core, this.#blocks.resultOf(input));
  }

  /**
   * Has a vat, or every vat, look for durable objects and collections that only hold each other, as
   * they were when its incarnation began: in sweeps, a bounded number of rows per wave. Resolves
   * when that is asked for durably, not when it is done (see `idle`).
   *
   * Errors: KernelError UNKNOWN_VAT.
   */
  async collectCycles(vatId?: string): Promise<void> {
    const vat = vatId === undefined ? undefined : vatGiven(vatId);
    await this.#blocks.input(toRunning(this.#core, vat, collectCyclesInput(this.#core, vat)));
  }

  /**
   * Has the stored states of a vat, or of every vat, brought to the present versions of their
   * kinds: in migrate deliveries, a bounded number of rows per wave, after the vat's sweeps.
   * Resolves when that is done and durable; a kernel that is opened meanwhile goes on with it.
   *
   * Errors: KernelError UNKNOWN_VAT, BAD_OPTION. What cannot be migrated is in the summary.
   */
  async migrate(options: MigrateVatsOptions = {}): Promise<MigrationSummary> {
    return migrate(this.#core, this.#blocks, options);
  }

  /**
   * Has every vat reaped in the next wave. In consensus mode nothing in RAM is let go before an
   * upgrade, so there is nothing to reap: KernelError BAD_OPTION.
   */
  async reapAll(): Promise<void> {
    await this.#blocks.input(reapAllInput(this.#core));
  }

  /** Runs waves until nothing is queued or a limit is reached. Commits nothing. */
  async run(limits: RunLimits = {}): Promise<RunStats> {
    checkRunLimits(limits);
    this.#hostObjects.takeAnswers();
    return this.#blocks.run(limits);
  }

  /**
   * Resolves when nothing is queued and no garbage is left to collect, all of it durable. With
   * `blocks: 'auto'`; a host that owns its blocks runs until `run` has nothing to do.
   *
   * Errors: KernelError BAD_OPTION with `blocks: 'host'`; HostError when the kernel stopped.
   */
  async idle(): Promise<void> {
    await this.#blocks.idle();
  }

  /** Ends the block. Resolves to its hash when it is durable. */
  async commit(): Promise<string> {
    return this.#blocks.commit();
  }

  /**
   * Says that a block begins, before any wave of it: at which block time (never less than before),
   * and, to be sure, its height. Alarms up to that time settle. Resolves when the block is durable.
   *
   * Errors: throws KernelError BAD_ARGUMENT; nothing was queued.
   */
  beginBlock(block: BeginBlock): Promise<void> {
    return this.#blocks.input(blockInput(this.#core, this.#blocks, block));
  }

  /** A host object that the store has. Errors: KernelError UNKNOWN_HOST_OBJECT. */
  hostObject(name: string): VatReference {
    return this.#hostObjects.reference(name);
  }

  /** Makes a host object, unless the store has it, and says what its calls go to from now on. */
  async registerHostObject(name: string, implementation?: HostObject): Promise<VatReference> {
    const made = this.#blocks.input(hostObjectInput(this.#core, checkName(name, 'host object')));
    if (implementation !== undefined) this.#hostObjects.implement(name, implementation);
    await made;
    return this.hostObject(name);
  }

  /** Durable calls that wait for `answerHostCall`: those of objects without an implementation. */
  hostCalls(): HostCall[] {
    return this.#hostObjects.open();
  }

  /**
   * Answers a call: an input. Resolves when it is durable.
   *
   * Errors: throws KernelError BAD_ARGUMENT for an answer that cannot be passed and, between runs,
   * UNKNOWN_REFERENCE, or BAD_ARGUMENT unless the call waits for one; else rejects with them: then
   * the call waits for another answer.
   */
  answerHostCall(call: number, answer: HostAnswer): Promise<void> {
    return this.#hostObjects.answer(call, answer);
  }

  /**
   * Threads that loop in native code, which nothing can end: the kernel goes on without them, also
   * when it is closed. `endProcess` ends a process that has such threads; docs/isolation.md.
   */
  get leftBehind(): readonly WorkerError[] {
    return this.#core.zygotes.left;
  }

  /** Deliveries that were in progress when `close` killed their workers. */
  get cutShort(): readonly CrankPlace[] {
    return this.#cutShort;
  }

  /**
   * Stops every worker and closes the store. What was not committed is not kept. Afterwards
   * `cutShort` and `leftBehind` say what did not end by itself. Of several calls the first counts.
   *
   * Errors: KernelError BAD_OPTION, and nothing is closed.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = readCloseOptions(options);
    this.#hostObjects.close();
    this.#closing ??= closeKernel(this.#core, this.#blocks, timeoutMs, places => {
      this.#cutShort = places;
    });
    return this.#closing;
  }

  /** What comes of an input to a vat that runs. */
  #tell<T>(vat: VatNumber, input: Input<T>, first = false): Promise<T> {
    if (first) this.#blocks.checkFirst();
    return this.#see(toRunning(this.#core, vat, input));
  }

  #see<T>(input: Input<T>): Promise<T> {
    return tellingWhere(this.#core, this.#blocks.input(input));
  }
}

/**
 * Opens the kernel of a directory, creating its store if there is none.
 *
 * Errors: KernelError BAD_OPTION; HostError (STORE_LOCKED, NOT_A_STORE, STORE_SCHEMA, ...) says
 * what to do. A vat that cannot be replayed is no error here: see `VatInfo`.
 */
export const openKernel = async (given: KernelOptions): Promise<Kernel> => {
  checkRecord('openKernel', given);
  const { directory, ...options } = given;
  return Kernel.open(options, () => hostWays(checkDirectory(directory)));
};

export type * from './host/kernel-types.js';
