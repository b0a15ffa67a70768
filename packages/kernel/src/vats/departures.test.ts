/** Workers that go, late or never, with a timer that the test turns. */
import { beforeEach, expect, test } from 'vitest';
import { Deferred } from '../base/deferred.js';
import { WorkerError } from '../base/kernel-errors.js';
import { nextTurn, type Repeat } from '../base/kernel-host-powers.js';
import { Departures, threadsLeft } from './departures.js';
import type { VatWorker } from './vat-worker.js';

const TICKS = 12;
const OWN_CODE_TICKS = 600;

let job: (() => void) | undefined;
const repeat: Repeat = (_milliseconds, given) => {
  job = given;
  return () => {
    job = undefined;
  };
};
const tick = (times: number): void => {
  for (let i = 0; i < times; i += 1) job?.();
};

/** What departures ask of a worker. */
class Leaver {
  readonly #gone = new Deferred<void>();
  readonly #name: string;
  isKilled: boolean;
  hasVatCode = true;

  constructor(name: string, isKilled = true) {
    this.#name = name;
    this.isKilled = isKilled;
  }

  terminate(): Promise<void> {
    return this.#gone.promise;
  }

  leftBehind(): WorkerError {
    return new WorkerError('THREAD_LEFT', this.#name, undefined);
  }

  async go(): Promise<void> {
    this.#gone.resolve();
    await Promise.resolve();
  }
}

const asWorker = (leaver: Leaver): VatWorker => leaver as unknown as VatWorker;

let told: string[];
let departures: Departures;
const whys = (errors: readonly WorkerError[]): string[] => errors.map(({ why }) => why);
const isSettled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), nextTurn().then(() => false)]);

beforeEach(() => {
  told = [];
  departures = new Departures(repeat, ({ why }) => told.push(why));
});

const add = (name: string, isKilled?: boolean): Leaver => {
  const leaver = new Leaver(name, isKilled);
  departures.add(asWorker(leaver));
  return leaver;
};

test('departures: a worker that goes -> waited for, nothing told, the timer stops', async () => {
  const worker = add('a');
  tick(TICKS);
  expect(await isSettled(departures.settled())).toBe(false);
  await worker.go();
  expect(await isSettled(departures.settled())).toBe(true);
  expect([told, departures.left, job]).toEqual([[], [], undefined]);
});

test('departures: one that does not go -> left behind, told once, not waited for', async () => {
  const worker = add('a');
  tick(TICKS);
  expect(told).toEqual([]);
  const settled = departures.settled();
  const gone = departures.allGone();
  tick(1);
  expect([told, whys(departures.left), whys(threadsLeft())]).toEqual([['a'], ['a'], ['a']]);
  expect([await isSettled(settled), await isSettled(gone)]).toEqual([true, false]);
  expect(job).toBe(undefined);
  await worker.go();
  expect([departures.left, threadsLeft(), told]).toEqual([[], [], ['a']]);
  expect(await isSettled(gone)).toBe(true);
});

test('departures: others go one by one -> nobody is left behind meanwhile', async () => {
  const stuck = add('stuck');
  for (const name of ['a', 'b', 'c']) {
    const worker = add(name);
    tick(TICKS);
    await worker.go();
  }
  expect(told).toEqual([]);
  tick(TICKS + 1);
  expect(told).toEqual(['stuck']);
  await stuck.go();
});

test('departures: one that has no code of a vat -> waited for longer', async () => {
  const worker = add('a');
  worker.hasVatCode = false;
  tick(OWN_CODE_TICKS);
  expect(told).toEqual([]);
  tick(1);
  expect(told).toEqual(['a']);
  await worker.go();
});

test('departures: one that is not killed yet -> its time has not begun', async () => {
  const worker = add('a', false);
  tick(10 * TICKS);
  worker.isKilled = true;
  tick(TICKS);
  expect(told).toEqual([]);
  tick(1);
  expect(told).toEqual(['a']);
  await worker.go();
});
