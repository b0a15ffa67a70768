/**
 * What a bench found: a table for people, one JSON object for programs.
 *
 * With `--json` the object is the last line of stdout and the only one that we write there.
 */
import CliTable from 'cli-table3';

export type Cell = string | number;

export interface Report {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** The same figures by name, units last: what `--json` prints. */
  readonly record: Readonly<Record<string, unknown>>;
  /** False: the answer is not what it must be. Left out by benches that only measure. */
  readonly ok?: boolean;
  /** What else to know about the figures: a line below the table. */
  readonly note?: string;
}

interface ReportOptions {
  readonly json: boolean;
  /** Whether to colour the table's head: only on a terminal. */
  readonly colour: boolean;
}

const GROUPED = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** A cell as people read it. */
export const cellText = (cell: Cell) => (typeof cell === 'number' ? GROUPED.format(cell) : cell);

/** The text to print, with its last newline. */
export function formatReport(report: Report, { json, colour }: ReportOptions): string {
  if (json) return `${JSON.stringify(report.record)}\n`;
  const table = new CliTable({
    head: [...report.head],
    style: colour ? {} : { head: [], border: [] },
    colAligns: report.head.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  for (const row of report.rows) table.push(row.map(cellText));
  const note = report.note === undefined ? '' : `${report.note}\n`;
  return `${report.title}\n${table.toString()}\n${note}`;
}
