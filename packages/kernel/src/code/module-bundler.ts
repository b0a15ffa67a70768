/**
 * Bundles a vat's modules into one script, by esbuild: ES modules with live bindings, CommonJS as
 * Node takes it, TypeScript, JSON; from packages by their `exports`.
 *
 * The completion value of the script is the namespace of the entry, as of an endoScript. Files are
 * named in it as seen from the package of the entry (from the directory that has all of them, where
 * some stand outside of it), so that a copy of that directory gives the same bytes. What a vat
 * cannot run is refused, with file, line and column.
 */
import { existsSync } from 'node:fs';
import { isBuiltin, SourceMap } from 'node:module';
import path from 'node:path';
import { required } from '@heirloom/store/types';
import { weave } from '@heirloom/worker/weave';
import { build, context, type BuildContext, type BuildOptions, type Message } from 'esbuild';

/** Why there is no bundle: a line for each error, which begins with its place. */
class BundleFailure extends Error {}

interface ModuleBundle {
  readonly source: string;
  /** JSON, version 3. Its `sources` are relative to `base`. */
  readonly sourceMap: string;
  readonly base: string;
}

const NAMESPACE = '$vat_namespace';
const OUTPUT = 'bundle.js';

/** What bundlers for browsers define: libraries ask for it where they are loaded. */
const DEFINED = {
  'process.env.NODE_ENV': '"production"',
  global: 'globalThis',
  self: 'globalThis',
};

const COMMON = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'neutral',
  // The oldest Node that runs vats: what is newer is written in its words.
  target: 'node20',
  conditions: ['endo', 'browser', 'module'],
  mainFields: ['browser', 'module', 'main'],
  define: DEFINED,
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** One script, whose completion value is the namespace of the entry. */
const SCRIPT = {
  ...COMMON,
  format: 'iife',
  globalName: NAMESPACE,
  footer: { js: `${NAMESPACE};` },
  sourcemap: 'external',
  sourcesContent: false,
} as const satisfies BuildOptions;

/** One ES module. `import.meta` of libraries is empty in it, as it is in the script. */
const MODULE = {
  ...COMMON,
  format: 'esm',
  define: { ...DEFINED, 'import.meta': '{}' },
} as const satisfies BuildOptions;

const placed = <T extends BuildOptions>(options: T, entry: string, base: string) => ({
  ...options,
  entryPoints: [entry],
  absWorkingDir: base,
  outfile: path.join(base, OUTPUT),
});

/** The directories from one of a file up to the root. */
const directoriesAbove = (file: string): string[] => {
  const directories = [path.dirname(file)];
  for (;;) {
    const last = directories.at(-1) ?? file;
    const above = path.dirname(last);
    if (above === last) return directories;
    directories.push(above);
  }
};

const packageOf = (entry: string): string => {
  const has = (directory: string): boolean => existsSync(path.join(directory, 'package.json'));
  return directoriesAbove(entry).find(has) ?? path.dirname(entry);
};

/** Of a file that a package's `browser` field leaves out, esbuild says so in brackets. */
const LEFT_OUT = /^\(disabled\):/;

/** The deepest directory that has `base` and all `files`, which are named relative to it. */
const baseOf = (base: string, files: readonly string[]): string => {
  const names = files.map(file => file.replace(LEFT_OUT, ''));
  const ups = names.map(name => name.split('/').findIndex(part => part !== '..'));
  return path.resolve(base, ...Array<string>(Math.max(0, ...ups)).fill('..'));
};

const NOT_FOUND = /^Could not resolve "(.*)"$/;
const IMPORT_META = 'empty-import-meta';
const TOP_LEVEL_AWAIT = 'Top-level await';

const packageNameOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const whyNotFound = (specifier: string, directory: string): string => {
  if (isBuiltin(specifier)) return `a vat has no modules of Node: "${specifier}"`;
  if (/^(\.|\/|file:)/.test(specifier)) return `there is no "${specifier}", seen from ${directory}`;
  const name = packageNameOf(specifier);
  const sought = `looked for in node_modules of ${directory} and of the directories above it`;
  return `there is no "${specifier}": ${sought}; \`npm install ${name}\` gets a published package`;
};

/** An error of esbuild's as its line. */
const describe = ({ id, text, location }: Message, base: string): string => {
  const file = location === null ? undefined : path.resolve(base, location.file);
  const { file: name = '', line = 0, column = 0 } = location ?? {};
  const place = location === null ? '' : `${name}:${line}:${column + 1}: `;
  const [, specifier] = NOT_FOUND.exec(text) ?? [];
  if (specifier !== undefined) {
    return `${place}${whyNotFound(specifier, file === undefined ? base : path.dirname(file))}`;
  }
  if (id === IMPORT_META) return `${place}a vat has no import.meta`;
  if (text.startsWith(TOP_LEVEL_AWAIT)) return `${place}a vat has no top-level await`;
  return `${place}${text}`;
};

/** Line, from 1, and column, from 0, as acorn and our weaver tell them. */
const PLACE = / \((\d+):(\d+)\)$/;

/** Errors: BundleFailure for what does not parse or cannot run, at its place in the sources. */
const checkScript = ({ source, sourceMap }: ModuleBundle): void => {
  try {
    weave(source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, line, column] = PLACE.exec(message) ?? [];
    const found = new SourceMap(JSON.parse(sourceMap)).findEntry(Number(line) - 1, Number(column));
    const where =
      'originalSource' in found
        ? `${found.originalSource}:${found.originalLine + 1}:${found.originalColumn + 1}: `
        : '';
    throw new BundleFailure(`${where}${message.replace(PLACE, '')}`);
  }
};

const isBuildFailure = (error: unknown): error is { readonly errors: readonly Message[] } =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

/** An author's own `import.meta` is an error; libraries ask whether there is one. */
const isRefused = ({ id, location }: Message): boolean =>
  id === IMPORT_META && !location?.file.includes('node_modules/');

const failure = (messages: readonly Message[], base: string, cause?: unknown): BundleFailure =>
  new BundleFailure(messages.map(each => describe(each, base)).join('\n'), { cause });

/** Keeps what it has read of an entry's modules: bundling again after an edit is quick. */
export class ModuleBundler {
  readonly #entry: string;
  #base: string;
  #context: Promise<BuildContext<ReturnType<typeof placed<typeof SCRIPT>>>> | undefined;

  constructor(entry: string) {
    this.#entry = path.resolve(entry);
    this.#base = packageOf(this.#entry);
  }

  /** Errors: BundleFailure. */
  async script(): Promise<ModuleBundle> {
    this.#context ??= context(placed(SCRIPT, this.#entry, this.#base));
    const { outputFiles, metafile, warnings } = await this.#told(
      (await this.#context).rebuild(),
    );
    const base = baseOf(this.#base, Object.keys(metafile.inputs));
    if (base !== this.#base) {
      await this.close();
      this.#base = base;
      return this.script();
    }
    const refused = warnings.filter(isRefused);
    if (refused.length > 0) throw failure(refused, base);
    const textOf = (ending: string): string =>
      outputFiles.find(file => file.path.endsWith(ending))?.text ?? '';
    const bundle = { source: textOf('.js'), sourceMap: textOf('.map'), base };
    checkScript(bundle);
    return bundle;
  }

  /** The same as one ES module, which nothing has checked. Errors: BundleFailure. */
  async module(): Promise<string> {
    const { outputFiles } = await this.#told(build(placed(MODULE, this.#entry, this.#base)));
    return required(outputFiles[0], 'the bundle').text;
  }

  async close(): Promise<void> {
    const opened = await this.#context;
    this.#context = undefined;
    await opened?.dispose();
  }

  async #told<T>(building: Promise<T>): Promise<T> {
    try {
      return await building;
    } catch (error) {
      throw isBuildFailure(error) ? failure(error.errors, this.#base, error) : error;
    }
  }
}
