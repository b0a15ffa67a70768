/**
 * The lock that keeps a second kernel out of a store, also within one process and from other
 * containers on the same volume (rules.md#s3, decision 089): one of the file system, on the file
 * `heirloom.lock` (file-lock.ts).
 *
 * The opening lock is another, on `heirloom.lock.opening`, held for the milliseconds in which LMDB
 * opens or closes. LMDB lets the last process that closes destroy the mutexes in its lock file
 * while a process that opens already waits to use them: from then on every write and every open of
 * the store fails, until all processes have left it. So a reader and a kernel, or two readers, take
 * turns here.
 *
 * Earlier releases had a file for each contender, by its process: `heirloom.lock.PID.BOOT.START.N`.
 * They keep nobody out; whoever takes the lock removes them.
 */
import fs from 'node:fs';
import path from 'node:path';
import { HostError } from '../host-error.js';
import { tryFileLock, type Contended, type FileLock } from './file-lock.js';

const LOCK_FILE = 'heirloom.lock';
const OPENING_FILE = `${LOCK_FILE}.opening`;
const EARLIER_FILE = /^heirloom\.lock\.(?:opening\.)?\d+\.[\da-f]+\.\d+\.\d+(?:\.held)?$/;

/** Rounds of waiting, of a millisecond each, for the opening lock, held for milliseconds. */
const OPENING_ROUNDS_MAX = 30_000;

interface StoreLock {
  /** Idempotent. */
  release(): void;
}

interface HeldStoreLock extends StoreLock {
  /**
   * Errors: HostError STORE_GONE when the lock's file does not have its name any more, because it
   * or its directory was renamed, deleted or replaced.
   */
  assertHeld(): void;
}

/** Does a file of this name belong to the locks? */
export function isLockFile(name: string): boolean {
  return name === LOCK_FILE || name.startsWith(`${LOCK_FILE}.`);
}

function isLock(lock: FileLock | Contended): lock is FileLock {
  return 'release' in lock;
}

function lockedError(directory: string, { holder }: Contended): HostError {
  const who = holder === undefined || holder.startsWith('this')
    ? holder ?? 'another process'
    : `another process (${holder})`;
  return new HostError(
    'STORE_LOCKED',
    `${directory} is open in ${who}. Close it there, or end that process, and open again.`,
  );
}

function waitAMillisecond(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function removeEarlierFiles(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (EARLIER_FILE.test(name)) fs.rmSync(path.join(directory, name), { force: true });
  }
}

function goneError(directory: string): HostError {
  return new HostError(
    'STORE_GONE',
    `${directory} or its file ${LOCK_FILE} was renamed, deleted or replaced while it was open: ` +
      `what is written there would not be found again. Nothing was committed. Put the directory ` +
      `back, or name where it is now, and open it again.`,
  );
}

/**
 * Takes the lock of an existing directory, without waiting for a holder.
 *
 * Errors: HostError STORE_LOCKED that names the pid which holds it, STORE_IO where nothing can be
 * locked; those of the system.
 */
export function acquireLock(directory: string): HeldStoreLock {
  const lock = tryFileLock(path.join(directory, LOCK_FILE));
  if (!isLock(lock)) throw lockedError(directory, lock);
  removeEarlierFiles(directory);
  return {
    assertHeld: () => {
      if (!lock.isThere()) throw goneError(directory);
    },
    release: () => lock.release(),
  };
}

/** How often this thread has the opening lock of a directory, and the lock. */
const openings = new Map<string, { count: number; readonly lock: StoreLock }>();

/**
 * Takes the opening lock of an existing directory; its holder is waited for, and the thread with
 * it. A thread that has it, because something of its own is being closed, is given it again.
 *
 * Errors: HostError STORE_LOCKED that names the pid which does not let go of it, STORE_IO where
 * nothing can be locked; those of the system.
 */
export function acquireOpeningLock(directory: string): StoreLock {
  const held = openings.get(directory) ?? { count: 0, lock: waitForOpeningLock(directory) };
  openings.set(directory, held);
  held.count += 1;
  let isHeld = true;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      held.count -= 1;
      if (held.count > 0) return;
      openings.delete(directory);
      held.lock.release();
    },
  };
}

function waitForOpeningLock(directory: string): StoreLock {
  for (let round = 0; ; round += 1) {
    const lock = tryFileLock(path.join(directory, OPENING_FILE));
    if (isLock(lock)) return lock;
    if (round === OPENING_ROUNDS_MAX) throw lockedError(directory, lock);
    waitAMillisecond();
  }
}
