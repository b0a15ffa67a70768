/**
 * A kernel whose every input is a block of its own and is remembered, so that another kernel can be
 * given the same and must come to the same block hashes.
 */
import { openKernel } from '@heirloom/kernel';
import type {
  Kernel,
  KernelOptions,
  MigrationSummary,
  UpgradeResult,
  VatBundle,
  VatReference,
} from '@heirloom/kernel';
import { expect } from 'vitest';
import { freshDirectory } from './fresh-kernels.js';

/** What a kernel calls what another calls `reference`: kernels that agree use the same krefs. */
type References = (reference: VatReference) => VatReference;
type Input = (kernel: Kernel, references: References) => Promise<unknown>;

interface Step {
  /** Undefined: the kernel is closed and opened again. */
  readonly input: Input | undefined;
  readonly label: string;
  readonly blockHash: string;
}

const isReference = (value: object): value is VatReference =>
  'kref' in value && typeof value.kref === 'string' && !Array.isArray(value);

/** Calls `visit` with every reference that data mentions. */
const visitReferences = (data: unknown, visit: (reference: VatReference) => void): void => {
  if (typeof data !== 'object' || data === null) return;
  if (isReference(data)) return visit(data);
  for (const value of Object.values(data)) visitReferences(value, visit);
};

/** Data with every reference replaced by the one that another kernel has for the same kref. */
const translated = (data: unknown, references: References): unknown => {
  if (typeof data !== 'object' || data === null) return data;
  if (isReference(data)) return references(data);
  if (Array.isArray(data)) return data.map(it => translated(it, references));
  if (Object.getPrototypeOf(data) !== Object.prototype) return data;
  // With what marks tagged data, which no enumeration shows.
  const fields: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(data);
  for (const [name, value] of Object.entries(data)) {
    fields[name] = { ...fields[name], value: translated(value, references) as unknown };
  }
  return Object.create(Object.prototype, fields) as unknown;
};

export class ScriptedKernel {
  readonly #options: Partial<KernelOptions>;
  readonly #directory: string;
  readonly #steps: Step[] = [];
  readonly #known = new Map<string, VatReference>();
  #kernel: Kernel;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: Partial<KernelOptions>, directory: string, kernel: Kernel) {
    this.#options = options;
    this.#directory = directory;
    this.#kernel = kernel;
  }

  /** A kernel over a fresh store, in consensus mode: nothing may depend on V8's collector. */
  static async open(options: Partial<KernelOptions>): Promise<ScriptedKernel> {
    const directory = await freshDirectory();
    const parameters = { ...options.parameters, gc: 'consensus' as const };
    const own = { ...options, blocks: 'host' as const, parameters };
    return new ScriptedKernel(own, directory, await openKernel({ ...own, directory }));
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  async install(bundle: VatBundle): Promise<string> {
    const bundleId = await this.#do('install', kernel => kernel.installBundle(bundle));
    return bundleId as string;
  }

  async create(options: Parameters<Kernel['createVat']>[0]): Promise<void> {
    await this.#do(`create ${options.name}`, (kernel, references) => {
      const vatParameters = translated(options.vatParameters, references);
      return kernel.createVat({ ...options, vatParameters });
    });
  }

  /** Sends to the root of a vat. The result may settle in a later block. */
  call(vat: string, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#do(`${vat}: ${JSON.stringify(args[0])}`, (kernel, references) => {
      const data = translated(args, references) as readonly unknown[];
      return kernel.send(kernel.vat(vat).root, method, data).result;
    });
  }

  async upgrade(
    vat: string,
    options: Parameters<Kernel['upgradeVat']>[1],
  ): Promise<UpgradeResult> {
    const result = await this.#do(`upgrade ${vat}`, (kernel, references) => {
      const vatParameters = translated(options.vatParameters, references);
      return kernel.upgradeVat(kernel.vat(vat).vatId, { ...options, vatParameters });
    });
    return result as UpgradeResult;
  }

  async terminate(vat: string): Promise<void> {
    await this.#do(`terminate ${vat}`, kernel => kernel.terminateVat(kernel.vat(vat).vatId));
  }

  async migrate(vat: string): Promise<MigrationSummary> {
    const migrate: Input = kernel => kernel.migrate({ vatId: kernel.vat(vat).vatId });
    return (await this.#do(`migrate ${vat}`, migrate)) as MigrationSummary;
  }

  /** Closes the kernel and opens its store again. */
  async restart(): Promise<void> {
    await this.#queue(async () => {
      await this.#reopen(this.#options);
      const { blockHash } = this.#kernel;
      this.#steps.push({ input: undefined, label: 'restart', blockHash });
    });
  }

  async close(): Promise<void> {
    await this.#queue(() => this.#kernel.close());
  }

  /** The same inputs in another kernel, in which V8 collects before every crank. */
  async repeatCollecting(): Promise<void> {
    const { log: _, ...options } = this.#options;
    const other = await ScriptedKernel.open({ ...options, collectsEveryCrank: true });
    try {
      for (const { input, label, blockHash } of this.#steps) {
        if (input === undefined) await other.restart();
        // Its result is compared by the hash of the block that holds it.
        else await other.#block(label, input).catch(() => undefined);
        expect(`${label}: ${other.kernel.blockHash}`).toBe(`${label}: ${blockHash}`);
      }
    } finally {
      await other.close();
    }
  }

  /** One input, its block, and what it came to. */
  async #do(label: string, input: Input): Promise<unknown> {
    const { result } = await this.#queue(() => this.#block(label, input).then(it => it));
    return result;
  }

  async #block(label: string, input: Input): Promise<{ readonly result: Promise<unknown> }> {
    const result = input(this.#kernel, reference => this.#ownOf(reference));
    // Whoever waits for it is told; here it only must not count as unhandled.
    void result.then(
      value => this.#learn(value),
      (reason: unknown) => this.#learn(reason),
    );
    await this.#kernel.run();
    const blockHash = await this.#kernel.commit();
    this.#steps.push({ input, label, blockHash });
    return { result };
  }

  #learn(value: unknown): void {
    visitReferences(value, reference => this.#known.set(reference.kref, reference));
  }

  /** A reference that it was never told of is a root, or nothing of this kernel. */
  #ownOf(reference: VatReference): VatReference {
    const roots = this.#kernel.vats().map(({ root }) => root);
    const { kref } = reference;
    return this.#known.get(kref) ?? roots.find(root => root.kref === kref) ?? reference;
  }

  async #reopen(options: Partial<KernelOptions>): Promise<void> {
    await this.#kernel.close();
    const { parameters: _, ...rest } = options;
    this.#kernel = await openKernel({ ...rest, directory: this.#directory });
    this.#known.clear();
  }

  /** One input at a time, in order of call. */
  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
