/**
 * What an engine shows to vat code does not depend on flags of V8's compilers and collector, on
 * the host's time zone and language, on whether a thread or a process looks (docs/engines.md).
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compareEngines, reportEngine, type EngineReport } from '@heirloom/kernel';
import { hostWays, type WorkerKind } from '@heirloom/kernel/over';
import { packFrame } from '@heirloom/store';
import { FromWorker, readImage, ToWorker, unpackTuple } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

const here = await reportEngine();

/** What `heirloom engine` says in a process with these flags and variables. */
const elsewhere = async (
  flags: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<EngineReport> => {
  const args = [...flags, MAIN, 'engine', '--json', ...more];
  const { stdout } = await run(process.execPath, args, { env: variables, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as EngineReport;
};

test('the quick choice -> some dozens of names, each once; at most 2 KB', () => {
  const { observations } = here;
  const names = observations!.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(30);
  expect(names.length).toBeLessThanOrEqual(60);
  expect(packFrame([here.imageId, observations!.map(pair => [...pair])]).length).toBeLessThan(2048);
});

test('again in this process -> the same', async () => {
  expect((await reportEngine()).observations).toEqual(here.observations);
});

test.each<readonly [string, readonly string[], Readonly<Record<string, string>>]>([
  ['no compiler', ['--jitless'], {}],
  ['the compiler without optimization, at once', ['--always-sparkplug', '--no-opt'], {}],
  ['a collector that is always at work', ['--stress-compaction', '--gc-interval=500'], {}],
  ['another place', [], { TZ: 'Pacific/Apia', LANG: 'lt_LT.UTF-8', LC_ALL: 'lt_LT.UTF-8' }],
])('%s -> the same', async (_title, flags, variables) => {
  const report = await elsewhere(flags, variables);
  expect(compareEngines(here, report)).toEqual([]);
});

const compilers = 'everything, compiled early and not at all -> the same';
test(compilers, { tags: ['thorough'] }, async () => {
  const plain = await elsewhere([], {}, ['--whole']);
  const flags = [['--jitless'], ['--always-sparkplug', '--no-opt'], ['--interrupt-budget=1000']];
  for (const each of flags) {
    const other = await elsewhere(each, { TZ: 'Asia/Tokyo' }, ['--whole']);
    expect(compareEngines(plain, other)).toEqual([]);
  }
});

test('a host whose language is Turkish -> vat code sees it: another build, which differs',
  async () => {
    const report = await elsewhere([], { LC_ALL: 'tr_TR.UTF-8' });
    expect(report.build).toBe(`${here.build}, Turkish letters`);
    expect(report.name).toBe(here.name);
    expect(compareEngines(here, report)).toEqual(['unicode.folding']);
  });

/** What a worker of the kernel answers, and whether it has said that it is warm before. */
const ofWorker = async (kind: WorkerKind): Promise<unknown[]> => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory });
  const { source: imageSource } = readImage();
  const host = { imageSource, codeCache: undefined, heapMiBMax: undefined };
  const open = hostWays(directory).openWorkers(
    kind,
    { ...host, collectsEveryCrank: false, crankWeightMax: 0 },
    () => undefined,
  );
  const frames: unknown[] = [];
  const { promise, resolve, reject } = deferred<void>();
  const channel = open({
    frame: frame => {
      const tuple = unpackTuple(frame);
      frames.push(tuple);
      if (tuple[0] === FromWorker.observed) resolve();
    },
    broken: why => reject(Error(why)),
    end: (reason, cause) => reject(Error(reason, { cause })),
  });
  channel.send(packFrame([ToWorker.observe, false]));
  await promise;
  await channel.destroy();
  await kernel.close();
  return frames;
};

const deferred = <T>() => {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
};

test.each<WorkerKind>(['thread', 'process'])('a worker that is a %s -> the same', async kind => {
  const frames = await ofWorker(kind);
  expect(frames).toEqual([[FromWorker.ready], [FromWorker.observed, here.observations]]);
});

test('on the command line: compared with what another engine printed -> what differs', async () => {
  const file = join(await freshDirectory(), 'other.json');
  await writeFile(file, JSON.stringify(here));
  expect(await heirloom('engine', '--compare', file)).toMatchObject({ status: 0 });
  const nil = '0'.repeat(16);
  const other = here.observations!.map(([name, digest], i) => [name, i === 3 ? nil : digest]);
  await writeFile(file, JSON.stringify({ ...here, observations: other }));
  const { status, stdout } = await heirloom('engine', '--compare', file, '--json');
  const differing = [here.observations![3]![0]];
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ comparison: { with: here.build, differing } });
  await writeFile(file, JSON.stringify({ ...here, whole: true }));
  const refused = await heirloom('engine', '--compare', file);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('--whole')]);
});
