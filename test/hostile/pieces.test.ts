/**
 * Hostile pieces of vat code and of workers, each in threads and in processes, beside a till and an
 * innocent vat: what becomes of the piece is what its table says, and all others are as they were.
 * The kernel's blocks have the same hashes in both, and are replayed where vats run elsewhere.
 * `npm test` lives through the cheapest, in threads.
 *
 * docs/internals/hostile.md is made of the tables, and of figures that nothing is asserted of:
 * `npm run hostile` writes it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Isolation } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { testLast } from '../support/suite/last-test.js';
import { amount } from '../support/suite/amounts.js';
import { inPart, partOf } from '../support/suite/parts.js';
import { figureLines, figuresIn, figuresOf, kindsIn, slowLines, STEP_MS_MAX } from './figures.js';
import { KINDS } from './kinds.js';
import { FIGURES_HEADING, pageOf } from './page.js';
import { endingIn, isAsSaid, isTame, type Piece } from './piece.js';
import { runPieces, type Batch, type Found } from './runs.js';

const PAGE = fileURLToPath(new URL('../../docs/internals/hostile.md', import.meta.url));
const isWriting = process.env['HEIRLOOM_HOSTILE'] === 'write';
const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];
/** Of a store, which opens again with each of them. */
const TOGETHER_MAX = 24;

interface TitledBatch extends Batch {
  readonly title: string;
  readonly isolations: readonly Isolation[];
}

const seen = new Map<Piece, readonly Found[]>();

const parts = <T>(list: readonly T[], most: number): T[][] => {
  const count = Math.ceil(list.length / most);
  return Array.from({ length: count }, (_, i) => list.filter((_one, at) => at % count === i));
};

const expectAsSaid = (piece: Piece, isolation: Isolation, found: Found): void => {
  const said = JSON.stringify(found.report, null, 1);
  const ending = endingIn(piece, isolation);
  if (!isAsSaid(found.ending, ending)) expect(found.ending, said).toEqual(ending);
  expect(found.problems, said).toEqual([]);
  const { gives } = piece;
  if (gives === undefined) return;
  if (gives.endsWith('…')) expect(found.gave, said).toContain(gives.slice(0, -1));
  else expect(found.gave, said).toBe(gives);
};

/** The hash behind a piece is the same in both, unless the host stops in one of them alone. */
const expectSameHash = (piece: Piece, found: readonly Found[]): void => {
  const [inThreads, inProcesses] = ISOLATIONS.map(it => isTame(endingIn(piece, it)));
  if (inThreads === inProcesses && found.length > 1) expect(found[1]!.hash).toBe(found[0]!.hash);
};

const testBatch = ({ title, isolations, ...batch }: TitledBatch, tags: readonly string[]): void => {
  describe(title, { tags: [...tags] }, () => {
    let runs: Awaited<ReturnType<typeof runPieces>>[];
    beforeAll(async () => {
      runs = await Promise.all(isolations.map(isolation => runPieces(batch, isolation)));
    });

    test.each(batch.pieces)('$name -> as its table says', piece => {
      const found = runs.map(({ results }) => results.get(piece)!);
      for (const [i, isolation] of isolations.entries()) expectAsSaid(piece, isolation, found[i]!);
      expectSameHash(piece, found);
      seen.set(piece, found);
    });

    test('in the end -> closed, verified, replayed elsewhere', () => {
      expect(runs.map(({ problems }) => problems)).toEqual(isolations.map(() => []));
    });
  });
};

const isQuick = (piece: Piece): boolean => piece.isQuick === true;

/** Taken over workers are another image: a store of their own. */
const sorts = (pieces: readonly Piece[]): Piece[][] =>
  [false, true]
    .map(is => pieces.filter(({ isTakenOver = false }) => isTakenOver === is))
    .filter(list => list.length > 0);

describe('hostile pieces:', () => {
  const quick = KINDS.flatMap(({ pieces }) => pieces).filter(isQuick);
  const cheapest = sorts(quick).map(pieces => {
    const title = pieces[0]!.isTakenOver === true ? 'workers' : 'vat code and hosts';
    const isolations = amount({ quick: ['thread'] as const, thorough: ISOLATIONS });
    return { title: `the cheapest, ${title}:`, pieces, isolations, sharesVat: true };
  });

  const thorough = KINDS.flatMap(({ title, pieces, isolations = ISOLATIONS }) => {
    const rest = parts(pieces.filter(piece => !isQuick(piece)), TOGETHER_MAX);
    return rest.map((part, i) => {
      const name = rest.length === 1 ? `${title}:` : `${title}, ${i + 1} of ${rest.length}:`;
      return { title: name, pieces: part, isolations, sharesVat: false };
    });
  });
  const tagged = [
    ...cheapest.map(batch => ({ batch, tags: ['sized'] })),
    ...thorough.map(batch => ({ batch, tags: ['thorough'] })),
  ];
  for (const { batch, tags } of inPart(tagged, partOf(process.env['HEIRLOOM_PART']))) {
    testBatch(batch, tags);
  }

  test('names -> each piece has its own', () => {
    const names = KINDS.flatMap(({ title, pieces }) => pieces.map(({ name }) =>
      `${title}: ${name}`));
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(320);
    expect(quick.length * 8).toBeGreaterThanOrEqual(names.length);
  });

  testLast('docs/internals/hostile.md -> what the tables say', [], async () => {
    if (isWriting) {
      const slow = slowLines(figuresOf(KINDS, seen));
      console.log(`steps above ${STEP_MS_MAX} ms: ${slow.length}\n${slow.join('\n')}`);
      const missing = KINDS.flatMap(({ pieces }) => pieces).filter(piece => !seen.has(piece));
      expect(missing.map(({ name }) => name), 'pieces that were not as they should').toEqual([]);
      await writeFile(PAGE, pageOf(KINDS, figureLines(KINDS, seen)));
    }
    const page = await readFile(PAGE, 'utf8');
    const figures = figuresIn(page, FIGURES_HEADING);
    expect(kindsIn(figures)).toEqual(KINDS.map(({ title }) => title));
    expect(page.split('\n')).toEqual(pageOf(KINDS, figures).split('\n'));
  });
});
