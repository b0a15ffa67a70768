/** The watchdog with a timer that the test turns: silence in ticks, not in time. */
import { expect, test } from 'vitest';
import type { Repeat } from '../base/kernel-host-powers.js';
import { Watchdog } from './watchdog.js';

const TICKS = 8;

class Clock {
  #job: (() => void) | undefined;
  started = 0;
  everyMs = 0;

  readonly repeat: Repeat = (milliseconds, job) => {
    this.started += 1;
    this.everyMs = milliseconds;
    this.#job = job;
    return () => {
      this.#job = undefined;
    };
  };

  get isRunning(): boolean {
    return this.#job !== undefined;
  }

  tick(times: number): void {
    for (let i = 0; i < times; i += 1) this.#job?.();
  }
}

test('watchdog: silent for the whole timeout -> told once, the timer stops', () => {
  const clock = new Clock();
  let told = 0;
  new Watchdog(800, clock.repeat).watch(() => (told += 1));
  expect(clock.everyMs).toBe(100);
  clock.tick(TICKS);
  expect(told).toBe(0);
  clock.tick(1);
  expect([told, clock.isRunning]).toEqual([1, false]);
});

test('watchdog: heard now and then -> never told', () => {
  const clock = new Clock();
  let told = 0;
  const watch = new Watchdog(800, clock.repeat).watch(() => (told += 1));
  for (let i = 0; i < 10; i += 1) {
    clock.tick(TICKS);
    watch.heard();
  }
  expect(told).toBe(0);
  watch.stop();
  expect(clock.isRunning).toBe(false);
});

test('watchdog: two workers, one timer -> each by itself', () => {
  const clock = new Clock();
  const told: string[] = [];
  const watchdog = new Watchdog(800, clock.repeat);
  watchdog.watch(() => told.push('a'));
  clock.tick(4);
  watchdog.watch(() => told.push('b'));
  clock.tick(5);
  expect(told).toEqual(['a']);
  clock.tick(4);
  expect(told).toEqual(['a', 'b']);
  expect(clock.started).toBe(1);
});

test('watchdog: no timeout -> no timer', () => {
  const clock = new Clock();
  new Watchdog(Infinity, clock.repeat).watch(() => undefined).stop();
  expect(clock.started).toBe(0);
});
