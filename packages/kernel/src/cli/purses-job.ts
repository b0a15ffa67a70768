/**
 * The main job: a bank of durable purses that is upgraded while deposits are in flight.
 *
 * Everything that the job knows it asks the store and the vats, so a job that was killed goes on
 * where the last block left it when it is started again with the same directory and options.
 * One seed is one run: the same options give the same block hashes.
 */
import { fileURLToPath } from 'node:url';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { nowMs } from '../base/kernel-host-powers.js';
import { bundleVat } from '../code/bundle-vat.js';
import type { VatReference } from '../core/host-data.js';
import type { VatInfo } from '../host/kernel-types.js';
import { memoryUse } from '../host/memory.js';
import { openKernel, type Kernel } from '../kernel.js';
import { afterRun, overKernel } from './over-kernel.js';
import type { Progress } from './progress.js';
import { percentile, round } from './statistics.js';

interface PursesOptions {
  readonly directory: string;
  readonly purses: number;
  readonly deposits: number;
  readonly upgrades: number;
  readonly seed: number;
}

export interface PursesReport {
  readonly purses: number;
  readonly deposits: number;
  readonly fulfilled: number;
  readonly rejectedByUpgrade: number;
  /** Sends that neither fulfilled nor were rejected with the disconnection object. */
  readonly lost: number;
  /** Every purse holds exactly what fulfilled deposits put there. */
  readonly conserved: boolean;
  readonly depositsPerSecond: number;
  /** Milliseconds without code; 0 when this run did no upgrade. */
  readonly upgradeMs: { readonly p50: number; readonly p99: number };
  readonly upgradesAsked: number;
  readonly incarnation: number;
  readonly blockHash: string;
  readonly rssMiB: number;
  readonly mappedMiB: number;
}

interface Status {
  readonly connected: boolean;
  readonly purses: number;
  readonly sent: number;
  readonly fulfilled: number;
  readonly rejectedByUpgrade: number;
  readonly failed: number;
  readonly audited: number;
  readonly mismatches: number;
}

/** 0 for no times. */
const millisecondsAt = (times: readonly number[], rank: number): number =>
  times.length === 0 ? 0 : round(percentile(times, rank), 2);

const MINT_BATCH = 500;
/** At most; and small enough that each batch has one upgrade to carry at most. */
const DEPOSIT_BATCH_MAX = 1_000;
const AUDIT_BATCH = 2_000;
/** Waves that a batch of deposits has run when an upgrade comes: some are still in flight. */
const WAVES_BEFORE_UPGRADE_MAX = 4;

const vatFile = (name: string): string =>
  fileURLToPath(new URL(`../../vats/${name}`, import.meta.url));

class PursesJob {
  readonly #kernel: Kernel;
  readonly #options: PursesOptions;
  readonly #progress: Progress;
  readonly #bundleId: string;
  readonly #bank: VatInfo;
  readonly #driver: VatReference;

  constructor(kernel: Kernel, options: PursesOptions, progress: Progress, bundleId: string) {
    this.#kernel = kernel;
    this.#options = options;
    this.#progress = progress;
    this.#bundleId = bundleId;
    this.#bank = kernel.vat('bank');
    this.#driver = kernel.vat('driver').root;
  }

  async mint(): Promise<void> {
    const { purses, seed } = this.#options;
    let made = (await this.#status()).purses;
    if (!(await this.#status()).connected) await this.#call('connect', this.#bank.root, seed);
    while (made < purses) {
      made = (await this.#call('mint', Math.min(MINT_BATCH, purses - made))) as number;
      this.#progress.show('minting', made, purses);
    }
  }

  /** Sends all deposits, upgrading the bank at seeded moments. Returns milliseconds taken. */
  async deposit(): Promise<number> {
    const { deposits, upgrades, seed } = this.#options;
    const random = xoroshiro128plus(seed);
    const share = Math.ceil(deposits / Math.max(upgrades, 1));
    const batch = Math.min(DEPOSIT_BATCH_MAX, share);
    const began = nowMs();
    let { sent } = await this.#status();
    while (sent < deposits) {
      const count = Math.min(batch, deposits - sent);
      void afterRun(this.#kernel.send(this.#driver, 'deposit', [count]).result);
      sent += count;
      const done = this.#kernel.vat('bank').incarnation;
      const due = Math.floor((sent * upgrades) / deposits);
      const waves = uniformInt(random, 1, WAVES_BEFORE_UPGRADE_MAX);
      if (done < due) await this.#upgradeInFlight(done + 1, waves);
      await this.#settle();
      this.#progress.show('depositing', sent, deposits);
    }
    return nowMs() - began;
  }

  /** Compares every purse with the driver's books. */
  async audit(): Promise<Status> {
    const { purses } = this.#options;
    await this.#call('startAudit');
    for (let from = 0; from < purses; from += AUDIT_BATCH) {
      await this.#call('audit', from, AUDIT_BATCH);
      this.#progress.show('auditing', Math.min(purses, from + AUDIT_BATCH), purses);
    }
    return this.#status();
  }

  async #upgradeInFlight(version: number, waves: number): Promise<void> {
    await this.#kernel.run({ waves });
    const upgraded = afterRun(
      this.#kernel.upgradeVat(this.#bank.vatId, {
        bundleId: this.#bundleId,
        vatParameters: { version },
        upgradeMessage: `version ${version}`,
      }),
    );
    await this.#settle();
    await upgraded;
  }

  async #settle(): Promise<void> {
    await this.#kernel.run();
    await this.#kernel.commit();
  }

  async #call(method: string, ...args: unknown[]): Promise<unknown> {
    const result = afterRun(this.#kernel.send(this.#driver, method, args).result);
    await this.#settle();
    return result;
  }

  async #status(): Promise<Status> {
    return (await this.#call('getStatus')) as Status;
  }
}

/** Makes the vats that are not there yet. Gives the id of the bank's bundle. */
const prepare = async (kernel: Kernel): Promise<string> => {
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    const result = afterRun(work);
    await kernel.run();
    await kernel.commit();
    return result;
  };
  const install = async (file: string): Promise<string> =>
    settle(kernel.installBundle(await bundleVat(vatFile(file))));
  const names = kernel.vats().map(({ name }) => name);
  if (!names.includes('bank')) {
    const bundleId = await install('purse-bank.js');
    const vatParameters = { version: 0 };
    await settle(kernel.createVat({ name: 'bank', bundleId, vatParameters }));
  }
  if (!names.includes('driver')) {
    const bundleId = await install('purse-driver.js');
    await settle(kernel.createVat({ name: 'driver', bundleId }));
  }
  return kernel.vat('bank').bundleId;
};

/** Runs the job to its end and reports. Errors: those of `openKernel`. */
export const runPurses = async (
  options: PursesOptions,
  progress: Progress,
): Promise<PursesReport> => {
  const { directory } = options;
  const open = (signal: AbortSignal): Promise<Kernel> =>
    openKernel({ directory, blocks: 'host', signal });
  const work = async (kernel: Kernel): Promise<PursesReport> => {
    progress.show('preparing', 0, 1);
    const job = new PursesJob(kernel, options, progress, await prepare(kernel));
    await job.mint();
    const milliseconds = await job.deposit();
    const status = await job.audit();
    const times = kernel.stats().upgrades.map(upgrade => upgrade.milliseconds);
    const { purses, sent, fulfilled, rejectedByUpgrade } = status;
    return {
      purses,
      deposits: sent,
      fulfilled,
      rejectedByUpgrade,
      lost: sent - fulfilled - rejectedByUpgrade,
      conserved: status.mismatches === 0 && status.audited === purses,
      depositsPerSecond: Math.round((sent / milliseconds) * 1000),
      upgradeMs: { p50: millisecondsAt(times, 50), p99: millisecondsAt(times, 99) },
      upgradesAsked: options.upgrades,
      incarnation: kernel.vat('bank').incarnation,
      blockHash: kernel.blockHash,
      ...memoryUse(),
    };
  };
  return overKernel({ open, work }).finally(() => progress.stop());
};
