/** A kernel with `services/admin.js` as bootstrap vat: what vats do with the vat-admin service. */
import type { Kernel, KernelConfig, KernelOptions, VatReference } from '@heirloom/kernel';
import { beforeEach } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../kernels/fresh-kernels.js';
import { useSharedKernel } from '../kernels/shared-kernel.js';
import { preparedStore } from '../stores/prepared-stores.js';

/** A fresh store with the admin vat, and `services/worker.js` for it. */
const adminConfig = async (): Promise<KernelConfig> => ({
  bootstrap: 'admin',
  vats: { admin: { bundle: await fixture('services/admin.js') } },
  bundles: { worker: { bundle: await fixture('services/worker.js') } },
});

/** The kernel of a bench: one test's own, or shared. */
interface AdminHost {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly faults: readonly string[];
  reopen(changes: Partial<KernelOptions>): Promise<Kernel>;
}

/** A kernel that is closed when the test ends. */
class OwnHost implements AdminHost {
  readonly directory: string;
  readonly #options: Partial<KernelOptions>;
  readonly faults: string[] = [];
  #kernel: Kernel | undefined;

  constructor(directory: string, given: Partial<KernelOptions>) {
    this.directory = directory;
    const log: KernelOptions['log'] = ({ level, text }) =>
      void (level === 'fault' && this.faults.push(text));
    this.#options = { ...given, directory, log };
  }

  async open(begin: Partial<KernelOptions> = {}): Promise<Kernel> {
    return (this.#kernel = await kernelOver({ ...this.#options, ...begin }));
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('the kernel is not open');
    return this.#kernel;
  }

  async reopen(changes: Partial<KernelOptions>): Promise<Kernel> {
    await this.#kernel?.close();
    return this.open(changes);
  }
}

export class AdminBench {
  readonly #host: AdminHost;
  readonly #named = new Map<string, Promise<string>>();

  private constructor(host: AdminHost) {
    this.#host = host;
  }

  /**
   * A kernel for one test. Things of its admin vat: `vatAdmin`, `svc`, and `worker`, the cap of
   * `services/worker.js`.
   */
  static async open(given: Partial<KernelOptions> = {}): Promise<AdminBench> {
    // Options may say what the store begins with: only without them are all stores alike.
    if (Object.keys(given).length > 0) return AdminBench.#begin(await freshDirectory(), given);
    const host = new OwnHost(await AdminBench.#prepared(), given);
    await host.open();
    return new AdminBench(host);
  }

  /**
   * One kernel for all tests, to be called in a `describe` or at the top of a file. Each test finds
   * the same things as after `open`, and an empty log.
   */
  static use(): AdminBench {
    const bench = new AdminBench(useSharedKernel({ place: () => AdminBench.#prepared() }));
    beforeEach(async () => {
      // Whoever watched the vats that have ended is told first.
      await bench.kernel.idle();
      await bench.call('forget');
      await bench.kernel.idle();
    });
    return bench;
  }

  static readonly #prepared = preparedStore(async directory => {
    const bench = await AdminBench.#begin(directory, {});
    await bench.kernel.close();
  });

  static async #begin(directory: string, given: Partial<KernelOptions>): Promise<AdminBench> {
    const host = new OwnHost(directory, given);
    await host.open({ config: await adminConfig() });
    const bench = new AdminBench(host);
    await bench.kernel.bootstrapResult;
    await bench.tell('svc', 'getNamedBundleCap', ['worker'], 'worker');
    return bench;
  }

  get directory(): string {
    return this.#host.directory;
  }

  get kernel(): Kernel {
    return this.#host.kernel;
  }

  /** `CODE: text` of each fault. */
  get faults(): readonly string[] {
    return this.#host.faults;
  }

  get admin(): VatReference {
    return this.kernel.vat('v1').root;
  }

  /** Closes the kernel and opens its store again; with `changes`, until the test ends. */
  async restart(changes: Partial<KernelOptions> = {}): Promise<void> {
    await this.#host.reopen(changes);
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

  /** The cap of the bundle of `test/vats/FILE` as a thing of that name. Returns its id. */
  async provide(name: string, file = `${name}.js`): Promise<string> {
    const install = async (): Promise<string> =>
      this.kernel.installBundle(await fixture(file), { name });
    const bundleId = this.#named.get(name) ?? install();
    this.#named.set(name, bundleId);
    await bundleId;
    await this.tell('svc', 'getNamedBundleCap', [name], name);
    return bundleId;
  }
}
