import { FIRST_VAT, incarnationFrom, vatIdOf } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { UPGRADE_REPORTS_MAX, UpgradeReports } from './upgrade-reports.js';

test('upgrade reports: more than are kept -> the last ones in order, all of them counted', () => {
  const reports = new UpgradeReports();
  const total = 3 * UPGRADE_REPORTS_MAX + 7;
  const vatId = vatIdOf(FIRST_VAT);
  for (let n = 1; n <= total; n += 1) {
    const incarnation = incarnationFrom(n);
    reports.add({ vatId, incarnation, succeeded: true, milliseconds: 1 });
    if (n === 3) expect(reports.latest().map(it => it.incarnation)).toEqual([1, 2, 3]);
  }
  const kept = reports.latest().map(it => it.incarnation);
  expect(kept).toHaveLength(UPGRADE_REPORTS_MAX);
  expect([kept[0], kept.at(-1)]).toEqual([total - UPGRADE_REPORTS_MAX + 1, total]);
  expect(reports.count).toBe(total);
});
