/** Exports that are not what they say: an error that names the chunk, and never half a store. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  appendFile, cp, readdir, readFile, rename, rm, truncate, writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportState, importState, type StateManifest } from '@heirloom/kernel';
import {
  inspectDirectory, OBJECT_PREFIX, packFrame, rootOfChunks, unpackFrame,
} from '@heirloom/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { beginHistory, runBlocks } from '../support/kernels/history.js';

const MAIN = fileURLToPath(new URL('../../packages/kernel/dist/cli/main.js', import.meta.url));

let good = '';
let manifest: StateManifest;

beforeAll(async () => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory, blocks: 'host' });
  await beginHistory(kernel);
  await runBlocks(kernel, 1, 3);
  good = join(await freshDirectory(), 'good');
  manifest = await exportState({ directory, to: good });
  await kernel.close();
});

const copyOf = async (): Promise<string> => {
  const path = join(await freshDirectory(), 'out');
  await cp(good, path, { recursive: true });
  return path;
};

const fileOf = (table: string): string => manifest.chunks.find(c => c.table === table)!.file;

const change = async (path: string, with_: (bytes: Buffer) => void): Promise<void> => {
  const bytes = await readFile(path);
  with_(bytes);
  await writeFile(path, bytes);
};

const changeManifest = async (out: string, with_: (given: StateManifest) => unknown) => {
  const path = join(out, 'manifest.json');
  const given = JSON.parse(await readFile(path, 'utf8')) as StateManifest;
  await writeFile(path, JSON.stringify(with_(given)));
};

/** A chunk changed together with everything that says what it is: an exporter who lies. */
const forge = async (out: string, file: string, with_: (bytes: Buffer) => void): Promise<void> => {
  await change(join(out, file), with_);
  const sha256 = createHash('sha256').update(await readFile(join(out, file))).digest('hex');
  await changeManifest(out, given => {
    const chunks = given.chunks.map(c => (c.file === file ? { ...c, sha256 } : c));
    const hashes = chunks.map(c => Uint8Array.from(Buffer.from(c.sha256, 'hex')));
    return { ...given, chunks, stateRoot: Buffer.from(rootOfChunks(hashes)).toString('hex') };
  });
};

/** Makes the first object of the `kernel` table count one holder more. */
const addHolder = (bytes: Buffer): void => {
  const prefix = Buffer.from(OBJECT_PREFIX, 'latin1');
  let at = 0;
  for (;;) {
    const keyLength = bytes.readUInt32BE(at + 1);
    const key = bytes.subarray(at + 5, at + 5 + keyLength);
    const valueAt = at + 5 + keyLength + 4;
    const length = bytes.readUInt32BE(valueAt - 4);
    if (key[0] === prefix[0]) {
      const row = [...unpackFrame(bytes.subarray(valueAt, valueAt + length))];
      bytes.set(packFrame(row.with(2, Number(row[2]) + 1).with(3, Number(row[3]) + 1)), valueAt);
      return;
    }
    at = valueAt + length;
  }
};

type Damage = readonly [
  name: string,
  code: 'SNAPSHOT_INVALID' | 'SNAPSHOT_UNTRUSTED',
  says: () => string,
  damage: (out: string) => Promise<unknown>,
];

const DAMAGES: readonly Damage[] = [
  ['a byte changed', 'SNAPSHOT_INVALID',
    () => `${fileOf('vatstore')} is not what the manifest says`,
    out => change(join(out, fileOf('vatstore')), bytes => (bytes[bytes.length >> 1]! ^= 1))],
  ['a chunk cut off', 'SNAPSHOT_INVALID', () => `${fileOf('kernel')} is cut off`,
    out => truncate(join(out, fileOf('kernel')), 99)],
  ['a chunk with more at its end', 'SNAPSHOT_INVALID',
    () => `${fileOf('transcript')} is longer than its`,
    out => appendFile(join(out, fileOf('transcript')), 'x')],
  ['a chunk missing', 'SNAPSHOT_INVALID', () => `${fileOf('bundles')} is missing`,
    out => rm(join(out, fileOf('bundles')))],
  ['a file too many', 'SNAPSHOT_INVALID', () => 'extra.chunk is not in the manifest',
    out => writeFile(join(out, 'extra.chunk'), 'x')],
  ['two files exchanged', 'SNAPSHOT_INVALID', () => fileOf('meta'), async out => {
    const [a, b] = [join(out, fileOf('meta')), join(out, fileOf('kernel'))];
    await rename(a, `${a}.x`);
    await rename(b, a);
    await rename(`${a}.x`, b);
  }],
  ['chunks of the manifest reordered', 'SNAPSHOT_INVALID', () => 'chunk 0 of the manifest must be',
    out => changeManifest(out, m => ({ ...m, chunks: [...m.chunks].reverse() }))],
  ['a chunk left out of the manifest', 'SNAPSHOT_INVALID', () => 'its chunks have root', out =>
    changeManifest(out, m => {
      const last = m.chunks.at(-1)!;
      const sums = { rows: m.rows - last.rows, bytes: m.bytes - last.bytes };
      void rm(join(out, last.file));
      return { ...m, ...sums, chunks: m.chunks.slice(0, -1) };
    })],
  ['another sha256 in the manifest', 'SNAPSHOT_INVALID', () => 'its chunks have root', out =>
    changeManifest(out, m => ({
      ...m, chunks: m.chunks.map((c, i) => (i === 1 ? { ...c, sha256: m.stateRoot } : c)),
    }))],
  ['another count of rows', 'SNAPSHOT_INVALID', () => `${fileOf('meta')} has 5 rows, not 6`, out =>
    changeManifest(out, m => ({
      ...m,
      rows: m.rows + 1,
      chunks: m.chunks.map((c, i) => (i === 0 ? { ...c, rows: c.rows + 1 } : c)),
    }))],
  ['another height', 'SNAPSHOT_INVALID', () => 'says 999, the state', out =>
    changeManifest(out, m => ({ ...m, height: 999 }))],
  ['another image', 'SNAPSHOT_INVALID', () => 'says "other", the state', out =>
    changeManifest(out, m => ({ ...m, image: 'other' }))],
  ['another parameter', 'SNAPSHOT_INVALID', () => 'says another waveLimit', out =>
    changeManifest(out, m => ({ ...m, parameters: { ...m.parameters, waveLimit: 1 } }))],
  ['another plain hash', 'SNAPSHOT_INVALID', () => 'does not contain the state root', out =>
    changeManifest(out, m => ({ ...m, plainHash: m.stateRoot }))],
  ['a manifest that is no JSON', 'SNAPSHOT_INVALID', () => 'manifest.json is no JSON', out =>
    truncate(join(out, 'manifest.json'), 100)],
  ['a manifest of another version', 'SNAPSHOT_INVALID', () => 'bad version: 2', out =>
    changeManifest(out, m => ({ ...m, version: 2 }))],
  ['a chunk with a path for a name', 'SNAPSHOT_INVALID', () => 'chunk 0 of the manifest must be',
    out => changeManifest(out, m => ({
      ...m, chunks: m.chunks.map((c, i) => (i === 0 ? { ...c, file: '../../x' } : c)),
    }))],
  ['a lie that hangs together, among the tables', 'SNAPSHOT_INVALID',
    () => 'the tables of the state disagree, 1 times; first: count', out =>
      forge(out, fileOf('kernel'), addHolder)],
];

/** For `npm test`: one of each way to find it out. */
const QUICK = [
  'a byte changed',
  'a chunk cut off',
  'a chunk missing',
  'a file too many',
  'a chunk left out of the manifest',
  'another height',
  'another plain hash',
  'a manifest that is no JSON',
  'a lie that hangs together, among the tables',
];

describe('an export that is damaged', () => {
  test('undamaged -> imported', async () => {
    const directory = join(await freshDirectory(), 'copy');
    const report = await importState({ from: good, directory, root: manifest.stateRoot });
    expect(report).toMatchObject({ stateVerified: true, hashVerified: false });
    expect(inspectDirectory(directory)).toBe('store');
  });

  const refused = async (...[, code, says, apply]: Damage): Promise<void> => {
    const out = await copyOf();
    await apply(out);
    const parent = await freshDirectory();
    const importing = importState({ from: out, directory: join(parent, 'copy') });
    const message = expect.stringContaining(says()) as string;
    await expect(importing).rejects.toMatchObject({ name: 'HostError', code, message });
    expect(await readdir(parent)).toEqual([]);
};
  const title = '%s -> %s, which says where; no store, nothing left';
  test.each(DAMAGES.filter(([name]) => QUICK.includes(name)))(title, refused);
  const others = DAMAGES.filter(([name]) => !QUICK.includes(name));
  test.each(others)(title, { tags: ['thorough'] }, refused);

  test('a lie that hangs together, against a trusted root or hash -> SNAPSHOT_UNTRUSTED',
    async () => {
      const out = await copyOf();
      await forge(out, fileOf('vatstore'), bytes => (bytes[bytes.length - 1]! ^= 1));
      const parent = await freshDirectory();
      const directory = join(parent, 'copy');
      const { stateRoot, blockHash } = manifest;
      const trusts = [{ root: stateRoot }, { root: stateRoot, hash: blockHash }];
      for (const trust of trusts) {
        const importing = importState({ from: out, directory, ...trust });
        await expect(importing).rejects.toMatchObject({ code: 'SNAPSHOT_UNTRUSTED' });
      }
      const other = importState({ from: good, directory, root: stateRoot, hash: stateRoot });
      await expect(other).rejects.toMatchObject({ code: 'SNAPSHOT_UNTRUSTED' });
      const short = importState({ from: good, directory, root: 'abc' });
      await expect(short).rejects.toMatchObject({ code: 'BAD_OPTION' });
      expect(await readdir(parent)).toEqual([]);
      // Nobody who trusts nothing can tell.
      expect(await importState({ from: out, directory })).toMatchObject({ stateVerified: false });
    });

  test('an import killed in the middle -> no store there; the next import of it succeeds',
    async () => {
      const out = await copyOf();
      const pipe = join(out, fileOf('transcript'));
      const content = await readFile(pipe);
      await rm(pipe);
      execFileSync('mkfifo', [pipe]);
      const parent = await freshDirectory();
      const directory = join(parent, 'copy');
      const child = spawn(process.execPath, [MAIN, 'import', out, directory], { stdio: 'ignore' });
      // Opens only when the import has come to this chunk. It stays open until the import is dead,
      // which otherwise finds a chunk cut off, and leaves nothing.
      const opened = spawn('sh', ['-c', `exec 3>"${pipe}"; echo; read -r line`]);
      await once(opened.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      opened.stdin.end();
      const [left, ...others] = await readdir(parent);
      expect([left!.startsWith('copy.partial-'), others]).toEqual([true, []]);
      expect(inspectDirectory(join(parent, left!))).toBe('creating');
      expect(existsSync(directory)).toBe(false);
      await rm(pipe);
      await writeFile(pipe, content);
      const { stateRoot: root } = manifest;
      const { rows } = await importState({ from: out, directory, root });
      expect([rows, inspectDirectory(directory)]).toEqual([manifest.rows, 'store']);
    });
});
