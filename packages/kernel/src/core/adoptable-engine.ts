/**
 * The engine that a store needs, against the one of this process: until they fit, nothing that runs
 * a vat and no input is taken but the one that adopts this engine (docs/move-to-another-node.md).
 */
import type { RowChange } from '@heirloom/store';
import { KernelError } from '../base/kernel-errors.js';
import { engineRow, knownEnginesRow, type StoreEngine } from '../state/store-meta.js';
import type { BootRecord } from './boot.js';
import type { EngineFit } from './engine-fit.js';

export class AdoptableEngine {
  readonly #build: string;
  #fit: EngineFit;
  /** By an input of this block. */
  #adopted: StoreEngine | undefined;

  /** What the store is to need when it adopts this engine. Errors: HostError WORKER_DIED. */
  readonly observed: () => Promise<StoreEngine>;

  constructor(build: string, { engine, observed }: Pick<BootRecord, 'engine' | 'observed'>) {
    this.#build = build;
    this.#fit = engine;
    this.observed = observed;
  }

  /** Transcripts of the store may be replayed here. */
  get fits(): boolean {
    return this.#fit.fits;
  }

  /** Errors: KernelError ENGINE_NOT_ADOPTED says why, and what to call. */
  assertFits(): void {
    if (this.#fit.fits) return;
    const { why } = this.#fit;
    throw new KernelError('ENGINE_NOT_ADOPTED', `${why}: call kernel.adoptEngine() first`);
  }

  /** From now on the store needs what `engine` says, which is what this one shows. */
  adopt(engine: StoreEngine): void {
    this.#adopted = engine;
    this.#fit = { fits: true, learnt: [] };
  }

  /** What this block writes. */
  changes(into: RowChange[]): void {
    if (this.#adopted !== undefined) into.push(engineRow(this.#adopted));
  }

  /** What this host need not look at another time: no part of the state. */
  learnt(into: RowChange[]): void {
    if (this.#adopted === undefined) return;
    const row = knownEnginesRow(this.#adopted, [this.#build]);
    // The opening may have learnt that it fits what the store needed before.
    const before = into.findIndex(({ table, key }) => table === row.table && key === row.key);
    if (before === -1) into.push(row);
    else into[before] = row;
  }

  committed(): void {
    this.#adopted = undefined;
  }
}
