/** Replays the transcripts of a store's vats, crank by crank, against what they say. */
import path from 'node:path';
import { atOnce, HostError, type Store } from '@heirloom/store';
import { vatIdOf, type VatNumber } from '@heirloom/worker';
import { KernelError, WorkerError } from '../base/kernel-errors.js';
import { nextTurn, nowMs, repeat } from '../base/kernel-host-powers.js';
import { InstalledBundles } from '../code/installed.js';
import type { BootRecord } from '../core/boot.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { causeOf } from '../state/damage.js';
import { handingOver } from '../state/hand-over.js';
import { KernelState } from '../state/kernel-state.js';
import { runningVats } from '../state/running-vats.js';
import { hostWorkers } from '../vats/host-workers.js';
import { IsolationChoices } from '../vats/isolation.js';
import { OnlineVats } from '../vats/online.js';
import type { VatLog } from '../vats/vat-worker.js';
import { Watchdog } from '../vats/watchdog.js';
import { Zygotes } from '../vats/zygotes.js';
import type { VatVerification, VerifyOptions } from './verification.js';

const THREADS = 2;

const silent = (): void => undefined;
const SILENT: VatLog = { line: silent, trace: silent, left: silent };

const makeZygotes = (directory: string, { images }: BootRecord): Zygotes =>
  new Zygotes({
    openWorkers: hostWorkers({ directory: path.resolve(directory), readersMax: READERS_MAX }),
    host: { heapMiBMax: undefined, collectsEveryCrank: false, crankWeightMax: 0 },
    images,
    usual: 'thread',
    spareThreads: 0,
    log: SILENT, // what vat code says in a replay was said before
    watchdog: new Watchdog(Infinity, repeat),
    clock: { nowMs, nextTurn },
    scriptFor: ({ script }) => script,
    onProcessGone: () => undefined,
    repeat,
  });

export class Replays {
  readonly zygotes: Zygotes;
  readonly #store: Store;
  readonly #state: KernelState;
  readonly #bundles: InstalledBundles;
  readonly #online: OnlineVats;

  constructor(directory: string, store: Store, record: BootRecord) {
    this.#store = store;
    this.#state = new KernelState(store);
    this.zygotes = makeZygotes(directory, record);
    this.#bundles = new InstalledBundles(store, record.images);
    this.#online = new OnlineVats(this.zygotes, new IsolationChoices(store, 'thread', []));
  }

  /** Vats that run, or the one that is wanted. Errors: KernelError UNKNOWN_VAT. */
  choose(wanted: string | undefined): VatNumber[] {
    const vats = runningVats(this.#state);
    if (wanted === undefined) return vats;
    const nameOf = (vat: VatNumber): string => this.#state.vats.need(vat).name;
    const found = vats.filter(vat => vatIdOf(vat) === wanted || nameOf(vat) === wanted);
    if (found.length > 0) return found;
    const known = vats.map(nameOf).join(', ') || 'none';
    throw new KernelError(
      'UNKNOWN_VAT',
      `no vat ${JSON.stringify(wanted)} runs; there are: ${known}`,
    );
  }

  /** Verifies vats, `threads` at a time; the reports come in the order of the vats. */
  async verify(
    vats: readonly VatNumber[],
    { threads = THREADS, progress = () => undefined }: VerifyOptions,
  ): Promise<VatVerification[]> {
    const reports: VatVerification[] = [];
    let next = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      for (;;) {
        const index = next;
        const vat = vats[index];
        if (vat === undefined) return;
        next += 1;
        reports[index] = await this.#verify(vat);
        done += 1;
        progress(done, vats.length, 'vats');
      }
    };
    await Promise.all(Array.from({ length: Math.min(threads, vats.length) }, work));
    return reports;
  }

  async #verify(vat: VatNumber): Promise<VatVerification> {
    const row = this.#state.vats.need(vat);
    const { position: positions } = this.#state.vatCounters.need(vat);
    const { name, incarnation } = row;
    const began = nowMs();
    const vatId = vatIdOf(vat);
    const about = { vatId, name, incarnation, positions, divergedAt: null };
    const stranded = this.#state.stranded.reasonOf(vat);
    if (stranded !== undefined) {
      return { ...about, ok: true, code: 'STRANDED', reason: stranded, milliseconds: 0 };
    }
    let failure: HostError | KernelError | undefined;
    try {
      const handOver = atOnce(handingOver(this.#state, vat, row, this.#store.head.height));
      const script = this.#bundles.scriptOf(row.bundleId, row.imageId);
      const worker = await this.#online.start(vat, row, script, handOver);
      try {
        await worker.replay(positions);
      } finally {
        this.#online.discard(worker);
      }
    } catch (error) {
      const cause = causeOf(this.#store, error);
      if (!(cause instanceof HostError || cause instanceof KernelError)) throw cause;
      failure = cause;
    }
    const place = failure instanceof WorkerError ? failure.position : undefined;
    return {
      ...about,
      ok: failure === undefined,
      code: failure?.code ?? null,
      divergedAt: place ?? null,
      reason: failure?.message ?? null,
      milliseconds: Math.round(nowMs() - began),
    };
  }
}
