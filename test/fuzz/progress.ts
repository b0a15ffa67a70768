/** How far the sessions are: a bar on a terminal, otherwise a line now and then. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** `cases` have been lived through, in so many sessions. */
  tell(seconds: number, sessions: number, cases: number): void;
  /** A session was wrong: it is made smaller, which takes minutes. */
  wrong(seed: number, text: string): void;
  stop(): void;
}

const LINE_EVERY_SECONDS = 30;

const lineProgress = (stream: NodeJS.WriteStream): Progress => {
  let next = 0;
  return {
    tell: (seconds, sessions, cases) => {
      if (seconds < next) return;
      next = seconds + LINE_EVERY_SECONDS;
      stream.write(`${Math.round(seconds)} s: ${sessions} sessions, ${cases} cases\n`);
    },
    wrong: (seed, text) => void stream.write(`seed ${seed}: ${text}\n`),
    stop: () => undefined,
  };
};

export const showProgress = (stream: NodeJS.WriteStream, seconds: number): Progress => {
  if (!stream.isTTY) return lineProgress(stream);
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{bar} {value}/{total} s, {sessions} sessions, {cases} cases',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(Math.ceil(seconds), 0, { sessions: 0, cases: 0 });
  return {
    tell: (at, sessions, cases) =>
      bar.update(Math.min(Math.round(at), Math.ceil(seconds)), { sessions, cases }),
    wrong: (seed, text) => void stream.write(`\nseed ${seed}: ${text}\n`),
    stop: () => bar.stop(),
  };
};
