/**
 * Bundles a vat's modules into one script, by esbuild: ES modules with live bindings, CommonJS as
 * Node takes it, TypeScript, JSON; from packages by their `exports`.
 *
 * The completion value of the script is the namespace of the entry, as of an endoScript. Files are
 * named in it as seen from the deepest directory that has them all, so that a copy of any directory
 * that has them gives the same bytes, wherever it is. What a vat cannot run is refused, with file,
 * line and column (bundle-failures.ts).
 */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '@heirloom/store';
import { required } from '@heirloom/store/types';
import { build, context, type BuildContext, type BuildOptions, type BuildResult } from 'esbuild';
import {
  BundleFailure,
  failureOf,
  isRefused,
  noBundler,
  retold,
  type FileNames,
} from './bundle-failures.js';
import { advised } from './advice.js';
import { DEFINED } from './author-module.js';
import { refusedOfAuthor } from './own-modules.js';
import { refusedImports } from './refused-imports.js';
import { withoutMarkColumns } from './marked-files.js';
import { checkScript, modulesIn, type ModuleText } from './script-check.js';
import { inSource, readSourceMap } from './source-places.js';
import { describePlace, splitPlace } from './told-places.js';
import { undeclaredOfAuthor } from './undeclared-warnings.js';

/** A script, or a module, and where its parts come from. */
interface Mapped {
  readonly source: string;
  /** JSON, version 3. Its `sources` are named as places are: see `Names`. */
  readonly sourceMap: string;
}

export interface ModuleBundle extends Mapped {
  /** The directory from which they are named. */
  readonly root: string;
  /** A line for each, which begins with its place. */
  readonly warnings: readonly string[];
}

const NAMESPACE = '$vat_namespace';
const OUTPUT = 'bundle.js';
/** What a vat that is CommonJS exports, as far as its kernel asks. */
const ROOT_BUILDER = 'buildRootObject';

const COMMON = {
  bundle: true,
  write: false,
  metafile: true,
  // Fields of package.json as bundlers for browsers read them; `main` where it is required.
  platform: 'browser',
  // The oldest Node that runs vats: what is newer is written in its words.
  target: 'node20',
  conditions: ['endo', 'browser', 'module'],
  define: DEFINED,
  charset: 'ascii',
  legalComments: 'eof',
  // No variable of the environment says where packages are.
  nodePaths: [],
  plugins: [refusedImports],
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

/** Says what the entry exports: of a script esbuild does not. */
const EXPORTS = { ...COMMON, format: 'esm' } as const satisfies BuildOptions;

const placed = <T extends BuildOptions>(options: T, entry: string, base: string) => ({
  ...options,
  entryPoints: [entry],
  absWorkingDir: base,
  outfile: path.join(base, OUTPUT),
});

type ScriptOptions = ReturnType<typeof placed<typeof SCRIPT>>;
type Built = BuildResult<ScriptOptions>;

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

/** The nearest directory above the entry that has `name`; the entry's own if none has. */
const nearestWith = (name: string, entry: string): string => {
  const has = (directory: string): boolean => existsSync(path.join(directory, name));
  return directoriesAbove(entry).find(has) ?? path.dirname(entry);
};

/** What is no file: `<define:…>`, and what a `browser` field leaves out. */
const NO_FILE = /^(?:<|\(disabled\):)/;

/** The deepest directory that has both. */
const commonDirectory = (a: string, b: string): string => {
  const isWithin = (directory: string): boolean => isBelow(b, directory);
  return directoriesAbove(path.join(a, OUTPUT)).find(isWithin) ?? a;
};

/** The deepest directory that has all files of a bundle, which are named relative to `base`. */
const directoryOf = (inputs: readonly string[], base: string): string =>
  inputs
    .filter(file => !NO_FILE.test(file))
    .map(file => path.dirname(path.resolve(base, file)))
    .reduce(commonDirectory);

const isBelow = (file: string, directory: string): boolean => {
  const way = path.relative(directory, file);
  return !path.isAbsolute(way) && way.split(path.sep)[0] !== '..';
};

/**
 * Of files. In the source map: as seen from the package of the entry, or from where all files are,
 * if that is above. In errors: as a terminal finds them, so seen from the working directory.
 */
class Names implements FileNames {
  readonly #base: string;
  readonly #shown: string;

  constructor(base: string, shown: string) {
    this.#base = base;
    this.#shown = shown;
  }

  /** The directory that they are seen from. */
  get root(): string {
    return this.#shown;
  }

  pathOf(file: string): string {
    return path.resolve(this.#base, file);
  }

  nameOf(file: string): string {
    const here = process.cwd();
    return isBelow(file, here) ? path.relative(here, file) : file;
  }

  /** The map of a bundle, from what esbuild has made. */
  mapOf(sourceMap: string): string {
    if (this.#base === this.#shown) return sourceMap;
    const sourceOf = (file: string): string =>
      path.relative(this.#shown, file).split(path.sep).join('/');
    return this.#renamed(sourceMap, sourceOf);
  }

  /** The same for errors. */
  errorMapOf(sourceMap: string): string {
    return this.#renamed(sourceMap, file => this.nameOf(file));
  }

  #renamed(sourceMap: string, nameOf: (file: string) => string): string {
    const map = JSON.parse(sourceMap) as { sources: readonly string[] };
    map.sources = map.sources.map(each =>
      NO_FILE.test(each) ? each : nameOf(this.pathOf(each)),
    );
    return JSON.stringify(map);
  }
}

/** `errorMap`: gives the source map for errors. */
const checkPlaced = (
  source: string,
  modules: readonly ModuleText[],
  errorMap: () => string,
): void => {
  try {
    checkScript(source, modules);
  } catch (error) {
    const [why, place] = splitPlace(describeError(error));
    if (place === undefined) throw new BundleFailure(why, { cause: error });
    const where = inSource(readSourceMap(errorMap()), place) ?? describePlace(OUTPUT, place);
    throw new BundleFailure(advised(`${where}: ${why}`), { cause: error });
  }
};

/** esbuild puts the line of the entry before all others; no mapping is of it. */
const withoutHashbang = (source: string, sourceMap: string): Mapped => {
  if (!source.startsWith('#!')) return { source, sourceMap };
  const map = JSON.parse(sourceMap) as { mappings: string };
  map.mappings = map.mappings.slice(1);
  return { source: source.slice(source.indexOf('\n') + 1), sourceMap: JSON.stringify(map) };
};

/** By entry: where its files were found to be when it was last bundled in this process. */
const knownBases = new Map<string, string>();
const KNOWN_MAX = 1_000;

const remember = (entry: string, base: string): void => {
  if (knownBases.size >= KNOWN_MAX) knownBases.clear();
  knownBases.set(entry, base);
};

/** Keeps what it has read of an entry's modules: bundling again after an edit is quick. */
export class ModuleBundler {
  readonly #entry: string;
  readonly #package: string;
  #base: string;
  #context: Promise<BuildContext<ScriptOptions>> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(entry: string) {
    // esbuild names files by where they are, whatever link leads there.
    this.#entry = realpathSync(entry);
    this.#package = nearestWith('package.json', this.#entry);
    // Most vats import packages. If a file is elsewhere it is made again, from where all are.
    this.#base = knownBases.get(this.#entry) ?? nearestWith('node_modules', this.#entry);
  }

  /** Errors: BundleFailure. */
  script(): Promise<ModuleBundle> {
    const made = this.#last.then(() => this.#script());
    this.#last = made.catch(() => undefined);
    return made;
  }

  /**
   * The same as one ES module. Its exports are those that the entry has once it has run. (What
   * esbuild makes of a module has `var`, which endo's compiler does not export as it should.)
   * Errors: BundleFailure.
   */
  async module(): Promise<ModuleBundle> {
    const { source, ...more } = await this.script();
    const { metafile } = await this.#told(build(placed(EXPORTS, this.#entry, this.#base)));
    const { entryPoint = '', exports } = required(Object.values(metafile.outputs)[0], 'the bundle');
    const isCommonJs = metafile.inputs[entryPoint]?.format === 'cjs';
    const names = isCommonJs ? [ROOT_BUILDER] : exports;
    const exported = names.map(
      (name, at) =>
        `const $vat_export${at} = ${NAMESPACE}[${JSON.stringify(name)}];\n` +
        `export { $vat_export${at} as ${name} };\n`,
    );
    return { ...more, source: `${source}${exported.join('')}` };
  }

  /** Once what was begun is done. */
  async close(): Promise<void> {
    await this.#last;
    await this.#dispose();
  }

  async #dispose(): Promise<void> {
    const opened = await this.#context?.catch(() => undefined);
    this.#context = undefined;
    await opened?.dispose();
  }

  get #names(): Names {
    return new Names(this.#base, commonDirectory(this.#base, this.#package));
  }

  async #script(): Promise<ModuleBundle> {
    const { outputFiles, metafile, warnings: told } = await this.#build();
    const { inputs } = metafile;
    const names = this.#names;
    const refused = told.filter(isRefused);
    if (refused.length > 0) throw failureOf(refused, names);
    const textOf = (ending: string): string =>
      outputFiles.find(file => file.path.endsWith(ending))?.text ?? '';
    const written = Object.values(metafile.outputs).flatMap(({ inputs: parts }) =>
      Object.keys(parts),
    );
    const pathOf = (file: string): string => names.pathOf(file);
    const given = withoutMarkColumns(textOf('.map'), written, pathOf);
    const { source, sourceMap: map } = withoutHashbang(textOf('.js'), given);
    const lines = await this.#told(refusedOfAuthor(inputs, source, names));
    if (lines.length > 0) throw new BundleFailure(lines.join('\n'));
    const strictness = Object.entries(inputs).map(
      ([name, { format }]) => [name, format === 'esm'] as const,
    );
    const modules = modulesIn(source, new Map(strictness));
    checkPlaced(source, modules, () => names.errorMapOf(map));
    const warnings = await undeclaredOfAuthor(inputs, source, modules, names);
    return { source, sourceMap: names.mapOf(map), root: names.root, warnings };
  }

  async #build(): Promise<Built> {
    this.#context ??= this.#open();
    const built = await this.#told((await this.#context).rebuild());
    const base = directoryOf(Object.keys(built.metafile.inputs), this.#base);
    if (base === this.#base) return built;
    remember(this.#entry, base);
    await this.#dispose();
    this.#base = base;
    return this.#build();
  }

  async #open(): Promise<BuildContext<ScriptOptions>> {
    try {
      return await context(placed(SCRIPT, this.#entry, this.#base));
    } catch (error) {
      throw noBundler(error);
    }
  }

  async #told<T>(building: Promise<T>): Promise<T> {
    try {
      return await building;
    } catch (error) {
      throw retold(error, this.#names);
    }
  }
}
