/** How far a run is: a bar on a terminal, otherwise a line now and then. */
import cliProgress from 'cli-progress';

interface Progress {
  tell(done: number): void;
  stop(): void;
}

const LINES = 20;

const lineProgress = (stream: NodeJS.WriteStream, unit: string, total: number): Progress => {
  let next = 0;
  return {
    tell: done => {
      if (done < next) return;
      next = done + total / LINES;
      stream.write(`${Math.round(done)} of ${total} ${unit}\n`);
    },
    stop: () => undefined,
  };
};

export const showProgress = (
  stream: NodeJS.WriteStream,
  unit: string,
  total: number,
): Progress => {
  if (!stream.isTTY) return lineProgress(stream, unit, total);
  const format = ` {bar} {value} of {total} ${unit}`;
  const bar = new cliProgress.SingleBar({ stream, format, hideCursor: true });
  bar.start(total, 0);
  return { tell: done => bar.update(Math.min(total, Math.round(done))), stop: () => bar.stop() };
};
