/**
 * Can LMDB map its file here? It asks for all of its address space at once, and lmdb ends the
 * process by SIGSEGV, without a word, when the system refuses (seen with lmdb 3.5: what a failed
 * opening has freed is freed again). So whatever may refuse is looked at before.
 *
 * - A limit of the process's address space (`ulimit -v`), which Linux tells in /proc.
 * - A file system that maps no files, as some of those in user space. The ones that are known to
 *   map need no trial; on any other a child process, which may die, opens an empty environment in
 *   a directory of its own beside the store. That costs about a tenth of a second.
 * - A file of readers that may not be written, or is none: also a reader writes to it, and where it
 *   may not, LMDB reads without a place among the readers, so that its pages are used again.
 * - A full disk. LMDB makes its file of readers with holes, and writes to it through the mapping:
 *   where a hole finds no room, that is SIGBUS. So the file is made here, and written to its end.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { HostError, systemErrorCode } from '../host-error.js';
import { DATA_FILE, READERS_FILE } from './lmdb-files.js';

const KIB = 1024;
const GIB = 2 ** 30;
/** Of a trial; a child that takes longer has shown nothing. */
const TRIAL_MS_MAX = 20_000;
/** A trial that began so long before another is over. */
const TRIAL_AGE_MS = 3 * TRIAL_MS_MAX;
const LIBRARY_VARIABLES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
/** Its name is one of the locks' files, which a directory that is to become a store may hold. */
const TRIAL_PREFIX = 'heirloom.lock.trial-';

/** Of a system whose disk, or whose patience with a file, is at its end. */
const NO_ROOM_CODES = ['ENOSPC', 'EDQUOT', 'EFBIG'];
/** More than LMDB takes for a reader (64), and for all that stands before the first. */
const READER_BYTES = 64;
const READERS_HEAD_BYTES = 4_096;
/** Also of a store whose first reader wants less. Disk, and pages that are never touched. */
const READERS_BYTES_MIN = 128 * 1_024;

/** Types that statfs tells on Linux, of file systems that map files and share what they map. */
const MAPPING_TYPES: readonly number[] = [
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
];

/** What opens an environment as environment.ts does, and takes it away again. */
const TRIAL = `
  const [lmdb, path, mapSize] = process.argv.slice(1);
  require(lmdb).open({ path, noSubdir: false, mapSize: Number(mapSize) }).close();
`;

function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return '';
  }
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What this process may still map, in bytes; Infinity where nothing limits it or says so. */
function addressSpaceLeft(): number {
  const limit = numberIn(readIfThere('/proc/self/limits'), /^Max address space +(\d+) /m);
  if (limit === undefined) return Infinity;
  const used = numberIn(readIfThere('/proc/self/status'), /^VmSize:\s+(\d+) kB$/m) ?? 0;
  return limit - used * KIB;
}

function assertAddressSpace(directory: string, mapBytes: number): void {
  const left = addressSpaceLeft();
  if (left > mapBytes) return;
  throw new HostError(
    'STORE_IO',
    `${directory} cannot be opened: it is mapped into ${mapBytes / GIB} GiB of address space, ` +
      `and this process may map ${Math.max(0, Math.floor(left / GIB))} GiB more. No memory is ` +
      `taken by it: raise the limit of address space (ulimit -v unlimited), and limit memory ` +
      `instead.`,
  );
}

/** Removes what trials have left whose process was killed: they are older than any that goes on. */
function removeEarlierTrials(directory: string, place: string): void {
  const began = fs.statSync(place).mtimeMs;
  for (const name of fs.readdirSync(directory)) {
    const other = path.join(directory, name);
    if (!name.startsWith(TRIAL_PREFIX) || other === place) continue;
    const stats = fs.statSync(other, { throwIfNoEntry: false });
    if (stats === undefined || began - stats.mtimeMs < TRIAL_AGE_MS) continue;
    fs.rmSync(other, { recursive: true, force: true });
  }
}

/** What the trial's Node may need to find its libraries. Its options are not those of this one. */
export function trialEnvironment(): Record<string, string> {
  // eslint-disable-next-line no-restricted-properties -- of this host: no outcome depends on it
  const ours = Object.entries(process.env);
  const its: Record<string, string> = {};
  for (const [name, value] of ours) {
    if (LIBRARY_VARIABLES.includes(name) && value !== undefined) its[name] = value;
  }
  return its;
}

/** How a trial in the directory ended badly; undefined when it did not, or cannot be made. */
function failedTrial(directory: string, mapBytes: number): string | undefined {
  let place: string;
  try {
    place = fs.mkdtempSync(path.join(directory, TRIAL_PREFIX));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined; // it is read only: nothing of LMDB's locks is mapped
  }
  try {
    removeEarlierTrials(directory, place);
    const lmdb = createRequire(import.meta.url).resolve('lmdb');
    const args = ['-e', TRIAL, lmdb, place, String(mapBytes)];
    const { signal, status, stderr } = spawnSync(process.execPath, args, {
      env: trialEnvironment(), timeout: TRIAL_MS_MAX, encoding: 'latin1',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (signal !== null && signal !== 'SIGTERM') return `it ended by ${signal}`;
    if (status === null || status === 0) return undefined;
    return /^Error: .*$/m.exec(stderr)?.[0] ?? `it ended with status ${status}`;
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

/**
 * Looks at a file that LMDB is going to open for writing. False: there is none. It is not opened
 * here: to close it again would take from this process whatever lock LMDB has on it.
 *
 * Errors: HostError STORE_IO for what is no file; those of the system, where it may not be written.
 */
function isThere(file: string): boolean {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (!stats.isFile()) {
    throw new HostError('STORE_IO', `${file} is no file: remove it, and open again.`);
  }
  fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
  return true;
}

/** Errors: HostError STORE_IO; those of the system. */
export function assertWritable(directory: string): void {
  isThere(path.join(directory, DATA_FILE));
}

/**
 * Makes the file of readers where there is none, under the opening lock: nobody has it open. One
 * that is there must be one that LMDB can open.
 *
 * Errors: HostError STORE_IO when there is no room, or it is no file; others of the system.
 */
export function makeReadersFile(directory: string, readersMax: number): void {
  const file = path.join(directory, READERS_FILE);
  if (isThere(file)) return;
  const bytes = Math.max(READERS_BYTES_MIN, READERS_HEAD_BYTES + readersMax * READER_BYTES);
  try {
    fs.writeFileSync(file, new Uint8Array(bytes), { flag: 'wx' });
  } catch (error) {
    const code = systemErrorCode(error);
    if (!NO_ROOM_CODES.includes(code ?? '')) throw error;
    fs.rmSync(file, { force: true });
    throw new HostError(
      'STORE_IO',
      `${directory} has no room for ${READERS_FILE} (${bytes / KIB} KiB): ${code}. Make room on ` +
        `its disk, and open again; nothing was changed.`,
      { cause: error },
    );
  }
}

function isKnownToMap(directory: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return MAPPING_TYPES.includes(fs.statfsSync(directory).type);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return true; // what is wrong with the directory is told by whoever opens it
  }
}

/**
 * Looks whether `mapBytes` of a file in the directory can be mapped. `isKnown` says of which
 * directories that needs no trial.
 *
 * Errors: HostError STORE_IO, which says what to do.
 */
export function assertMappable(
  directory: string, mapBytes: number, isKnown: (directory: string) => boolean = isKnownToMap,
): void {
  assertAddressSpace(directory, mapBytes);
  if (isKnown(directory)) return;
  const failure = failedTrial(directory, mapBytes);
  if (failure === undefined) return;
  throw new HostError(
    'STORE_IO',
    `${directory} is on a file system that LMDB cannot map files of: a trial of it failed ` +
      `(${failure}). Put the store on a local disk, or mount the file system so that it maps ` +
      `files.`,
  );
}
