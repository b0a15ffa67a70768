/** The page's own script runs here with a stand-in for the document; the library is only parsed. */
import vm from 'node:vm';
import { expect, test } from 'vitest';
import type { Tally } from './messages.js';
import { pageOf } from './page.js';
import type { Sample, TrialResult } from './trial.js';

interface Drawn {
  readonly labels: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

const ROUNDS = 25;
const PER_ROUND = 100;

const tallyAfter = (rounds: number): Tally => ({
  ...{ sent: rounds * PER_ROUND, answered: rounds * PER_ROUND },
  ...{ rejected: 0, rejectedWhileDrained: 0, wrong: 0 },
});

const sampleOf = (number: number): Sample => ({
  ...{ number, milliseconds: 50, memoryMiB: 200, resumesMs: [], atMs: number * 100 },
  upgradesMs: number % 10 === 0 ? [] : [7],
  tally: tallyAfter(number),
});

const result: TrialResult = {
  outcome: {
    ...{ tally: tallyAfter(ROUNDS), wrongPurses: 0, paid: ROUNDS * PER_ROUND },
    ...{ incarnations: [ROUNDS], auditFindings: [] },
  },
  ...{ kills: [12], killedAtMs: [1_150], resources: [], seconds: 3 },
  samples: Array.from({ length: ROUNDS }, (_, i) => sampleOf(i + 1)),
};

/** What the page draws, by the options and the data that uPlot is given. */
const drawnBy = (script: string): Drawn[] => {
  const drawn: Drawn[] = [];
  class Plot {
    constructor(options: { series: { label: string }[] }, data: unknown[][]) {
      drawn.push({ labels: options.series.map(({ label }) => label), data });
    }
  }
  const element = () => ({ firstChild: {}, clientWidth: 800 });
  const document = { createElement: element, body: { append: () => undefined } };
  const matchMedia = () => ({ matches: false });
  vm.runInNewContext(script, { uPlot: Plot, document, matchMedia });
  return drawn;
};

test('page: samples of a churn -> one file with its library, three charts', async () => {
  const page = await pageOf({ title: '25 upgrades', rows: [['<b>&', 7_000]] }, result);
  expect(page).not.toMatch(/(src|href)=/);
  expect(page).toContain('<td>&lt;b&gt;&amp;</td><td>7,000</td>');
  expect(page).toContain('killed');
  const scripts = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(match => match[1]!);
  expect(scripts).toHaveLength(2);
  expect(scripts[0]).toContain('uPlot');
  for (const script of scripts) expect(() => new vm.Script(script)).not.toThrow();
  const [throughput, latency, memory, ...others] = drawnBy(scripts[1]!);
  expect(others).toEqual([]);
  expect(throughput!.labels).toEqual(['seconds', 'deposits']);
  // 100 deposits in 100 ms, between points that are ten rounds apart; all charts end together.
  expect(throughput!.data).toEqual([[0, 0.1, 1.1, 2.1, 2.5], [null, null, 1000, 1000, null]]);
  expect(latency!.labels).toHaveLength(3);
  // The rounds, the kill, both ends.
  for (const column of latency!.data) expect(column).toHaveLength(ROUNDS + 3);
  expect(memory!.data[0]!.slice(11, 14)).toEqual([1.1, 1.15, 1.2]);
  expect(memory!.data[1]!.slice(11, 14)).toEqual([200, null, 200]);
  expect(latency!.data[1]!.filter(it => it === null)).toHaveLength(3);
  // An upgrade that failed leaves a gap too.
  expect(latency!.data[2]!.filter(it => it === null)).toHaveLength(5);
  expect(new Set(memory!.data[1])).toEqual(new Set([null, 200]));
});
