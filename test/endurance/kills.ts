/**
 * SIGKILL of hosts at random moments, and what must be true after each: nothing that was
 * acknowledged is missing, at most one block is there that was not, every answer is the model's,
 * and all kernels, killed at different moments, have the same block hashes.
 *
 * One SIGKILL ends a process with several kernels, each amid a block of its own: a process costs a
 * second, and a kernel a tenth of one.
 */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { importState, verifyStore } from '@heirloom/kernel';
import { seededRandom, type Random } from '../support/suite/random.js';
import { Acknowledged } from './acknowledged.js';
import { startHost, type KillableHost } from './killable-host.js';
import { Ledger, type PlannedCall } from './ledger.js';
import { beginLedger } from './ledger-kernel.js';
import { exportOf, placeAfter, remainsOf, removeAllBut } from './sync-places.js';

const HOST = fileURLToPath(new URL('kills-host.js', import.meta.url));
/** Blocks of all kernels of a process before it may be killed. */
const BLOCKS_MAX = 48;
const MOMENT_MS_MAX = 60;
/** One life in so many ends by the clock instead, mostly while kernels open. */
const EARLY_ONE_IN = 6;
const EARLY_MS_MAX = 2_500;

interface KillsOptions {
  /** Where stores are made. */
  readonly directory: string;
  readonly seed: number;
  /** Kernels to be killed, at least. */
  readonly count: number;
  /** Kernels of a process. */
  readonly kernels: number;
  readonly progress: (killed: number) => void;
}

interface KillsReport {
  readonly seed: number;
  readonly kills: number;
  /** SIGKILLs: each ends a process with its kernels. */
  readonly processes: number;
  /** Kernels that had more than was acknowledged: the kill came between block and answer. */
  readonly ahead: number;
  /** Kernels that were killed while their state was on its way to another store. */
  readonly amidSync: number;
  readonly syncs: number;
  readonly blocks: number;
  readonly seconds: number;
}

class Kills {
  readonly #options: KillsOptions;
  readonly #start: number;
  readonly #kernels: Acknowledged[];
  /** By height: the hash, which all kernels must have. */
  readonly #hashes = new Map<number, string>();
  /** By height: what the calls of the block must answer. */
  readonly #plans = new Map<number, readonly PlannedCall[]>();
  readonly #ledger: Ledger;
  ahead = 0;
  amidSync = 0;
  syncs = 0;

  constructor(options: KillsOptions, start: number, directories: readonly string[]) {
    this.#options = options;
    this.#start = start;
    this.#ledger = new Ledger(options.seed);
    this.#kernels = directories.map(directory => new Acknowledged(directory, start));
  }

  /** Blocks that are acknowledged, by all kernels. */
  get blocks(): number {
    return this.#kernels.reduce((sum, { height }) => sum + height - this.#start, 0);
  }

  /** A life of a process, to its kill. */
  async live(random: Random): Promise<void> {
    const { ended, kill, blocks } = this.#startHost('run');
    const isEarly = random.below(EARLY_ONE_IN) === 0;
    const enough = isEarly
      ? wait(random.below(EARLY_MS_MAX))
      : blocks(1 + random.below(BLOCKS_MAX));
    await Promise.race([enough, ended]);
    await Promise.race([wait(random.below(MOMENT_MS_MAX)), ended]);
    kill();
    assert.deepEqual(await ended, { signal: 'SIGKILL', stderr: '' });
    for (const kernel of this.#kernels) await this.#findSync(kernel);
  }

  /** Nobody is killed any more: every kernel holds what the model does. */
  async end(): Promise<void> {
    const { ended } = this.#startHost('end');
    assert.deepEqual(await ended, { signal: null, stderr: '' });
    const [first] = this.#kernels;
    const report = await verifyStore({ directory: first!.directory });
    assert.ok(report.ok, `verify: ${JSON.stringify(report)}`);
  }

  #startHost(mode: 'run' | 'end'): KillableHost {
    for (const kernel of this.#kernels) kernel.begin();
    const { seed } = this.#options;
    const directories = this.#kernels.map(({ directory }) => directory);
    const args = [HOST, String(seed), String(this.#start), mode, ...directories];
    return startHost(args, line => this.#hear(line));
  }

  /** A line of the host is an acknowledgement. Errors: an AssertionError. */
  #hear(line: string): void {
    const [index = '', what = '', ...rest] = line.split(' ');
    const kernel = this.#kernels[Number(index)]!;
    if (what === 'open') this.#hearOpen(kernel, Number(rest[0]), rest[1]!);
    else if (what === 'block') this.#hearBlock(kernel, Number(rest[0]), rest[1]!, rest.slice(2));
    else if (what === 'end') this.#hearEnd(kernel, rest);
    else if (what === 'moved') {
      this.#adopt(kernel, rest.join(' '));
    } else assert.fail(`the host says ${line}`);
  }

  #hearOpen(kernel: Acknowledged, height: number, hash: string): void {
    if (kernel.open(height)) this.ahead += 1;
    this.#compareHash(height, hash);
  }

  #hearBlock(kernel: Acknowledged, height: number, hash: string, words: readonly string[]): void {
    assert.equal(height, kernel.height + 1, 'the next block');
    kernel.height = height;
    this.#compareHash(height, hash);
    const answers = JSON.parse(words.join(' ')) as unknown[];
    const plan = this.#planAt(height);
    const expected = plan.map(({ answer }) => answer ?? null);
    assert.deepEqual(answers, expected, `answers of block ${height}`);
  }

  #hearEnd(kernel: Acknowledged, [balances = '', findings = '']: readonly string[]): void {
    const ledger = new Ledger(this.#options.seed);
    while (this.#start + ledger.blocks < kernel.height) ledger.next();
    assert.deepEqual(JSON.parse(balances), ledger.balances, 'what the vats hold in the end');
    assert.equal(findings, '[]');
  }

  #planAt(height: number): readonly PlannedCall[] {
    while (this.#start + this.#ledger.blocks < height) {
      const calls = this.#ledger.next();
      this.#plans.set(this.#start + this.#ledger.blocks, calls);
    }
    return this.#plans.get(height)!;
  }

  #compareHash(height: number, hash: string): void {
    const known = this.#hashes.get(height) ?? hash;
    this.#hashes.set(height, known);
    assert.equal(hash, known, `the hash of block ${height}`);
  }

  /** What a sync that was under way has left is whole, or has another name. */
  async #findSync(kernel: Acknowledged): Promise<void> {
    const next = placeAfter(kernel.directory, kernel.height);
    const remains = next === kernel.directory ? 'nothing' : remainsOf(next);
    if (remains === 'a store') this.#adopt(kernel, next);
    else if (remains !== 'nothing') this.amidSync += 1;
    if (remains === 'an export' || remains === 'half a store') await this.#import(kernel, next);
    await removeAllBut(kernel.directory);
  }

  /** An export that has its name is whole, whatever has become of the import. */
  async #import({ height }: Acknowledged, place: string): Promise<void> {
    const directory = `${place}.again`;
    const report = await importState({ from: exportOf(place), directory });
    assert.equal(report.height, height, 'the block that was exported');
    this.#compareHash(height, report.blockHash);
  }

  #adopt(kernel: Acknowledged, directory: string): void {
    kernel.directory = directory;
    this.syncs += 1;
  }
}

/** Errors: an AssertionError that says what was lost, or differs. */
export const runKills = async (options: KillsOptions): Promise<KillsReport> => {
  const { seed, count, kernels, progress } = options;
  const began = performance.now();
  const place = (name: number | string): string => join(options.directory, `store-${name}`);
  const start = await beginLedger(place('begun'));
  const directories = Array.from({ length: kernels }, (_, n) => place(n));
  for (const directory of directories) await cp(place('begun'), directory, { recursive: true });
  const run = new Kills(options, start, directories);
  const random = seededRandom(seed);
  let processes = 0;
  while (processes * kernels < count) {
    await run.live(random);
    processes += 1;
    progress(processes * kernels);
  }
  const { ahead, amidSync, syncs, blocks } = run;
  await run.end();
  const seconds = Math.round((performance.now() - began) / 1000);
  return { seed, kills: processes * kernels, processes, ahead, amidSync, syncs, blocks, seconds };
};
