/** Threads, file descriptors and memory of this process: what a leak would show in. Linux only. */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryUse } from '@heirloom/kernel';
import type { Resources } from './messages.js';

/** Workers that were let go end in their own time, and a spare warms up: until two looks agree. */
const LOOKS_MAX = 50;
const LOOK_MS = 200;
/** Looks of which the least memory counts: V8 gives back what it has freed bit by bit. */
const MEMORY_LOOKS = 5;

const countOf = (directory: string): number => readdirSync(directory).length;

const look = (): Resources => {
  const { gc: collect } = globalThis;
  if (collect === undefined) throw Error('the process needs --expose-gc');
  collect();
  return {
    threads: countOf('/proc/self/task'),
    descriptors: countOf('/proc/self/fd'),
    memoryMiB: memoryUse().rssMiB,
  };
};

export const restingResources = async (): Promise<Resources> => {
  let last = look();
  let agreed = 0;
  let memoryMiB = last.memoryMiB;
  for (let looks = 0; looks < LOOKS_MAX && agreed < MEMORY_LOOKS; looks += 1) {
    await pause(LOOK_MS);
    const next = look();
    const agrees = next.threads === last.threads && next.descriptors === last.descriptors;
    agreed = agrees ? agreed + 1 : 0;
    memoryMiB = agrees ? Math.min(memoryMiB, next.memoryMiB) : next.memoryMiB;
    last = next;
  }
  return { ...last, memoryMiB };
};
