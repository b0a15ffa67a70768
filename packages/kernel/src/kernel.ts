/**
 * The kernel as a host sees it.
 *
 * Invariants: the host is told nothing that is not durable; after a HostError every call gives the
 * same error until the store is opened again; `run` and `commit` exclude each other.
 */
import { ROOT_VREF, vatIdOf, type VatId } from '@heirloom/worker';
import { runningVats } from './boot.js';
import { checkBundle, type VatBundle } from './bundles/bundle.js';
import { cancelEntry, describeQueue, findItem } from './cancel.js';
import type { ItemChoice, QueuedItemInfo } from './cancel.js';
import { KernelCore } from './core.js';
import { getPromise, holdAll } from './counts.js';
import { HostError, KernelError } from './errors.js';
import type { VatReference } from './host-data.js';
import { Inputs, type ApplyInput, type TakenInput } from './inputs.js';
import type {
  CreatedVat,
  CreateVatOptions,
  KernelStats,
  RunLimits,
  RunStats,
  SentMessage,
  Suspect,
  TerminateVatOptions,
  UpgradeVatOptions,
  VatInfo,
} from './kernel-types.js';
import { checkIsolation, checkOptions, type KernelOptions } from './options.js';
import { send, subscribe } from './router.js';
import { isPromiseKRef, type KRef } from './state/krefs.js';
import {
  HOST_SUBSCRIBES,
  ItemType,
  KERNEL_DECIDES,
  NOBODY,
  PromiseState,
  type LifecycleItem,
  type VatNumber,
} from './state/schema.js';
import type { WorkerKind } from './vats/zygotes.js';

/** Deliveries after which a kernel that owns its blocks ends one. */
const AUTO_BLOCK_DELIVERIES = 32_768;
/** Waves of a block that has nothing to do but to collect garbage. */
const AUTO_COLLECT_WAVES = 16;
const UPGRADE_MESSAGE = 'vat upgraded';

const NAME_LENGTH_MAX = 199;
const NAME_PATTERN = /^[A-Za-z0-9._-]+$/;

const checkName = (name: unknown): string => {
  if (typeof name === 'string' && name.length <= NAME_LENGTH_MAX && NAME_PATTERN.test(name)) {
    return name;
  }
  const rule = `letters, digits, '.', '_' and '-', at most ${NAME_LENGTH_MAX}`;
  throw new KernelError('BAD_ARGUMENT', `bad vat name ${JSON.stringify(name)}: use ${rule}`);
};

const checkFields = (what: string, given: object, known: readonly string[]): void => {
  for (const field of Object.keys(given)) {
    if (known.includes(field)) continue;
    const right = known.join(', ');
    throw new KernelError('BAD_OPTION', `${what}: unknown option ${field}; options: ${right}`);
  }
};

export class Kernel {
  readonly #core: KernelCore;
  readonly #inputs: Inputs;
  readonly #auto: boolean;
  #busy: Promise<unknown> | undefined;
  #pumping = false;
  #closing: Promise<void> | undefined;

  private constructor(core: KernelCore, options: KernelOptions) {
    this.#core = core;
    this.#inputs = new Inputs(core);
    this.#auto = options.blocks !== 'host';
  }

  /** Creates or opens a store and rebuilds its vats. See `KernelOptions`. */
  static async open(options: KernelOptions): Promise<Kernel> {
    checkOptions(options);
    return new Kernel(await KernelCore.open(options), options);
  }

  /** The height of the last durable block. */
  get height(): number {
    return this.#core.height;
  }

  /** Its hash, hex. */
  get blockHash(): string {
    return this.#core.blockHash;
  }

  /** The last host input that the state contains: do not repeat inputs up to it (rule S2). */
  get lastInput(): number {
    return this.#core.state.counters.lastInput;
  }

  stats(): KernelStats {
    const { counts, state, zygotes, upgrades, store, onlineCount, height } = this.#core;
    return {
      ...counts,
      height,
      runQueueLength: state.queue.length,
      vatsOnline: onlineCount,
      threads: zygotes.workerCount,
      upgrades: [...upgrades],
      storeBytes: store.sizeBytes(),
    };
  }

  /**
   * Stores a bundle under what it is; installing it again changes nothing. An endoZipBase64 bundle
   * becomes an input once a thread has verified it and derived its script, the others at once.
   *
   * Errors: KernelError BAD_BUNDLE says what is wrong with it.
   */
  async installBundle(bundle: VatBundle): Promise<string> {
    const checking = checkBundle(bundle);
    const checked = checking instanceof Promise ? await checking : checking;
    await this.#input(() => {
      this.#core.bundles.add(checked);
      return undefined;
    });
    return checked.bundleId;
  }

  /**
   * Makes a vat; resolves when its first block is durable.
   *
   * Errors: KernelError before anything is queued; the vat's own error when it did not start.
   */
  async createVat(options: CreateVatOptions): Promise<CreatedVat> {
    checkFields('createVat', options, ['name', 'bundleId', 'vatParameters', 'isolation']);
    const name = checkName(options.name);
    if (this.#core.state.names.get(name) !== undefined) {
      throw new KernelError('NAME_TAKEN', `there is a vat named ${JSON.stringify(name)}`);
    }
    const { isolation } = options;
    checkIsolation(isolation);
    const kind = this.#core.isolation.kindFor(isolation);
    const make = this.#lifecycle(ItemType.create, name, options, kind);
    const take = (input: number): KRef => {
      const vat = this.#core.state.next('nextVat');
      if (isolation !== undefined) this.#core.isolation.choose(vat, isolation);
      return make(input, vat);
    };
    return (await this.#input(take)) as CreatedVat;
  }

  /**
   * Replaces the code of a vat. Rejects with the reason when the upgrade fails; the vat then goes
   * on with its old code, its heap intact.
   */
  async upgradeVat(
    vatId: VatId,
    options: UpgradeVatOptions,
  ): Promise<{ readonly incarnationNumber: number }> {
    checkFields('upgradeVat', options, ['bundleId', 'vatParameters', 'upgradeMessage', 'first']);
    const vat = this.#vatNumber(vatId);
    const { upgradeMessage = UPGRADE_MESSAGE, first = false } = options;
    if (first) this.#checkFirst();
    if (typeof upgradeMessage !== 'string') {
      throw new KernelError('BAD_ARGUMENT', 'upgradeMessage must be a string');
    }
    const kind = this.#core.isolation.kindOf(vat);
    const make = this.#lifecycle(ItemType.upgrade, upgradeMessage, options, kind);
    const done = await this.#input(input => make(input, vat, first));
    return done as { readonly incarnationNumber: number };
  }

  /** Ends a vat: what it decides is rejected, messages to its objects are refused. */
  async terminateVat(vatId: VatId, options: TerminateVatOptions = {}): Promise<void> {
    checkFields('terminateVat', options, ['first']);
    const vat = this.#vatNumber(vatId);
    const { first = false } = options;
    if (first) this.#checkFirst();
    const type = ItemType.terminate;
    const item = { type, vat, bundleId: '', text: '', body: new Uint8Array(), slots: [] };
    await this.#input(input => this.#enqueue(input, item, first));
  }

  /** What is on the run queue, from its head on. */
  queued(limit = 100): QueuedItemInfo[] {
    return describeQueue(this.#core.state, limit);
  }

  /**
   * Takes one item off the run queue: its sender's result is rejected. Always one of the first
   * inputs of a block. Errors: KernelError UNKNOWN_ITEM, BAD_OPTION.
   */
  async cancelItem(choice: ItemChoice): Promise<void> {
    this.#checkFirst();
    findItem(this.#core.state, choice);
    await this.#input(() => {
      const { router, state } = this.#core;
      this.#core.takeFirst(undefined);
      cancelEntry(router, findItem(state, choice));
      return undefined;
    });
  }

  /** Sends a message, runs, commits; resolves to the result once that is durable. */
  async call(
    target: VatReference,
    method: string,
    args: readonly unknown[] = [],
  ): Promise<unknown> {
    return this.#input(this.#message(target, method, args));
  }

  /** Queues a message. Nothing happens before `run` (or any call that runs). */
  send(target: VatReference, method: string, args: readonly unknown[] = []): SentMessage {
    return this.#add(this.#message(target, method, args));
  }

  /** What a promise that the host holds settles to. */
  async settlement(promise: VatReference): Promise<unknown> {
    const kref = this.#core.data.krefOf(promise);
    if (!isPromiseKRef(kref))
      throw new KernelError('BAD_ARGUMENT', `${promise.kref} is no promise`);
    return this.#input(() => {
      const { state, router } = this.#core;
      const row = getPromise(state, kref);
      if (row.state === PromiseState.unresolved) subscribe(state, HOST_SUBSCRIBES, kref);
      else router.hostSettled(kref, row);
      return kref;
    });
  }

  /** The result of an earlier input, also one that the last block settled before a crash. */
  resultOf(input: number): Promise<unknown> {
    return this.#core.results.ofInput(input);
  }

  /**
   * Has every vat reaped in the next wave. In consensus mode nothing in RAM is let go before an
   * upgrade, so there is nothing to reap: KernelError BAD_OPTION.
   */
  async reapAll(): Promise<void> {
    if (this.#core.parameters.gc !== 'engine') {
      throw new KernelError('BAD_OPTION', "reapAll: the store's gc mode is consensus");
    }
    await this.#input(() => {
      const { state } = this.#core;
      for (const vat of runningVats(state)) {
        state.vatCounters.set(vat, { ...state.vatCounters.need(vat), reap: true });
        state.dueVats.add(vat);
      }
      return undefined;
    });
  }

  /** The host no longer needs a reference; it is no reference of the kernel from now on. */
  release(reference: VatReference): void {
    const kref = this.#core.data.krefOf(reference);
    void this.#add(() => {
      this.#core.results.unpin(kref);
      return undefined;
    });
  }

  /** The vats that run, in order of creation. */
  vats(): VatInfo[] {
    return runningVats(this.#core.state).map(vat => this.#info(vat));
  }

  /** Errors: KernelError UNKNOWN_VAT. */
  vat(nameOrId: string): VatInfo {
    const found = this.vats().find(({ name, vatId }) => name === nameOrId || vatId === nameOrId);
    if (found !== undefined) return found;
    const names = this.vats().map(({ name }) => name);
    const known = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
    throw new KernelError('UNKNOWN_VAT', `no vat ${JSON.stringify(nameOrId)}: ${known}`);
  }

  /** What an unclean end left when the store was opened; they run in processes of their own. */
  suspects(): Suspect[] {
    const { state, suspects } = this.#core;
    return suspects.map(({ vat, ...rest }) => {
      return { vatId: vatIdOf(vat), name: state.vats.get(vat)?.name, ...rest };
    });
  }

  /** Runs waves until nothing is queued or a limit is reached. Commits nothing. */
  async run(limits: RunLimits = {}): Promise<RunStats> {
    checkFields('run', limits, ['waves', 'deliveries']);
    return this.#exclusive(async () => {
      this.#inputs.takeAll();
      return this.#runWaves(limits, () => this.#core.busy);
    });
  }

  /** Ends the block. Resolves to its hash when it is durable. */
  async commit(): Promise<string> {
    return this.#exclusive(() => this.#core.commit());
  }

  /** Stops every thread and closes the store. What was not committed is not kept. */
  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#busy?.catch(() => undefined);
      const reason = new KernelError('KERNEL_CLOSED', 'the kernel was closed');
      this.#inputs.fail(reason);
      await this.#core.close(reason);
    })();
    return this.#closing;
  }

  #add(apply: ApplyInput): TakenInput {
    return this.#inputs.add(apply, this.#busy !== undefined);
  }

  /** Adds an input and, where the kernel owns its blocks, has it seen through. */
  #input(apply: ApplyInput): Promise<unknown> {
    const { result } = this.#add(apply);
    if (this.#auto) void this.#pump();
    return result;
  }

  /**
   * Blocks until nothing is queued, no input waits or is uncommitted, and no garbage is left.
   * Whoever waits for a result is told when its block is durable, or why there will be none.
   */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#core.busy || this.#inputs.waiting > 0 || this.#core.hasUncommittedInputs) {
        await this.#exclusive(() => this.#runBlock());
      }
    } catch (error) {
      const reason = error instanceof Error ? error : Error(String(error));
      this.#inputs.fail(reason);
      this.#core.results.fail(reason);
    } finally {
      this.#pumping = false;
    }
  }

  /** What is queued comes first; garbage has the blocks in which nothing else is to be done. */
  async #runBlock(): Promise<void> {
    this.#inputs.takeAll();
    if (this.#core.hasQueue || this.#core.hasUncommittedInputs) {
      await this.#runWaves({ deliveries: AUTO_BLOCK_DELIVERIES }, () => this.#core.hasQueue);
    } else {
      await this.#runWaves({ waves: AUTO_COLLECT_WAVES }, () => this.#core.busy);
    }
    await this.#core.commit();
  }

  async #runWaves(
    { waves = Infinity, deliveries = Infinity }: RunLimits,
    hasWork: () => boolean,
  ): Promise<RunStats> {
    let done: RunStats = { waves: 0, deliveries: 0 };
    while (hasWork() && done.waves < waves && done.deliveries < deliveries) {
      const { items } = await this.#core.runWave();
      done = { waves: done.waves + 1, deliveries: done.deliveries + items };
    }
    return done;
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    while (this.#busy !== undefined) await this.#busy.catch(() => undefined);
    this.#core.assertAlive();
    const busy = work();
    this.#busy = busy;
    try {
      return await busy;
    } finally {
      this.#busy = undefined;
    }
  }

  #message(target: VatReference, method: string, args: readonly unknown[]): ApplyInput {
    const to = this.#core.data.krefOf(target);
    if (typeof method !== 'string') {
      throw new KernelError('BAD_ARGUMENT', `a method name must be a string: ${String(method)}`);
    }
    if (!Array.isArray(args)) {
      throw new KernelError('BAD_ARGUMENT', 'arguments must be an array');
    }
    const { body, slots } = this.#core.data.encode([method, [...args]]);
    return input => {
      const result = this.#core.results.create(input, NOBODY);
      send(this.#core.router, { target: to, body, slots, result });
      return result;
    };
  }

  #checkFirst(): void {
    this.#core.assertAlive();
    const isIdle = this.#busy === undefined && this.#inputs.waiting === 0;
    if (isIdle && this.#core.isBlockFresh) return;
    const rule = 'it must be one of the first inputs of a block, before run and other inputs';
    throw new KernelError('BAD_OPTION', `first: ${rule}`);
  }

  #lifecycle(
    type: LifecycleItem['type'],
    text: string,
    { bundleId, vatParameters }: { readonly bundleId: string; readonly vatParameters?: unknown },
    kind: WorkerKind,
  ): (input: number, vat: VatNumber, first?: boolean) => KRef {
    const { bundles, data, zygotes } = this.#core;
    const script = bundles.scriptOf(bundleId);
    const { body, slots } = data.encode(vatParameters);
    zygotes.prepare({ kind, script });
    return (input, vat, first = false) =>
      this.#enqueue(input, { type, vat, bundleId, body, slots, text }, first);
  }

  #enqueue(input: number, given: Omit<LifecycleItem, 'result'>, first: boolean): KRef {
    const { state, results } = this.#core;
    const result = results.create(input, KERNEL_DECIDES);
    holdAll(state, given.slots);
    const item = { ...given, result } as LifecycleItem;
    if (first) this.#core.takeFirst(item);
    else state.enqueue(item);
    return result;
  }

  #vatNumber(vatId: VatId): VatNumber {
    const vat = runningVats(this.#core.state).find(n => vatIdOf(n) === vatId);
    if (vat === undefined) throw new KernelError('UNKNOWN_VAT', `no vat ${String(vatId)} runs`);
    return vat;
  }

  #info(vat: VatNumber): VatInfo {
    const { state, data } = this.#core;
    const { name, incarnation, bundleId } = state.vats.need(vat);
    const root = data.reference(state.clist(vat).byVRef.need(ROOT_VREF));
    const error = this.#core.brokenBy(vat);
    const replayable = error === undefined;
    return { vatId: vatIdOf(vat), name, incarnation, bundleId, root, replayable, error };
  }
}

/**
 * Opens the kernel of a directory, creating its store if there is none.
 *
 * Errors: KernelError BAD_OPTION; HostError (STORE_LOCKED, NOT_A_STORE, STORE_SCHEMA, ...) says
 * what to do. A vat that cannot be replayed is no error here: see `VatInfo`.
 */
export const openKernel = (options: KernelOptions): Promise<Kernel> => Kernel.open(options);

export type * from './kernel-types.js';
export { HostError, KernelError };
