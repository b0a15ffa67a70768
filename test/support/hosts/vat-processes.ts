/** The child processes that vats of this test run in. */
import { execFileSync } from 'node:child_process';

/** The process ids of a host's vats, in order of age. */
export const vatProcesses = (host = process.pid): number[] => {
  const options = ['--ppid', String(host), '-o', 'pid=,args='];
  return execFileSync('ps', options, { encoding: 'utf8' })
    .split('\n')
    .filter(line => line.includes('process-guard'))
    .map(line => Number(line.trim().split(' ', 1)[0]));
};

/** Kills every vat's process as the system would. */
export const killVatProcesses = (): void => {
  for (const pid of vatProcesses()) process.kill(pid, 'SIGKILL');
};

/** Between two looks: a look may be a process of its own, and what it waits for needs a core. */
const LOOK_MS = 5;

/** Resolves when `condition` holds; the test's own timeout is the limit. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, LOOK_MS));
};

/** Is there a process of this id? */
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
};
