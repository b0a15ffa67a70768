/**
 * Anonymous memory of this process, and how much of it stands in the heaps of glibc's `malloc`.
 *
 * What is freed there is kept for later, in pieces, and how much that is follows from what was
 * freed beside what: it grows slowly where nothing is held any more. What V8 has for objects, and
 * what is large enough for pages of its own, stands elsewhere and is given back.
 */
import { readFileSync } from 'node:fs';

interface ProcessMemory {
  /** Of the process. */
  readonly anonMiB: number;
  /** Of that in the heaps of `malloc`, used or kept. */
  readonly mallocMiB: number;
}

const KIB_PER_MIB = 1024;
/** All heaps but the first begin at a multiple of this, and are no larger. */
const HEAP_BYTES_MAX = 2n ** 26n;
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$/;

const isMallocs = (line: RegExpExecArray): boolean => {
  const [, from = '', to = '', rights, name] = line;
  if (name !== '') return name === '[heap]';
  const [begin, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
  return rights === 'rw-p' && begin % HEAP_BYTES_MAX === 0n && end - begin <= HEAP_BYTES_MAX;
};

/** From the text of `/proc/self/smaps`: each mapping, then what is known of it, a line each. */
export const memoryIn = (smaps: string): ProcessMemory => {
  let [anon, malloc, inMalloc] = [0, 0, false];
  for (const line of smaps.split('\n')) {
    const mapping = MAPPING.exec(line);
    if (mapping !== null) inMalloc = isMallocs(mapping);
    const [, kib] = /^Anonymous:\s+(\d+) kB$/.exec(line) ?? [];
    if (kib === undefined) continue;
    anon += Number(kib);
    if (inMalloc) malloc += Number(kib);
  }
  const inMiB = (kib: number): number => Math.round(kib / KIB_PER_MIB);
  return { anonMiB: inMiB(anon), mallocMiB: inMiB(malloc) };
};

export const processMemory = (): ProcessMemory =>
  memoryIn(readFileSync('/proc/self/smaps', 'latin1'));
