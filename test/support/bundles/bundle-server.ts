/**
 * Bundles the fixtures of a test run, each once: vitest starts this before the first test file.
 * Also gives the run a directory for what several test files use, and removes it in the end.
 *
 * Test files are processes of their own, so they ask this server, which bundles for all of them and
 * keeps a file for every bundle that it has made. A file is named by the content of what the
 * bundle is made of, so it serves later runs too, and an edited fixture (in watch mode, also during
 * a run) has another name.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';
import type { TestProject } from 'vitest/node';
import type { BundleRequest } from './fixtures.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = path.join(ROOT, 'node_modules/.cache/heirloom-bundles');
const BUNDLER = path.join(ROOT, 'packages/kernel/dist/code');
/** A bundle that no run has asked for in this time is removed. */
const UNUSED_DAYS_MAX = 14;
const DAY_MS = 24 * 60 * 60 * 1000;

type Digest = ReturnType<typeof createHash>;

/** Adds the names and contents of all files below a directory, in order of their names. */
const addDirectory = async (digest: Digest, directory: string): Promise<void> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile());
  const paths = files.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
  for (const file of paths) {
    const bytes = await readFile(file);
    digest.update(`${path.relative(ROOT, file)} ${bytes.length}\n`).update(bytes);
  }
};

class Bundler {
  /** By file: a bundle that two tests ask for at a time is made once. */
  readonly #making = new Map<string, Promise<string>>();

  /** The bundle as JSON. Its key covers the entry's directory and, by the lock file, packages. */
  async bundle({ entry, format }: BundleRequest): Promise<string> {
    const digest = createHash('sha256').update(`${entry} ${format}\n`);
    digest.update(await readFile(path.join(ROOT, 'package-lock.json')));
    await addDirectory(digest, BUNDLER);
    await addDirectory(digest, path.dirname(entry));
    const file = path.join(CACHE, `${digest.digest('hex')}.json`);
    const known = this.#making.get(file);
    if (known !== undefined) return known;
    const made = this.#read(file, { entry, format });
    this.#making.set(file, made);
    // A failure is told to those who wait for it, and tried again for those who come later.
    made.catch(() => this.#making.delete(file));
    return made;
  }

  async #read(file: string, request: BundleRequest): Promise<string> {
    try {
      const text = await readFile(file, 'utf8');
      await utimes(file, new Date(), new Date());
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const { entry, format } = request;
    const text = JSON.stringify(await bundleVat(entry, { format }));
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, text);
    await rename(draft, file);
    return text;
  }
}

/** Removes what no run has asked for in a long time. */
const prune = async (): Promise<void> => {
  await mkdir(CACHE, { recursive: true });
  for (const name of await readdir(CACHE)) {
    const file = path.join(CACHE, name);
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > UNUSED_DAYS_MAX * DAY_MS) await rm(file);
  }
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  await prune();
  const runDirectory = await mkdtemp(path.join(tmpdir(), 'heirloom-tests-'));
  provide('runDirectory', runDirectory);
  const bundler = new Bundler();
  const server = createServer((request, response) => {
    bodyOf(request)
      .then(body => bundler.bundle(JSON.parse(body) as BundleRequest))
      .then(
        text => response.end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  provide('bundleServer', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(runDirectory, { recursive: true, force: true });
  };
};
