/**
 * The same deliveries in different surroundings give the same cranks, byte for byte (rules.md#t1,
 * rules.md#o1).
 */
import '../testing/plain-worker.js';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { makePlainHarness } from '../testing/plain-worker.js';
import { runScenario } from '../testing/scenario.js';

/** Several turns, so that what a turn kept alive can go. */
const collect = async (): Promise<void> => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i += 1) {
    await new Promise<void>(resolve => setImmediate(resolve));
    gc();
  }
};

/** In a thread locked down by the image (`npm run build` makes it). */
const runInImage = (replays: boolean): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const url = new URL('../../dist/testing/image-scenario.js', import.meta.url);
    const worker = new Worker(url, { workerData: { replays }, env: {} });
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', code => reject(Error(`exit ${code}`)));
  });

describe('scenario', () => {
  it('twice -> the same cranks', async () => {
    const cranks = await runScenario(makePlainHarness());
    expect(cranks.length).toBe(51);
    expect(await runScenario(makePlainHarness())).toEqual(cranks);
  });

  it('with garbage collected between all waves -> the same cranks', async () => {
    const cranks = await runScenario(makePlainHarness());
    expect(await runScenario(makePlainHarness(), { collect })).toEqual(cranks);
  });

  it('replayed in every incarnation, by a worker that takes over -> the same cranks', async () => {
    const cranks = await runScenario(makePlainHarness());
    expect(await runScenario(makePlainHarness(), { replays: true })).toEqual(cranks);
  });

  it('in the locked-down image -> the same cranks', async () => {
    const cranks = await runScenario(makePlainHarness());
    expect(await runInImage(false)).toEqual(cranks);
    expect(await runInImage(true)).toEqual(cranks);
  });
});
