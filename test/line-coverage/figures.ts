/** Shares of lines and branches that were run: of files, of rooms, of packages. */
import type { SourceCounts } from './sources.js';

export interface Share {
  readonly all: number;
  readonly run: number;
}

interface Figures {
  readonly name: string;
  readonly lines: Share;
  readonly branches: Share;
}

export interface FileFigures extends Figures {
  /** Numbers of the lines that nothing has run, in order. */
  readonly missed: readonly number[];
}

/** The name of a source is its path without `src`: `kernel/wave/plan.ts`. */
const packageOf = (name: string): string => name.split('/', 1)[0]!;

/** The folder of a source; the rooms of liveslots have folders of their own. */
export const roomOf = (name: string): string => {
  const folders = name.split('/').slice(0, -1);
  return folders.slice(0, folders[1] === 'liveslots' ? 3 : 2).join('/');
};

const shareOf = (counts: readonly number[]): Share => ({
  all: counts.length,
  run: counts.filter(count => count > 0).length,
});

export const figuresOf = (name: string, counts: SourceCounts): FileFigures => {
  const lines = [...counts.lines()].sort(([a], [b]) => a - b);
  const ways = [...counts.branches.values()].flatMap(branch => branch.ways);
  return {
    name,
    lines: shareOf(lines.map(([, count]) => count)),
    branches: shareOf(ways),
    missed: lines.filter(([, count]) => count === 0).map(([line]) => line),
  };
};

const sum = (shares: readonly Share[]): Share => ({
  all: shares.reduce((total, { all }) => total + all, 0),
  run: shares.reduce((total, { run }) => total + run, 0),
});

const grouped = (files: readonly FileFigures[], nameOf: (file: string) => string): Figures[] =>
  [...new Set(files.map(({ name }) => nameOf(name)))].map(name => {
    const own = files.filter(file => nameOf(file.name) === name);
    const of = (what: 'lines' | 'branches'): Share => sum(own.map(file => file[what]));
    return { name, lines: of('lines'), branches: of('branches') };
  });

export interface Coverage {
  readonly packages: readonly Figures[];
  readonly rooms: readonly Figures[];
  readonly files: readonly FileFigures[];
}

/** Per cent, rounded down: 100 says that nothing is missing. */
export const percent = ({ all, run }: Share): number =>
  all === 0 ? 100 : Math.floor((1000 * run) / all) / 10;

const leastFirst = (a: Figures, b: Figures): number =>
  percent(a.lines) - percent(b.lines) ||
  percent(a.branches) - percent(b.branches) ||
  (a.name < b.name ? -1 : 1);

/** Rooms and files: the least covered first. */
export const coverageOf = (files: readonly FileFigures[]): Coverage => ({
  packages: grouped(files, packageOf),
  rooms: grouped(files, roomOf).sort(leastFirst),
  files: [...files].sort(leastFirst),
});

/** Numbers in order, shortened: `3-5` and `9`. */
export const rangesOf = (numbers: readonly number[]): string[] => {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
};
