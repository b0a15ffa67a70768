/**
 * The kernel without its host: store, tables, vats; waves and blocks.
 *
 * Invariants: nothing is written but by `commit`; anything unexpected that is thrown in a wave or
 * a commit ends this core for good, before anything of the block is durable.
 */
import {
  blockKey,
  heightAfter,
  HostError,
  isHeight,
  Store,
  unpackBlockRecord,
  type Block,
  type Height,
  type RowChange,
} from '@heirloom/store';
import type { Site, VatNumber } from '@heirloom/worker';
import { closedAmid, whenAborted } from '../base/aborted.js';
import { WorkerError, type CrankPlace } from '../base/kernel-errors.js';
import { asShortOrInTurns, inTurns } from '../base/giving-way.js';
import type { Image, Images } from '../code/images.js';
import { InstalledBundles } from '../code/installed.js';
import { SourcePlaces } from '../code/source-places.js';
import { dryRun, type DryRunCode, type DryRunReport } from '../lifecycle/dry-run.js';
import { bringOnline, rebuild, type RebuildSource } from '../lifecycle/rebuild.js';
import { hasRemains } from '../lifecycle/termination.js';
import type { Successor } from '../lifecycle/upgrade.js';
import { UpgradeReports } from '../lifecycle/upgrade-reports.js';
import { ToldBundles } from '../lifecycle/told-bundles.js';
import type { LifecycleContext } from '../lifecycle/vat-start.js';
import { KernelLog } from '../log/kernel-log.js';
import { logToText } from '../log/vat-lines.js';
import { freeing } from '../objects/freeing.js';
import { interfaceOf } from '../objects/object-interfaces.js';
import { causeOf } from '../state/damage.js';
import { KernelState } from '../state/kernel-state.js';
import { isSealed, type KernelParameters } from '../state/parameters.js';
import type { RunQueueItem } from '../state/queue-items.js';
import type { Suspicion } from '../state/note-record.js';
import { RunningNote } from '../state/running-note.js';
import { IsolationChoices } from '../vats/isolation.js';
import { OnlineVats } from '../vats/online.js';
import { Pager } from '../vats/pager.js';
import { Watchdog } from '../vats/watchdog.js';
import { Zygotes } from '../vats/zygotes.js';
import { WaveRunner, type WaveStats } from '../wave/run.js';
import { AdoptableEngine } from './adoptable-engine.js';
import { blame, suspect } from './blame.js';
import { BlockMarks } from './block-marks.js';
import { boot, type BootRecord } from './boot.js';
import { workerHost, type CoreOptions } from './core-options.js';
import { HostData } from './host-data.js';
import { HostResults } from './host-results.js';
import { Migrations } from './record-migrations.js';
import { VatReports } from './vat-reports.js';
import type { WaysOut } from './ways-out.js';

/** Threads that may read the store at a time, spares and successors included. */
const THREADS_MAX = 1024;
export const READERS_MAX = THREADS_MAX + 64;
const SPARE_THREADS = 1;
const MAX_VATS_ONLINE = 50;
const DELIVERY_TIMEOUT_MS = 600_000;

export interface CoreCounts {
  readonly blocks: number;
  readonly waves: number;
  readonly cranks: number;
}

export class KernelCore {
  readonly store: Store;
  readonly state: KernelState;
  readonly data = new HostData(kref => interfaceOf(this.state, kref));
  readonly results: HostResults;
  readonly places: SourcePlaces;
  readonly reports: VatReports;
  readonly migrations: Migrations;
  readonly images: Images;
  readonly bundles: InstalledBundles;
  readonly zygotes: Zygotes;
  readonly isolation: IsolationChoices;
  readonly parameters: KernelParameters;
  readonly upgrades = new UpgradeReports();
  readonly ways: WaysOut;
  readonly log: KernelLog;
  readonly engine: AdoptableEngine;
  /** What an unclean end left, as it was when the store was opened. */
  readonly suspects: readonly Suspicion[];
  readonly #note: RunningNote;
  readonly #online: OnlineVats;
  readonly #pager: Pager;
  readonly #lifecycle: LifecycleContext;
  readonly #runner: WaveRunner;
  readonly #unhashed: RowChange[] = [];
  #failure: Error | undefined;
  #isClosed = false;
  #wave = 0;
  readonly #marks: BlockMarks;
  #counts: CoreCounts = { blocks: 0, waves: 0, cranks: 0 };

  private constructor(
    store: Store,
    record: BootRecord,
    note: RunningNote,
    options: CoreOptions,
    ways: WaysOut,
  ) {
    const { images, parameters, parameters: { promiseQueueMax } } = record;
    [this.store, this.parameters] = [store, parameters];
    this.#note = note;
    this.suspects = note.suspects;
    this.state = new KernelState(store, { promiseQueueMax, height: store.head.height });
    this.#marks = new BlockMarks(this.state);
    this.results = new HostResults({
      ...{ state: this.state, data: this.data, clock: ways.clock },
      traceOf: (body, promise) => this.reports.traceOf(body, promise),
    });
    this.migrations = new Migrations(this.state);
    this.images = images;
    this.bundles = new InstalledBundles(store, images);
    this.ways = ways;
    this.log = new KernelLog(ways);
    this.log.set(options.structuredLog);
    this.places = new SourcePlaces(this.bundles);
    const log = options.log ?? logToText(text => ways.writeError(text));
    this.reports = new VatReports({ state: this.state, data: this.data, places: this.places, log });
    const usual = options.isolation ?? 'thread';
    this.isolation = new IsolationChoices(store, usual, this.suspects.map(({ vat }) => vat));
    this.zygotes = new Zygotes({
      openWorkers: ways.openWorkers,
      host: workerHost(options, parameters),
      ...{ images, usual },
      spareThreads: options.spareThreads ?? SPARE_THREADS,
      log: this.reports,
      watchdog: new Watchdog(options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS, ways.clock.repeat),
      clock: ways.clock,
      scriptFor: script => this.places.scriptFor(script, known => ways.debugRoot(known)),
      ...{ onProcessGone: () => this.#freeReaders(), repeat: ways.clock.repeat },
    });
    const toldBundles = new ToldBundles(this.state, images, this.bundles);
    this.#online = new OnlineVats(this.zygotes, this.isolation, vat => toldBundles.unshown(vat));
    this.#pager = new Pager({
      online: this.#online,
      maxVatsOnline: options.maxVatsOnline ?? MAX_VATS_ONLINE,
      ...{ rebuild: vat => rebuild(this.#rebuildContext, vat), warn: text => ways.warn(text) },
    });
    this.#lifecycle = {
      state: this.state,
      toldBundles,
      online: this.#online,
      pager: this.#pager,
      scriptOf: (bundleId, imageId) => this.bundles.scriptOf(bundleId, imageId),
      imageId: () => images.currentId, describes: id => images.describes(id),
      onUpgrade: (...told) => this.upgrades.add(...told),
      warningsOf: (...upgrade) => this.upgrades.warningsOf(...upgrade),
      ...{ log: this.log, clock: ways.clock },
      onFault: (...told) => this.reports.end('fault', ...told),
      onFailedStart: (...told) => this.reports.end('error', ...told),
      limits: parameters,
    };
    this.#runner = new WaveRunner({
      ...this.#lifecycle,
      limits: parameters,
      onMigration: (vat, isFirst, report) => this.migrations.step(vat, isFirst, report),
      ...{ threads: options.threads ?? THREADS_MAX, images },
      onRunning: ({ height, wave }, running) => note.begin(height, wave, running),
    });
    this.#unhashed.push(...record.learnt);
    this.engine = new AdoptableEngine(ways.engine.build, record);
  }

  /** Errors: HostError when the store cannot be opened. */
  static async open(options: CoreOptions, ways: WaysOut): Promise<KernelCore> {
    const store = await Store.openAt(ways.place, { readersMax: READERS_MAX });
    store.readerCheck(); // children of a process that was killed
    let note: RunningNote | undefined;
    let core: KernelCore | undefined;
    try {
      const { adoptEngine: allowsOtherEngine = false } = options;
      const record = await boot(store, options.parameters ?? {}, ways, { allowsOtherEngine });
      note = new RunningNote(ways);
      core = new KernelCore(store, record, note, options, ways);
      // What another engine has run is replayed by no vat; its images may not even start here.
      if (core.engine.fits) await core.#bringOnline(note, options.signal);
      return core;
    } catch (error) {
      await core?.zygotes.close();
      note?.close();
      await store.close(core?.readersLeft());
      throw error;
    }
  }

  async #bringOnline(note: RunningNote, signal: AbortSignal | undefined): Promise<void> {
    const stopWatching = whenAborted(signal, () => {
      this.cutShort(closedAmid(this.zygotes.doing()));
    });
    const goesOn = (): void => this.assertAlive();
    const context = { ...this.#rebuildContext, pager: this.#pager, note, goesOn };
    await bringOnline(context).finally(stopWatching);
    this.zygotes.refill();
  }

  get height(): Height {
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

  /** Vats rebuilt since the opening. */
  get pagedIn(): number {
    return this.#pager.pagedIn;
  }

  get #rebuildContext(): RebuildSource {
    const { store, state, bundles } = this;
    return { store, state, clock: this.ways.clock, bundles, online: this.#online };
  }

  /** Why a vat that runs could not be replayed, if it could not. */
  brokenBy(vat: VatNumber): WorkerError | undefined {
    return this.#online.brokenBy(vat);
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
    if (!isHeight(height) || height > this.height) return undefined;
    const bytes = this.store.get('blocks', blockKey(height));
    const record = bytes && unpackBlockRecord(bytes);
    return record === undefined ? undefined : Buffer.from(record.hash).toString('hex');
  }

  /** Waves run since the last commit. */
  get wavesInBlock(): number {
    return this.#wave;
  }

  async runWave(): Promise<WaveStats> {
    return this.#guard(async () => {
      this.store.assertInPlace(); // a worker that starts would not find it
      const { clock } = this.ways;
      const began = clock.nowMs();
      const moment = { height: this.height, wave: this.#wave };
      const stats = await this.#runner.run(moment);
      this.zygotes.refill();
      if (this.log.isOn) {
        const milliseconds = clock.nowMs() - began;
        const fields = { wave: moment.wave, ...stats, milliseconds };
        this.log.tell('wave', 'ran', heightAfter(moment.height), fields);
      }
      this.#note.end();
      this.#wave += 1;
      const { blocks, waves, cranks } = this.#counts;
      this.#counts = { blocks, waves: waves + 1, cranks: cranks + stats.cranks };
      return stats;
    });
  }

  /** From now on new incarnations get this image; its code cache is kept with the block. */
  adopt(image: Image): void {
    this.images.adopt(image);
    this.images.codeCaches(this.#unhashed);
  }

  /** What inputs have set in motion, before the first wave that follows them. */
  async doDeferred(): Promise<void> {
    await this.#guard(async () => this.#doDeferred());
  }

  async #doDeferred(): Promise<void> {
    await asShortOrInTurns(this.state.doingDeferred(), this.ways.clock);
    this.state.endCrank();
  }

  /**
   * Tries an upgrade, of which nothing stays.
   *
   * Errors: why the kernel ended meanwhile, also where that is how its worker came to die.
   */
  async dryRun(
    vat: VatNumber,
    successor: Successor,
    { imageId, scripts, compares = false, accepts = [] }: DryRunCode = {},
  ): Promise<DryRunReport> {
    await this.doDeferred();
    const { scriptOf } = this.#lifecycle;
    const context: LifecycleContext = {
      ...this.#lifecycle,
      imageId: () => imageId ?? this.images.currentId,
      notesSites: id => this.images.notesSites(id),
      scriptOf: (bundleId, on) => scripts?.get(bundleId) ?? scriptOf(bundleId, on),
    };
    const moment = { height: this.height, wave: this.#wave };
    try {
      const { reports } = this;
      const traceOf = (reason: Uint8Array) => reports.traceOf(reason);
      const placeOf = (site: Site) => reports.placeOf(site);
      const options = { accepts, compares, placeOf, traceOf };
      return await dryRun(context, vat, successor, moment, options);
    } finally {
      this.assertAlive();
    }
  }

  /** Ends the block: everything since the last commit becomes durable, then the host is told. */
  async commit(): Promise<string> {
    await this.#guard(async () => {
      await this.#doDeferred();
      this.results.forgetTold();
      const { clock } = this.ways;
      // What the host let go between waves: nothing in RAM may wait for a later block.
      await asShortOrInTurns(freeing(this.state), clock);
      this.state.endCrank();
      const changes = await inTurns(this.state.changing(), clock);
      this.bundles.changes(changes);
      this.images.changes(changes);
      this.engine.changes(changes);
      const unhashed = this.#unhashed.splice(0);
      this.bundles.sourceMaps(unhashed);
      this.engine.learnt(unhashed);
      this.isolation.changes(unhashed);
      this.#pager.changes(unhashed);
      const height = heightAfter(this.height);
      const sealed = isSealed(height, this.parameters);
      const began = clock.nowMs();
      const block: Block = { height, changes, unhashed, sealed, drive: it => inTurns(it, clock) };
      await this.store.commit(block);
      if (this.log.isOn) {
        const fields = { hash: this.blockHash, sealed, waves: this.#wave, rows: changes.length };
        const milliseconds = clock.nowMs() - began;
        this.log.tell('block', 'committed', height, { ...fields, milliseconds });
      }
      await asShortOrInTurns(this.state.committing(), clock);
      this.bundles.committed();
      this.images.committed();
      this.engine.committed();
      for (const it of this.state.spaceLists.takeChanged()) this.#online.restack(...it);
      this.#pager.committed();
      this.#marks.committed();
      this.#note.committed(vat => this.brokenBy(vat) !== undefined);
    });
    this.#wave = 0;
    this.#counts = { ...this.#counts, blocks: this.#counts.blocks + 1 };
    const telling = this.results.tell();
    if (telling !== undefined) await telling;
    this.migrations.tell();
    return this.blockHash;
  }

  /** Nothing has run in this block, and every input of it belongs to its first (rules.md#h3). */
  get isBlockFresh(): boolean {
    return this.#wave === 0 && this.#marks.hasFirstsOnly;
  }

  /** The input that is being taken is one of the block's first; its items go to the head. */
  takeFirst(items: readonly RunQueueItem[]): void {
    this.state.enqueueFirst(items, this.#marks.takeFirst(items.length));
  }

  get hasUncommittedInputs(): boolean {
    return this.#marks.hasInputs;
  }

  /** Inputs were taken or waves run since the last commit. */
  get isBlockBegun(): boolean {
    return this.#wave > 0 || this.hasUncommittedInputs;
  }

  /** The host is told of something once the block is durable: a result, or a call of its object. */
  get hasToTell(): boolean {
    return (
      this.#marks.hasHostCalls ||
      this.state.hostSettlements.hasSettled ||
      this.results.someWaitForBlock
    );
  }

  /** Rows that the next commit would write. */
  get dirtyRows(): number {
    return this.state.dirtyCount;
  }

  /** About how many bytes of memory they take. */
  get dirtyBytes(): number {
    return this.state.dirtyBytes;
  }

  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  assertAlive(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Ends all workers, whatever they do: what is in progress fails with the reason, and nothing of
   * it is kept. Returns which deliveries they had. A block that is being written is written.
   */
  cutShort(reason: Error): CrankPlace[] {
    this.#failure ??= reason;
    const doing = this.zygotes.doing();
    void this.zygotes.close();
    return doing;
  }

  /** Threads that are left behind (docs/isolation.md) are waited for by nobody. */
  async close(reason: Error): Promise<void> {
    this.#failure ??= reason;
    this.results.fail(this.#failure);
    this.migrations.fail(this.#failure);
    await this.zygotes.close();
    if (!this.#isClosed) {
      for (const error of this.zygotes.left) suspect(this.#note, error, this.#failure);
      this.#note.close();
    }
    this.#isClosed = true;
    await this.store.close(this.readersLeft());
  }

  /** Resolves when threads that are left behind no longer have the store open; else undefined. */
  readersLeft(): Promise<void> | undefined {
    return this.zygotes.left.length > 0 ? this.zygotes.allGone() : undefined;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    this.assertAlive();
    try {
      return await work();
    } catch (error) {
      const failure = this.stop(error);
      // The threads go at once; the store stays as the last block left it.
      await this.zygotes.close();
      throw failure;
    }
  }

  /** Nothing more can be done with this state, for what was thrown: whoever waits is told why. */
  stop(error: unknown): Error {
    const cause = causeOf(this.store, error);
    const isFirst = this.#failure === undefined;
    this.#failure ??=
      cause instanceof HostError
        ? cause
        : new HostError('KERNEL_STOPPED', `the kernel stopped: ${cause.message}`, { cause });
    this.#locateCause(this.#failure);
    if (isFirst && this.#failure instanceof WorkerError) this.reports.died(this.#failure);
    blame(this.#note, this.#failure);
    this.results.fail(this.#failure);
    this.migrations.fail(this.#failure);
    return this.#failure;
  }

  /** What a worker died of: with the author's files. */
  #locateCause({ cause }: Error): void {
    if (cause instanceof Error && typeof cause.stack === 'string') {
      Reflect.defineProperty(cause, 'stack', { value: this.places.locate(cause.stack) });
    }
  }

  /** A child that is gone leaves its place among the store's readers taken (rules.md#s4). */
  #freeReaders(): void {
    if (this.#failure === undefined) this.store.readerCheck();
  }
}
