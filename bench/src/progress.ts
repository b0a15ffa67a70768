/** How far a bench is, on stderr: stdout is for results. Silent unless stderr is a terminal. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** `count` more of the total are done. */
  advance(count: number): void;
  stop(): void;
}

const SILENT: Progress = { advance: () => undefined, stop: () => undefined };

export function showProgress(label: string, total: number): Progress {
  if (!process.stderr.isTTY) return SILENT;
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {value}/{total}, {eta} s left`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return { advance: count => bar.increment(count), stop: () => bar.stop() };
}
