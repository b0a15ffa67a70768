/** A kernel with `admin.js` as bootstrap vat: what vats do with the vat-admin service. */
import type { Kernel, KernelConfig, KernelOptions, VatReference } from '@heirloom/kernel';
import { fixture, freshDirectory, kernelOver } from './kernels.js';
import { preparedStore } from './prepared-stores.js';

/** A fresh store with the admin vat, and `worker.js` for it. */
export const adminConfig = async (): Promise<KernelConfig> => ({
  bootstrap: 'admin',
  vats: { admin: { bundle: await fixture('admin.js') } },
  bundles: { worker: { bundle: await fixture('worker.js') } },
});

/** What the admin vat of a kernel can be told. */
export abstract class Admin {
  abstract get kernel(): Kernel;

  get admin(): VatReference {
    return this.kernel.vat('admin').root;
  }

  call(method: string, ...args: unknown[]): Promise<unknown> {
    return this.kernel.call(this.admin, method, args);
  }

  /** `E(thing)[method](...args)` by the admin vat, which may keep what that gives as `as`. */
  tell(thing: string, method: string, args: readonly unknown[] = [], as?: string) {
    return this.call('tell', thing, method, args, ...(as === undefined ? [] : [as]));
  }

  /** Has a worker made: things `NAME.root` and `NAME.node`. */
  async make(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.call('createVat', name, '$worker', options);
  }

  /** Watches what the message gives: it is in the log, under `as`. */
  watch(thing: string, method: string, args: readonly unknown[], as: string): Promise<unknown> {
    return this.call('watch', thing, method, args, as);
  }

  async log(): Promise<unknown> {
    return this.call('getLog');
  }
}

export class AdminBench extends Admin {
  readonly directory: string;
  readonly #options: Partial<KernelOptions>;
  readonly faults: readonly string[];
  #kernel: Kernel;

  private constructor(
    directory: string,
    kernel: Kernel,
    options: Partial<KernelOptions>,
    faults: readonly string[],
  ) {
    super();
    this.directory = directory;
    this.#kernel = kernel;
    this.#options = options;
    this.faults = faults;
  }

  /** Things of the admin vat: `vatAdmin`, `svc`, and `worker`, the cap of `worker.js`. */
  static async open(given: Partial<KernelOptions> = {}): Promise<AdminBench> {
    // Options may say what the store begins with: only without them are all stores alike.
    if (Object.keys(given).length > 0) return AdminBench.#begin(await freshDirectory(), given);
    return AdminBench.#over(await AdminBench.#prepared(), given);
  }

  static readonly #prepared = preparedStore(async directory => {
    const bench = await AdminBench.#begin(directory, {});
    await bench.kernel.close();
  });

  static async #over(
    directory: string,
    given: Partial<KernelOptions>,
    config?: KernelConfig,
  ): Promise<AdminBench> {
    const faults: string[] = [];
    const options: Partial<KernelOptions> = {
      ...given,
      directory,
      log: ({ level, text }) => void (level === 'fault' && faults.push(text)),
    };
    const kernel = await kernelOver(config === undefined ? options : { ...options, config });
    return new AdminBench(directory, kernel, options, faults);
  }

  static async #begin(directory: string, given: Partial<KernelOptions>): Promise<AdminBench> {
    const bench = await AdminBench.#over(directory, given, await adminConfig());
    await bench.kernel.bootstrapResult;
    await bench.tell('svc', 'getNamedBundleCap', ['worker'], 'worker');
    return bench;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  async restart(): Promise<void> {
    await this.#kernel.close();
    this.#kernel = await kernelOver(this.#options);
  }
}
