/**
 * The main thread of a child process: it starts the vat's thread, and ends the process with it.
 *
 * Invariants: the vat runs in a thread as everywhere, so stack, code cache and heap limit are a
 * thread's. A child never outlives the kernel's process, also if the vat loops for ever or the
 * kernel was killed: then the life pipe closes. Why it ended is on stderr.
 *
 *     node process-guard.cjs HEAP_MIB LMDB_ADDON
 *
 * HEAP_MIB 0 is V8's own limit; LMDB_ADDON is the file of lmdb's native addon.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { LIFE_FD } from '../protocol/process-boot.js';
import type { AddonData } from './lmdb-addon.js';
import { VAT_STACK_MIB } from './vat-stack.js';

const STDERR_FD = 2;
const VAT_DIED = 70;

/** When memory runs out, Linux is to end this process, not the kernel's. */
const OOM_FILE = '/proc/self/oom_score_adj';
const OOM_FIRST = '1000';

const offerToOomKiller = (): void => {
  if (!existsSync(OOM_FILE)) return;
  try {
    writeFileSync(OOM_FILE, OOM_FIRST);
  } catch (error) {
    // The vat can run all the same.
    writeSync(STDERR_FD, `${OOM_FILE}: ${String(error)}\n`);
  }
};

offerToOomKiller();
const [, , heapMiBText, lmdbAddon] = process.argv;
assert(lmdbAddon !== undefined, 'two arguments');
const heapMiB = Number(heapMiBText);
const workerData: AddonData = { lmdbAddon };
const vat = new Worker(path.join(__dirname, 'process.cjs'), {
  env: {},
  workerData,
  resourceLimits: {
    stackSizeMb: VAT_STACK_MIB,
    ...(heapMiB === 0 ? {} : { maxOldGenerationSizeMb: heapMiB }),
  },
});
/** With its stack, if the thread has told it. */
const describe = (error: unknown): string => {
  const stack = error instanceof Error ? error.stack : undefined;
  return stack === undefined || stack === '' ? String(error) : stack;
};

vat.on('error', error => {
  writeSync(STDERR_FD, `${describe(error)}\n`);
  process.exit(VAT_DIED);
});
vat.on('exit', () => process.exit(VAT_DIED));

const life = new net.Socket({ fd: LIFE_FD });
life.on('error', () => life.destroy());
life.on('close', () => process.kill(process.pid, 'SIGKILL'));
life.resume();
