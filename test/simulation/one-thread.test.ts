/**
 * A whole kernel in one thread, over a store in memory and workers that follow scripts, and what
 * goes wrong with stores and workers, by seed: its blocks are those of a kernel over LMDB whose
 * workers are threads and child processes.
 *
 * HEIRLOOM_SEED=n repeats a run.
 */
import { performance } from 'node:perf_hooks';
import { hostWays, type WaysOut } from '@heirloom/kernel/over';
import { produceCodeCache } from '@heirloom/worker';
import { beforeAll, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { Faults } from '../support/one-thread/faults.js';
import { memoryWays } from '../support/one-thread/memory-ways.js';
import { runRandomHost, type RandomRun } from '../support/one-thread/random-host.js';
import { buildScriptedImage, type ScriptedImage } from '../support/one-thread/scripted-image.js';

const CRANKS = 10_000;
const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 31);

let image: ScriptedImage;
/** With faults, in memory: what the others are compared with. */
let run: RandomRun;
let faults: Faults;

const tell = (what: string, { cranks, hashes, openings }: RandomRun, began: number): void => {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const blocks = `${cranks} cranks, ${hashes.length} blocks, ${openings} openings`;
  console.log(`one-thread.test: HEIRLOOM_SEED=${seed}, ${what}: ${blocks}, ${seconds} s`);
};

beforeAll(async () => {
  image = await buildScriptedImage();
  console.log(`one-thread.test: HEIRLOOM_SEED=${seed}`);
  const began = performance.now();
  faults = new Faults(seed);
  const ways = faults.over(memoryWays(image, seed));
  run = await runRandomHost({ ways, seed, cranks: CRANKS, faults });
  tell('in memory', run, began);
});

const expectSameBlocks = ({ hashes }: RandomRun): void => {
  const differs = hashes.findIndex((hash, at) => hash !== run.hashes[at]);
  expect(differs, 'the first block that differs').toBe(-1);
};

test('one thread: 10,000 cranks with faults -> every kind of fault has befallen it', () => {
  expect(run.cranks).toBeGreaterThanOrEqual(CRANKS);
  for (const [fault, count] of Object.entries(faults.counts)) {
    expect(`${fault}: ${Math.min(count, 1)}`).toBe(`${fault}: 1`);
  }
});

test('one thread: the same without faults, in another order of events -> the same blocks',
  { tags: ['sized'] },
  async () => {
    const began = performance.now();
    const cranks = amount({ quick: CRANKS / 2, thorough: CRANKS });
    const calm = await runRandomHost({ ways: memoryWays(image, seed + 1), seed, cranks });
    tell('without faults', calm, began);
    expectSameBlocks(calm);
    if (cranks === CRANKS) expect(calm.hashes.length).toBe(run.hashes.length);
  });

test('one thread: the same with few vats online -> the same blocks',
  { tags: ['sized'] },
  async () => {
    const began = performance.now();
    const cranks = amount({ quick: CRANKS / 20, thorough: CRANKS / 4 });
    const ways = memoryWays(image, seed);
    const paged = await runRandomHost({ ways, seed, cranks, maxVatsOnline: 2 });
    tell('few vats online', paged, began);
    expectSameBlocks(paged);
    expect(paged.hashes.length).toBeGreaterThan(1);
  });

test('one thread: the same over LMDB, threads and processes -> the same blocks',
  { tags: ['sized'] },
  async () => {
    const began = performance.now();
    const cranks = amount({ quick: CRANKS / 40, thorough: CRANKS });
    const ways: WaysOut = {
      ...hostWays(await freshDirectory()),
      installedImage: () => image,
      // A warm one is made with vat code, which such workers do not run.
      makeCodeCache: async ({ source }) => produceCodeCache(source),
    };
    const same = new Faults(seed);
    const real = await runRandomHost({ ways: same.over(ways), seed, cranks, faults: same });
    tell('over LMDB and threads', real, began);
    expectSameBlocks(real);
    expect(real.hashes.length).toBeGreaterThan(1);
  });
