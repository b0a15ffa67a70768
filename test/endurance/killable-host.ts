/** A host that is a process of its own, says what was acknowledged line by line, and is killed. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Ended {
  readonly signal: string | null;
  readonly stderr: string;
}

export interface KillableHost {
  /** Rejects with what was wrong with a line of it. */
  readonly ended: Promise<Ended>;
  kill(): void;
  /** Resolves once it has said so many blocks. */
  blocks(count: number): Promise<void>;
}

/** `hear` throws where a line is wrong: that ends the host. `args`: of Node. */
export const startHost = (args: readonly string[], hear: (line: string) => void): KillableHost => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stderr, blocks] = ['', 0];
  let failure: unknown;
  let goal = { count: Infinity, reached: (): void => undefined };
  child.stderr.on('data', data => (stderr += String(data)));
  createInterface({ input: child.stdout }).on('line', line => {
    try {
      hear(line);
    } catch (error) {
      failure ??= error;
      child.kill('SIGKILL');
    }
    if (/^\d+ block /.test(line)) blocks += 1;
    if (blocks >= goal.count) goal.reached();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (failure === undefined) resolve({ signal, stderr });
      else reject(failure as Error);
    });
  });
  return {
    ended,
    kill: () => void child.kill('SIGKILL'),
    blocks: count => new Promise(reached => (goal = { count, reached })),
  };
};
