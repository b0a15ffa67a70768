/**
 * From an endoZipBase64 bundle to one script whose completion value is the module namespace.
 *
 * Runs in the bundler's thread. The archive is verified as `@endo/import-bundle` verifies it: the
 * hash of the compartment map, where the bundle states it, the hash of every module, no file that
 * no module needs. The script is like the endoScript that `@endo/bundle-source` makes of the same
 * modules. It is a function of the archive and of the release of `@endo/compartment-mapper`,
 * whose version is therefore exact in package.json: replicas must derive the same text.
 *
 * The mapper makes scripts of packages on disk only. So the archive's map is written as such a map:
 * every compartment is a directory of its own, and reading a module's URL gives the archived file.
 */
import { createHash } from 'node:crypto';
import * as archiveParsers from '@endo/compartment-mapper/archive-parsers.js';
import { makeFunctorFromMap } from '@endo/compartment-mapper/functor-lite.js';
import { parseArchive } from '@endo/compartment-mapper/import-archive-lite.js';
import { ZipReader } from '@endo/zip';
import { required } from '@heirloom/store/types';
import { utf8 } from '@heirloom/store/utf8';
import { weave } from '@heirloom/worker/weave';

export interface ArchiveJob {
  readonly endoZipBase64: string;
  readonly sha512: string | undefined;
}

interface ArchivedModule {
  readonly location?: string;
  readonly parser?: string;
  readonly compartment?: string;
  readonly module?: string;
}

interface ArchivedCompartment {
  readonly name: string;
  readonly label: string;
  readonly location: string;
  readonly modules: Readonly<Record<string, ArchivedModule>>;
  readonly policy?: unknown;
}

interface ArchivedMap {
  readonly entry: { readonly compartment: string; readonly module: string };
  readonly compartments: Readonly<Record<string, ArchivedCompartment>>;
}

interface ModuleFile {
  readonly parser: string;
  readonly bytes: Uint8Array;
}

interface Parser {
  readonly parse: (
    bytes: Uint8Array,
    specifier: string,
    location: string,
    ...rest: unknown[]
  ) => unknown;
  readonly heuristicImports: boolean;
  readonly synchronous: true;
}

const ARCHIVED = 'archived';
const COMPARTMENT_MAP = 'compartment-map.json';
const { defaultParserForLanguage: sourceParsers } = archiveParsers;

/** Sources that are no UTF-8 are refused. */
const decoder = new TextDecoder('utf-8', { fatal: true });
const strictTextOf = (bytes: Uint8Array): string => decoder.decode(bytes);

const sha512Of = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

interface CompiledEsm {
  /** Exported name to local name, and whether the module assigns it after its declaration. */
  readonly __liveExportMap__?: Readonly<Record<string, readonly [string, boolean]>>;
}

/** Modules that were compiled when the archive was made: JSON, and no `sourceURL` is added. */
const compiledEsm: Parser = {
  parse: (bytes, specifier) => {
    const record = JSON.parse(strictTextOf(bytes)) as CompiledEsm;
    for (const [name, [, isAssigned]] of Object.entries(record.__liveExportMap__ ?? {})) {
      if (!isAssigned) continue;
      // In a script such a name would be a free variable of the module: a ReferenceError, one day.
      throw Error(`${specifier} assigns its export ${name}: a script has no live bindings`);
    }
    return { parser: 'pre-mjs-json', bytes, record };
  },
  heuristicImports: false,
  synchronous: true,
};

interface CompiledCjs {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly reexports: readonly string[];
  readonly source: string;
}

const compiledCjs: Parser = {
  parse: bytes => {
    const { source, imports, exports, reexports } = JSON.parse(strictTextOf(bytes)) as CompiledCjs;
    const record = { imports, exports, reexports, cjsFunctor: source, execute: () => undefined };
    return { parser: 'pre-cjs-json', bytes, record };
  },
  heuristicImports: true,
  synchronous: true,
};

/** A module that exports a text is a JSON module whose value is a string. */
const text: Parser = {
  parse: (bytes, specifier, location, ...rest) => {
    const json = utf8(JSON.stringify(strictTextOf(bytes)));
    return sourceParsers.json.parse(json, specifier, location, ...(rest as [string]));
  },
  heuristicImports: false,
  synchronous: true,
};

const PARSERS: Readonly<Record<string, Parser>> = {
  'pre-mjs-json': compiledEsm,
  'pre-cjs-json': compiledCjs,
  mjs: sourceParsers.mjs as unknown as Parser,
  cjs: sourceParsers.cjs as unknown as Parser,
  json: sourceParsers.json as unknown as Parser,
  text,
};

type ParseArchiveOptions = NonNullable<Parameters<typeof parseArchive>[2]>;

const verify = async (archive: Uint8Array, sha512: string | undefined): Promise<void> => {
  await parseArchive(archive, 'bundle', {
    computeSha512: sha512Of,
    expectedSha512: sha512,
    parserForLanguage: PARSERS,
  } as unknown as ParseArchiveOptions);
};

const extensionOf = (href: string): string => /\.([^./]*)$/.exec(href)?.[1] ?? '';

/** The modules of a compartment that are files, by URL, and those that stand for another. */
class ArchivedPackages {
  readonly files = new Map<string, ModuleFile>();
  readonly #zip: ZipReader;
  readonly #urls: ReadonlyMap<string, string>;

  constructor(zip: ZipReader, compartments: readonly string[]) {
    this.#zip = zip;
    this.#urls = new Map(compartments.map((name, index) => [name, `file:///${index}/`]));
  }

  urlOf(compartment: string): string {
    const url = this.#urls.get(compartment);
    if (url === undefined) throw Error(`there is no compartment ${JSON.stringify(compartment)}`);
    return url;
  }

  describe(key: string, { name, label, location, modules, policy }: ArchivedCompartment): object {
    if (policy !== undefined) throw Error(`compartment ${name} has a policy: a vat has none`);
    const url = this.urlOf(key);
    const aliases: Record<string, object> = {};
    const parsers: Record<string, string> = {};
    for (const [specifier, module] of Object.entries(modules)) {
      if (module.compartment !== undefined && module.module !== undefined) {
        const compartment = this.urlOf(module.compartment);
        aliases[specifier] = { compartment, module: module.module };
      } else if (module.parser !== undefined && module.location !== undefined) {
        const href = this.#add(new URL(specifier, url).href, location, module);
        parsers[extensionOf(href)] = ARCHIVED;
      }
    }
    const sourceDirname = name.slice(name.lastIndexOf('/') + 1);
    return { name, label, location: url, sourceDirname, modules: aliases, parsers, scopes: {} };
  }

  #add(href: string, directory: string, { location, parser }: ArchivedModule): string {
    if (this.files.has(href)) throw Error(`two modules have the name ${href}`);
    const bytes = this.#zip.read(`${directory}/${location}`);
    this.files.set(href, { parser: required(parser, 'a parser'), bytes });
    return href;
  }
}

/** Parses each file as the archive says, whatever the file is called. */
const archivedParser = (files: ReadonlyMap<string, ModuleFile>): Parser => ({
  parse: (bytes, specifier, location, ...rest) => {
    const { parser } = required(files.get(location), location);
    const found = required(PARSERS[parser], `a parser of ${parser}`);
    return found.parse(bytes, specifier, location, ...rest);
  },
  heuristicImports: false,
  synchronous: true,
});

type PackageMap = Parameters<typeof makeFunctorFromMap>[1];
type FunctorOptions = NonNullable<Parameters<typeof makeFunctorFromMap>[2]>;

const functorOf = async (archive: Uint8Array): Promise<string> => {
  const zip = new ZipReader(archive, { name: 'bundle' });
  const map = JSON.parse(strictTextOf(zip.read(COMPARTMENT_MAP))) as ArchivedMap;
  const packages = new ArchivedPackages(zip, Object.keys(map.compartments));
  const compartments = Object.entries(map.compartments).map(([key, compartment]) => [
    packages.urlOf(key),
    packages.describe(key, compartment),
  ]);
  const { files } = packages;
  const read = (location: string): Promise<Uint8Array> => {
    const file = files.get(location);
    if (file !== undefined) return Promise.resolve(file.bytes);
    return Promise.reject(Error(`the archive has no module ${location}`));
  };
  const packageMap = {
    tags: [],
    entry: { compartment: packages.urlOf(map.entry.compartment), module: map.entry.module },
    compartments: Object.fromEntries(compartments) as unknown,
  };
  return makeFunctorFromMap(read, packageMap as unknown as PackageMap, {
    parserForLanguage: { ...PARSERS, [ARCHIVED]: archivedParser(files) },
    searchSuffixes: [],
  } as unknown as FunctorOptions);
};

/** Errors: an Error that says why the bundle is none. */
export const archiveScript = async ({ endoZipBase64, sha512 }: ArchiveJob): Promise<string> => {
  const archive = Buffer.from(endoZipBase64, 'base64');
  if (archive.toString('base64') !== endoZipBase64) throw Error('endoZipBase64 is not base64');
  const bytes = new Uint8Array(archive);
  await verify(bytes, sha512);
  return weave(`(${await functorOf(bytes)})()`);
};
