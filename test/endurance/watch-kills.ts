/**
 * SIGKILL of hosts amid upgrades of a vat whose watches settle, and what must be true after each:
 * a store opens at what was acknowledged or one block further, no watch was told twice or too
 * early, none that could be told was not, and in the end a repaired release has told every one.
 *
 * A seed is a store of its own, which is killed `lives` times. One SIGKILL ends a process with the
 * stores of several seeds, each amid a block of its own.
 */
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { verifyStore } from '@heirloom/kernel';
import { seededRandom, type Random } from '../support/suite/random.js';
import { Acknowledged } from './acknowledged.js';
import { startHost, type KillableHost } from './killable-host.js';
import { Watches, type Heard } from './watches.js';
import { beginWatches } from './watches-kernel.js';

const HOST = fileURLToPath(new URL('watch-kills-host.js', import.meta.url));
/** Blocks of a store in a life, on average, before its process may be killed. */
const BLOCKS_MAX = 6;
const MOMENT_MS_MAX = 150;

interface WatchKillsOptions {
  /** Where stores are made. */
  readonly directory: string;
  /** The first: the others follow it. */
  readonly seed: number;
  /** Seeds. */
  readonly count: number;
  /** Stores of a process. */
  readonly kernels: number;
  /** How often each store is killed. */
  readonly lives: number;
  readonly progress: (seeds: number) => void;
}

/** What was counted, by the process that kills. */
interface WatchKillsReport {
  readonly seed: number;
  readonly seeds: number;
  readonly kills: number;
  /** Kernels that had more than was acknowledged: the kill came between block and answer. */
  readonly ahead: number;
  readonly blocks: number;
  readonly upgrades: number;
  readonly watches: number;
  /** Watches that a release could not tell, and that a later one has told. */
  readonly waited: number;
  readonly seconds: number;
}

/** A store, and what its host has acknowledged. */
class WatchStore {
  readonly acknowledged: Acknowledged;
  readonly watches: Watches;
  readonly #start: number;
  readonly #hashes = new Map<number, string>();
  hasEnded = false;

  constructor(directory: string, seed: number, start: number) {
    this.acknowledged = new Acknowledged(directory, start);
    this.watches = new Watches(seed);
    this.#start = start;
  }

  /** True: with a block that nobody had been told of. */
  open(height: number, hash: string): boolean {
    const isAhead = this.acknowledged.open(height);
    if (isAhead) this.watches.next();
    assert.equal(hash, this.#hashes.get(height) ?? hash, `the hash of block ${height}`);
    return isAhead;
  }

  hear(height: number, hash: string, heard: Heard, isLast: boolean): void {
    assert.equal(height, this.acknowledged.height + 1, 'the next block');
    this.acknowledged.height = height;
    this.#hashes.set(height, hash);
    if (isLast) this.watches.end();
    else this.watches.next();
    assert.equal(this.#start + this.watches.blocks, height, 'blocks of the model');
    this.watches.compare(heard);
  }

  end(heard: Heard, findings: string): void {
    this.watches.compare(heard);
    assert.equal(heard.length, this.watches.watches, 'watches that were told');
    assert.equal(findings, '[]');
    this.hasEnded = true;
  }
}

/** The stores of a process. */
class Batch {
  readonly #seed: number;
  readonly #start: number;
  readonly stores: readonly WatchStore[];
  ahead = 0;

  constructor(seed: number, start: number, directories: readonly string[]) {
    this.#seed = seed;
    this.#start = start;
    this.stores = directories.map((place, n) => new WatchStore(place, seed + n, start));
  }

  /** A life of the process, to its kill. */
  async live(random: Random): Promise<void> {
    const { ended, kill, blocks } = this.#startHost('run');
    await Promise.race([blocks(1 + random.below(BLOCKS_MAX * this.stores.length)), ended]);
    await Promise.race([wait(random.below(MOMENT_MS_MAX)), ended]);
    kill();
    assert.deepEqual(await ended, { signal: 'SIGKILL', stderr: '' });
  }

  /** Nobody is killed any more: a repaired release tells whatever is left. */
  async end(): Promise<void> {
    const { ended } = this.#startHost('end');
    assert.deepEqual(await ended, { signal: null, stderr: '' });
    assert.ok(this.stores.every(({ hasEnded }) => hasEnded), 'every store has ended');
  }

  #startHost(mode: 'run' | 'end'): KillableHost {
    for (const { acknowledged } of this.stores) acknowledged.begin();
    const directories = this.stores.map(({ acknowledged }) => acknowledged.directory);
    const args = [HOST, String(this.#seed), String(this.#start), mode, ...directories];
    return startHost(args, line => this.#hear(line, mode === 'end'));
  }

  /** A line of the host is an acknowledgement. Errors: says the seed, and what is wrong. */
  #hear(line: string, isLast: boolean): void {
    const [index = '', what = '', ...words] = line.split(' ');
    const store = this.stores[Number(index)]!;
    const [height = '', hash = '', ...rest] = words;
    const parsed = (text: string): Heard => JSON.parse(text) as Heard;
    try {
      if (what === 'open') this.ahead += store.open(Number(height), hash) ? 1 : 0;
      else if (what === 'block') store.hear(Number(height), hash, parsed(rest.join(' ')), isLast);
      else if (what === 'end') store.end(parsed(words[0]!), words[1]!);
      else assert.fail(`the host says ${line}`);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw Error(`seed ${this.#seed + Number(index)}: ${text}`, { cause });
    }
  }
}

/** Errors: one that says the seed, and what was lost or told twice. */
export const runWatchKills = async (options: WatchKillsOptions): Promise<WatchKillsReport> => {
  const { directory, seed, count, kernels, lives, progress } = options;
  const began = performance.now();
  const first = join(directory, 'begun');
  const start = await beginWatches(first);
  const random = seededRandom(seed);
  const totals = { kills: 0, ahead: 0, blocks: 0, upgrades: 0, watches: 0, waited: 0 };
  for (let done = 0; done < count; done += kernels) {
    const size = Math.min(kernels, count - done);
    const place = (n: number): string => join(directory, `seed-${seed + done + n}`);
    const places = Array.from({ length: size }, (_, n) => place(n));
    for (const to of places) await cp(first, to, { recursive: true });
    const batch = new Batch(seed + done, start, places);
    for (let life = 0; life < lives; life += 1) await batch.live(random);
    await batch.end();
    const isLast = done + kernels >= count;
    if (isLast) assert.ok((await verifyStore({ directory: places[0]! })).ok, 'verify');
    for (const used of places) await rm(used, { recursive: true });
    totals.kills += lives * size;
    totals.ahead += batch.ahead;
    for (const { watches } of batch.stores) {
      totals.blocks += watches.blocks;
      totals.upgrades += watches.upgrades;
      totals.watches += watches.watches;
      totals.waited += watches.waited;
    }
    progress(done + size);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  return { seed, seeds: count, ...totals, seconds };
};
