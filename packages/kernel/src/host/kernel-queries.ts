/**
 * The calls of a kernel that only read: what it has, what it does, how it is. None is an input, and
 * each tells the state as it is at the call, amid a block too.
 */
import { auditTables, type AuditOptions, type AuditReport } from '../audit/audit-tables.js';
import type { VatReference } from '../core/host-data.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { LogOptions } from '../log/log-records.js';
import { describeQueue, type QueuedItemInfo } from '../objects/cancel.js';
import { CLOCK, VAT_ADMIN } from '../objects/kernel-objects.js';
import { blockHashAt } from './blocks.js';
import type { Suspect, VatInfo } from './kernel-types.js';
import { KernelMetrics } from './metrics.js';
import { statsOf, type KernelStats } from './stats.js';
import { findVat, suspectInfos, vatInfos } from './vat-info.js';

export class KernelQueries {
  readonly #core: KernelCore;
  #metrics: KernelMetrics | undefined;

  constructor(core: KernelCore) {
    this.#core = core;
  }

  /** The height of the last durable block. */
  get height(): number {
    return this.#core.height;
  }

  /** Its hash, hex. */
  get blockHash(): string {
    return this.#core.blockHash;
  }

  /** The hash of a block, hex. Errors: KernelError BAD_ARGUMENT when there is no such block. */
  blockHashAt(height: number): string {
    return blockHashAt(this.#core, height);
  }

  /** The last host input that the state contains: do not repeat inputs up to it (rules.md#s2). */
  get lastInput(): number {
    return this.#core.state.counters.lastInput;
  }

  stats(): KernelStats {
    return statsOf(this.#core);
  }

  /** The figures of `stats` in the text format of Prometheus: docs/metrics.md. */
  async metrics(): Promise<string> {
    this.#core.assertAlive();
    this.#metrics ??= new KernelMetrics(this.#core);
    return this.#metrics.text();
  }

  /** Does the engine show vats what the store needs? If not: `adoptEngine`. */
  get engineFits(): boolean {
    return this.#core.engine.fits;
  }

  /** The image that new incarnations get: sha256 of its script, hex. */
  get imageId(): string {
    return this.#core.images.currentId;
  }

  /** What is on the run queue, from its head on. */
  queued(limit = 100): QueuedItemInfo[] {
    return describeQueue(this.#core.state, limit);
  }

  /** The vats that run, in order of creation. */
  vats(): VatInfo[] {
    return vatInfos(this.#core);
  }

  /** Errors: KernelError UNKNOWN_VAT. */
  vat(nameOrId: string): VatInfo {
    return findVat(this.#core, nameOrId);
  }

  /**
   * Switches the structured log on, to other categories, or (`undefined`) off; takes effect at
   * once. See docs/observability.md. Errors: KernelError BAD_OPTION.
   */
  setLog(options: LogOptions | undefined): void {
    this.#core.log.set(options);
  }

  /** Do the tables agree with each other, as of the last block? See audit/audit-tables.ts. */
  audit(options: AuditOptions = {}): AuditReport {
    this.#core.assertAlive();
    return auditTables(this.#core.store, options);
  }

  /** What an unclean end left when the store was opened; they run in processes of their own. */
  suspects(): Suspect[] {
    return suspectInfos(this.#core);
  }

  /** Objects of the kernel that the host may hand to vats: docs/vat-admin.md, host-objects.md. */
  get services(): { readonly vatAdmin: VatReference; readonly clock: VatReference } {
    const { data } = this.#core;
    return { vatAdmin: data.reference(VAT_ADMIN), clock: data.reference(CLOCK) };
  }
}
