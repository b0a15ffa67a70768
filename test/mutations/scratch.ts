/**
 * A copy of the repository in a directory of its own: mutants are made, built and tested there, and
 * the checkout stays as it is, whatever becomes of them.
 */
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './commands.js';
import type { Mutation } from './mutations.js';
import { mutated } from './source.js';

const isLeftOut = (name: string): boolean =>
  name === '.git' || name === 'coverage' || name.startsWith('.vite') || name.endsWith('.heirloom');

/** Dependencies are never written: they are shared, where the file system can. */
const shareFile = (source: string, target: string): void => {
  try {
    linkSync(source, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    copyFileSync(source, target);
  }
};

/** With its times, by which the compiler knows what is built. */
const copyFile = (source: string, target: string): void => {
  copyFileSync(source, target);
  const { atime, mtime } = statSync(source);
  utimesSync(target, atime, mtime);
};

const copyTree = (from: string, to: string, take = copyFile): void => {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry;
    if (isLeftOut(name)) continue;
    const [source, target] = [join(from, name), join(to, name)];
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isDirectory()) {
      copyTree(source, target, name === 'node_modules' ? shareFile : take);
    } else if (entry.isFile()) take(source, target);
  }
};

const BUILD_TIMEOUT_MS = 600_000;
const TSC = ['node_modules/typescript/bin/tsc', '-b'];
const BUILD_IMAGE = ['packages/worker/scripts/build-image.mjs'];

/** What the zygote image is made of. */
const isInImage = (file: string): boolean => /^packages\/(worker|store)\//.test(file);

export class Scratch {
  readonly #root = mkdtempSync(join(tmpdir(), 'heirloom-mutants-'));
  readonly directory = join(this.#root, 'repository');
  /** What tests leave behind when they are killed goes with the copy. */
  readonly environment = { ...process.env, TMPDIR: join(this.#root, 'tmp') };
  readonly #originals = new Map<string, string>();
  /** The image that stands there is not of the sources as they are. */
  #isImageStale = true;

  constructor(checkout: string) {
    copyTree(checkout, this.directory);
    mkdirSync(this.environment.TMPDIR);
  }

  /** False, and nothing is changed, unless the text to find stands there exactly once. */
  apply(mutation: Mutation): boolean {
    const { file } = mutation;
    const source = readFileSync(join(this.directory, file), 'utf8');
    const mutant = mutated(source, mutation);
    if (mutant === undefined) return false;
    this.#originals.set(file, source);
    this.#write(file, mutant);
    return true;
  }

  restore(): void {
    for (const [file, source] of this.#originals) this.#write(file, source);
    this.#originals.clear();
  }

  /** Builds what is there. Gives what the compiler says if it does not build. */
  async build(): Promise<string | undefined> {
    const { directory, environment } = this;
    for (const args of this.#isImageStale ? [TSC, BUILD_IMAGE] : [TSC]) {
      const command = { command: process.execPath, args, directory, environment };
      const { status, output } = await runCommand(command, BUILD_TIMEOUT_MS);
      if (status !== 0) return output;
    }
    this.#isImageStale = false;
    return undefined;
  }

  remove(): void {
    // What was killed just now may still be ending.
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #write(file: string, source: string): void {
    writeFileSync(join(this.directory, file), source);
    if (isInImage(file)) this.#isImageStale = true;
  }
}
