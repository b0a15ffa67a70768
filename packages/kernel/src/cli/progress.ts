/** One progress line on a terminal's stderr; silent anywhere else. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** `done` of `total` of what `phase` names. */
  show(phase: string, done: number, total: number): void;
  stop(): void;
}

export const silentProgress: Progress = { show: () => undefined, stop: () => undefined };

export const makeProgress = (stream: NodeJS.WriteStream): Progress => {
  if (!stream.isTTY) return silentProgress;
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{phase} {bar} {value}/{total}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    hideCursor: true,
  });
  let started = false;
  return {
    show: (phase, done, total) => {
      if (!started) bar.start(total, done, { phase });
      started = true;
      bar.setTotal(total);
      bar.update(done, { phase });
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
};
