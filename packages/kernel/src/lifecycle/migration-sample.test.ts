/** A successor that answers a trial with nonsense is at fault itself; the kernel goes on. */
import { FIRST_HEIGHT } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { WorkerError } from '../base/kernel-errors.js';
import type { VatWorker } from '../vats/vat-worker.js';
import { NO_SAMPLE, sampleMigrations } from './migration-sample.js';

/** A worker of which a trial asks for one crank. */
const answering = (hex: string): VatWorker => ({
  hasFailed: false,
  prepare: () => Promise.resolve(false),
  bind: () => Promise.resolve(),
  replay: () => Promise.resolve(),
  describe: () => Promise.reject(Error('not asked')),
  noteSites: () => undefined,
  restack: () => undefined,
  hand: () => undefined,
  deliver: () => undefined,
  unmergedBytes: 0,
  nextCrank: () => Promise.resolve(new Uint8Array(Buffer.from(hex, 'hex'))),
  delivered: () => Promise.resolve(),
  terminate: () => Promise.resolve(),
  isKilled: false,
  hasVatCode: true,
  leftBehind: () => new WorkerError('THREAD_LEFT', 'left', undefined),
  at: undefined,
});

describe('migration sample: what a worker answers', () => {
  test.each([
    ['nothing', ''],
    ['bytes left over', '94c09090c000'],
    ['more elements than there is memory', 'ddffffffff'],
    ['a good crank with a longer head', 'dc0004c0909095c2000000'],
    ['a crank that reports no migration', '94c09090c0'],
  ])('%s -> a fault of the vat', async (_title, hex) => {
    const moment = { height: FIRST_HEIGHT, wave: 0 };
    const sampled = sampleMigrations(answering(hex), moment, { tellsWorkerEnds: false });
    expect(await sampled).toEqual({ ...NO_SAMPLE, fault: 'BAD_SYSCALL' });
  });

  test('a report of a migration -> told', async () => {
    const moment = { height: FIRST_HEIGHT, wave: 0 };
    const worker = answering('94c0909095c203030390');
    const sampled = await sampleMigrations(worker, moment, { tellsWorkerEnds: false });
    expect(sampled).toEqual({ sampled: 3, failed: [], fault: null });
  });
});
