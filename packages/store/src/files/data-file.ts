/**
 * A look at LMDB's data file before LMDB maps it.
 *
 * LMDB trusts the file: a page that is something else, or past the file's end, ends the process. So
 * the whole file is walked (page-walk.ts), or, where it is larger than what takes a moment, all of
 * it but the leaves of its tables. What values hold shows when they are read (row-sums.ts).
 */
import fs from 'node:fs';
import { HostError } from '../host-error.js';
import { walkPages, type PageDamage } from './page-walk.js';

/** Pages of a file that opening walks whole: 32 MiB, as a rule. */
const OPENING_PAGES_MAX = 8_192;

export const showPageDamage = ({ table, key, page, why }: PageDamage): string => {
  const from = key === null ? '' : `, key ${key} and what follows`;
  const where = table === null ? '' : `table ${table}${from}: `;
  return `${where}page ${page}: ${why}`;
};

/** Errors: HostError STORE_CORRUPT. Reads only. The host is warned of what may be a damage. */
export function assertDataFile(file: string, pagesMax = OPENING_PAGES_MAX): void {
  const fd = fs.openSync(file, 'r');
  try {
    const walk = walkPages(fd, { pagesMax });
    let step = walk.next();
    while (step.done !== true) step = walk.next();
    const { damages: [damage], warning } = step.value;
    if (warning !== undefined) process.emitWarning(`${file}: ${warning}.`);
    if (damage === undefined) return;
    throw new HostError(
      'STORE_CORRUPT',
      `${file} is no readable data file: ${showPageDamage(damage)}. Restore it from a backup; ` +
        `heirloom verify lists all damage; nothing was changed.`,
    );
  } finally {
    fs.closeSync(fd);
  }
}
