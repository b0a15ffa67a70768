/**
 * The lock that keeps a second kernel out of a store, also within one process (rules.md#s3).
 *
 * Theory of operation. Every contender creates a file of its own in the directory, *then* lists the
 * directory. Of two contenders, the one that lists later sees the other's file, so two can never
 * both find themselves alone; whoever is not alone withdraws. A file's name is its owner's
 * identity:
 *
 *   heirloom.lock.PID.BOOT.START.N[.held]
 *
 * process id, boot of the machine, start time of the process in clock ticks since that boot, and a
 * number that tells openings of one process apart. An identity is never used again, so a file whose
 * owner is gone is gone for good and anyone may delete it: a lock left by SIGKILL is taken over at
 * once, and two that take over cannot delete each other's. `.held`, a second file, marks the
 * winner; among contenders the least name stays until the others have withdrawn.
 *
 * Without /proc, START is 0 and a process counts as alive while its id is in use.
 * The directory must be local to one machine, which LMDB demands anyway.
 *
 * The opening lock is another of the same make, heirloom.lock.opening.*, held for the milliseconds
 * in which LMDB opens or closes. LMDB lets the last process that closes destroy the mutexes in its
 * lock file while a process that opens already waits to use them: from then on every write and
 * every open of the store fails, until all processes have left it. So a reader and a kernel, or two
 * readers, take turns here.
 */
import fs from 'node:fs';
import path from 'node:path';
import { HostError, systemErrorCode } from './host-error.js';

/** Files that begin so belong to the locks. */
export const LOCK_PREFIX = 'heirloom.lock.';
const OPENING_PREFIX = `${LOCK_PREFIX}opening.`;

const HELD_SUFFIX = '.held';
const BOOT_ID_LENGTH = 8;
/** Rounds of waiting, of a millisecond each, for contenders of a greater name to withdraw. */
const CONTENTION_ROUNDS_MAX = 500;
const OPENINGS_MAX = 10_000;
/** Rounds of waiting, of a millisecond each, for the opening lock, held for milliseconds. */
const OPENING_ROUNDS_MAX = 30_000;

interface Owner {
  readonly file: string;
  readonly pid: number;
  readonly boot: string;
  readonly start: string;
  readonly held: boolean;
}

interface StoreLock {
  /** Idempotent. */
  release(): void;
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch (error) {
    const code = systemErrorCode(error);
    // ESRCH: the process ended between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function bootId(): string {
  const id = readIfThere('/proc/sys/kernel/random/boot_id');
  return id === undefined ? '0' : id.replaceAll('-', '').slice(0, BOOT_ID_LENGTH);
}

/** Fields of /proc/PID/stat: state is the 3rd, start time the 22nd; the 2nd may hold blanks. */
function processStat(pid: number): { state: string; start: string } | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const start = fields?.[19];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function isAlive(owner: Owner, boot: string): boolean {
  if (owner.boot !== boot) return false;
  if (owner.start === '0') return answersSignals(owner.pid);
  const stat = processStat(owner.pid);
  // A killed process stays as a zombie until its parent asks for it; its files are closed.
  return stat !== undefined && stat.start === owner.start && !'ZX'.includes(stat.state);
}

function parseOwner(prefix: string, file: string): Owner | undefined {
  if (!file.startsWith(prefix)) return undefined;
  const match = /^(\d+)\.([0-9a-f]+)\.(\d+)\.\d+(\.held)?$/.exec(file.slice(prefix.length));
  if (match === null) return undefined;
  const [, pid = '', boot = '', start = '', held] = match;
  return { file, pid: Number(pid), boot, start, held: held !== undefined };
}

/** Who contends for which of the locks. */
interface Contender {
  readonly directory: string;
  readonly prefix: string;
  readonly boot: string;
  readonly own: string;
}

/** The owners of a lock's files but our own that are alive. Deletes the files of the others. */
function liveOwners({ directory, prefix, own, boot }: Contender): Owner[] {
  const alive: Owner[] = [];
  for (const file of fs.readdirSync(directory).sort()) {
    if (file === own || file === own + HELD_SUFFIX) continue;
    const owner = parseOwner(prefix, file);
    if (owner === undefined) continue;
    if (isAlive(owner, boot)) alive.push(owner);
    else fs.rmSync(path.join(directory, file), { force: true });
  }
  return alive;
}

function createOwnFile(directory: string, prefix: string, boot: string): string {
  const start = processStat(process.pid)?.start ?? '0';
  for (let n = 0; n < OPENINGS_MAX; n += 1) {
    const own = `${prefix}${process.pid}.${boot}.${start}.${n}`;
    try {
      fs.closeSync(fs.openSync(path.join(directory, own), 'wx'));
      return own;
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    }
  }
  throw new HostError('STORE_LOCKED', `${directory}: too many openings by this process`);
}

function lockedError(directory: string, owner: Owner): HostError {
  const where = owner.pid === process.pid ? 'this process' : 'another process';
  return new HostError(
    'STORE_LOCKED',
    `${directory} is open in ${where} (pid ${owner.pid}). ` +
      `Close it there, or end that process, and open again.`,
  );
}

function waitAMillisecond(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Finds who keeps `own` out; undefined when `own` is alone and so has won. */
function findRival(contender: Contender): Owner | undefined {
  for (let round = 0; ; round += 1) {
    const others = liveOwners(contender);
    const rival = others.find((owner) => owner.held || owner.file < contender.own);
    if (rival !== undefined) return rival;
    if (others.length === 0 || round === CONTENTION_ROUNDS_MAX) return others[0];
    waitAMillisecond();
  }
}

/** Takes a lock, or says who holds it. */
function contend(directory: string, prefix: string): StoreLock | Owner {
  const boot = bootId();
  const own = createOwnFile(directory, prefix, boot);
  const ownPath = path.join(directory, own);
  const release = (): void => {
    fs.rmSync(ownPath + HELD_SUFFIX, { force: true });
    fs.rmSync(ownPath, { force: true });
  };
  try {
    const rival = findRival({ directory, prefix, boot, own });
    if (rival !== undefined) {
      release();
      return rival;
    }
    fs.closeSync(fs.openSync(ownPath + HELD_SUFFIX, 'wx'));
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/**
 * Takes the lock of an existing directory, without waiting for a holder.
 *
 * Errors: HostError STORE_LOCKED that names the pid which holds it.
 */
export function acquireLock(directory: string): StoreLock {
  const lock = contend(directory, LOCK_PREFIX);
  if ('release' in lock) return lock;
  throw lockedError(directory, lock);
}

/** How often this thread has the opening lock of a directory, and the lock. */
const openings = new Map<string, { count: number; readonly lock: StoreLock }>();

/**
 * Takes the opening lock of an existing directory; its holder is waited for, and the thread with
 * it. A thread that has it, because something of its own is being closed, is given it again.
 *
 * Errors: HostError STORE_LOCKED that names the pid which does not let go of it.
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
    const lock = contend(directory, OPENING_PREFIX);
    if ('release' in lock) return lock;
    if (round === OPENING_ROUNDS_MAX) throw lockedError(directory, lock);
    waitAMillisecond();
  }
}
