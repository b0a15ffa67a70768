/** The last upgrades that a kernel carried out, for its host's statistics: in no hash. */
import type { VatId } from '@heirloom/worker';
import type { UpgradeReport } from './vat-start.js';
import type { UpgradeWarning } from './warnings/warning.js';

export const UPGRADE_REPORTS_MAX = 10_000;
/** Of all upgrades together; those of the last one are kept in any case. */
export const UPGRADE_WARNINGS_MAX = 10_000;

export class UpgradeReports {
  #reports: UpgradeReport[] = [];
  #count = 0;
  /** By vat and incarnation, oldest first. */
  readonly #warnings = new Map<string, readonly UpgradeWarning[]>();
  #warningCount = 0;

  /** All that there were since the kernel was opened. */
  get count(): number {
    return this.#count;
  }

  /** `warnings`: what it has broken, if it succeeded. */
  add(report: UpgradeReport, warnings: readonly UpgradeWarning[] = []): void {
    this.#count += 1;
    this.#reports.push(report);
    this.#keep(`${report.vatId}/${report.incarnation}`, warnings);
    // Half of them at a time: not a copy for every upgrade.
    if (this.#reports.length < 2 * UPGRADE_REPORTS_MAX) return;
    this.#reports = this.#reports.slice(-UPGRADE_REPORTS_MAX);
  }

  /** The last ones, oldest first: at most UPGRADE_REPORTS_MAX. */
  latest(): UpgradeReport[] {
    return this.#reports.slice(-UPGRADE_REPORTS_MAX);
  }

  /** What is still known of the upgrade that began the incarnation. */
  warningsOf(vatId: VatId, incarnation: number): readonly UpgradeWarning[] {
    return this.#warnings.get(`${vatId}/${incarnation}`) ?? [];
  }

  #keep(upgrade: string, warnings: readonly UpgradeWarning[]): void {
    // An upgrade by replay has the incarnation of the one before.
    this.#warningCount += warnings.length - (this.#warnings.get(upgrade)?.length ?? 0);
    this.#warnings.delete(upgrade);
    if (warnings.length > 0) this.#warnings.set(upgrade, warnings);
    for (const [oldest, { length }] of this.#warnings) {
      if (this.#warningCount <= UPGRADE_WARNINGS_MAX || oldest === upgrade) return;
      this.#warnings.delete(oldest);
      this.#warningCount -= length;
    }
  }
}
