/**
 * A store that moves from one Node to the next, killed on its way, and replicas that move together.
 * The binaries are those of `npm run nodes`; a release that is not there is left out, and said so.
 */
import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { binOf, fetched, VERSIONS } from '../nodes/nodes.mjs';
import { fixture, freshDirectory } from '../support/kernels/fresh-kernels.js';
import { expectedAt } from '../support/hosts/moving-script.mjs';
import { amount } from '../support/suite/amounts.js';

const HOST = fileURLToPath(new URL('../support/hosts/moving-host.mjs', import.meta.url));
const HEIRLOOM = fileURLToPath(new URL('../../packages/kernel/bin/heirloom.js', import.meta.url));

const lines = fetched();
const missing = Object.keys(VERSIONS).filter(line => !lines.includes(line));
if (missing.length > 0) {
  console.log(`nodes.test: Node ${missing.join(', ')} is missing: npm run nodes fetches it`);
}

/** The Node that runs the tests, then the others; of these, the last. */
const OTHERS = lines.map(line => `${binOf(line)}/node`);
const NODES = [process.execPath, ...amount({ quick: OTHERS.slice(-1), thorough: OTHERS })];
const REPLICAS = amount({ quick: 2, thorough: 3 });
const BLOCKS = amount({ quick: 6, thorough: 12 });
const KILLS = amount({ quick: 1, thorough: 4 });

/** The heights at which a store adopts its next engine. */
const adoptAt = NODES.slice(1).map((_, i) => 3 + (i + 1) * BLOCKS);
const ends = [...adoptAt.map(height => height - 1), 3 + NODES.length * BLOCKS];

interface Told {
  readonly total: number;
  readonly names: number;
  readonly stranded: number;
  readonly findings: readonly unknown[];
}

interface Life {
  readonly hashes: ReadonlyMap<number, string>;
  readonly told: Told | undefined;
  /** False: it was killed. */
  readonly isWhole: boolean;
}

interface Host {
  readonly node: string;
  readonly directory: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One process, until it ends or, `lives` milliseconds after its first block, is killed. */
const live = async ({ node, directory, options }: Host, lives?: number): Promise<Life> => {
  const child = spawn(node, [HOST, directory, JSON.stringify(options)]);
  let [out, err] = ['', ''];
  child.stderr.on('data', data => (err += String(data)));
  child.stdout.on('data', data => {
    if (out === '' && lives !== undefined) void wait(lives).then(() => child.kill('SIGKILL'));
    out += String(data);
  });
  const [code] = await new Promise<[number | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', ended => resolve([ended]));
  });
  if (code !== null && code !== 0) throw Error(`${node}: ${err}`);
  const hashes = new Map<number, string>();
  let told: Told | undefined;
  for (const line of out.split('\n').slice(0, -1)) {
    const [height, hash = ''] = line.split(' ');
    if (line.startsWith('{')) told = JSON.parse(line) as Told;
    else hashes.set(Number(height), hash);
  }
  return { hashes, told, isWhole: code === 0 };
};

const verify = async (node: string, directory: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(node, [HEIRLOOM, 'verify', directory, '--json']);
  const { ok, rootOk } = JSON.parse(stdout) as { readonly ok: boolean; readonly rootOk: unknown };
  return { ok, rootOk };
};

const moved = 'replicas move from Node to Node, killed on the way -> all alive, equal hashes';
test(moved, { tags: ['sized'] }, async () => {
  const seed = Number(process.env['HEIRLOOM_SEED'] ?? Date.now() % 2 ** 20);
  console.log(`nodes.test: HEIRLOOM_SEED=${seed}, on ${NODES.length} releases of Node`);
  const random = xoroshiro128plus(seed);
  const bundle = join(await freshDirectory(), 'bank.json');
  await writeFile(bundle, JSON.stringify(await fixture('bank.js')));
  const all = new Map<number, string>();
  for (let replica = 0; replica < REPLICAS; replica += 1) {
    const directory = join(await freshDirectory(), 'store');
    for (const [i, node] of NODES.entries()) {
      const isLast = i === NODES.length - 1;
      const options = { seed, until: ends[i], adoptAt, bundle, tells: false };
      const host = { node, directory, options };
      const take = ({ hashes }: Life): void => {
        for (const [height, hash] of hashes) {
          expect(all.get(height) ?? hash, `height ${height}, seed ${seed}`).toBe(hash);
          all.set(height, hash);
        }
      };
      // The first replica is never killed: what the others are compared with.
      for (let kills = replica === 0 ? KILLS : 0; ; kills += 1) {
        const lives = kills < KILLS ? uniformInt(random, 0, 150) : undefined;
        const life = await live(host, lives);
        take(life);
        if (life.isWhole) break;
      }
      if (isLast) {
        // What a host asks in the end depends on no height, so it is asked in one life.
        const life = await live({ ...host, options: { ...options, tells: true } });
        take(life);
        const expected = expectedAt(seed, ends[i]!, adoptAt);
        expect(life.told).toMatchObject({ ...expected, stranded: 0, findings: [] });
      }
      expect(await verify(node, directory)).toMatchObject({ ok: true });
    }
  }
  expect([...all.keys()]).toHaveLength(ends.at(-1)! + 3);
});
