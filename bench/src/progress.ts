/**
 * How far a bench is, on stderr: stdout is for results.
 *
 * On a terminal a bar, there from the phase's beginning on. Elsewhere, in a log or a pipe, a line
 * when a phase begins and then one now and then, so that the log shows both life and measure.
 */
import cliProgress from 'cli-progress';

export interface Progress {
  /** `count` more of the total are done. */
  advance(count: number): void;
  stop(): void;
}

export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** What `BenchIo.progress` is. */
type ShowProgress = (label: string, total?: number) => Progress;

/** Between two lines of one phase. */
const LINE_INTERVAL_MS = 10_000;

const barOn =
  (stream: ProgressStream): ShowProgress =>
  (label, total) => {
    const format =
      total === undefined
        ? `${label}, {duration} s`
        : `${label} {bar} {value}/{total}, {eta} s left`;
    // The cursor stays visible: an interrupt would leave it hidden.
    const bar = new cliProgress.SingleBar(
      { format, stream, clearOnComplete: true, hideCursor: false },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total ?? 1, 0);
    return { advance: count => bar.increment(count), stop: () => bar.stop() };
  };

const linesOn =
  (stream: ProgressStream, now: () => number): ShowProgress =>
  (label, total) => {
    const began = now();
    let last = began;
    let done = 0;
    stream.write(total === undefined ? `${label}\n` : `${label}: 0/${total}\n`);
    const advance = (count: number): void => {
      done += count;
      const time = now();
      if (total === undefined || time - last < LINE_INTERVAL_MS) return;
      last = time;
      const left = Math.max(0, Math.round(((time - began) * (total - done)) / done / 1000));
      stream.write(`${label}: ${done}/${total}, ${left} s left\n`);
    };
    return { advance, stop: () => undefined };
  };

/** `now`: milliseconds of a clock that only goes forward. */
export const progressOn = (stream: ProgressStream, now: () => number): ShowProgress =>
  stream.isTTY === true ? barOn(stream) : linesOn(stream, now);
