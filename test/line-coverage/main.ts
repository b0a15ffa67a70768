/**
 * `npm run coverage`: runs the tests, and says which lines and branches of the packages they run.
 *
 * All tests load what was built: those of `test` as ever, those beside their modules by
 * built-sources.ts. V8 counts in the processes of tests, in their threads and in the commands that
 * they run; source maps say which lines of the sources were counted.
 *
 * Exit codes: 0 the tests have passed; 1 a test has failed, and the figures are those of all that
 * ran; 2 the arguments are wrong.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import CliTable from 'cli-table3';
import { Command, Option } from 'commander';
import { readCounts } from './counts.js';
import { coverageOf, figuresOf, percent, rangesOf, type Coverage, type Share } from './figures.js';
import { writePages } from './page.js';
import { countsOfScript, type Script, type SourceCounts } from './sources.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGES = ['store', 'worker', 'kernel'];
const MODES = ['test', 'all', 'rest', 'processes'];

const ROOMS_SHOWN = 12;
const FILES_SHOWN = 15;
const RANGES_SHOWN = 8;
/** A smaller file is not among the least covered that are shown: one line is half of it. */
const LINES_MIN = 10;

interface Flags {
  readonly mode: string;
  /** What is made goes below it. */
  readonly to: string;
  readonly again?: true;
  readonly json?: true;
}

/** Of children that have ended, and theirs: cutime and cstime. Linux alone tells. */
const childrenCpuSeconds = (): number | null => {
  if (process.platform !== 'linux') return null;
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
};

const countsIn = ({ to }: Flags): string => path.join(to, 'counts');

/** Whether the tests have passed. With `--json` they say what they do on the other stream. */
const runTests = async (files: readonly string[], flags: Flags): Promise<boolean> => {
  const { mode, json } = flags;
  const directory = countsIn(flags);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--mode', mode, ...files], {
    cwd: ROOT,
    env: { ...process.env, HEIRLOOM_COVERAGE: directory },
    stdio: ['ignore', json === true ? 2 : 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', status => resolve(status === 0));
  });
};

/** The scripts that vats' threads get as texts, made again with their source maps. */
const bundlesIn = (directory: string): Script[] => {
  const script = path.join(ROOT, 'packages/worker/scripts/build-image.mjs');
  execFileSync(process.execPath, [script, '--out', directory, '--maps'], { stdio: 'inherit' });
  return [
    { file: path.join(directory, 'image.js'), type: 'script', textName: 'heirloom-image.js' },
    { file: path.join(directory, 'thread.js'), type: 'script', textName: 'heirloom-thread.js' },
  ];
};

interface Source {
  readonly path: string;
  readonly script: Script;
}

/** By name, `kernel/wave/plan.ts`: what is not for tests alone. */
const productSources = (): ReadonlyMap<string, Source> =>
  new Map(
    PACKAGES.flatMap(name => {
      const root = path.join(ROOT, 'packages', name);
      return readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
        .filter(file => /(?<!\.d|\.test)\.ts$/.test(file) && !/\btesting\b/.test(file))
        .map((file): [string, Source] => {
          const built = path.join(root, 'dist', file.replace(/\.ts$/, '.js'));
          const source = path.join(root, 'src', file);
          return [`${name}/${file}`, { path: source, script: { file: built, type: 'module' } }];
        });
    }),
  );

interface Counted {
  readonly path: string;
  readonly counts: SourceCounts;
}

const countAll = async (flags: Flags): Promise<Map<string, Counted>> => {
  const sources = productSources();
  const isOurs = (url: string): boolean =>
    url.startsWith('heirloom-') || PACKAGES.some(name => url.includes(`/packages/${name}/dist/`));
  const { scripts: raw, cut } = readCounts(countsIn(flags), isOurs);
  if (cut.length > 0) {
    process.stderr.write(`Left out, for their processes were killed: ${cut.join(', ')}\n`);
  }
  const bundles = bundlesIn(path.join(flags.to, 'bundles'));
  const inBundles = await Promise.all(bundles.map(script => countsOfScript(script, raw)));
  const counted = new Map<string, Counted>();
  for (const [name, { path: source, script }] of sources) {
    const counts = (await countsOfScript(script, raw)).get(source);
    // Nothing but types: there is nothing to be run.
    if (counts === undefined || counts.statements.size === 0) continue;
    for (const bundle of inBundles) {
      const more = bundle.get(source);
      if (more !== undefined) counts.add(more);
    }
    counted.set(name, { path: source, counts });
  }
  return counted;
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const shown = (share: Share): string => `${percent(share)} % of ${share.all}`;

const printTable = (
  title: string,
  rows: readonly { readonly name: string; readonly lines: Share; readonly branches: Share }[],
  more: (name: string) => string[] = () => [],
): void => {
  const head = [title, 'lines', 'branches', ...(more('').length > 0 ? ['not run'] : [])];
  const table = new CliTable({
    head,
    style: { head: [], border: [], compact: true },
    colWidths: head.map(name => (name === 'not run' ? 60 : null)),
    wordWrap: true,
  });
  for (const { name, lines, branches } of rows) {
    table.push([name, shown(lines), shown(branches), ...more(name)]);
  }
  print(table.toString());
};

const printTables = ({ packages, rooms, files }: Coverage): void => {
  const missedIn = (name: string): string[] => {
    const ranges = rangesOf(files.find(file => file.name === name)?.missed ?? []);
    const more = ranges.length > RANGES_SHOWN ? ', ...' : '';
    return [`${ranges.slice(0, RANGES_SHOWN).join(', ')}${more}`];
  };
  printTable('package', packages);
  printTable('least covered rooms', rooms.slice(0, ROOMS_SHOWN));
  const big = files.filter(({ lines }) => lines.all >= LINES_MIN).slice(0, FILES_SHOWN);
  printTable(`least covered files of ${LINES_MIN} lines and more`, big, missedIn);
};

const run = async (files: readonly string[], flags: Flags): Promise<void> => {
  if (flags.again === true && !existsSync(countsIn(flags))) throw Error('nothing was counted yet');
  const passed = flags.again === true ? null : await runTests(files, flags);
  const cpuSeconds = flags.again === true ? null : childrenCpuSeconds();
  const counted = await countAll(flags);
  const coverage = coverageOf(
    [...counted].map(([name, { counts }]) => figuresOf(name, counts)),
  );
  const page = writePages(path.join(flags.to, 'pages'), 'What the tests run', coverage, counted);
  if (flags.json === true) {
    print(JSON.stringify({ mode: flags.mode, passed, cpuSeconds, page, ...coverage }));
  } else {
    printTables(coverage);
    print(`All files, line by line: ${page}`);
    if (cpuSeconds !== null) print(`The tests took ${Math.round(cpuSeconds)} CPU seconds.`);
    if (passed === false) print('Tests have failed: the figures are those of all that ran.');
    if (passed === true) print('The tests have passed.');
  }
  if (passed === false) process.exitCode = 1;
};

const DESCRIPTION =
  'Runs the tests and says which lines and branches of packages/store, worker and kernel they ' +
  'run: tables, and pages in coverage/pages. Exit status 1 if a test has failed.';

const program = new Command('coverage')
  .description(DESCRIPTION)
  .argument('[files...]', 'only tests of these files, as npm test takes them')
  .addOption(new Option('--mode <mode>', 'of vitest.config.ts').choices(MODES).default('test'))
  .option('--again', 'the figures of the last run once more, without running tests')
  .option('--to <directory>', 'where counts and pages go', path.join(ROOT, 'coverage'))
  .option('--json', 'print one JSON object, as the last line, instead of tables')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
program.action((files: string[], flags: Flags) =>
  run(files, { ...flags, to: path.resolve(flags.to) }),
);
await program.parseAsync();
