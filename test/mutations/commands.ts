/** Commands that run in a process group of their own, so that nothing of them is left behind. */
import { spawn } from 'node:child_process';

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

interface CommandEnd {
  /** Null: it was killed, or it could not be started. */
  readonly status: number | null;
  /** It ran longer than it may, and was killed with all its processes. */
  readonly isHung: boolean;
  /** The last of what it has written. */
  readonly output: string;
}

const OUTPUT_CHARS_MAX = 20_000;

let running: number | undefined;

/** Kills what runs now, if anything does, with every process that it has started. */
export const killRunning = (): void => {
  if (running === undefined) return;
  try {
    process.kill(-running, 'SIGKILL');
  } catch (error) {
    // Its last process has just ended.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** Runs one command at a time, to its end or for `timeoutMs`. */
export const runCommand = (
  { command, args, directory, environment }: Command,
  timeoutMs: number,
): Promise<CommandEnd> =>
  new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running = child.pid;
    let output = '';
    let isHung = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_CHARS_MAX);
      });
    }
    const guard = setTimeout(() => {
      isHung = true;
      killRunning();
    }, timeoutMs);
    const end = (status: number | null): void => {
      clearTimeout(guard);
      running = undefined;
      resolve({ status, isHung, output });
    };
    child.on('error', error => {
      output += String(error);
      end(null);
    });
    // What the command has left running holds its output open, and is of no use to anybody.
    child.on('exit', killRunning);
    child.on('close', end);
  });
