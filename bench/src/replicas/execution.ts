/**
 * A kernel that carries out a plan, from wherever its store is.
 *
 * What it does depends on the plan and the store only, so that replicas which agree on those must
 * agree on every block hash. An opened store says how far it is; inputs that it contains are not
 * given again (rules.md#s2).
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import {
  bundleVat,
  openKernel,
  type Kernel,
  type KernelOptions,
  type KernelParameters,
  type VatBundle,
} from '@heirloom/kernel';
import type { PlanBlock, PlanInput, PlanValue, RootOf, VersionParameters } from './plan.js';
import { inTemporaryDirectory } from '../temporary.js';

const MIXER = fileURLToPath(new URL('../../vats/vat-mixer.js', import.meta.url));

/** Small limits, so that waves, sweeps and removals end in the midst of things. */
const REPLICA_PARAMETERS: Partial<KernelParameters> = {
  gc: 'consensus',
  waveLimit: 24,
  sweepRowsMax: 16,
  cleanupRowsMax: 32,
  promiseQueueMax: 8,
};

/** A store begins with a block of its own: what it is. The plan's blocks follow. */
const STORE_BLOCKS = 1;

/** The kernel's height after a block of the plan. */
export const heightOf = (number: number): number => number + STORE_BLOCKS;

/** What the vat asks the vat-admin service for. */
const BUNDLE_NAME = 'mixer';

/** Where a block is: begun, its inputs given, some waves run, about to be committed. */
export const STAGES = ['begun', 'given', 'run', 'committing'] as const;
export type Stage = (typeof STAGES)[number];

/** The code of all vats, and the id that every kernel gives it. */
export interface Code {
  readonly bundle: VatBundle;
  readonly bundleId: string;
}

interface ReplicaOptions {
  readonly directory: string;
  readonly code: Code;
  readonly plan: readonly PlanBlock[];
  /** What may differ between replicas. */
  readonly options: Partial<KernelOptions>;
  /** Consensus parameters besides those of all replicas. */
  readonly parameters?: Partial<KernelParameters>;
  /** Is told the stages of every block. */
  readonly stage?: (number: number, stage: Stage) => void;
}

/** Bundles the vat. */
export const prepareCode = async (): Promise<Code> => {
  const bundle = await bundleVat(MIXER);
  return inTemporaryDirectory('code', async directory => {
    const kernel = await openKernel({ directory });
    try {
      return { bundle, bundleId: await kernel.installBundle(bundle) };
    } finally {
      await kernel.close();
    }
  });
};

const isRootOf = (value: object): value is RootOf => 'rootOf' in value;

/** Results are compared by the hash of the block that settles them. */
const forget = (result: Promise<unknown>): void => {
  result.catch(() => undefined);
};

export class Replica {
  readonly #kernel: Kernel;
  readonly #options: ReplicaOptions;

  private constructor(kernel: Kernel, options: ReplicaOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  /** Opens or makes its store. Throws AssertionError unless its last block is one of the plan. */
  static async open(options: ReplicaOptions): Promise<Replica> {
    const parameters = { ...REPLICA_PARAMETERS, ...options.parameters };
    const { directory, plan } = options;
    const fixed = { directory, parameters, blocks: 'host' as const };
    const kernel = await openKernel({ ...options.options, ...fixed });
    const replica = new Replica(kernel, options);
    const { number } = replica;
    const expected = number === 0 ? 0 : plan[number - 1]?.lastInput;
    assert.equal(kernel.lastInput, expected, `block ${number} ends with the input of the plan`);
    return replica;
  }

  /** The last block of the plan that is durable; 0: none is. */
  get number(): number {
    return this.#kernel.height - STORE_BLOCKS;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Runs the next block. Resolves to its hash, undefined when the plan is done. */
  async runBlock(): Promise<string | undefined> {
    const kernel = this.#kernel;
    const number = this.number + 1;
    const block = this.#options.plan[number - 1];
    if (block === undefined) return undefined;
    const stage = this.#options.stage ?? (() => undefined);
    if (block.first !== undefined) this.#give(block.first, { first: true });
    forget(kernel.beginBlock({ height: heightOf(number), time: block.time }));
    stage(number, 'begun');
    if (number === 1) {
      forget(kernel.installBundle(this.#options.code.bundle, { name: BUNDLE_NAME }));
    }
    for (const { inputs, run } of block.parts) {
      for (const input of inputs) this.#give(input, {});
      stage(number, 'given');
      await kernel.run(run);
      stage(number, 'run');
    }
    assert.equal(kernel.lastInput, block.lastInput, `block ${number} has the inputs of the plan`);
    const committing = kernel.commit();
    stage(number, 'committing');
    return committing;
  }

  async close(): Promise<void> {
    await this.#kernel.close();
  }

  #give(input: PlanInput, first: { readonly first?: true }): void {
    const kernel = this.#kernel;
    switch (input.type) {
      case 'create': {
        const { vat: name, parameters } = input;
        const vatParameters = this.#parametersOf(parameters);
        const { bundleId } = this.#options.code;
        return forget(kernel.createVat({ name, bundleId, vatParameters }));
      }
      case 'send': {
        const args = input.args.map(value => this.#valueOf(value));
        return forget(kernel.send(kernel.vat(input.vat).root, input.method, args).result);
      }
      case 'upgrade': {
        const { vatId, bundleId } = kernel.vat(input.vat);
        const vatParameters = this.#parametersOf(input.parameters);
        return forget(kernel.upgradeVat(vatId, { bundleId, vatParameters, ...first }));
      }
      case 'fork': {
        const { vat: name, from } = input;
        const vatParameters = this.#parametersOf(input.parameters);
        return forget(kernel.forkVat(kernel.vat(from).vatId, { name, vatParameters }));
      }
      case 'terminate':
        return forget(kernel.terminateVat(kernel.vat(input.vat).vatId, first));
      default:
        throw new TypeError(`no input: ${String(input satisfies never)}`);
    }
  }

  #parametersOf(parameters: VersionParameters): unknown {
    return { ...parameters, ...this.#kernel.services };
  }

  #valueOf(value: PlanValue): unknown {
    if (typeof value !== 'object') return value;
    if (isRootOf(value)) return this.#kernel.vat(value.rootOf).root;
    return value.map(one => this.#valueOf(one));
  }
}
