/**
 * The kernel without its host: store, tables, vats; waves and blocks.
 *
 * Invariants: nothing is written but by `commit`; anything unexpected that is thrown in a wave or
 * a commit ends this core for good, before anything of the block is durable.
 */
import { blockKey, HostError, Store, type RowChange } from '@heirloom/store';
import { boot, bringOnline, codeCacheKey, type BootRecord } from './boot.js';
import { InstalledBundles } from './bundles/installed.js';
import { freeUnreferenced } from './collect.js';
import { HostData } from './host-data.js';
import { nowMs } from './host-powers.js';
import { HostResults } from './host-results.js';
import type { UpgradeReport } from './lifecycle.js';
import { KernelLog } from './log/kernel-log.js';
import type { KernelOptions } from './options.js';
import type { KernelParameters } from './parameters.js';
import type { Router } from './router.js';
import { KernelState } from './state/state.js';
import { hasRemains } from './termination.js';
import { OnlineVats } from './vats/online.js';
import { ZygotePool } from './vats/zygote-pool.js';
import { WaveRunner, type WaveStats } from './wave-runner.js';

/** Threads that may read the store at a time, spares and successors included. */
const THREADS_MAX = 1024;
export const READERS_MAX = THREADS_MAX + 64;
const SPARE_THREADS = 1;

export interface CoreCounts {
  readonly blocks: number;
  readonly waves: number;
  readonly cranks: number;
}

export class KernelCore {
  readonly store: Store;
  readonly state: KernelState;
  readonly data = new HostData();
  readonly results: HostResults;
  readonly bundles: InstalledBundles;
  readonly pool: ZygotePool;
  readonly router: Router;
  readonly parameters: KernelParameters;
  readonly upgrades: UpgradeReport[] = [];
  readonly log = new KernelLog();
  readonly #online: OnlineVats;
  readonly #runner: WaveRunner;
  readonly #unhashed: RowChange[] = [];
  #failure: Error | undefined;
  #wave = 0;
  #committedInput: number;
  #counts: CoreCounts = { blocks: 0, waves: 0, cranks: 0 };

  private constructor(store: Store, record: BootRecord, options: KernelOptions) {
    const { parameters, image } = record;
    this.store = store;
    this.parameters = parameters;
    this.state = new KernelState(store);
    this.#committedInput = this.state.counters.lastInput;
    this.results = new HostResults(this.state, this.data);
    this.bundles = new InstalledBundles(store, image.id);
    const log = options.log ?? (() => undefined);
    this.pool = new ZygotePool({
      directory: options.directory,
      readersMax: READERS_MAX,
      imageSource: image.source,
      codeCache: image.codeCache,
      spareThreads: options.spareThreads ?? SPARE_THREADS,
      collectsEveryCrank: options.collectsEveryCrank ?? false,
      log: (vatId, level, text) => log({ vatId, level, text }),
    });
    this.#online = new OnlineVats(this.pool);
    this.router = {
      state: this.state,
      hostSettled: (promise, row) => this.results.settled(promise, row, this.height + 1),
    };
    this.#runner = new WaveRunner({
      router: this.router,
      online: this.#online,
      scriptOf: bundleId => this.bundles.scriptOf(bundleId),
      imageId: image.id,
      onUpgrade: report => this.upgrades.push(report),
      log: this.log,
      limits: parameters,
      onFault: (vatId, code, reason) => {
        log({ vatId, level: 'fault', text: `${code}: ${faultText(this.data, reason)}` });
      },
      pin: kref => this.results.pin(kref),
      threads: options.threads ?? THREADS_MAX,
    });
    this.#keepCodeCache(image.id, image.codeCache);
  }

  /** Errors: HostError when the store cannot be opened or a vat cannot be replayed. */
  static async open(options: KernelOptions): Promise<KernelCore> {
    const store = await Store.open({ directory: options.directory, readersMax: READERS_MAX });
    let core: KernelCore | undefined;
    try {
      core = new KernelCore(store, await boot(store, options.parameters ?? {}), options);
      await bringOnline(store, core.state, core.bundles, core.#online);
      return core;
    } catch (error) {
      await core?.pool.close();
      await store.close();
      throw error;
    }
  }

  get height(): number {
    return this.store.head.height;
  }

  get blockHash(): string {
    return Buffer.from(this.store.head.hash).toString('hex');
  }

  get counts(): CoreCounts {
    return this.#counts;
  }

  get onlineCount(): number {
    return this.#online.count;
  }

  /** Anything queued? */
  get hasQueue(): boolean {
    return this.state.queue.length > 0;
  }

  /** Anything to deliver or to remove, garbage included? */
  get busy(): boolean {
    const { state } = this;
    return this.hasQueue || hasRemains(state) || state.hasCollection;
  }

  /** The hash of a block, hex; undefined for one that there is not. */
  hashAt(height: number): string | undefined {
    if (!Number.isSafeInteger(height) || height < 0 || height > this.height) return undefined;
    const hash = this.store.get('blocks', blockKey(height));
    return hash === undefined ? undefined : Buffer.from(hash).toString('hex');
  }

  /** Waves run since the last commit. */
  get wavesInBlock(): number {
    return this.#wave;
  }

  async runWave(): Promise<WaveStats> {
    return this.#guard(async () => {
      const began = nowMs();
      const moment = { height: this.height, wave: this.#wave };
      const stats = await this.#runner.run(moment);
      if (this.log.isOn) {
        const fields = { wave: moment.wave, ...stats, milliseconds: nowMs() - began };
        this.log.tell('wave', 'ran', moment.height + 1, fields);
      }
      this.#wave += 1;
      const { blocks, waves, cranks } = this.#counts;
      this.#counts = { blocks, waves: waves + 1, cranks: cranks + stats.cranks };
      return stats;
    });
  }

  /** Ends the block: everything since the last commit becomes durable, then the host is told. */
  async commit(): Promise<string> {
    await this.#guard(async () => {
      this.results.forgetTold();
      // What the host let go between waves: nothing in RAM may wait for a later block.
      freeUnreferenced(this.state);
      this.state.endCrank();
      const changes = this.state.changes();
      this.bundles.changes(changes);
      const unhashed = this.#unhashed.splice(0);
      const height = this.height + 1;
      const sealed = isSealed(height, this.parameters);
      const began = nowMs();
      await this.store.commit({ height, changes, unhashed, sealed });
      if (this.log.isOn) {
        const { blockHash: hash } = this;
        const fields = { hash, sealed, waves: this.#wave, rows: changes.length };
        this.log.tell('block', 'committed', height, { ...fields, milliseconds: nowMs() - began });
      }
      this.state.committed();
      this.bundles.committed();
      this.#committedInput = this.state.counters.lastInput;
    });
    this.#wave = 0;
    this.#counts = { ...this.#counts, blocks: this.#counts.blocks + 1 };
    this.results.tell();
    return this.blockHash;
  }

  get hasUncommittedInputs(): boolean {
    return this.state.counters.lastInput !== this.#committedInput;
  }

  /** Rows that the next commit would write. */
  get dirtyRows(): number {
    return this.state.dirtyCount;
  }

  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  assertAlive(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(reason: Error): Promise<void> {
    this.#failure ??= reason;
    this.results.fail(this.#failure);
    await this.pool.close();
    await this.store.close();
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    this.assertAlive();
    try {
      return await work();
    } catch (error) {
      const cause = error instanceof Error ? error : Error(String(error));
      this.#failure ??=
        cause instanceof HostError
          ? cause
          : new HostError('KERNEL_STOPPED', `the kernel stopped: ${cause.message}`, { cause });
      this.results.fail(this.#failure);
      // The threads go at once; the store stays as the last block left it.
      await this.pool.close();
      throw this.#failure;
    }
  }

  /** The code cache is a by-product: kept with the next block, outside every hash. */
  #keepCodeCache(imageId: string, codeCache: Uint8Array): void {
    const key = codeCacheKey(imageId);
    if (this.store.get('local', key) !== undefined) return;
    this.#unhashed.push({ table: 'local', key, value: codeCache });
  }
}

/** Is the hash of this block to contain the state root? docs/state-sync.md. */
const isSealed = (height: number, { stateRootInterval }: KernelParameters): boolean =>
  stateRootInterval > 0 && height % stateRootInterval === 0;

/** For the log only: a fault's reason comes from a worker, and need be no data. */
const faultText = (data: HostData, reason: Uint8Array): string => {
  try {
    return String(data.decode(reason, []));
  } catch (error) {
    return `(unreadable: ${String(error)})`;
  }
};
