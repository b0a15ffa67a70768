/** A data file damaged by a seed: bits flipped, a page zeroed, two pages exchanged. */
import { readFileSync, writeFileSync } from 'node:fs';
import { seededRandom, type Random } from '../support/suite/random.js';

const PAGE_BYTES = 4096;
const FLAGS_AT = 18;
const OVERFLOW = 4;
const BITS_MAX = 8;

const DAMAGE_KINDS = ['bit', 'bits', 'zero', 'exchange'] as const;

/** Pages of trees and heads: most pages of a small store hold parts of large values instead. */
const treePages = (bytes: Buffer): number[] => {
  const pages: number[] = [];
  for (let page = 0; page * PAGE_BYTES < bytes.length; page += 1) {
    const at = page * PAGE_BYTES;
    const flags = bytes.readUInt16LE(at + FLAGS_AT);
    const isItself = bytes.readUInt32LE(at) === page;
    if (isItself && flags > 0 && (flags & OVERFLOW) === 0) pages.push(page);
  }
  return pages;
};

const choosePage = (random: Random, bytes: Buffer, pages: readonly number[]): number => {
  if (random.chance(0.6)) return pages[random.below(pages.length)]!;
  return random.below(bytes.length / PAGE_BYTES);
};

const flip = (random: Random, bytes: Buffer, page: number): string => {
  const at = page * PAGE_BYTES + random.below(PAGE_BYTES);
  const bit = random.below(8);
  bytes[at]! ^= 1 << bit;
  return `bit ${bit} of byte ${at % PAGE_BYTES}`;
};

/** Damages the file; says how. One seed is one damage of one file. */
export const damageFile = (file: string, seed: number): string => {
  const random = seededRandom(seed);
  const bytes = readFileSync(file);
  const pages = treePages(bytes);
  const kind = DAMAGE_KINDS[seed % DAMAGE_KINDS.length]!;
  const page = choosePage(random, bytes, pages);
  const view = bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  let what = `page ${page}: `;
  if (kind === 'bit') what += flip(random, bytes, page);
  else if (kind === 'zero') {
    view.fill(0);
    what += 'zeroed';
  } else if (kind === 'bits') {
    const count = 2 + random.below(BITS_MAX - 1);
    what += Array.from({ length: count }, () => flip(random, bytes, page)).join('; ');
  } else {
    const other = choosePage(random, bytes, pages);
    const kept = Buffer.from(view);
    bytes.copy(view, 0, other * PAGE_BYTES, (other + 1) * PAGE_BYTES);
    kept.copy(bytes, other * PAGE_BYTES);
    what += `exchanged with page ${other}`;
  }
  writeFileSync(file, bytes);
  return what;
};
