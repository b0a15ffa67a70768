/** The two forms of a report. */
import { describe, expect, test } from 'vitest';
import { formatReport, type Report } from './report.js';

const REPORT: Report = {
  title: 'deposits',
  head: ['kernel', 'per second'],
  rows: [['ours', 17_456.7]],
  record: { ours: 17_456.7, purses: 1000 },
};

describe('report', () => {
  test('report: json -> one line, one object', () => {
    const text = formatReport(REPORT, { json: true, colour: true });
    expect(text.split('\n')).toHaveLength(2);
    expect(JSON.parse(text)).toEqual(REPORT.record);
  });

  test('report: a table, no terminal -> title, head and figures without escapes', () => {
    const text = formatReport(REPORT, { json: false, colour: false });
    expect(text).toMatch(/^deposits\n/);
    expect(text).toContain('17,500');
    expect(text).not.toContain('\u001b');
  });
});
