/** What of a process is in the heaps of `malloc`. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memoryIn, processMemory } from './process-memory.js';

const KIB_PER_MIB = 1024;

const mapping = (range: string, rights: string, name: string, anonMiB: number): string =>
  `${range} ${rights} 00000000 00:00 0   ${name}\nRss:  99 kB\n` +
  `Anonymous:  ${anonMiB * KIB_PER_MIB} kB\nAnonHugePages:  77 kB\n`;

test('endurance: mappings of a process -> what malloc has is told from all else', () => {
  const mappings = [
    mapping('55d000000000-55d002000000', 'rw-p', '[heap]', 1),
    mapping('7f0004000000-7f0008000000', 'rw-p', '', 2), // a heap of a thread
    mapping('7f0008000000-7f0010000000', 'rw-p', '', 4), // too large for one
    mapping('7f0010040000-7f0010080000', 'rw-p', '', 8), // begins where none does
    mapping('7f0014000000-7f0014100000', 'r-xp', '', 16),
    mapping('7f0018000000-7f0018100000', 'rw-p', '/usr/lib/x.so', 32),
  ];
  expect(memoryIn(mappings.join(''))).toEqual({ anonMiB: 63, mallocMiB: 3 });
});

test('endurance: this process -> what its status says, and malloc has a part of it', () => {
  const { anonMiB, mallocMiB } = processMemory();
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))!;
  const told = Number(kib) / KIB_PER_MIB;
  expect(Math.abs(anonMiB - told)).toBeLessThan(told / 4); // other threads work meanwhile
  expect(mallocMiB).toBeGreaterThan(0);
  expect(mallocMiB).toBeLessThan(anonMiB);
});
