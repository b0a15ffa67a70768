/**
 * Does a store hold what it says? Every page and every row is looked at; images and bundles against
 * their ids, blocks against each other; every running vat's transcript is replayed and compared,
 * crank by crank; the kernel's tables are audited, and the rows of vats against them; of a sealed
 * block the state root is computed again.
 *
 * Takes the store's lock, so no kernel can have it open meanwhile; writes nothing. What is damaged
 * is told by table and key, and what does not need it is verified all the same. Where pages are
 * damaged LMDB is left alone, for it trusts them.
 */
import {
  checkStore,
  DamageError,
  describeError,
  HostError,
  inspectDirectory,
  openReader,
  stateRoot,
  Store,
  TABLE_NAMES,
  type StoreCheck,
  type StoreDamage,
} from '@heirloom/store';
import { readImage } from '@heirloom/worker';
import { auditTables } from '../audit/audit-tables.js';
import { checkCount, checkFields, checkFunction, checkPath } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import { nextTurn, nowMs } from '../base/kernel-host-powers.js';
import { checkBundle } from '../code/bundle.js';
import { warmCodeCache } from '../code/code-caches.js';
import { hostBundling } from '../code/host-bundling.js';
import { hostEngine } from '../code/host-engine.js';
import { boot } from '../core/boot.js';
import { READERS_MAX } from '../core/kernel-core.js';
import { readMeta } from '../state/store-meta.js';
import { Replays } from './replays.js';
import { UNSEEN, type StoreVerification, type VerifyOptions } from './verification.js';
import { RowChecks, type ArchiveRow } from './row-checks.js';
import { verifyInProcess } from './verify-process.js';

/** Errors: HostError NOT_A_STORE, STORE_LOCKED, ...; nothing is created. */
const openExisting = async (directory: string): Promise<Store> => {
  if (inspectDirectory(directory) !== 'store') {
    throw new HostError('NOT_A_STORE', `${directory} holds no store.`);
  }
  return Store.open({ directory, readersMax: READERS_MAX });
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

const checkOptions = (options: VerifyOptions): void => {
  checkFields('verifyStore', options, ['directory', 'threads', 'vat', 'progress', 'inProcess']);
  checkPath('verifyStore', 'directory', options.directory);
  checkCount('verifyStore: threads', options.threads, 1);
  checkFunction('verifyStore', 'progress', options.progress);
};

/** Archives are what their ids say if that is what comes of them. */
const checkArchives = async (archives: readonly ArchiveRow[]): Promise<StoreDamage[]> => {
  const damage: StoreDamage[] = [];
  for (const { bundleId, key, source } of archives) {
    const bundle = { moduleFormat: 'endoZipBase64', endoZipBase64: source };
    const why = await Promise.resolve(checkBundle(bundle, hostBundling)).then(
      made => (made.bundleId === bundleId ? undefined : `its id is not ${made.bundleId}`),
      (error: unknown) => `the archive is not sound: ${describeError(error)}`,
    );
    if (why === undefined) continue;
    damage.push({ table: 'bundles', key: Buffer.from(key, 'latin1').toString('hex'), why });
  }
  return damage;
};

const damageOf = (error: unknown): StoreDamage => {
  if (!(error instanceof DamageError)) return { table: null, key: null, why: describeError(error) };
  const { key, why } = error;
  return { table: TABLE_NAMES.find(it => it === error.table) ?? null, key, why };
};

/** The same damage is come upon in several ways. */
const withoutRepeats = (damage: readonly StoreDamage[]): StoreDamage[] => {
  const seen = new Set<string>();
  return damage.filter(({ table, key }) => {
    const place = `${table} ${key}`;
    const isNew = key === null || !seen.has(place);
    seen.add(place);
    return isNew;
  });
};

type Contents = Pick<StoreVerification, 'height' | 'blockHash' | 'vats' | 'audit' | 'rootOk'>;

/** What rows say of each other: whatever is damaged ends one part of it, and is kept. */
class ContentsCheck {
  readonly damage: StoreDamage[] = [];
  readonly #options: VerifyOptions;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  async check(): Promise<Contents> {
    const { directory } = this.#options;
    const store = await this.#part(() => openExisting(directory));
    if (store === undefined) return UNSEEN;
    let replays: Replays | undefined;
    try {
      const ways = {
        installedImage: readImage,
        makeCodeCache: warmCodeCache,
        engine: hostEngine,
        warn: () => undefined,
      };
      replays = await this.#part(async () => {
        readMeta(store); // a store that no kernel has made its own yet is not initialised by us
        return new Replays(directory, store, await boot(store, {}, ways));
      });
      const vats = (await this.#part(async () => this.#replay(replays))) ?? [];
      const audit = await this.#part(() => auditTables(store, { rows: true }));
      const rootOk = (await this.#part(() => checkRoot(store, directory))) ?? null;
      const { ok, findings, findingCount } = audit ?? UNSEEN.audit;
      const { height, hash } = store.head;
      const blockHash = Buffer.from(hash).toString('hex');
      return { height, blockHash, vats, audit: { ok, findings, findingCount }, rootOk };
    } finally {
      const zygotes = replays?.zygotes;
      await zygotes?.close();
      await store.close(zygotes?.left.length === 0 ? undefined : zygotes?.allGone());
    }
  }

  async #replay(replays: Replays | undefined) {
    if (replays === undefined) return [];
    const vats = await replays.verify(replays.choose(this.#options.vat), this.#options);
    return vats;
  }

  /**
   * One part of the check. Errors: what is not the store's fault: HostError of other codes,
   * KernelError.
   */
  async #part<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const isOther = error instanceof HostError && error.code !== 'STORE_CORRUPT';
      if (isOther || error instanceof KernelError) throw error;
      this.damage.push(damageOf(error));
      return undefined;
    }
  }
}

const verifyHere = async (options: VerifyOptions): Promise<StoreVerification> => {
  const { directory, progress = () => undefined } = options;
  const began = nowMs();
  const rows = new RowChecks();
  const checked: StoreCheck = await checkStore({
    directory,
    onRow: rows.onRow,
    progress: async (what, done, total) => {
      progress(done, total, what);
      await nextTurn();
    },
  });
  const { pages, tables, warnings } = checked;
  const elapsed = (): number => Math.round(nowMs() - began);
  if (tables.length === 0) {
    const { damage } = checked;
    return { ...UNSEEN, ok: false, pages, damage, warnings, milliseconds: elapsed() };
  }
  const archives = await checkArchives(rows.archives);
  const contents = new ContentsCheck(options);
  const found = await contents.check();
  const all = [...checked.damage, ...rows.finish(), ...archives, ...contents.damage];
  const damage = withoutRepeats(all);
  const isWell = found.audit.ok && found.rootOk !== false && found.vats.every(vat => vat.ok);
  const ok = isWell && damage.length === 0;
  return { ...found, ok, pages, tables, damage, warnings, milliseconds: elapsed() };
};

/**
 * Verifies the store of a directory.
 *
 * Errors: HostError when it cannot be opened (STORE_LOCKED while a kernel has it, ENGINE_MISMATCH,
 * NOT_A_STORE, ...); KernelError BAD_OPTION, UNKNOWN_VAT. What is damaged, and what the replay
 * finds, is in the report.
 */
export const verifyStore = async (options: VerifyOptions): Promise<StoreVerification> => {
  checkOptions(options);
  return options.inProcess === true ? verifyInProcess(options) : verifyHere(options);
};
