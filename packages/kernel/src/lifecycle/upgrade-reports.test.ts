import { FIRST_VAT, incarnationFrom, vatIdOf } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { UPGRADE_REPORTS_MAX, UPGRADE_WARNINGS_MAX, UpgradeReports } from './upgrade-reports.js';

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

test('warnings of upgrades -> by vat and incarnation; of too many, those of the last', () => {
  const reports = new UpgradeReports();
  const vatId = vatIdOf(FIRST_VAT);
  const warning = { code: 'EXPORT_LOST', subject: 's', text: 't', count: 1 } as const;
  const add = (n: number, count: number): void => {
    const report = { vatId, incarnation: incarnationFrom(n), succeeded: true, milliseconds: 1 };
    reports.add(report, Array(count).fill(warning));
  };
  const kept = (n: number): number => reports.warningsOf(vatId, n).length;
  add(1, 3);
  add(2, 0);
  add(3, 2);
  expect([1, 2, 3].map(kept)).toEqual([3, 0, 2]);
  add(3, 0); // by replay: the incarnation stays
  add(4, UPGRADE_WARNINGS_MAX - 3);
  expect([1, 3, 4].map(kept)).toEqual([3, 0, UPGRADE_WARNINGS_MAX - 3]);
  add(5, 1);
  add(6, UPGRADE_WARNINGS_MAX + 1);
  expect([1, 4, 5, 6].map(kept)).toEqual([0, 0, 0, UPGRADE_WARNINGS_MAX + 1]);
});
