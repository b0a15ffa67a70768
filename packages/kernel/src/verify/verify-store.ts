/**
 * Does a store hold what it says? Every running vat's transcript is replayed and compared, crank by
 * crank; the kernel's tables are audited, and the rows of vats against them; of a sealed block the
 * state root is computed again.
 *
 * Takes the store's lock, so no kernel can have it open meanwhile; writes nothing. A vat that
 * diverges or whose worker dies is reported, and the others are verified all the same.
 */
import path from 'node:path';
import {
  HostError,
  inspectDirectory,
  openReader,
  stateRoot,
  Store,
  type Height,
} from '@heirloom/store';
import { readImage, vatIdOf, type Incarnation, type VatId, type VatNumber } from '@heirloom/worker';
import { auditTables, type AuditReport } from '../audit/audit-tables.js';
import { checkCount, checkFields, checkFunction, checkPath } from '../base/arguments.js';
import { KernelError, WorkerError } from '../base/kernel-errors.js';
import { nowMs, repeat } from '../base/kernel-host-powers.js';
import { warmCodeCache } from '../code/code-caches.js';
import { hostEngine } from '../code/host-engine.js';
import { InstalledBundles } from '../code/installed.js';
import { boot, type BootRecord } from '../core/boot.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { handOverOf } from '../state/hand-over.js';
import { KernelState } from '../state/kernel-state.js';
import { runningVats } from '../state/running-vats.js';
import { readMeta } from '../state/store-meta.js';
import { hostWorkers } from '../vats/host-workers.js';
import { IsolationChoices } from '../vats/isolation.js';
import { OnlineVats } from '../vats/online.js';
import type { VatLog } from '../vats/vat-worker.js';
import { Watchdog } from '../vats/watchdog.js';
import { Zygotes } from '../vats/zygotes.js';

export interface VerifyOptions {
  readonly directory: string;
  /** Vats that are replayed at a time; default 2. */
  readonly threads?: number;
  /** One vat, by name or id; default: all that run. */
  readonly vat?: string;
  /** Told after each vat. */
  readonly progress?: (done: number, total: number) => void;
}

export interface VatVerification {
  readonly vatId: VatId;
  readonly name: string;
  readonly incarnation: Incarnation;
  /** Deliveries of the incarnation. */
  readonly positions: number;
  readonly ok: boolean;
  /**
   * Why it is not ok: `REPLAY_DIVERGED`, or what became of the worker. `STRANDED`: there is nothing
   * that could be replayed, which is as it should be.
   */
  readonly code: string | null;
  /** The first delivery that came out otherwise. */
  readonly divergedAt: number | null;
  readonly reason: string | null;
  readonly milliseconds: number;
}

export interface StoreVerification {
  readonly ok: boolean;
  readonly height: Height;
  readonly blockHash: string;
  /** In order of their numbers. */
  readonly vats: readonly VatVerification[];
  readonly audit: Pick<AuditReport, 'ok' | 'findings' | 'findingCount'>;
  /** Of a sealed block: is the state the one that its hash contains? Null: it is not sealed. */
  readonly rootOk: boolean | null;
  readonly milliseconds: number;
}

const THREADS = 2;

interface Verification {
  readonly store: Store;
  readonly state: KernelState;
  readonly bundles: InstalledBundles;
  readonly online: OnlineVats;
}

/** Errors: HostError NOT_A_STORE, STORE_LOCKED, ...; nothing is created. */
const openExisting = async (directory: string): Promise<Store> => {
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  return Store.open({ directory, readersMax: READERS_MAX });
};

const silent = (): void => undefined;
const SILENT: VatLog = { line: silent, trace: silent, left: silent };

const makeZygotes = (directory: string, { images }: BootRecord): Zygotes =>
  new Zygotes({
    openWorkers: hostWorkers({ directory: path.resolve(directory), readersMax: READERS_MAX }),
    host: { heapMiBMax: undefined, collectsEveryCrank: false },
    images,
    usual: 'thread',
    spareThreads: 0,
    log: SILENT, // what vat code says in a replay was said before
    watchdog: new Watchdog(Infinity, repeat),
    nowMs,
    scriptFor: ({ script }) => script,
    onProcessGone: () => undefined,
    repeat,
  });

const verifyVat = async (
  { store, state, bundles, online }: Verification,
  vat: VatNumber,
): Promise<VatVerification> => {
  const row = state.vats.need(vat);
  const { position: positions } = state.vatCounters.need(vat);
  const { name, incarnation } = row;
  const began = nowMs();
  const vatId = vatIdOf(vat);
  const about = { vatId, name, incarnation, positions, divergedAt: null };
  const stranded = state.stranded.reasonOf(vat);
  if (stranded !== undefined) {
    return { ...about, ok: true, code: 'STRANDED', reason: stranded, milliseconds: 0 };
  }
  let failure: HostError | undefined;
  try {
    const handOver = handOverOf(state, vat, row, store.head.height);
    const script = bundles.scriptOf(row.bundleId, row.imageId);
    const worker = await online.start(vat, row, script, handOver);
    try {
      await worker.replay(positions);
    } finally {
      online.discard(worker);
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    failure = error;
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
};

/** The root of the state as it is, against the one in the hash of the last block. */
const checkRoot = async ({ head: { seal } }: Store, directory: string): Promise<boolean | null> => {
  if (seal === undefined) return null;
  const reader = openReader({ directory, readersMax: READERS_MAX });
  const snapshot = reader.begin();
  try {
    return Buffer.compare(stateRoot(snapshot), seal.root) === 0;
  } finally {
    snapshot.done();
    await reader.close();
  }
};

const chooseVats = (state: KernelState, wanted: string | undefined): VatNumber[] => {
  const vats = runningVats(state);
  if (wanted === undefined) return vats;
  const nameOf = (vat: VatNumber): string => state.vats.need(vat).name;
  const found = vats.filter(vat => vatIdOf(vat) === wanted || nameOf(vat) === wanted);
  if (found.length > 0) return found;
  const known = vats.map(nameOf).join(', ') || 'none';
  throw new KernelError(
    'UNKNOWN_VAT',
    `no vat ${JSON.stringify(wanted)} runs; there are: ${known}`,
  );
};

/** Verifies vats, `threads` at a time; the reports come in the order of the vats. */
const verifyVats = async (
  verification: Verification,
  vats: readonly VatNumber[],
  { threads = THREADS, progress = () => undefined }: VerifyOptions,
): Promise<VatVerification[]> => {
  const reports: VatVerification[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const index = next;
      const vat = vats[index];
      if (vat === undefined) return;
      next += 1;
      reports[index] = await verifyVat(verification, vat);
      done += 1;
      progress(done, vats.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, vats.length) }, work));
  return reports;
};

const checkOptions = (options: VerifyOptions): void => {
  checkFields('verifyStore', options, ['directory', 'threads', 'vat', 'progress']);
  checkPath('verifyStore', 'directory', options.directory);
  checkCount('verifyStore: threads', options.threads, 1);
  checkFunction('verifyStore', 'progress', options.progress);
};

/**
 * Verifies the store of a directory.
 *
 * Errors: HostError when it cannot be opened (STORE_LOCKED while a kernel has it, ENGINE_MISMATCH,
 * NOT_A_STORE, ...); KernelError BAD_OPTION, UNKNOWN_VAT. What the replay finds is in the report.
 */
export const verifyStore = async (options: VerifyOptions): Promise<StoreVerification> => {
  checkOptions(options);
  const { directory } = options;
  const began = nowMs();
  const store = await openExisting(directory);
  let zygotes: Zygotes | undefined;
  try {
    readMeta(store); // a store that no kernel has made its own yet is not initialised by us
    const ways = {
      installedImage: readImage,
      makeCodeCache: warmCodeCache,
      engine: hostEngine,
    };
    const record = await boot(store, {}, ways);
    const state = new KernelState(store);
    const chosen = chooseVats(state, options.vat);
    zygotes = makeZygotes(directory, record);
    const bundles = new InstalledBundles(store, record.images);
    const online = new OnlineVats(zygotes, new IsolationChoices(store, 'thread', []));
    const verification = { store, state, bundles, online };
    const vats = await verifyVats(verification, chosen, options);
    const { ok, findings, findingCount } = auditTables(store, { rows: true });
    const rootOk = await checkRoot(store, directory);
    return {
      ok: ok && rootOk !== false && vats.every(vat => vat.ok),
      height: store.head.height,
      blockHash: Buffer.from(store.head.hash).toString('hex'),
      vats,
      audit: { ok, findings, findingCount },
      rootOk,
      milliseconds: Math.round(nowMs() - began),
    };
  } finally {
    await zygotes?.close();
    await store.close(zygotes?.left.length === 0 ? undefined : zygotes?.allGone());
  }
};
