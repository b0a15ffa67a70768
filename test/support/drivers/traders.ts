/**
 * A kernel with vats of `trader.js`, which hold and pass things as they are told; after whatever
 * was done, garbage is worked off and everything is counted.
 */
import {
  openKernel,
  type GcMode,
  type Kernel,
  type KernelOptions,
  type KernelParameters,
  type LogRecord,
  type VatReference,
} from '@heirloom/kernel';
import { expect } from 'vitest';
import { fixture, freshDirectory, isolation } from '../kernels/fresh-kernels.js';
import { countVatRows } from '../stores/store-rows.js';

/** What one vat lets go of, another can let go of in the next round: chains of so many vats. */
const ROUNDS_MAX = 20;
/** Sorts of things and places, each used once before anything is counted. */
const SORTS = ['thing', 'kit', 'facet', 'virtual', 'far', 'map', 'vmap'] as const;
const MORTAL: readonly string[] = ['virtual', 'vmap', 'far'];
const WEAK = ['weakmap', 'dweak', 'vweak'] as const;

type Counts = Readonly<Record<string, unknown>>;

export class Traders {
  readonly directory: string;
  readonly gc: GcMode;
  bundleId = '';
  readonly #options: Partial<KernelOptions>;
  /** Histories of vats that have done nothing since their last upgrade. */
  readonly #fresh = new Map<string, string>();
  #faults: readonly string[] = [];
  #kernel: Kernel;

  private constructor(
    directory: string,
    gc: GcMode,
    options: Partial<KernelOptions>,
    kernel: Kernel,
  ) {
    this.directory = directory;
    this.gc = gc;
    this.#options = options;
    this.#kernel = kernel;
  }

  /** Vats of these names, each of which has used everything that makes rows of its own once. */
  static async open(
    gc: GcMode,
    names: readonly string[],
    parameters: Partial<KernelParameters> = {},
  ): Promise<Traders> {
    const directory = await freshDirectory();
    const faults: string[] = [];
    const options: KernelOptions = {
      ...{ directory, blocks: 'host', spareThreads: 0, isolation },
      log: ({ vatId, level, text }) => {
        if (level === 'fault') faults.push(`${vatId}: ${text}`);
      },
    };
    const kernel = await openKernel({ ...options, parameters: { ...parameters, gc } });
    const traders = new Traders(directory, gc, options, kernel);
    traders.#faults = faults;
    const bundle = await fixture('garbage/trader.js');
    traders.bundleId = await traders.block(kernel.installBundle(bundle));
    for (const name of names) await traders.create(name);
    await traders.collect();
    return traders;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  root(name: string): VatReference {
    return this.#kernel.vat(name).root;
  }

  async create(name: string, vatParameters?: unknown): Promise<void> {
    const { bundleId } = this;
    const { root } = await this.block(
      this.#kernel.createVat({ name, bundleId, vatParameters }),
    );
    this.#kernel.release(root);
    await this.warmUp(name);
  }

  /** Uses everything that makes a row when it is first used. */
  async warmUp(name: string): Promise<void> {
    const root = this.root(name);
    const calls: [string, ...unknown[]][] = SORTS.flatMap(sort => {
      const where = MORTAL.includes(sort) ? 'virtual' : 'durable';
      const shows = WEAK.filter(how => how !== 'dweak' || where === 'durable');
      return [
        ['make', sort, where, sort],
        ...shows.map((how): [string, ...unknown[]] => ['show', where, sort, root, how]),
        ['drop', where, sort],
      ] as [string, ...unknown[]][];
    });
    await this.block(
      Promise.all(calls.map(([method, ...args]) => this.#kernel.send(root, method, args).result)),
    );
  }

  /** Runs to the end and commits; what `work` comes to. */
  async block<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // whoever waits for it is told
    await this.#kernel.run();
    await this.#kernel.commit();
    return work;
  }

  call(vat: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.block(this.#kernel.send(this.root(vat), method, args).result);
  }

  upgrade(name: string, vatParameters?: unknown): Promise<unknown> {
    const { bundleId } = this;
    const { vatId } = this.#kernel.vat(name);
    return this.block(this.#kernel.upgradeVat(vatId, { bundleId, vatParameters }));
  }

  terminate(name: string): Promise<void> {
    return this.block(this.#kernel.terminateVat(this.#kernel.vat(name).vatId));
  }

  async restart(): Promise<void> {
    await this.#kernel.close();
    this.#kernel = await openKernel({ ...this.#options, directory: this.directory });
  }

  /** What ends RAM's hold on garbage in this mode, until nothing more can come of it. */
  async collect(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      if (!(this.gc === 'engine' ? await this.#reap() : await this.#upgradeUsed())) {
        // Rows of results go in the block after.
        await this.block(Promise.resolve());
        return;
      }
    }
    throw Error(`garbage is not worked off in ${ROUNDS_MAX} rounds`);
  }

  /** Whether that let go of anything. */
  async #reap(): Promise<boolean> {
    const before = this.#amounts();
    await this.block(this.#kernel.reapAll());
    return this.#amounts() !== before;
  }

  /**
   * Upgrades the vats that were given anything since they last were. The last vat begins: most
   * things are of the first, which is then told what the others have dropped before its own turn.
   */
  async #upgradeUsed(): Promise<boolean> {
    let isAny = false;
    for (const { name } of [...this.#kernel.vats()].reverse()) {
      if (this.#history(name) === this.#fresh.get(name)) continue;
      isAny = true;
      // What it is to be told of is told to the incarnation that goes.
      await this.block(Promise.resolve());
      await this.upgrade(name);
      this.#fresh.set(name, this.#history(name));
    }
    return isAny;
  }

  #history(name: string): string {
    const vat = this.#kernel.audit().counts.vats.find(it => it.name === name)!;
    return `${vat.vatId} ${vat.incarnation} ${vat.transcriptRows}`;
  }

  /** What there is of everything that garbage is made of. */
  #amounts(): string {
    const { names, objects, promises, vats } = this.#kernel.audit().counts;
    return JSON.stringify([names, objects, promises, vats.map(({ rows }) => rows)]);
  }

  /** No vat has broken a rule; nothing is wrong in the kernel's tables and in vats' rows. */
  expectSound(about = ''): void {
    expect(this.#faults, about).toEqual([]);
    const { findings } = this.#kernel.audit({ rows: true });
    expect(findings, about).toEqual([]);
  }

  /** What there is, after an audit: history aside. Vats by name, their rows by table. */
  async counts(): Promise<Counts> {
    this.expectSound();
    const { vats, ...counts } = this.#kernel.audit().counts;
    const rows: Record<string, unknown> = {};
    for (const { name, vatId } of vats) {
      rows[name] = await countVatRows(this.directory, Number(vatId.slice(1)));
    }
    return { ...counts, rows };
  }

  /** What `work` gave rise to: deliveries and syscalls of garbage, as `name: what references`. */
  async garbageOf(work: () => Promise<unknown>): Promise<string[]> {
    const records: LogRecord[] = [];
    const names = new Map(this.#kernel.vats().map(({ vatId, name }) => [vatId as string, name]));
    this.#kernel.setLog({
      categories: ['delivery', 'syscall'],
      write: record => records.push(record),
    });
    await work();
    this.#kernel.setLog(undefined);
    return records
      .filter(({ event }) => /^(drop|retire|abandon|reap|sweep)/.test(event))
      .map(({ vat, event, category, slots }) => {
        const who = names.get(String(vat)) ?? String(vat);
        const count = Array.isArray(slots) ? ` ${slots.length}` : '';
        return `${who} ${category === 'delivery' ? 'is told' : 'tells'} ${event}${count}`;
      });
  }

  close(): Promise<void> {
    return this.#kernel.close();
  }
}
