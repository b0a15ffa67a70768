import { describe, expect, test } from 'vitest';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { WARNING_CODES } from '../lifecycle/warnings/warning.js';
import { REPORT_COLUMNS, REPORT_LINES_MAX, reportLines } from './check-upgrade-report.js';

type Warning = DryRunReport['warnings'][number];

const report = (changes: Partial<DryRunReport> = {}): DryRunReport => ({
  vatId: 'v3' as DryRunReport['vatId'],
  ok: true,
  verdict: 'ok',
  warnings: [],
  errors: [],
  incarnationNumber: 1,
  kinds: { bound: ['Purse'], unbound: [], dismissed: [], added: [] },
  migrations: { kinds: [], sampled: 0, failed: [], fault: null },
  exportsAbandoned: 0,
  abandonedExamples: [],
  abandonedNames: [],
  promisesRejected: 0,
  accepted: [],
  unneeded: [],
  cost: { milliseconds: 41.25, rowsWritten: 3, syscalls: 1, bytes: 2_048 },
  ...changes,
});

const warning = (code: Warning['code'], words: number, count = 1): Warning => ({
  ...{ code, subject: 'it', count },
  text: Array.from({ length: words }, (_, n) => `word${n}`).join(' '),
});

/** Everything of which there may be much, as much as a dry run gives of it. */
const largest = (): DryRunReport => {
  const names = Array.from({ length: 400 }, (_, n) => `AKindWithALongName${n}`);
  const long = 'x'.repeat(1_000);
  return report({
    verdict: 'refused',
    warnings: WARNING_CODES.flatMap(code =>
      Array.from({ length: 21 }, () => warning(code, 90, 1_000)),
    ),
    errors: Array.from({ length: 100 }, (_, n) => `Error: reason ${n} of many ${long}`),
    trace: Array.from({ length: 50 }, (_, n) => `    at place ${n} ${long}`).join('\n'),
    kinds: { bound: names, unbound: names, dismissed: names, added: names },
    migrations: {
      kinds: names.map(kind => ({ kind, from: 1, to: 2 })),
      ...{ sampled: 1_000, fault: 'LIMIT' },
      failed: names.map(kind => ({ kind, instance: 'o+d10/1', version: 1, reason: long })),
    },
    accepted: WARNING_CODES.map(code => warning(code, 90)),
    unneeded: WARNING_CODES.map(code => warning(code, 1)),
    ...{ exportsAbandoned: 10_000, abandonedExamples: names, abandonedNames: names },
    promisesRejected: 10_000,
  });
};

const expectFits = (lines: readonly string[]): void => {
  expect(lines.length).toBeLessThanOrEqual(REPORT_LINES_MAX);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(REPORT_COLUMNS);
  expect(lines.join('').includes('\n')).toBe(false);
};

describe('the report of a dry run for people:', () => {
  test('nothing to warn of -> the verdict, then the facts', () => {
    const lines = reportLines('bank', report());
    expect(lines).toEqual([
      'The upgrade of vat "bank" (v3) would succeed.',
      '',
      'incarnation            1',
      'kinds defined again    1: Purse',
      'exports that end       0',
      'promises rejected      0',
      'the start              41.3 ms, 3 rows written, 1 syscall, crank of 2.0 KiB',
    ]);
  });

  test('warnings -> whole, in their order, with counts, before the facts', () => {
    const warnings = [warning('EXPORT_LOST', 20, 4), warning('VERSION_RAISED', 3)];
    const lines = reportLines('bank', report({ verdict: 'warnings', warnings }));
    expectFits(lines);
    expect(lines[0]).toBe('The upgrade of vat "bank" (v3) would succeed, with 2 WARNINGS.');
    expect(lines[2]).toMatch(/^EXPORT_LOST \(4\): word0 word1 /);
    expect(lines[3]).toMatch(/^ {2}word\d+ /);
    const raised = lines.indexOf('VERSION_RAISED: word0 word1 word2 [it]');
    expect(raised).toBeGreaterThan(3);
    expect(lines[raised + 1]).toContain('docs/upgrade/mistakes.md');
    expect(lines.join(' ').replaceAll(/ +/g, ' ')).toContain(warnings[0]!.text);
  });

  test('a place -> behind the code; of a long one the end', () => {
    const place = `src/${'long/'.repeat(30)}shop.js:41:12`;
    const warnings = [
      { ...warning('MADE_ANEW', 3), place: 'src/shop.js:41:12' },
      { ...warning('VERSION_RAISED', 3, 2), place },
    ];
    const lines = reportLines('bank', report({ verdict: 'warnings', warnings }));
    expectFits(lines);
    expect(lines[2]).toBe('MADE_ANEW at src/shop.js:41:12: word0 word1 word2 [it]');
    expect(lines[3]).toMatch(/^VERSION_RAISED \(2\) at \.\.\.(long|ong)\/.*\/shop\.js:41:12: word0/);
  });

  test('as much as there can be -> 60 lines of 80 columns, each code at least once', () => {
    const lines = reportLines('a name', largest());
    expectFits(lines);
    const text = lines.join('\n');
    for (const code of WARNING_CODES) expect(text).toContain(`\n${code} (1000): word0`);
    expect(text).toMatch(/\.\.\. and \d+ warnings more: HANDLE_NOT_KEPT \d+, /);
    expect(text).toContain('would FAIL');
    expect(text).toContain('why: Error: reason 0 of many');
    expect(text).toContain('kinds NOT defined      400: AKindWithALongName0');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('would END THE VAT: LIMIT');
  });

  test.each([1, 3, 7, 20, 60, 200])('%i warnings of random codes and lengths -> fit', count => {
    const warnings = Array.from({ length: count }, (_, n) =>
      warning(WARNING_CODES[(n * 7) % WARNING_CODES.length]!, 1 + ((n * 37) % 120)),
    );
    const sorted = WARNING_CODES.flatMap(code => warnings.filter(given => given.code === code));
    expectFits(reportLines('bank', report({ verdict: 'warnings', warnings: sorted })));
    expectFits(reportLines('bank', { ...largest(), warnings: sorted }));
  });
});
