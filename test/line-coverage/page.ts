/** The report to look at: a page with all figures, and one for each source with its lines. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { percent, type Coverage, type FileFigures, type Share } from './figures.js';
import type { SourceCounts } from './sources.js';

const STYLE = `
  body { font: 14px sans-serif; margin: 2em; }
  table { border-collapse: collapse; margin-bottom: 2em; }
  td, th { padding: 2px 12px 2px 0; text-align: right; }
  td:first-child, th:first-child { text-align: left; }
  pre { line-height: 1.35; }
  .no { background: #ffd7d7; }
  .part { background: #fff3c4; }
  i { color: #888; display: inline-block; font-style: normal; padding-right: 1em; width: 7em; }
`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const pageOf = (title: string, body: string): string =>
  `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style>\n` +
  `<h1>${escaped(title)}</h1>\n${body}\n`;

const shown = (share: Share): string => `<td>${percent(share)} %<td>${share.run} of ${share.all}`;

const fileOf = (name: string): string => `${name.replaceAll('/', '.')}.html`;

interface Row {
  readonly name: string;
  readonly lines: Share;
  readonly branches: Share;
}

const tableOf = (title: string, rows: readonly Row[], link?: (name: string) => string): string => {
  const cells = rows.map(({ name, lines, branches }) => {
    const label = link === undefined ? name : `<a href="${link(name)}">${name}</a>`;
    return `<tr><td>${label}${shown(lines)}${shown(branches)}`;
  });
  const head = '<tr><th><th>lines<th><th>branches<th>';
  return `<h2>${title}</h2><table>${head}\n${cells.join('\n')}</table>`;
};

const sourcePage = (
  { name, lines, branches }: FileFigures,
  text: string,
  counts: SourceCounts,
): string => {
  const run = counts.lines();
  const partly = new Set(
    [...counts.branches.values()].filter(({ ways }) => ways.includes(0)).map(({ line }) => line),
  );
  const rows = text.split('\n').map((content, index) => {
    const count = run.get(index + 1);
    const kind = count === 0 ? 'no' : partly.has(index + 1) ? 'part' : '';
    const times = count === undefined ? '' : `${count} ×`;
    return `<span class="${kind}"><i>${index + 1}&emsp;${times}</i>${escaped(content)}</span>`;
  });
  const told =
    `Lines ${percent(lines)} %, branches ${percent(branches)} %. ` +
    'Red: never run. Yellow: one of its branches was never taken.';
  return pageOf(name, `<p>${told}</p><pre>${rows.join('\n')}</pre>`);
};

/** `sources`: by name, the path and the counts of each. */
export const writePages = (
  directory: string,
  title: string,
  coverage: Coverage,
  sources: ReadonlyMap<string, { readonly path: string; readonly counts: SourceCounts }>,
): string => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const file of coverage.files) {
    const { path: source, counts } = sources.get(file.name)!;
    const page = sourcePage(file, readFileSync(source, 'utf8'), counts);
    writeFileSync(path.join(directory, fileOf(file.name)), page);
  }
  const index = path.join(directory, 'index.html');
  const tables = [
    tableOf('Packages', coverage.packages),
    tableOf('Rooms, the least covered first', coverage.rooms),
    tableOf('Files, the least covered first', coverage.files, fileOf),
  ];
  writeFileSync(index, pageOf(title, tables.join('\n')));
  return index;
};
