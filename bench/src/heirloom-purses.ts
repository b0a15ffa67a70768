/** The purse workload on Heirloom, in this process and a fresh directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, type Isolation } from '@heirloom/kernel';
import { expectResult, type PurseKernel } from './purse-kernel.js';

type Kernel = Awaited<ReturnType<typeof openKernel>>;
type CreatedVat = Awaited<ReturnType<Kernel['createVat']>>;

const vatFile = (name: string) => fileURLToPath(new URL(`../vats/${name}`, import.meta.url));

interface Parts {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly bankBundleId: string;
  readonly bank: CreatedVat;
  readonly driver: CreatedVat;
}

async function openParts(directory: string, isolation: Isolation): Promise<Parts> {
  const kernel = await openKernel({ directory, isolation });
  try {
    const bankBundleId = await kernel.installBundle(await bundleVat(vatFile('vat-bank.js')));
    const bank = await kernel.createVat({
      name: 'bank',
      bundleId: bankBundleId,
      vatParameters: { version: 1 },
    });
    const bundleId = await kernel.installBundle(await bundleVat(vatFile('vat-driver.js')));
    const driver = await kernel.createVat({ name: 'driver', bundleId, vatParameters: {} });
    await kernel.call(driver.root, 'connect', [bank.root]);
    return { directory, kernel, bankBundleId, bank, driver };
  } catch (error) {
    await kernel.close();
    throw error;
  }
}

export class HeirloomPurses implements PurseKernel {
  readonly #parts: Parts;
  #purseCount = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(isolation: Isolation = 'thread'): Promise<HeirloomPurses> {
    const directory = await mkdtemp(path.join(tmpdir(), 'heirloom-bench-'));
    try {
      return new HeirloomPurses(await openParts(directory, isolation));
    } catch (error) {
      await rm(directory, { recursive: true });
      throw error;
    }
  }

  async make(count: number): Promise<number> {
    this.#purseCount += count;
    return this.#timed('make', [count], this.#purseCount);
  }

  deposit(count: number): Promise<number> {
    return this.#timed('deposit', [count], count);
  }

  /** How long the bank was without code: from the merge reaching the upgrade to startVat merged. */
  async upgrade(version: number): Promise<number> {
    const { kernel, bank, bankBundleId } = this.#parts;
    await kernel.upgradeVat(bank.vatId, { bundleId: bankBundleId, vatParameters: { version } });
    await this.#timed('version', [], version);
    const report = kernel.stats().upgrades.at(-1);
    if (report?.succeeded !== true) throw new Error(`no upgrade to version ${version}`);
    return report.milliseconds;
  }

  async close(): Promise<void> {
    await this.#parts.kernel.close();
    await rm(this.#parts.directory, { recursive: true });
  }

  /** The kernel releases a result when its block is on disk: waiting for it is the measure. */
  async #timed(method: string, args: readonly unknown[], expected: number): Promise<number> {
    const { kernel, driver } = this.#parts;
    const started = performance.now();
    const result = await kernel.call(driver.root, method, args);
    const ms = performance.now() - started;
    expectResult(method, result, expected);
    return ms;
  }
}
