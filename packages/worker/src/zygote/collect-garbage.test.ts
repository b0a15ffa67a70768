/** V8's flags are the process's: threads that ask for the collector at the same time all get it. */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';

const MODULE = new URL('../../dist/zygote/collect-garbage.js', import.meta.url).href;
const THREADS = 8;
const ROUNDS = amount({ quick: 2, thorough: 12 });

/** Waits until all of its fellows are there, then collects. */
const THREAD = `
  const { workerData: { module, gate, threads } } = require('node:worker_threads');
  import(module).then(({ collectGarbage }) => {
    if (Atomics.add(gate, 0, 1) === threads - 1) Atomics.notify(gate, 0);
    for (;;) {
      const there = Atomics.load(gate, 0);
      if (there === threads) break;
      Atomics.wait(gate, 0, there, 1);
    }
    collectGarbage();
  });
`;

const ended = (worker: Worker): Promise<string> =>
  new Promise(resolve => {
    worker.on('error', error => resolve(String(error)));
    worker.on('exit', () => resolve('collected'));
  });

const title = 'collector: threads ask for it at the same time -> each gets it';
it(title, { tags: ['sized'] }, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { module: MODULE, gate, threads: THREADS };
    const workers = Array.from({ length: THREADS }, () =>
      new Worker(THREAD, { eval: true, workerData }));
    const outcomes = await Promise.all(workers.map(ended));
    expect(outcomes, `round ${round}`).toEqual(Array(THREADS).fill('collected'));
  }
});
