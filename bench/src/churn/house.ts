/**
 * The vats under churn: banks with purses, and drivers that have them all. Banks come first.
 *
 * A store begins with the blocks of `build`; then every block is a round. `open` finds what there
 * is by the vats' names, and the number of rounds done by the height.
 */
import { fileURLToPath } from 'node:url';
import {
  bundleVat,
  openKernel,
  type Kernel,
  type VatBundle,
  type VatInfo,
} from '@heirloom/kernel';
import { memberAt } from '../member.js';
import { PURSES_PER_MESSAGE_MAX } from '../purse-kernel.js';
import type { BuiltHouse, ChurnJob, ChurnOutcome, RoundFigures, Tally } from './messages.js';
import { roundOf, type Round } from './plan.js';

const BALANCE = 100n;
const PURSES_PER_CHECK = 250;
const AUDIT_FINDINGS_MAX = 10;

/** More vats than any plan has: nothing is paged out. */
const VATS_ONLINE = 1_000;
/** Waves in which everything that is under way must end. */
const LAST_WAVES_MAX = 200;

type HouseJob = Pick<ChurnJob, 'directory' | 'plan' | 'isolation'>;

const BROKEN = {
  moduleFormat: 'nestedEvaluate',
  source: "() => { throw Error('this version does not evaluate'); }",
} as const;

type Bundler = (entry: string) => Promise<VatBundle>;

const installAll = async (kernel: Kernel, bundle: Bundler): Promise<BuiltHouse['bundles']> => {
  const install = async (name: string): Promise<string> => {
    const file = fileURLToPath(new URL(`../../vats/${name}`, import.meta.url));
    return kernel.installBundle(await bundle(file));
  };
  const bank = await install('vat-churn-bank.js');
  const driver = await install('vat-churn-driver.js');
  return { bank, driver, broken: await kernel.installBundle(BROKEN) };
};

const driverOf = (drivers: readonly VatInfo[], bank: number): VatInfo =>
  memberAt(drivers, bank % drivers.length);

const openHouse = ({ directory, isolation }: HouseJob, blocks: 'auto' | 'host'): Promise<Kernel> =>
  openKernel({ directory, isolation, blocks, maxVatsOnline: VATS_ONLINE });

interface BuildPowers {
  /** Called after each message that made purses, with their count. */
  readonly made?: ((purses: number) => void) | undefined;
  /** Bundles the entry module of a vat; default: `bundleVat`. */
  readonly bundle?: Bundler | undefined;
}

/** Makes the vats and their purses. */
export const buildHouse = async (
  job: HouseJob,
  { made = () => undefined, bundle = bundleVat }: BuildPowers = {},
): Promise<BuiltHouse> => {
  const kernel = await openHouse(job, 'auto');
  try {
    const bundles = await installAll(kernel, bundle);
    const { bank, driver } = bundles;
    const { banks, drivers, purses } = job.plan;
    const make = (name: string, bundleId: string, peer: VatInfo | null): Promise<unknown> => {
      const vatParameters = { version: 0, peer: peer?.root ?? null };
      return kernel.createVat({ name, bundleId, vatParameters });
    };
    for (let n = 0; n < drivers; n += 1) await make(`driver-${n}`, driver, null);
    const payers = Array.from({ length: drivers }, (_, n) => kernel.vat(`driver-${n}`));
    for (let n = 0; n < banks; n += 1) await make(`bank-${n}`, bank, driverOf(payers, n));
    for (let n = 0; n < banks; n += 1) {
      const { root } = kernel.vat(`bank-${n}`);
      for (let done = 0; done < purses; done += PURSES_PER_MESSAGE_MAX) {
        const size = Math.min(PURSES_PER_MESSAGE_MAX, purses - done);
        await kernel.call(driverOf(payers, n).root, 'collect', [root, size, BALANCE]);
        made(size);
      }
    }
    await kernel.idle();
    return { bundles, height: kernel.height };
  } finally {
    await kernel.close();
  }
};

const NO_TALLY: Tally = { sent: 0, answered: 0, rejected: 0, rejectedWhileDrained: 0, wrong: 0 };

/** What each driver answers, in the order of `Tally`. */
const tallyOf = (answers: readonly unknown[]): Tally => {
  const at = (i: number): number =>
    answers.reduce<number>((sum, figures) => {
      const figure: unknown = Array.isArray(figures) ? figures[i] : undefined;
      if (typeof figure !== 'number') throw TypeError('a driver answers with its figures');
      return sum + figure;
    }, 0);
  return {
    sent: at(0),
    answered: at(1),
    rejected: at(2),
    rejectedWhileDrained: at(3),
    wrong: at(4),
  };
};

export class House {
  readonly #kernel: Kernel;
  readonly #job: ChurnJob;
  readonly #banks: readonly VatInfo[];
  readonly #drivers: readonly VatInfo[];
  #tally = NO_TALLY;
  #reportsSeen = 0;
  #failure: Error | undefined;

  private constructor(kernel: Kernel, job: ChurnJob) {
    this.#kernel = kernel;
    this.#job = job;
    const vats = (name: string, count: number): VatInfo[] =>
      Array.from({ length: count }, (_, n) => kernel.vat(`${name}-${n}`));
    this.#banks = vats('bank', job.plan.banks);
    this.#drivers = vats('driver', job.plan.drivers);
  }

  static async open(job: ChurnJob): Promise<House> {
    const kernel = await openHouse(job, 'host');
    try {
      return new House(kernel, job);
    } catch (error) {
      await kernel.close();
      throw error;
    }
  }

  /** Rounds that are durable. */
  get roundsDone(): number {
    return this.#kernel.height - this.#job.built.height;
  }

  get memoryMiB(): number {
    return this.#kernel.stats().memory.rssMiB;
  }

  /** One round, a block. Throws Error when an upgrade did not go as planned. */
  async round(number: number): Promise<RoundFigures> {
    const kernel = this.#kernel;
    const round = roundOf(this.#job.plan, number);
    const began = performance.now();
    for (const { root } of this.#drivers) {
      kernel.send(root, 'pay', [round.paidAtOnce, round.paidBehind]);
    }
    if (round.wavesBefore > 0) await kernel.run({ waves: round.wavesBefore });
    this.#upgrade(round, number);
    this.#askFigures();
    await kernel.run({ waves: round.wavesAfter });
    await kernel.commit();
    const milliseconds = performance.now() - began;
    if (this.#failure !== undefined) throw this.#failure;
    const { memoryMiB } = this;
    const { upgradesMs, resumesMs } = this.#newReports();
    return { number, milliseconds, upgradesMs, resumesMs, tally: this.#tally, memoryMiB };
  }

  /** Everything that is under way ends; then all that must hold is counted. */
  async finish(): Promise<ChurnOutcome> {
    const kernel = this.#kernel;
    await this.#settle();
    this.#askFigures();
    await this.#settle();
    if (this.#failure !== undefined) throw this.#failure;
    const incarnations = [...this.#banks, ...this.#drivers].map(({ name }) => {
      return kernel.vat(name).incarnation;
    });
    const { findings } = kernel.audit({ rows: true });
    return {
      tally: this.#tally,
      wrongPurses: await this.#countWrongPurses(),
      paid: await this.#countPaid(),
      incarnations,
      auditFindings: findings.slice(0, AUDIT_FINDINGS_MAX).map(it => JSON.stringify(it)),
    };
  }

  close(): Promise<void> {
    return this.#kernel.close();
  }

  #upgrade({ target, failure }: Round, number: number): void {
    const { built, plan } = this.#job;
    const { banks } = plan;
    const isBank = target < banks;
    const vat = isBank ? memberAt(this.#banks, target) : memberAt(this.#drivers, target - banks);
    const { bundles } = built;
    const code = isBank ? bundles.bank : bundles.driver;
    const fails = failure === undefined ? {} : { failure };
    const drains = this.#job.drainWaves > 0 && number % 2 === 0;
    const upgraded = this.#kernel.upgradeVat(vat.vatId, {
      bundleId: failure === 'doesNotEvaluate' ? bundles.broken : code,
      vatParameters: { version: number, peer: null, ...fails },
      upgradeMessage: drains ? 'drained' : 'at once',
      ...(drains ? { drain: { waves: this.#job.drainWaves } } : {}),
    });
    const wrong = (how: string) => (): void => {
      this.#failure ??= Error(`round ${number}: the upgrade of ${vat.name} ${how}`);
    };
    if (failure === undefined) upgraded.catch((reason: unknown) => wrong(`failed: ${reason}`)());
    else upgraded.then(wrong(`did not fail: ${failure}`), () => undefined);
  }

  #askFigures(): void {
    const asked = this.#drivers.map(({ root }) => this.#kernel.send(root, 'figures').result);
    void Promise.all(asked).then(
      answers => (this.#tally = tallyOf(answers)),
      () => undefined, // the process ends
    );
  }

  /** Of the upgrades since the last look. */
  #newReports(): Pick<RoundFigures, 'upgradesMs' | 'resumesMs'> {
    const { upgrades, upgradeCount } = this.#kernel.stats();
    const reports = upgrades.slice(upgrades.length - (upgradeCount - this.#reportsSeen));
    this.#reportsSeen = upgradeCount;
    return {
      upgradesMs: reports.filter(it => it.succeeded).map(it => it.milliseconds),
      resumesMs: reports.flatMap(({ resumeMs }) => resumeMs ?? []),
    };
  }

  async #settle(): Promise<void> {
    const { waves } = await this.#kernel.run({ waves: LAST_WAVES_MAX });
    if (waves === LAST_WAVES_MAX) throw Error(`${waves} waves, and still something to do`);
    await this.#kernel.commit();
  }

  async #result(root: VatInfo['root'], method: string, args: unknown[]): Promise<unknown> {
    const { result } = this.#kernel.send(root, method, args);
    await this.#settle();
    return result;
  }

  async #countWrongPurses(): Promise<number> {
    const { banks, drivers, purses } = this.#job.plan;
    let right = 0;
    for (const [n, { root }] of this.#drivers.entries()) {
      const held = purses * Math.ceil((banks - n) / drivers);
      for (let first = 0; first < held; first += PURSES_PER_CHECK) {
        const args = [first, PURSES_PER_CHECK, BALANCE];
        right += Number(await this.#result(root, 'countRight', args));
      }
    }
    return banks * purses - right;
  }

  async #countPaid(): Promise<number> {
    const { banks, purses } = this.#job.plan;
    let sum = 0n;
    for (const { root } of this.#banks) {
      for (let first = 0; first < purses; first += PURSES_PER_CHECK) {
        const part = await this.#result(root, 'sum', [first, PURSES_PER_CHECK]);
        if (typeof part !== 'bigint') throw TypeError('a bank answers with the sum of its purses');
        sum += part;
      }
    }
    return Number(sum - BALANCE * BigInt(banks * purses));
  }
}
