/** The command line of the benches: sizes, help, errors, and what goes to which stream. */
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Bench } from './bench.js';
import { makeProgram } from './program.js';
import { durationText } from './sizes.js';

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

interface Run {
  /** What the bench was given; undefined: it did not run. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly failed: boolean;
  /** What commander ended with. */
  readonly error: unknown;
}

/** Runs the command line over a bench of two sizes and one other option. */
const run = async (line: string, ok = true): Promise<Run> => {
  let options: Run['options'];
  const [stdout, stderr] = [new Sink(), new Sink()];
  const bench: Bench = {
    name: 'wells',
    summary: 'how deep is a well?',
    sizes: {
      wells: { what: 'wells dug', quick: 3, full: 4_000 },
      warmUp: { what: 'wells before those', quick: 1, full: 20 },
    },
    seconds: { quick: 41, full: 450 },
    options: command => void command.option('--wet', 'only those with water'),
    run: (given, io) => {
      options = { ...given };
      io.progress('wells', 3).stop();
      const record = { bench: 'wells', depth: 7 };
      return Promise.resolve({ title: 'depth', head: ['', 'm'], rows: [['it', 7]], record, ok });
    },
  };
  let failed = false;
  const fail = (): void => void (failed = true);
  const program = makeProgram([bench], { stdout, stderr, now: () => 0, fail });
  for (const command of [program, ...program.commands]) command.exitOverride();
  const error = await program
    .parseAsync(line.split(' ').filter(Boolean), { from: 'user' })
    .then(() => undefined, (reason: unknown) => reason);
  return { options, stdout: stdout.text, stderr: stderr.text, failed, error };
};

describe('bench, sizes:', () => {
  const cases: readonly (readonly [line: string, wells: number, warmUp: number])[] = [
    ['wells', 3, 1],
    ['wells --full', 4_000, 20],
    ['wells --warm-up 7', 3, 7],
    ['wells --full --warm-up 7', 4_000, 7],
    ['wells --warm-up 7 --full --wells 8', 8, 7],
    // Typed, although it is the default: it was meant.
    ['wells --full --wells 3', 3, 20],
  ];
  test.each(cases)('%s -> %i wells, %i before', async (line, wells, warmUp) => {
    const { options } = await run(line);
    expect(options).toMatchObject({ wells, warmUp });
  });

  test('before it starts -> stderr says how long this size and the other take', async () => {
    const quick = await run('wells');
    expect(quick.stderr).toMatch(
      /^wells, quick size: about 50 seconds on two idle cores; --full takes about 8 minutes\n/,
    );
    const full = await run('wells --full');
    expect(full.stderr).toMatch(/^wells, full size: about 8 minutes on two idle cores\n/);
    const typed = await run('wells --full --wells 8');
    expect(typed.stderr).toMatch(/^wells, full size: .*, but for the sizes given here\n/);
  });

  test('times for people -> rounded up', () => {
    expect([1, 10, 11, 90].map(durationText)).toEqual([
      ...['about 10 seconds', 'about 10 seconds', 'about 20 seconds', 'about 90 seconds'],
    ]);
    expect([91, 120, 121, 3_600].map(durationText)).toEqual([
      ...['about 2 minutes', 'about 2 minutes', 'about 3 minutes', 'about 60 minutes'],
    ]);
  });

  test('help -> both sizes of every option, and how long the full one takes', async () => {
    const { stdout, options } = await run('wells --help');
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toContain('--wells <count> wells dug (default: 3; with --full: 4000)');
    expect(text).toContain('--warm-up <count> wells before those (default: 1; with --full: 20)');
    expect(text).toMatch(/--full .*: about 8 minutes/);
    expect(options).toBeUndefined();
  });
});

describe('bench, streams:', () => {
  test('--json -> one object on stdout, with its size; progress on stderr', async () => {
    const { stdout, stderr } = await run('wells --json --wells 5');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toEqual({
      ...{ bench: 'wells', depth: 7, full: false },
      sizes: { wells: 5, warmUp: 1 },
    });
    expect(stderr).toContain('wells: 0/3\n');
    expect(JSON.parse((await run('wells --json --full')).stdout)).toMatchObject({ full: true });
  });

  test('a table -> a quick one says that it is; a full one has nothing to add', async () => {
    expect((await run('wells')).stdout).toMatch(/Quick size.*--full\.\n$/);
    expect((await run('wells --full')).stdout).not.toContain('Quick');
  });

  test('an answer that is not what it must be -> told, and the exit status is not 0', async () => {
    expect(await run('wells')).toMatchObject({ failed: false });
    const { failed, stdout } = await run('wells', false);
    expect(failed).toBe(true);
    expect(stdout).toContain('depth');
  });
});

describe('bench, errors:', () => {
  const OPTIONS = /--wells <count>[^]*--warm-up <count>[^]*--full/;
  const cases: readonly (readonly [line: string, error: RegExp, named: RegExp])[] = [
    ['wells --welts 3', /unknown option '--welts'[^]*Did you mean --wells\?/, OPTIONS],
    ['wells --warm-up none', /'--warm-up <count>'.*'none'.*whole number from 1/, OPTIONS],
    ['wells --wells 0', /'--wells <count>'.*'0'.*whole number from 1/, OPTIONS],
    ['wells --wells 1.5', /'--wells <count>'.*'1.5'/, OPTIONS],
    ['wells --wells', /'--wells <count>' argument missing/, OPTIONS],
    ['wells more', /too many arguments/, OPTIONS],
    ['holes', /there is no bench "holes"/, /wells .*how deep is a well/],
    ['', /which bench\?/, /wells .*how deep is a well/],
    ['--deep', /unknown option '--deep'/, /wells .*how deep is a well/],
  ];
  test.each(cases)('"%s" -> an error, with the right ones', async (line, error, named) => {
    const outcome = await run(line);
    expect(outcome.stderr).toMatch(error);
    expect(outcome.stderr).toMatch(named);
    expect(outcome).toMatchObject({ options: undefined, stdout: '', error: { exitCode: 1 } });
  });
});
