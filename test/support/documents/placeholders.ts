/**
 * What the placeholders of documented commands (`DIR`, `HEX`) stand for: things of real stores,
 * each made when it is first asked for. A command gets a copy of a store, or a fresh directory:
 * no command sees what another has done.
 */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../bundles/fixtures.js';
import { heirloom } from '../hosts/command-line.js';
import { ROOT } from './documents.js';
import { freshDirectory, lastingDirectory } from '../kernels/fresh-kernels.js';
import { schema1Store } from '../stores/older-stores.js';
import { quoted } from './shell.js';

const fresh = async (name: string): Promise<string> => join(await freshDirectory(), name);
/** For what is made once. */
const lasting = async (name: string): Promise<string> => join(await lastingDirectory(), name);

const copyOf = async (path: string): Promise<string> => {
  const copy = await fresh('store');
  await cp(path, copy, { recursive: true });
  return copy;
};

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

/** Runs a command that must succeed. Returns what it prints. */
const output = async (...args: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await heirloom(...args);
  if (status !== 0) throw Error(`heirloom ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const written = async (name: string, content: unknown): Promise<string> => {
  const path = await lasting(name);
  await writeFile(path, JSON.stringify(content));
  return path;
};

/** A bundle as JSON: the bundler takes longer to load than most commands run. */
const bundle = async (path: string): Promise<string> =>
  written('bundle.json', await bundleOf(fileURLToPath(new URL(path, ROOT))));

/** Of a kernel all of whose blocks are sealed: an importer needs no more than the block hash. */
const config = once(async (): Promise<string> => {
  const starter = { bundleSpec: await bundle('test/vats/services/starter.js'), parameters: {} };
  const kernelParameters = { stateRootInterval: 1 };
  return written('config.json', { bootstrap: 'starter', vats: { starter }, kernelParameters });
});

/** Sizes at which the main job is quick, and still upgrades its bank in flight. */
export const SMALL_PURSES = '--purses 20 --deposits 100 --upgrades 1';

interface PursesStore {
  readonly directory: string;
  /** The last line of what the main job has printed. */
  readonly report: string;
}

/** What `npm start -- --json` leaves behind, small. */
export const pursesStore = once(async (): Promise<PursesStore> => {
  const directory = await lasting('store');
  const options = ['--json', ...SMALL_PURSES.split(' '), '--directory', directory];
  const printed = await output('purses', ...options);
  return { directory, report: printed.trim().split('\n').at(-1)! };
});

const sealedStore = once(async (): Promise<string> => {
  const directory = await lasting('store');
  await output('run', await config(), '--directory', directory);
  return directory;
});

interface Export {
  readonly path: string;
  readonly blockHash: string;
  readonly stateRoot: string;
}

const exported = async (directory: string): Promise<Export> => {
  const path = await lasting('export');
  const summary = await output('export', directory, '--to', path, '--json');
  return { ...(JSON.parse(summary) as Omit<Export, 'path'>), path };
};
const plainExport = once(async () => exported((await pursesStore()).directory));
const sealedExport = once(async () => exported(await sealedStore()));

/** What a command imports: with a root any block's state, with a hash alone a sealed block's. */
const imported = (line: string): Promise<Export> =>
  line.includes('--root') ? plainExport() : sealedExport();

/** What another Node would have printed. */
const engineReport = once(async (): Promise<string> => {
  const path = await lasting('engine.json');
  await writeFile(path, await output('engine', '--json'));
  return path;
});

type Value = (line: string) => Promise<string>;

const value = (text: string): Value => () => Promise.resolve(text);

/** By how the line goes up to the placeholder: the first that fits. */
const VALUES: readonly (readonly [before: RegExp, value: Value])[] = [
  [/^heirloom migrate-store DIR$/, schema1Store],
  [/^heirloom (import .*|run .* --directory )DIR$/, () => fresh('store')],
  [/^heirloom import OUT$/, async line => (await imported(line)).path],
  [/^heirloom import .* --hash HEX$/, async line => (await imported(line)).blockHash],
  [/^heirloom import .* --root HEX$/, async line => (await imported(line)).stateRoot],
  [/ --to OUT$/, () => fresh('export')],
  [/ DIR$/, async () => copyOf((await pursesStore()).directory)],
  [/ CONFIG$/, config],
  [/ ENTRY$/, value(fileURLToPath(new URL('test/vats/relay.js', ROOT)))],
  [/ --vat NAME$| DIR VAT$/, value('driver')],
  [/ BUNDLE$/, () => bundle('packages/kernel/vats/purse-driver.js')],
  [/ --parameters JSON$/, value('{"greeting":"it is new"}')],
  [/ --compare FILE$/, engineReport],
  [/ --nodes PATHS$/, value(process.execPath)],
  [/ --(backup PATH|(html|out) FILE)$/, () => fresh('file')],
  [/ --replicas NAME,NAME$/, value('threads-2,paging')],
];

const PLACEHOLDER = /^[A-Z]+(,[A-Z]+)*$/;

/** A line with a value for every placeholder, quoted for a shell. */
export const filled = async (line: string): Promise<string> => {
  const words = line.split(' ');
  const values: string[] = [];
  for (const [at, word] of words.entries()) {
    const before = words.slice(0, at + 1).join(' ');
    if (!PLACEHOLDER.test(word)) {
      values.push(word);
      continue;
    }
    const found = VALUES.find(([pattern]) => pattern.test(before));
    if (found === undefined) {
      throw Error(`${word} of "${line}" has no value: add one to VALUES of placeholders.ts`);
    }
    values.push(quoted(await found[1](line)));
  }
  return values.join(' ');
};
