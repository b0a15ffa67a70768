/**
 * How long does it take to bundle a vat, at first, again, and after an edit of one of its files?
 *
 * The vat is made by seed: TypeScript, beside libraries that this repository has installed. "Again"
 * is `bundleVat` in a process that has bundled it before; "an edit" is a bundler that was kept.
 */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat, openVatBundler } from '@heirloom/kernel';
import { during, type Bench, type BenchIo } from './bench.js';
import { ENTRY, generatedVat } from './generated-vat.js';
import type { Cell, Report } from './report.js';
import type { Sizes, SizesOf } from './sizes.js';
import { median, rounded, spread, spreadText } from './statistics.js';
import { inTemporaryDirectory } from './temporary.js';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

const LIBRARIES = [
  ...['acorn', 'ajv', 'esquery', 'estraverse', 'fast-deep-equal', 'minimatch', 'semver'],
  ...['@endo/marshal', '@endo/patterns', '@endo/exo'],
];

const BYTES_PER_KB = 1_000;

const SIZES = {
  kilobytes: { what: "the vat's own source", quick: 100, full: 100, unit: 'kB' },
  rounds: { what: 'rounds measured', quick: 5, full: 15 },
  seed: { what: 'which vat it is', quick: 1, full: 1, unit: 'number' },
} satisfies Sizes;

type BundleOptions = SizesOf<typeof SIZES>;

const timed = async <T>(work: () => Promise<T>): Promise<readonly [ms: number, value: T]> => {
  const began = performance.now();
  const value = await work();
  return [performance.now() - began, value];
};

interface Times {
  readonly first: number;
  readonly again: readonly number[];
  readonly edited: readonly number[];
  readonly bytes: number;
  readonly isSame: boolean;
}

const editOf = (text: string, round: number): string =>
  `${text}export const round${round} = ${round};\n`;

const measure = async (entry: string, { rounds }: BundleOptions, io: BenchIo): Promise<Times> => {
  const [first, bundle] = await timed(() => bundleVat(entry));
  const progress = io.progress('rounds', 2 * rounds);
  const bundler = await openVatBundler(entry);
  try {
    const again: number[] = [];
    let isSame = true;
    for (let round = 0; round < rounds; round += 1) {
      const [ms, made] = await timed(() => bundleVat(entry));
      again.push(ms);
      isSame &&= JSON.stringify(made) === JSON.stringify(bundle);
      progress.advance(1);
    }
    await bundler.bundle();
    const file = path.join(path.dirname(entry), 'part-0.ts');
    const text = await readFile(file, 'utf8');
    const edited: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await writeFile(file, editOf(text, round));
      edited.push((await timed(() => bundler.bundle()))[0]);
      progress.advance(1);
    }
    const bytes = 'source' in bundle ? bundle.source.length : 0;
    return { first, again, edited, bytes, isSame };
  } finally {
    progress.stop();
    await bundler.close();
  }
};

const reportOf = (options: BundleOptions, times: Times): Report => {
  const { kilobytes, rounds } = options;
  const { first, again, edited, bytes, isSame } = times;
  const row = (name: string, of: readonly number[]): Cell[] => [name, median(of), spreadText(of)];
  return {
    title: `a vat of ${kilobytes} kB with ${LIBRARIES.length} libraries, ${rounds} rounds, medians`,
    head: ['', 'figure', 'measured'],
    rows: [
      ['ms, the first bundle of a process', first, 'one run'],
      row('ms, again', again),
      row('ms, after an edit, with a bundler that was kept', edited),
      ['kB of the bundle', bytes / BYTES_PER_KB, 'one run'],
      ['the same bundle each time', isSame ? 'yes' : 'no', `of ${rounds} bundles`],
    ],
    record: {
      ...{ bench: 'bundle', ...options, libraries: LIBRARIES, bytes, isSame },
      first: rounded(first),
      again: { ms: rounded(median(again)), spread: rounded(spread(again)) },
      edited: { ms: rounded(median(edited)), spread: rounded(spread(edited)) },
    },
    ok: isSame,
  };
};

const run = async (directory: string, options: BundleOptions, io: BenchIo): Promise<Report> => {
  const { kilobytes, seed } = options;
  const place = path.join(directory, 'vat');
  await during(io, 'writing the vat', async () => {
    await mkdir(place);
    await symlink(NODE_MODULES, path.join(directory, 'node_modules'));
    const bytes = kilobytes * BYTES_PER_KB;
    const files = generatedVat({ seed, bytes, libraries: LIBRARIES });
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(place, file), text);
  });
  return reportOf(options, await measure(path.join(place, ENTRY), options, io));
};

export const bundleBench: Bench = {
  name: 'bundle',
  summary: 'how long it takes to bundle a vat, at first, again, after an edit',

  sizes: SIZES,
  seconds: { quick: 5, full: 10 },

  run(options: BundleOptions, io: BenchIo): Promise<Report> {
    return inTemporaryDirectory('bundle', directory => run(directory, options, io));
  },
};
