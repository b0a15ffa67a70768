/**
 * `npm run damage`: a store's data file is damaged by seeds, `verify` looks at it and a host opens
 * it. Exit codes: 0 each damage was told or harmless; 1 one was not; 2 the arguments are wrong.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';
import cliProgress from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { makeSampleStore } from './sample-store.js';
import { runTrial, sampleOf, type Outcome, type Trial } from './trial.js';

const ROOT = new URL('../../../../', import.meta.url);
const LINE_EVERY = 10;

interface Flags {
  readonly count: number;
  readonly seed: number;
  readonly json?: true;
  readonly verbose?: true;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const note = (text: string): void => void process.stderr.write(`${text}\n`);

const bundleOf = (path: string) => bundleVat(fileURLToPath(new URL(path, ROOT)));

interface Progress {
  tell(done: number, wrong: number): void;
  stop(): void;
}

const showProgress = (count: number): Progress => {
  if (!process.stderr.isTTY) {
    const tell = (done: number, wrong: number): void => {
      if (done % LINE_EVERY === 0) note(`${done} of ${count}, ${wrong} wrong`);
    };
    return { tell, stop: () => undefined };
  }
  const format = '{bar} {value}/{total}, {wrong} wrong';
  const bar = new cliProgress.SingleBar({ format, clearOnComplete: true, hideCursor: true });
  bar.start(count, 0, { wrong: 0 });
  return { tell: (done, wrong) => bar.update(done, { wrong }), stop: () => bar.stop() };
};

const showTrial = ({ seed, what, outcome, named, why }: Trial): string =>
  `seed ${seed}: ${outcome}: ${what}\n  verify: ${named ?? 'all well'}\n  ${why ?? ''}`;

const summarize = (trials: readonly Trial[]): Readonly<Record<Outcome, number>> => {
  const counts = { harmless: 0, refused: 0, 'not come upon': 0, wrong: 0 };
  for (const { outcome } of trials) counts[outcome] += 1;
  return counts;
};

const run = async ({ count, seed, json, verbose }: Flags): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'heirloom-damage-'));
  const progress = showProgress(count);
  const trials: Trial[] = [];
  let wrong = 0;
  try {
    const store = join(directory, 'store');
    await mkdir(store);
    const bank = await bundleOf('test/vats/bank.js');
    await makeSampleStore(store, { bank, relay: await bundleOf('test/vats/relay.js') });
    const sample = await sampleOf(store, ROOT);
    for (let i = 0; i < count; i += 1) {
      const trial = await runTrial(sample, seed + i, { directory, inProcess: true });
      trials.push(trial);
      if (trial.outcome === 'wrong') wrong += 1;
      if (verbose === true || trial.outcome === 'wrong') note(showTrial(trial));
      progress.tell(trials.length, wrong);
    }
  } finally {
    progress.stop();
    await rm(directory, { recursive: true, force: true });
  }
  const counts = summarize(trials);
  if (json === true) print(JSON.stringify({ seed, count, ...counts, trials }));
  else {
    for (const [outcome, times] of Object.entries(counts)) print(`${outcome}: ${times}`);
    if (wrong > 0) print(`Once more: npm run damage -- --seed SEED --count 1 --verbose`);
  }
  if (wrong > 0) process.exitCode = 1;
};

const whole =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`a whole number from ${least} on`);
  };

const DESCRIPTION =
  "Flips bits, zeroes and exchanges pages of a store's data file, one damage a seed. Each must " +
  'be refused with STORE_CORRUPT that names table and key or the page, or be harmless; nothing ' +
  'may end without a word, and verify must name what matters. Exit status 1 if one was not so.';

const program = new Command('damage')
  .description(DESCRIPTION)
  .option('--count <n>', 'how many damages', whole(1), 20)
  .option('--seed <n>', 'of the first; those after it count on', whole(0), 1)
  .option('--verbose', 'tell of each damage')
  .option('--json', 'print one JSON object')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
program.action((flags: Flags) => run(flags));
await program.parseAsync();
