/** A kernel with `admin.js` as bootstrap vat that the tests of a file or a describe share. */
import type { Kernel, KernelOptions } from '@heirloom/kernel';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Admin, adminConfig } from './admin.js';
import { fixture } from '../kernels/fresh-kernels.js';
import { SharedKernel } from '../kernels/shared-kernel.js';

class SharedAdmin extends Admin {
  readonly #shared: SharedKernel;
  readonly #named = new Map<string, Promise<string>>();

  constructor(shared: SharedKernel) {
    super();
    this.#shared = shared;
  }

  get kernel(): Kernel {
    return this.#shared.kernel;
  }

  get directory(): string {
    return this.#shared.directory;
  }

  async open(): Promise<void> {
    await this.#shared.open(await adminConfig());
    await this.kernel.bootstrapResult;
    await this.tell('svc', 'getNamedBundleCap', ['worker'], 'worker');
  }

  /** Closes the kernel and opens its store again; with `changes`, until the test ends. */
  async restart(changes: Partial<KernelOptions> = {}): Promise<void> {
    await this.#shared.reopen(changes);
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

  /** After a test: its vats are ended, the admin vat forgets them. */
  async end(): Promise<void> {
    await this.#shared.end();
    await this.call('forget');
  }
}

/** To be called at the top of a test file or of a describe. Things: see `AdminBench.open`. */
export const useSharedAdmin = (options: Partial<KernelOptions> = {}): SharedAdmin => {
  const shared = new SharedKernel(options);
  const admin = new SharedAdmin(shared);
  beforeAll(() => admin.open());
  beforeEach(() => shared.begin());
  afterEach(() => admin.end());
  afterAll(() => shared.close());
  return admin;
};
