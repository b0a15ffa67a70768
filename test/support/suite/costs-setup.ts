/** Before every test file: counts what its tests assert, and what its process has cost. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, expect } from 'vitest';
import { counted } from './counted-costs.js';

declare module 'vitest' {
  interface TaskMeta {
    /** Of a test: how many assertions it has made. */
    assertions?: number;
    /** Of a file: CPU seconds of its process, threads and children that have ended, meanwhile. */
    cpuSeconds?: number;
  }
}

const TICKS_PER_SECOND = 100;
/** Of /proc/self/stat, behind the name of the program: utime, stime, cutime, cstime. */
const TIME_FIELDS = [11, 12, 13, 14];

/** Linux alone tells what children have cost; elsewhere they are left out. */
const cpuSeconds = (): number => {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = TIME_FIELDS.reduce((sum, field) => sum + Number(fields[field]), 0);
  return ticks / TICKS_PER_SECOND;
};

afterEach(({ task }) => {
  task.meta.assertions = expect.getState().assertionCalls;
});
afterAll(({}, suite) => {
  const spent = cpuSeconds();
  suite.meta.cpuSeconds = spent - counted.cpuSeconds;
  counted.cpuSeconds = spent;
});
