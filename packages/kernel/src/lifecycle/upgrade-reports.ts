/** The last upgrades that a kernel carried out, for its host's statistics: in no hash. */
import type { UpgradeReport } from './vat-start.js';

export const UPGRADE_REPORTS_MAX = 10_000;

export class UpgradeReports {
  #reports: UpgradeReport[] = [];
  #count = 0;

  /** All that there were since the kernel was opened. */
  get count(): number {
    return this.#count;
  }

  add(report: UpgradeReport): void {
    this.#count += 1;
    this.#reports.push(report);
    // Half of them at a time: not a copy for every upgrade.
    if (this.#reports.length < 2 * UPGRADE_REPORTS_MAX) return;
    this.#reports = this.#reports.slice(-UPGRADE_REPORTS_MAX);
  }

  /** The last ones, oldest first: at most UPGRADE_REPORTS_MAX. */
  latest(): UpgradeReport[] {
    return this.#reports.slice(-UPGRADE_REPORTS_MAX);
  }
}
