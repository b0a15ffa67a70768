/** The memory of this process as Linux accounts for it; elsewhere only the resident set. */
import { readFileSync } from 'node:fs';

export interface MemoryUse {
  /** Anonymous memory: heaps, stacks, buffers. */
  readonly rssMiB: number;
  /** File-backed and shared pages, LMDB's among them. */
  readonly mappedMiB: number;
}

const STATUS = '/proc/self/status';
const KIB_PER_MIB = 1024;

const fieldMiB = (status: string, name: string): number => {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
  return match === null ? 0 : Math.round(Number(match[1]) / KIB_PER_MIB);
};

export const memoryUse = (): MemoryUse => {
  if (process.platform !== 'linux') {
    return { rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20), mappedMiB: 0 };
  }
  const status = readFileSync(STATUS, 'utf8');
  return {
    rssMiB: fieldMiB(status, 'RssAnon'),
    mappedMiB: fieldMiB(status, 'RssFile') + fieldMiB(status, 'RssShmem'),
  };
};
