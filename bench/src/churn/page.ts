/**
 * The page that `--html` writes: throughput, latency and memory over time, drawn by uPlot, which is
 * put into the page with its style, so that the file needs nothing else.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Sample, TrialResult } from './trial.js';

/** Rounds that one point of the throughput stands for. */
const ROUNDS_PER_POINT = 10;

interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface Chart {
  readonly title: string;
  readonly unit: string;
  /** Seconds since the first round began. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
}

const secondsOf = ({ atMs }: Sample): number => Math.round(atMs) / 1000;

/** Deposits answered a second, between samples that lie some rounds apart. */
const throughput = (samples: readonly Sample[]): Chart => {
  const points = samples.filter((_sample, i) => i % ROUNDS_PER_POINT === 0);
  const values = points.map((point, i) => {
    const before = points[i - 1];
    if (before === undefined) return null;
    const answered = point.tally.answered - before.tally.answered;
    // A process that was killed begins to count when its drivers have been asked.
    return answered < 0 ? null : Math.round((answered * 1000) / (point.atMs - before.atMs));
  });
  const series = [{ label: 'deposits', values }];
  return { title: 'Throughput', unit: 'deposits/s', at: points.map(secondsOf), series };
};

const latency = (samples: readonly Sample[]): Chart => ({
  title: 'Latency',
  unit: 'ms',
  at: samples.map(secondsOf),
  series: [
    { label: 'a block, until it is durable', values: samples.map(it => it.milliseconds) },
    { label: 'an upgrade, without code', values: samples.map(it => it.upgradesMs[0] ?? null) },
  ],
});

const memory = (samples: readonly Sample[]): Chart => ({
  title: 'Memory',
  unit: 'MiB, anonymous',
  at: samples.map(secondsOf),
  series: [{ label: 'the process', values: samples.map(it => it.memoryMiB) }],
});

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td { padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
td + td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
`;

/** Runs in the page. Colours are read from the style, so that they fit light and dark. */
const DRAW = `
const draw = ({ title, unit, at, series }) => {
  const section = document.createElement('section');
  section.innerHTML = '<h2></h2>';
  section.firstChild.textContent = title + ', ' + unit;
  document.body.append(section);
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ink = dark ? '#ddd' : '#222';
  const grid = { stroke: dark ? '#8884' : '#8883' };
  const colours = dark ? ['#7cb7ff', '#ffb26b'] : ['#1460aa', '#b3541e'];
  new uPlot({
    width: section.clientWidth, height: 280,
    scales: { x: { time: false } },
    axes: [{ stroke: ink, grid, label: 'seconds' }, { stroke: ink, grid, size: 70 }],
    series: [{ label: 's' }, ...series.map(({ label }, i) => (
      { label, stroke: colours[i], spanGaps: false, points: { show: false } }))],
  }, [at, ...series.map(({ values }) => values)], section);
};
for (const chart of charts) draw(chart);
`;

const escape = (text: string): string =>
  text.replace(/[&<>]/g, char => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char]!);

const rowOf = ([name, value]: [string, unknown]): string =>
  `<tr><td>${escape(name)}</td><td>${escape(JSON.stringify(value))}</td></tr>`;

/** The whole page. `record`: what `--json` prints. */
export const pageOf = async (
  record: Readonly<Record<string, unknown>>,
  { samples }: TrialResult,
): Promise<string> => {
  const library = path.dirname(createRequire(import.meta.url).resolve('uplot'));
  const script = await readFile(path.join(library, 'uPlot.iife.min.js'), 'utf8');
  const style = await readFile(path.join(library, 'uPlot.min.css'), 'utf8');
  const charts = JSON.stringify([throughput(samples), latency(samples), memory(samples)]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Heirloom: churn</title>
<style>${style}${STYLE}</style>
<h1>Heirloom: ${String(record['upgrades'])} upgrades under load</h1>
<table>${Object.entries(record).map(rowOf).join('')}</table>
<script>${script}</script>
<script>const charts = ${charts};${DRAW}</script>
</html>
`;
};
