/**
 * What several processes and threads have run of one small file is summed up, by lines and branches
 * of its source. That the whole command answers is shown by test/integration/commands.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { readCounts } from './counts.js';
import { coverageOf, figuresOf, percent, rangesOf, roomOf } from './figures.js';
import { writePages } from './page.js';
import { countsOfScript, type Script, type SourceCounts } from './sources.js';

const SOURCE = `/** A comment, which is no line to be run. */
interface Choice {
  readonly word: string;
}
const choices: readonly Choice[] = process.argv.slice(2).map(word => ({ word }));
const answer = ({ word }: Choice): string => {
  if (word === 'a') {
    return 'first';
  } else if (word === 'b') {
    return 'second';
  }
  return 'none';
};
const never = (): string => {
  const text = 'nobody calls this';
  return text;
};
console.log(choices.map(answer), typeof never);
`;

/** What a thread runs as a text: three calls, of which one is odd. */
const TEXT = `(n => {
  const parity = m => {
    if (m % 2 === 1) return 'odd';
    else return 'even';
  };
  return [parity(n), parity(2), parity(4), () => 'never'];
})`;

const THREAD = `
  const { Script } = require('node:vm');
  const { parentPort, workerData } = require('node:worker_threads');
  const cachedData = new Script(workerData).createCachedData();
  const script = new Script(workerData, { filename: 'heirloom-image.js', cachedData });
  script.runInThisContext()(1);
  parentPort.postMessage(script.cachedDataRejected);
  setInterval(() => undefined, 1000);
`;
/** A process of tests: two threads, one after the other, each terminated when it has answered. */
const PROGRAM = `
  import { Worker } from 'node:worker_threads';
  const write = globalThis[Symbol.for('heirloom.writeCoverage')];
  const workerData = ${JSON.stringify(TEXT)};
  for (const isAskedBefore of [false, true]) {
    const worker = new Worker(new URL('thread.cjs', import.meta.url), { workerData, env: {} });
    const rejected = await new Promise(resolve => worker.once('message', resolve));
    if (rejected !== false) throw Error('the cache is to look as if V8 had taken it');
    if (isAskedBefore) await write();
    await worker.terminate();
  }
  await write();
`;

interface Scene {
  readonly script: Script;
  readonly source: string;
  /** What is known when the program has run once with each of these words, and one was killed. */
  after(...words: readonly string[]): Promise<SourceCounts>;
}

const begin = async (): Promise<Scene> => {
  const directory = realpathSync(await freshDirectory());
  const source = path.join(directory, 'small.ts');
  const file = path.join(directory, 'small.mjs');
  const { outputText, sourceMapText } = ts.transpileModule(SOURCE, {
    fileName: 'small.ts',
    compilerOptions: { target: ts.ScriptTarget.ES2023, sourceMap: true },
  });
  writeFileSync(source, SOURCE);
  writeFileSync(file, outputText);
  writeFileSync(`${file}.map`, sourceMapText!);
  const script: Script = { file, type: 'module' };
  let runs = 0;
  return {
    script,
    source,
    async after(...words) {
      runs += 1;
      const raw = path.join(directory, `counts${runs}`);
      mkdirSync(raw);
      const env = { ...process.env, NODE_V8_COVERAGE: raw };
      for (const word of words) execFileSync(process.execPath, [file, word], { env });
      writeFileSync(path.join(raw, 'cut.json'), '{ "result": [');
      const { scripts, cut } = readCounts(raw, url => url.endsWith('/small.mjs'));
      expect(cut).toEqual(['cut.json']);
      return (await countsOfScript(script, scripts)).get(source)!;
    },
  };
};

const lineOf = (text: string): number =>
  SOURCE.split('\n').findIndex(line => line.includes(text)) + 1;
const IN_FIRST = lineOf(`return 'first'`);
const IN_SECOND = lineOf(`return 'second'`);
const AT_LAST = lineOf(`return 'none'`);
const IN_NEVER = [lineOf('nobody calls this'), lineOf('return text')];

describe('coverage', () => {
  test('coverage: one run -> the lines and branches of the source that it ran', async () => {
    const { after } = await begin();
    const figures = figuresOf('kernel/small.ts', await after('a'));
    expect(figures.missed).toEqual([lineOf('else if'), IN_SECOND, AT_LAST, ...IN_NEVER]);
    expect(figures.branches).toEqual({ all: 4, run: 1 });
  });

  test('coverage: three runs -> summed up; what none of them ran is told', async () => {
    const { after } = await begin();
    const counts = await after('a', 'b', 'b');
    expect(counts.lines().get(IN_FIRST)).toBe(1);
    expect(counts.lines().get(IN_SECOND)).toBe(2);
    const figures = figuresOf('kernel/small.ts', counts);
    expect(figures.missed).toEqual([AT_LAST, ...IN_NEVER]);
    expect(figures.branches).toEqual({ all: 4, run: 3 });
  });

  test('coverage: nobody has loaded it -> all of its lines are missed', async () => {
    const { after } = await begin();
    const { lines, missed } = figuresOf('kernel/small.ts', await after());
    expect(lines.run).toBe(0);
    expect(missed).toHaveLength(lines.all);
    expect(lines.all).toBeGreaterThan(8);
  });

  test('coverage: a bundle of the same source -> its counts are added', async () => {
    const { after } = await begin();
    const counts = await after('a');
    counts.add(await after('b'));
    counts.add(await after('c'));
    expect(figuresOf('kernel/small.ts', counts).missed).toEqual(IN_NEVER);
    expect(figuresOf('kernel/small.ts', counts).branches).toEqual({ all: 4, run: 4 });
  });

  test('coverage: a thread that is terminated -> counted; a text by name and length', async () => {
    const directory = await freshDirectory();
    const program = path.join(directory, 'program.mjs');
    const preload = path.join(import.meta.dirname, 'preload.mjs');
    writeFileSync(program, PROGRAM);
    writeFileSync(path.join(directory, 'thread.cjs'), THREAD);
    const env = { ...process.env, HEIRLOOM_COVERAGE: directory };
    execFileSync(process.execPath, ['--import', preload, program], { env });
    const { scripts } = readCounts(directory, url => url.startsWith('heirloom-'));
    const name = `heirloom-image.js:${TEXT.length}`;
    expect([...scripts.keys()]).toEqual([name]);
    const ranges = scripts.get(name)!.functions.flatMap(it => it.ranges);
    const countAt = (text: string): number => {
      const at = TEXT.indexOf(text);
      const around = ranges.filter(it => it.startOffset <= at && at < it.endOffset);
      return around.sort((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0]!
        .count;
    };
    // Two threads with 3 calls each; one was asked for its counts before it ended.
    expect(['odd', 'even', 'never'].map(countAt)).toEqual([2, 4, 0]);
  });

  test('coverage: figures -> by package and room, the least covered first; pages', async () => {
    const { after, source } = await begin();
    const none = await after();
    const some = await after('a', 'b');
    const sources = new Map([
      ['kernel/wave/some.ts', { path: source, counts: some }],
      ['kernel/merge/none.ts', { path: source, counts: none }],
    ]);
    const coverage = coverageOf(
      [...sources].map(([name, { counts }]) => figuresOf(name, counts)),
    );
    expect(coverage.packages.map(({ name }) => name)).toEqual(['kernel']);
    expect(coverage.rooms.map(({ name }) => name)).toEqual(['kernel/merge', 'kernel/wave']);
    expect(coverage.files.map(({ name }) => name)).toEqual([
      'kernel/merge/none.ts',
      'kernel/wave/some.ts',
    ]);
    const [{ lines }] = coverage.packages as [(typeof coverage.packages)[0]];
    expect(lines.run).toBe(coverage.files[1]!.lines.run);
    const pages = path.join(await freshDirectory(), 'pages');
    expect(writePages(pages, 'Title', coverage, sources)).toBe(path.join(pages, 'index.html'));
  });

  test('coverage: rooms, shares, ranges -> as they are named and told', () => {
    expect(roomOf('worker/liveslots/kinds/kind.ts')).toBe('worker/liveslots/kinds');
    expect(roomOf('kernel/kernel.ts')).toBe('kernel');
    expect(percent({ all: 3, run: 2 })).toBe(66.6);
    expect(percent({ all: 100_000, run: 99_999 })).toBe(99.9);
    expect(percent({ all: 0, run: 0 })).toBe(100);
    expect(rangesOf([1, 2, 3, 7, 9, 10])).toEqual(['1-3', '7', '9-10']);
  });
});
