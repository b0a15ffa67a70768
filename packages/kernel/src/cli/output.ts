/** How commands print: tables for people, sizes in units that fit. */
import CliTable from 'cli-table3';

type Cell = string | number | boolean;

const show = (cell: Cell): string =>
  typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : String(cell);

/** A table with a head; numbers stand on the right. */
export const tableOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const isNumeric = (column: number): boolean =>
    rows.length > 0 && rows.every(row => typeof row[column] === 'number');
  const table = new CliTable({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_name, column) => (isNumeric(column) ? 'right' : 'left')),
  });
  for (const row of rows) table.push(row.map(show));
  return table.toString();
};

/** A table of names and values. */
export const factsOf = (facts: readonly (readonly [name: string, value: Cell])[]): string => {
  const table = new CliTable({ style: { head: [], border: [], compact: true } });
  for (const [name, value] of facts) table.push([name, show(value)]);
  return table.toString();
};

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const UNIT_STEP = 1024;

export const showBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= UNIT_STEP && unit < UNITS.length - 1) {
    value /= UNIT_STEP;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
};

const HASH_SHOWN = 12;

/** Enough of a hash or a bundle id to tell it from others. */
export const shorten = (hash: string): string => hash.slice(0, HASH_SHOWN);

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const warn = (text: string): void => void process.stderr.write(`heirloom: ${text}\n`);
