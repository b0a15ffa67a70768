/** The walk of a data file: what LMDB wrote is sound; whatever page is wrong is found. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LmdbEnvironment } from '../environment.js';
import type { RowChange } from '../types.js';
import { walkPages, type PageReport } from './page-walk.js';

const PAGE_BYTES = 4096;
const ROWS = 2000;
const BLOCKS = 30;

const walk = (file: string, pagesMax = Infinity): PageReport => {
  const fd = fs.openSync(file, 'r');
  try {
    const pages = walkPages(fd, { pagesMax });
    for (;;) {
      const step = pages.next();
      if (step.done === true) return step.value;
    }
  } finally {
    fs.closeSync(fd);
  }
};

/** Rows small and large, written, overwritten and deleted: branches, overflow pages, free pages. */
const rowsOf = (block: number): RowChange[] => {
  const rows: RowChange[] = [];
  for (let i = block; i < ROWS; i += block + 1) {
    const key = `key ${String(i).padStart(6, '0')}`;
    const isGone = block > 0 && i % 7 === 0;
    const value = isGone ? undefined : Buffer.alloc(i % 50 === 0 ? 9000 : 30 + (i % 90), block);
    rows.push({ table: i % 3 === 0 ? 'vatstore' : 'kernel', key, value });
  }
  return rows;
};

const directory = fs.mkdtempSync(path.join(tmpdir(), 'heirloom-walk-'));
const copy = path.join(directory, 'copy.mdb');
afterAll(() => fs.rmSync(directory, { recursive: true }));

let sound: Buffer;
/** The file before its last block. */
let before: Buffer;
beforeAll(async () => {
  const environment = new LmdbEnvironment({ directory, readersMax: 8, readOnly: false });
  environment.openTables({ create: true });
  const file = path.join(directory, 'data.mdb');
  for (let block = 0; block < BLOCKS; block += 1) {
    before = fs.readFileSync(file);
    await environment.write(rowsOf(block));
    expect(walk(file).damages, `after block ${block}`).toEqual([]);
  }
  await environment.close();
  sound = fs.readFileSync(file);
});

const walkBytes = (bytes: Uint8Array, pagesMax?: number): PageReport => {
  fs.writeFileSync(copy, bytes);
  return walk(copy, pagesMax);
};

const damaged = (change: (bytes: Buffer) => void): PageReport => {
  const bytes = Buffer.from(sound);
  change(bytes);
  return walkBytes(bytes);
};

const pageOf = (bytes: Buffer, page: number): Buffer =>
  bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);

/** Pages by the flags of their heads; free ones are among them. */
const pagesWith = (flag: number): number[] => {
  const found: number[] = [];
  for (let page = 0; page < sound.length / PAGE_BYTES; page += 1) {
    const bytes = pageOf(sound, page);
    if (bytes.readUInt32LE(0) === page && bytes.readUInt16LE(18) === flag) found.push(page);
  }
  return found;
};

const zeroed = (page: number): PageReport => damaged(bytes => void pageOf(bytes, page).fill(0));
/** Is the page in use? */
const isUsed = (page: number): boolean => zeroed(page).damages.length > 0;

describe('page walk', () => {
  test('pages zeroed, one at a time -> those in use are found, of every kind', () => {
    for (const flag of [1, 2, 4]) {
      const pages = pagesWith(flag);
      const used = pages.filter(isUsed).length;
      expect(used, `of ${pages.length} with flag ${flag}`).toBeGreaterThan(0);
    }
    expect([0, 1].map(isUsed)).toEqual([true, true]);
  });

  test('a leaf that is zeroed -> its table, its first key, its number', () => {
    const damages = pagesWith(2)
      .map(page => [page, zeroed(page).damages[0]] as const)
      .filter(([, damage]) => damage?.table === 'kernel');
    expect(damages.length).toBeGreaterThan(5);
    expect(damages.map(([page]) => page)).toEqual(damages.map(([, damage]) => damage!.page));
    const prefix = Buffer.from('key ').toString('hex');
    const named = damages.filter(([, damage]) => damage!.key?.startsWith(prefix));
    expect(named.length).toBe(damages.length - 1); // the first leaf has what comes before all keys
  });

  test('two leaves exchanged -> found', () => {
    const [a, , b] = pagesWith(2).filter(isUsed) as [number, number, number];
    const { damages } = damaged(bytes => {
      pageOf(sound, a).copy(pageOf(bytes, b));
      pageOf(sound, b).copy(pageOf(bytes, a));
    });
    const why = damages.map(damage => damage.why);
    expect(why.sort()).toEqual([a, b].map(page => `page ${page} stands in its place`).sort());
  });

  test('the file cut -> found, unless free pages alone are gone', () => {
    const last = [1, 2, 4].flatMap(pagesWith).filter(isUsed).sort((a, b) => a - b).at(-1)!;
    for (let kept = 2; kept <= last; kept += 7) {
      expect(walkBytes(sound.subarray(0, kept * PAGE_BYTES)).damages, `${kept}`).not.toEqual([]);
    }
  });

  const isHeadFound = (head: number, at: number, bit: number): boolean => {
    const { damages, warning } = damaged(bytes => {
      bytes[head + at + (bit >> 3)]! ^= 1 << (bit & 7);
    });
    return damages.length > 0 || warning !== undefined;
  };

  /** The newest head as LMDB leaves it where writing it failed: its numbers are the old ones. */
  const failHead = (bytes: Buffer): void => {
    const head = sound.readUInt32LE(152) > sound.readUInt32LE(PAGE_BYTES + 152) ? 0 : PAGE_BYTES;
    before.copy(bytes, head + 144, head + 144, head + 160);
  };

  test('a head that failed to be written -> sound, with a warning', () => {
    const { damages, warning } = damaged(failHead);
    expect(damages).toEqual([]);
    const newest = Math.max(before.readUInt32LE(152), before.readUInt32LE(PAGE_BYTES + 152));
    expect(warning).toContain(`transaction ${newest + 1} was begun`);
    expect(walkBytes(sound).warning).toBeUndefined();
  });

  test('a head that failed, and ends behind the newest -> its number was changed', () => {
    const { damages } = damaged(bytes => {
      failHead(bytes);
      const [a, b] = [bytes.readUInt32LE(152), bytes.readUInt32LE(PAGE_BYTES + 152)];
      const [older, newer] = a < b ? [0, PAGE_BYTES] : [PAGE_BYTES, 0];
      bytes.writeUInt32LE(bytes.readUInt32LE(newer + 144) + 1, older + 144);
    });
    expect(damages[0]?.why).toMatch(/^a head of transaction \d+ has a root of \d+$/);
  });

  test('a head says another transaction, the newest one another last page -> found', () => {
    const newest = sound.readUInt32LE(152) > sound.readUInt32LE(PAGE_BYTES + 152) ? 0 : PAGE_BYTES;
    for (let bit = 0; bit < 20; bit += 1) {
      expect(isHeadFound(newest, 144, bit), `last page, bit ${bit}`).toBe(true);
      for (const head of [0, PAGE_BYTES]) {
        expect(isHeadFound(head, 152, bit), `transaction at ${head}, bit ${bit}`).toBe(true);
      }
    }
  });

  test('a list of free pages that names one in use -> found', () => {
    const leaves = pagesWith(2);
    const free = BigInt(leaves.find(page => !isUsed(page))!);
    const used = BigInt(leaves.find(isUsed)!);
    const bytes = Buffer.from(sound);
    for (let at = 0; at < bytes.length; at += 8) {
      const isOfHead = at % PAGE_BYTES === 0;
      if (!isOfHead && bytes.readBigUInt64LE(at) === free) bytes.writeBigUInt64LE(used, at);
    }
    expect(walkBytes(bytes).damages).not.toEqual([]);
    const why = `page ${used} is said to be free, and is used`;
    const large = walkBytes(bytes, 10);
    expect(large.isWhole).toBe(false);
    expect(large.damages.map(damage => damage.why)).toContain(why);
  });

  test('a file that is larger than what is looked at whole -> all but the leaves of tables', () => {
    const [whole, above] = [walkBytes(sound), walkBytes(sound, 10)];
    expect([whole.isWhole, above.isWhole]).toEqual([true, false]);
    expect(above.pages).toBeLessThan(whole.pages / 5);
    expect(above.damages).toEqual([]);
    const branch = pagesWith(1).find(isUsed)!;
    const bytes = Buffer.from(sound);
    pageOf(bytes, branch).fill(0);
    expect(walkBytes(bytes, 10).damages).not.toEqual([]);
  });
});
