/**
 * How long the kernel's thread was busy at a stretch, for the page: figures of one run, which no
 * test compares.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Isolation } from '@heirloom/kernel';
import type { Kind, Piece } from './piece.js';
import type { Found } from './runs.js';

/** What no vat should make one step of the kernel's thread take. */
export const STEP_MS_MAX = 100;

/** Of one piece in threads or in processes, ms. */
interface Figure {
  readonly kind: Kind;
  readonly piece: Piece;
  readonly isolation: Isolation;
  /** By the clock: late timers. */
  readonly pauseMs: number;
  /** Of the processor, where the system says how much of it a thread has had. */
  readonly stepMs: number | undefined;
}

type Seen = ReadonlyMap<Piece, readonly Found[]>;

const BOTH: readonly Isolation[] = ['thread', 'process'];
const IN_WORDS: Readonly<Record<Isolation, string>> = {
  thread: 'in threads',
  process: 'in processes',
};

export const figuresOf = (kinds: readonly Kind[], seen: Seen): Figure[] =>
  kinds.flatMap(kind =>
    kind.pieces.flatMap(piece =>
      (kind.isolations ?? BOTH).flatMap((isolation, i) => {
        const { longestMs, longestBusyMs } = seen.get(piece)?.[i] ?? {};
        if (longestMs === undefined) return [];
        return [{ kind, piece, isolation, pauseMs: longestMs, stepMs: longestBusyMs }];
      }),
    ),
  );

const ms = (value: number | undefined): string =>
  value === undefined ? '-' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

const medianOf = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const longestBy = (
  figures: readonly Figure[],
  measure: (figure: Figure) => number | undefined,
): Figure | undefined => {
  let longest: Figure | undefined;
  for (const figure of figures) {
    const value = measure(figure) ?? -1;
    if (longest === undefined || value > (measure(longest) ?? -1)) longest = figure;
  }
  return longest;
};

const cellsOf = (
  figures: readonly Figure[],
  measure: (figure: Figure) => number | undefined,
): string[] => {
  const values = figures.flatMap(figure => measure(figure) ?? []);
  const longest = longestBy(figures, measure);
  if (values.length === 0 || longest === undefined) return ['-', '-'];
  return [ms(medianOf(values)), `${ms(measure(longest))}: ${longest.piece.name}`];
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Rows of the table; the first column is the kind's title. */
const rowsOf = (kinds: readonly Kind[], figures: readonly Figure[]): string[] =>
  kinds.flatMap(kind =>
    (kind.isolations ?? BOTH).map(isolation => {
      const own = figures.filter(it => it.kind === kind && it.isolation === isolation);
      const steps = cellsOf(own, it => it.stepMs);
      const pauses = cellsOf(own, it => it.pauseMs);
      const cells = [kind.title, IN_WORDS[isolation], ...steps, ...pauses];
      return `| ${cells.map(cell).join(' | ')} |`;
    }),
  );

const machineLine = (): string => {
  const [{ model } = { model: 'an unknown processor' }] = cpus();
  const load = loadavg()[1]!.toFixed(1);
  const cores = `${availableParallelism()} cores of ${model.trim()}`;
  return `Measured under Node ${process.version} on ${cores}; other work on the machine: a load ` +
    `of ${load} over five minutes, this suite’s own (two processes and their vats) included.`;
};

/** The part of the page that moves from run to run. */
export const figureLines = (kinds: readonly Kind[], seen: Seen): string[] => [
  '| kind | | step, median | longest | pause, median | longest |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rowsOf(kinds, figuresOf(kinds, seen)),
  '',
  machineLine(),
  '',
];

/** The figures that a written page has, as they stand there. */
export const figuresIn = (page: string, heading: string): string[] => {
  const lines = page.split('\n');
  const begin = lines.indexOf('| kind | | step, median | longest | pause, median | longest |');
  const from = lines.indexOf(heading);
  if (begin < 0 || from < 0 || begin < from) return [];
  const length = lines.slice(begin).findIndex(line => line.startsWith('## '));
  return lines.slice(begin, begin + length);
};

/** Of which kinds there are figures, in order. */
export const kindsIn = (figures: readonly string[]): string[] => [
  ...new Set(figures.slice(2).flatMap(line => /^\| (.+?) \| in /.exec(line)?.[1] ?? [])),
];

/** Pieces whose longest step, or pause, is above what it should be: a line for each. */
export const slowLines = (figures: readonly Figure[]): string[] =>
  figures
    .filter(({ pauseMs, stepMs }) => (stepMs ?? pauseMs) > STEP_MS_MAX)
    .sort((a, b) => (b.stepMs ?? b.pauseMs) - (a.stepMs ?? a.pauseMs))
    .map(({ kind, piece, isolation, pauseMs, stepMs }) =>
      `${ms(stepMs)} of work, ${ms(pauseMs)} by the clock, ${IN_WORDS[isolation]}: ` +
        `${kind.title}: ${piece.name}`);
