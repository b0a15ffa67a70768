/**
 * Power cuts: what a disk may hold when the power goes amid a block, and what must be found then.
 *
 * The writes of each block are the sectors in which the data file differs before and after it. LMDB
 * syncs them, then writes one page, the head, which says that they count (rules.md#s1). So a cut
 *
 *   amid the data   leaves any of the block's sectors, whole or torn, and the head of before
 *   amid the head   leaves all of them, and the head of before or after
 *
 * and what was durable is what must be found: its block hash, its state root, its rows. A file that
 * grows may be as long as the longer one and hold zeros. What nobody syncs (the note of what runs,
 * lock files, LMDB's readers) may be torn, zeroed, gone or foreign.
 *
 * Assumed: a disk that keeps what was synced, and writes a sector of 512 bytes whole or not at all.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openReader, Store, stateRoot } from '@heirloom/store';
import { seededRandom, type Random } from '../support/suite/random.js';
import { Ledger } from './ledger.js';
import { beginLedger, compareHeld, openLedger, runBlock } from './ledger-kernel.js';

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4_096;
/** The two heads of LMDB's file. */
const HEAD_PAGES = 2;
const HISTORY_BLOCKS = 24;
const READERS_MAX = 8;
/** Of so many cuts one is opened by a kernel, too, which makes the next block. */
const KERNEL_ONE_IN = 100;
const FILES_BESIDE = ['heirloom-running', 'heirloom.lock', 'heirloom.lock.opening', 'lock.mdb'];

interface PowerCutsOptions {
  readonly directory: string;
  readonly seed: number;
  readonly count: number;
  readonly progress: (cuts: number) => void;
}

interface PowerCutsReport {
  readonly seed: number;
  readonly cuts: number;
  readonly amidData: number;
  readonly amidHead: number;
  readonly amidCreation: number;
  readonly byKernels: number;
  readonly sectors: number;
  readonly seconds: number;
}

/** A moment at which everything is durable. */
interface Moment {
  readonly height: number;
  readonly blockHash: string;
  readonly root: string;
  readonly data: Buffer;
}

const rootIn = async (directory: string): Promise<string> => {
  const reader = openReader({ directory, readersMax: READERS_MAX });
  const snapshot = reader.begin();
  const root = Buffer.from(stateRoot(snapshot)).toString('hex');
  snapshot.done();
  await reader.close();
  return root;
};

const momentOf = async (directory: string, height: number, blockHash: string): Promise<Moment> => {
  const root = await rootIn(directory);
  return { height, blockHash, root, data: await readFile(join(directory, 'data.mdb')) };
};

/** The blocks of a ledger, each with the data file that it leaves. */
const liveThrough = async (directory: string, seed: number): Promise<Moment[]> => {
  await beginLedger(directory);
  const kernel = await openLedger(directory);
  const ledger = new Ledger(seed);
  const moments = [await momentOf(directory, kernel.height, kernel.blockHash)];
  while (ledger.blocks < HISTORY_BLOCKS) {
    await runBlock(kernel, ledger.next());
    moments.push(await momentOf(directory, kernel.height, kernel.blockHash));
  }
  await kernel.close();
  return moments;
};

/** Places of sectors in which two files differ; the shorter one ends with zeros. */
const sectorsBetween = (before: Buffer, after: Buffer): number[] => {
  const places: number[] = [];
  for (let at = 0; at < after.length; at += SECTOR_BYTES) {
    const end = at + SECTOR_BYTES;
    if (!before.subarray(at, end).equals(after.subarray(at, end))) places.push(at);
  }
  return places;
};

const isOfHead = (place: number): boolean => place < HEAD_PAGES * PAGE_BYTES;

/** What the disk holds, and which of the two moments must be found. */
interface Cut {
  readonly data: Buffer;
  readonly found: Moment;
  readonly sectors: number;
}

const cutAmidData = (before: Moment, after: Moment, random: Random): Cut => {
  const places = sectorsBetween(before.data, after.data).filter(place => !isOfHead(place));
  const grown = after.data.length - before.data.length;
  const length = before.data.length + Math.max(0, random.below(grown + 1));
  const data = Buffer.alloc(Math.max(length, before.data.length));
  before.data.copy(data);
  const share = random.next();
  let sectors = 0;
  for (const place of places) {
    if (place >= data.length || !random.chance(share)) continue;
    // A sector of the file's end may be cut by its length; any other is whole.
    after.data.copy(data, place, place, Math.min(place + SECTOR_BYTES, data.length));
    sectors += 1;
  }
  return { data, found: before, sectors };
};

const cutAmidHead = (before: Moment, after: Moment, random: Random): Cut => {
  const isWritten = random.chance(0.5);
  const data = Buffer.from(after.data);
  if (!isWritten) before.data.copy(data, 0, 0, HEAD_PAGES * PAGE_BYTES);
  return { data, found: isWritten ? after : before, sectors: 0 };
};

/** What is left of a file that nobody has synced; undefined: nothing, not even its name. */
const unsynced = (bytes: Buffer, random: Random): Buffer | undefined => {
  switch (random.below(5)) {
    case 0:
      return undefined;
    case 1:
      return Buffer.alloc(bytes.length);
    case 2:
      return bytes.subarray(0, random.below(bytes.length + 1));
    case 3:
      return Buffer.from(bytes.map(byte => (random.chance(0.1) ? random.below(256) : byte)));
    default:
      return bytes;
  }
};

class PowerCuts {
  readonly #options: PowerCutsOptions;
  readonly #random: Random;
  readonly #moments: readonly Moment[];
  readonly #beside: ReadonlyMap<string, Buffer>;
  readonly #place: string;
  amidData = 0;
  amidHead = 0;
  amidCreation = 0;
  byKernels = 0;
  sectors = 0;

  constructor(
    options: PowerCutsOptions,
    moments: readonly Moment[],
    beside: ReadonlyMap<string, Buffer>,
  ) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#moments = moments;
    this.#beside = beside;
    this.#place = join(options.directory, 'cut');
  }

  async cut(number: number): Promise<void> {
    const random = this.#random;
    const at = 1 + random.below(this.#moments.length - 1);
    const [before, after] = [this.#moments[at - 1]!, this.#moments[at]!];
    const kind = random.below(10);
    if (kind === 0) return this.#cutAmidCreation(before);
    const amidHead = kind < 3;
    const cut = (amidHead ? cutAmidHead : cutAmidData)(before, after, random);
    if (amidHead) this.amidHead += 1;
    else this.amidData += 1;
    this.sectors += cut.sectors;
    await this.#lay('heirloom-store', cut.data);
    await this.#look(cut.found);
    if (number % KERNEL_ONE_IN === 0) await this.#goOn(cut.found);
  }

  /** Of a store that was never acknowledged anything may be there: it is made anew. */
  async #cutAmidCreation(some: Moment): Promise<void> {
    this.amidCreation += 1;
    const length = this.#random.below(some.data.length);
    await this.#lay('heirloom-store.new', some.data.subarray(0, length));
    const store = await Store.open({ directory: this.#place, readersMax: READERS_MAX });
    const { height } = store.head;
    await store.close();
    assert.equal(height, 0, 'a creation that was cut is begun anew');
  }

  async #lay(marker: string, data: Buffer): Promise<void> {
    await rm(this.#place, { recursive: true, force: true });
    await mkdir(this.#place);
    await writeFile(join(this.#place, marker), this.#random.chance(0.5) ? '' : 'A store.\n');
    await writeFile(join(this.#place, 'data.mdb'), data);
    for (const [name, bytes] of this.#beside) {
      const left = unsynced(bytes, this.#random);
      if (left !== undefined) await writeFile(join(this.#place, name), left);
    }
  }

  async #look({ height, blockHash, root }: Moment): Promise<void> {
    const store = await Store.open({ directory: this.#place, readersMax: READERS_MAX });
    const { head } = store;
    await store.close();
    assert.equal(head.height, height, 'the last durable block');
    assert.equal(Buffer.from(head.hash).toString('hex'), blockHash, 'its hash');
    assert.equal(await rootIn(this.#place), root, 'its state root');
  }

  /** A kernel goes on from there, and its next block is the one that there was. */
  async #goOn({ height, blockHash }: Moment): Promise<void> {
    this.byKernels += 1;
    const told = (text: string): void => assert.match(text, /^heirloom-running is damaged/);
    const listener = (warning: Error): void => told(warning.message);
    process.on('warning', listener);
    const kernel = await openLedger(this.#place);
    try {
      assert.deepEqual([kernel.height, kernel.blockHash], [height, blockHash]);
      const ledger = new Ledger(this.#options.seed);
      while (this.#moments[0]!.height + ledger.blocks < height) ledger.next();
      compareHeld(kernel, ledger);
      await runBlock(kernel, ledger.next());
      const next = this.#moments.find(moment => moment.height === kernel.height);
      if (next !== undefined) assert.equal(kernel.blockHash, next.blockHash, 'the next block');
      assert.deepEqual(kernel.audit({ rows: true }).findings, []);
    } finally {
      await kernel.close();
      process.off('warning', listener);
    }
  }
}

/** Errors: an AssertionError that says what was found and what must be. */
export const runPowerCuts = async (options: PowerCutsOptions): Promise<PowerCutsReport> => {
  const began = performance.now();
  const source = join(options.directory, 'history');
  const moments = await liveThrough(source, options.seed);
  const beside = new Map<string, Buffer>();
  for (const name of FILES_BESIDE) beside.set(name, await readFile(join(source, name)));
  const run = new PowerCuts(options, moments, beside);
  for (let cut = 0; cut < options.count; cut += 1) {
    try {
      await run.cut(cut);
    } catch (error) {
      throw new Error(`cut ${cut} of seed ${options.seed}`, { cause: error });
    }
    options.progress(cut + 1);
  }
  const { amidData, amidHead, amidCreation, byKernels, sectors } = run;
  const seconds = Math.round((performance.now() - began) / 1000);
  const { seed, count: cuts } = options;
  return { seed, cuts, amidData, amidHead, amidCreation, byKernels, sectors, seconds };
};
