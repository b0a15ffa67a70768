/** Which mutant is being tried: a bar on a terminal, otherwise a line for each that is through. */
import cliProgress from 'cli-progress';

export interface Progress {
  begin(id: string): void;
  end(id: string, what: string): void;
  stop(): void;
}

const lineProgress = (stream: NodeJS.WriteStream, total: number): Progress => {
  let done = 0;
  return {
    begin: () => undefined,
    end: (id, what) => {
      done += 1;
      stream.write(`${done}/${total} ${id} ${what}\n`);
    },
    stop: () => undefined,
  };
};

export const showProgress = (stream: NodeJS.WriteStream, total: number): Progress => {
  if (!stream.isTTY) return lineProgress(stream, total);
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{id} {bar} {value}/{total}, {eta_formatted} left',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { id: 'build' });
  return {
    begin: id => bar.update({ id }),
    end: () => bar.increment(),
    stop: () => bar.stop(),
  };
};
