/** What stderr is told of a bench's phases, with a stream and a clock of the test's own. */
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { progressOn } from './progress.js';

class Sink extends Writable {
  readonly isTTY: boolean;
  text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }

  /** Lines since the last call. */
  take(): string[] {
    const lines = this.text.split('\n').slice(0, -1);
    this.text = '';
    return lines;
  }
}

describe('progress, no terminal:', () => {
  const clock = { ms: 5_000 };
  const open = () => {
    const sink = new Sink(false);
    return { sink, show: progressOn(sink, () => clock.ms) };
  };

  test('a phase begins -> a line at once', () => {
    const { sink, show } = open();
    show('purses made', 400);
    expect(sink.take()).toEqual(['purses made: 0/400']);
    show('reaping');
    expect(sink.take()).toEqual(['reaping']);
  });

  test('steps within ten seconds -> no line; then one, with what is left', () => {
    const { sink, show } = open();
    const progress = show('purses made', 400);
    sink.take();
    for (let second = 1; second <= 9; second += 1) {
      clock.ms += 1_000;
      progress.advance(10);
    }
    expect(sink.take()).toEqual([]);
    clock.ms += 1_000;
    progress.advance(10);
    expect(sink.take()).toEqual(['purses made: 100/400, 30 s left']);
    clock.ms += 9_999;
    progress.advance(100);
    expect(sink.take()).toEqual([]);
    clock.ms += 10_001;
    progress.advance(100);
    expect(sink.take()).toEqual(['purses made: 300/400, 10 s left']);
    progress.stop();
    expect(sink.take()).toEqual([]);
  });

  test('an hour of steps -> a line every ten seconds, no more', () => {
    const { sink, show } = open();
    const progress = show('blocks', 36_000);
    for (let step = 0; step < 36_000; step += 1) {
      clock.ms += 100;
      progress.advance(1);
    }
    expect(sink.take()).toHaveLength(1 + 360);
    expect(sink.text).toBe('');
  });

  test('a phase without a total -> its first line only', () => {
    const { sink, show } = open();
    const progress = show('reaping');
    clock.ms += 60_000;
    progress.advance(1);
    progress.stop();
    expect(sink.take()).toEqual(['reaping']);
  });
});

describe('progress, a terminal:', () => {
  test('a phase begins -> its bar at once; it ends -> the bar is gone', () => {
    const sink = new Sink(true);
    const progress = progressOn(sink, () => 0)('purses made', 400);
    expect(sink.text).toContain('purses made');
    expect(sink.text).toContain('0/400');
    progress.advance(400);
    progress.stop();
    expect(sink.text).toContain('400/400');
    expect(sink.text).not.toContain('\n');
    // Never hidden: an interrupted bench must not leave the terminal so.
    expect(sink.text).not.toContain('\u001b[?25l');
  });

  test('a phase without a total -> its name at once, and no bar', () => {
    const sink = new Sink(true);
    const progress = progressOn(sink, () => 0)('reaping');
    expect(sink.text).toContain('reaping, 0 s');
    expect(sink.text).not.toMatch(/\d\/\d/);
    progress.stop();
  });
});
