/** The calls that docs/host-calls.md has a row for. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const PAGE = path.join(import.meta.dirname, '../../../docs/host-calls.md');
const HEADING = '## The calls';

/** In order of the page; a name is there as often as it is in a first column. */
export const hostCallRows = async (): Promise<readonly string[]> => {
  const page = await readFile(PAGE, 'utf8');
  const table = page.slice(page.indexOf(HEADING));
  const rows = table.split('\n').filter(line => line.startsWith('| `'));
  return rows.flatMap(row => {
    const [, first = ''] = row.split(' | ')[0]!.match(/^\| (.*)$/) ?? [];
    const names = [...first.matchAll(/`(\w+)/g)].map(([, name]) => name!);
    return [...new Set(names)];
  });
};
