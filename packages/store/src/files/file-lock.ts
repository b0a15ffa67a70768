/**
 * A lock of the file system on one file. It belongs to an open file, so it holds against every
 * process that opens the same file, in whatever container, and against another opening in this
 * process; and the system lets it go when its holder ends, however that ends.
 *
 * Linux has locks of open file descriptions for it (fcntl F_OFD_SETLK), macOS flock, Windows
 * LockFileEx; Node offers none of them, fs-native-extensions has each as a prebuilt addon. It is
 * loaded when the first lock is taken: the scripts of vats' threads, which have this module in
 * them, take none.
 *
 * Invariants: the file stays when the lock is let go, for whoever deleted it could delete it under
 * the next holder. A lock counts only while the file has its name: whoever finds it renamed or
 * deleted may be one of two holders.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { describeError, HostError, systemErrorCode } from '../host-error.js';

/** Locks an open file. False: another has it. Errors: of the system, that it has no locks. */
type TryLock = (fd: number) => boolean;

export interface FileLock {
  /** False when the file was renamed, deleted or replaced since. */
  isThere(): boolean;
  /** Idempotent. */
  release(): void;
}

/** Who has the lock, as far as is known: `pid 7`, `this process (pid 7)`, or nothing. */
export interface Contended {
  readonly holder: string | undefined;
}

const ADDON = 'fs-native-extensions';
/** Times that the file may be replaced between its opening and its locking. */
const ROUNDS_MAX = 100;
/** Bytes of a holder's line that are read. */
const HOLDER_BYTES_MAX = 300;
/** A holder's line: pid, then the name of its host. */
const HOLDER_LINE = /^pid (\d{1,10}) on ([\w.-]{1,255})\n$/;

/** Identities of the files that this thread has locked. */
const held = new Set<string>();
let addonTryLock: TryLock | undefined;

function nativeTryLock(fd: number): boolean {
  addonTryLock ??= loadTryLock();
  return addonTryLock(fd);
}

function loadTryLock(): TryLock {
  try {
    const addon: { readonly tryLock: TryLock } = createRequire(import.meta.url)(ADDON);
    return (fd) => addon.tryLock(fd);
  } catch (error) {
    throw new HostError(
      'STORE_IO',
      `No lock of the file system can be taken: ${ADDON} has no addon for ` +
        `${process.platform}-${process.arch}, or it is not installed (${describeError(error)}). ` +
        `Without a lock no store is opened. Install it with the rest of the packages, or run ` +
        `on a system that it knows.`,
      { cause: error },
    );
  }
}

/** Inodes of some file systems are past what a number holds. */
const EXACT = { bigint: true } as const;

/** Which file it is, whatever its name: device and inode. */
function identityOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev}:${ino}`;
}

function identityAt(file: string): string | undefined {
  const stats = fs.statSync(file, { ...EXACT, throwIfNoEntry: false });
  return stats && identityOf(stats);
}

/** What the holder has written; nothing where the lock keeps others from reading, too. */
function lineOf(fd: number): string {
  const bytes = Buffer.alloc(HOLDER_BYTES_MAX);
  try {
    return bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, HOLDER_BYTES_MAX, 0));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return '';
  }
}

function holderOf(fd: number, identity: string): string | undefined {
  const match = HOLDER_LINE.exec(lineOf(fd));
  if (match === null) return undefined;
  const [, pid, host] = match;
  if (host !== os.hostname()) return `pid ${pid} on ${host}`;
  return held.has(identity) ? `this process (pid ${pid})` : `pid ${pid}`;
}

/** For messages only: a full disk that takes no line keeps nobody from his store. */
function signIn(fd: number): void {
  try {
    fs.ftruncateSync(fd, 0);
    fs.writeSync(fd, `pid ${process.pid} on ${os.hostname()}\n`, 0);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

function lockOf(file: string, fd: number, identity: string): FileLock {
  held.add(identity);
  let isHeld = true;
  return {
    isThere: () => isHeld && identityAt(file) === identity,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      held.delete(identity);
      fs.closeSync(fd);
    },
  };
}

/** Locks the file once. Undefined: it was replaced meanwhile. */
function tryOnce(file: string, tryLock: TryLock): FileLock | Contended | undefined {
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT);
  let lock: FileLock | undefined;
  try {
    const identity = identityOf(fs.fstatSync(fd, EXACT));
    if (!locks(file, fd, tryLock)) return { holder: holderOf(fd, identity) };
    if (identityAt(file) !== identity) return undefined;
    signIn(fd);
    lock = lockOf(file, fd, identity);
    return lock;
  } finally {
    if (lock === undefined) fs.closeSync(fd);
  }
}

function locks(file: string, fd: number, tryLock: TryLock): boolean {
  try {
    return tryLock(fd);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined || error instanceof HostError) throw error;
    throw new HostError(
      'STORE_IO',
      `${file} cannot be locked: ${code}, ${describeError(error)}. Its file system takes no ` +
        `locks now. Put the store on a local disk; on a network's, see that its lock service runs.`,
      { cause: error },
    );
  }
}

/**
 * Takes the lock without waiting. The file is made where there is none.
 *
 * Errors: of the system, when the file cannot be opened for writing; HostError STORE_IO when it
 * cannot be locked.
 */
export function tryFileLock(
  file: string, tryLock: TryLock = nativeTryLock,
): FileLock | Contended {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const lock = tryOnce(file, tryLock);
    if (lock !== undefined) return lock;
  }
  throw new HostError('STORE_IO', `${file} is replaced again and again: nobody can lock it.`);
}
