/**
 * The page that `--html` writes: throughput, latency and memory over time, drawn by uPlot, which is
 * put into the page with its style, so that the file needs nothing else.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cellText, type Cell, type Report } from '../report.js';
import type { TrialResult } from './trial.js';

/** Rounds that one point of the throughput stands for. */
const ROUNDS_PER_POINT = 10;

interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Points without a line between them. */
  readonly isDotted?: true;
}

interface Chart {
  readonly title: string;
  readonly unit: string;
  /** Seconds since the first round began. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
}

const secondsOf = (ms: number): number => Math.round(ms) / 1000;

/** Deposits answered a second, between samples that lie some rounds apart. */
const throughput = ({ samples }: TrialResult): Chart => {
  const points = samples.filter((_sample, i) => i % ROUNDS_PER_POINT === 0);
  const values = points.map((point, i) => {
    const before = points[i - 1];
    if (before === undefined) return null;
    const answered = point.tally.answered - before.tally.answered;
    // A process that was killed begins to count when its drivers have been asked.
    return answered < 0 ? null : Math.round((answered * 1000) / (point.atMs - before.atMs));
  });
  const series = [{ label: 'deposits', values }];
  const at = points.map(({ atMs }) => secondsOf(atMs));
  return { title: 'Throughput', unit: 'deposits/s', at, series };
};

/** The samples in order, and undefined at every kill: a line ends there. */
const withBreaks = ({ samples, killedAtMs }: TrialResult) =>
  [
    ...samples.map(sample => ({ at: secondsOf(sample.atMs), sample })),
    ...killedAtMs.map(ms => ({ at: secondsOf(ms), sample: undefined })),
  ].sort((a, b) => a.at - b.at);

const latency = (result: TrialResult): Chart => {
  const points = withBreaks(result);
  const blocks = points.map(({ sample }) => sample?.milliseconds ?? null);
  const upgrades = points.map(({ sample }) => sample?.upgradesMs[0] ?? null);
  return {
    title: 'Latency',
    unit: 'ms',
    at: points.map(({ at }) => at),
    series: [
      { label: 'a block, until it is durable', values: blocks },
      { label: 'an upgrade, without code', values: upgrades, isDotted: true },
    ],
  };
};

const memory = (result: TrialResult): Chart => {
  const points = withBreaks(result);
  const values = points.map(({ sample }) => sample?.memoryMiB ?? null);
  const at = points.map(point => point.at);
  const series = [{ label: 'the process', values }];
  return { title: 'Memory', unit: 'MiB, anonymous', at, series };
};

/** Begins all charts at 0 and ends them together. */
const spanned = ({ at, series, ...chart }: Chart, end: number): Chart => ({
  ...chart,
  at: [0, ...at, end],
  series: series.map(one => ({ ...one, values: [null, ...one.values, null] })),
});

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td { padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
td:nth-child(2) { font-variant-numeric: tabular-nums; white-space: nowrap; }
`;

/** Runs in the page. Colours are read from the style, so that they fit light and dark. */
const DRAW = `
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const ink = dark ? '#ddd' : '#222';
const grid = { stroke: dark ? '#8884' : '#8883' };
const colours = dark ? ['#7cb7ff', '#ffb26b'] : ['#1460aa', '#b3541e'];
const markKills = ({ ctx, bbox: { left, top, width, height }, valToPos }) => {
  ctx.save();
  ctx.strokeStyle = ink;
  ctx.setLineDash([6, 6]);
  for (const at of kills) {
    const x = valToPos(at, 'x', true);
    if (x < left || x > left + width) continue;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
  }
  ctx.restore();
};
const seriesOf = ({ label, isDotted }, i) => ({
  label, stroke: colours[i], width: 1.5, spanGaps: false,
  value: (_plot, value) => (value == null ? '--' : String(Math.round(value * 10) / 10)),
  ...(isDotted ? { paths: () => null } : {}),
  points: { show: isDotted === true, size: 4, fill: colours[i] },
});
const draw = ({ title, unit, at, series }) => {
  const section = document.createElement('section');
  section.innerHTML = '<h2></h2>';
  section.firstChild.textContent = title + ', ' + unit;
  document.body.append(section);
  new uPlot({
    width: section.clientWidth, height: 280,
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, (max || 1) * 1.05] } },
    axes: [{ stroke: ink, grid, label: 'seconds' }, { stroke: ink, grid, size: 70 }],
    hooks: { drawAxes: [markKills] },
    series: [{ label: 'seconds' }, ...series.map(seriesOf)],
  }, [at, ...series.map(({ values }) => values)], section);
};
for (const chart of charts) draw(chart);
`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const rowOf = (row: readonly Cell[]): string =>
  `<tr>${row.map(cell => `<td>${escape(cellText(cell))}</td>`).join('')}</tr>`;

/** The whole page: the report's table, and the samples drawn. */
export const pageOf = async (
  { title, rows }: Pick<Report, 'title' | 'rows'>,
  result: TrialResult,
): Promise<string> => {
  const library = path.dirname(createRequire(import.meta.url).resolve('uplot'));
  const script = await readFile(path.join(library, 'uPlot.iife.min.js'), 'utf8');
  const style = await readFile(path.join(library, 'uPlot.min.css'), 'utf8');
  const end = secondsOf(result.samples.at(-1)?.atMs ?? 0);
  const charts = [throughput, latency, memory].map(chart => spanned(chart(result), end));
  const kills = result.killedAtMs.map(secondsOf);
  const note = kills.length === 0 ? '' : '<p>Dashed: the process was killed.</p>';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Heirloom: churn</title>
<style>${style}${STYLE}</style>
<h1>Heirloom: ${escape(title)}</h1>
<table>${rows.map(rowOf).join('')}</table>
${note}
<script>${script}</script>
<script>const kills = ${JSON.stringify(kills)};
const charts = ${JSON.stringify(charts)};${DRAW}</script>
</html>
`;
};
