/** The child processes that vats of this test run in. */
import { execFileSync } from 'node:child_process';

/** The process ids of this process's vats, in order of age. */
export const vatProcesses = (): number[] => {
  const options = ['--ppid', String(process.pid), '-o', 'pid=,args='];
  return execFileSync('ps', options, { encoding: 'utf8' })
    .split('\n')
    .filter(line => line.includes('process-guard'))
    .map(line => Number(line.trim().split(' ', 1)[0]));
};

/** Kills every vat's process as the system would. */
export const killVatProcesses = (): void => {
  for (const pid of vatProcesses()) process.kill(pid, 'SIGKILL');
};

/** Resolves when `condition` holds; the test's own timeout is the limit. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
};
