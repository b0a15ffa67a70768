/**
 * From an endoZipBase64 bundle to one script whose completion value is the module namespace.
 *
 * Runs in the bundler's thread. The archive is loaded and verified as `@endo/import-bundle` does
 * it: the hash of the compartment map, where the bundle states it, the hash of every module, no
 * file that no module needs. What is loaded, archive-linker.ts links. The script is a function of
 * the archive and of the releases of Heirloom, of `@endo/compartment-mapper` and of what compiles
 * modules that the archive has as sources: replicas must derive the same text.
 */
import { createHash } from 'node:crypto';
import * as archiveParsers from '@endo/compartment-mapper/archive-parsers.js';
import { parseArchive } from '@endo/compartment-mapper/import-archive-lite.js';
import { ZipReader } from '@endo/zip';
import { required } from '@heirloom/store/types';
import { refusedNesting, weave } from '@heirloom/worker/weave';
import {
  linkArchive,
  type CompiledCjs,
  type CompiledEsm,
  type CompiledModule,
  type LinkedModule,
} from './archive-linker.js';
import { refusalIn, told } from './refusals.js';

/** What comes of an archive. */
export interface DerivedArchive {
  readonly script: string;
  /** Of the compartment map; absent if that does not have the hash of every module. */
  readonly sha512?: string;
}

export interface ArchiveJob {
  readonly endoZipBase64: string;
  readonly sha512: string | undefined;
}

interface ArchivedModule {
  readonly parser?: string;
  readonly sha512?: string;
  readonly compartment?: string;
  readonly module?: string;
  readonly deferredError?: string;
}

interface ArchivedCompartment {
  readonly name: string;
  readonly modules: Readonly<Record<string, ArchivedModule>>;
  readonly policy?: unknown;
}

interface ArchivedMap {
  readonly entry: { readonly compartment: string; readonly module: string };
  readonly compartments: Readonly<Record<string, ArchivedCompartment>>;
}

/** What a parser of the compartment mapper gives. */
interface Parsed {
  readonly parser: string;
  readonly bytes: Uint8Array;
  readonly record: unknown;
}

type Parse = (
  bytes: Uint8Array,
  specifier: string,
  location: string,
  packageLocation: string,
  ...rest: unknown[]
) => Parsed;

interface Parser {
  readonly parse: Parse;
  readonly heuristicImports: boolean;
  readonly synchronous: true;
}

/** Reads one language: what SES is to load of a module, and what is linked. */
type Reader = (
  text: () => string,
  bytes: Uint8Array,
  ...rest: Parameters<Parse> extends [unknown, ...infer Rest] ? Rest : never
) => { readonly record: object; readonly module: CompiledModule };

const MODULES_BYTES_MAX = 15_000_000;
const COMPARTMENT_MAP = 'compartment-map.json';
const sourceParsers = archiveParsers.defaultParserForLanguage as unknown as {
  readonly mjs: Parser;
  readonly cjs: Parser;
};

/** Sources that are no UTF-8 are refused. */
const decoder = new TextDecoder('utf-8', { fatal: true });
const strictTextOf = (bytes: Uint8Array): string => decoder.decode(bytes);

const sha512Of = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

const execute = (): undefined => undefined;

const esModule = (compiled: CompiledEsm) =>
  ({ record: compiled, module: { kind: 'es', compiled } }) as const;

const cjsModule = (compiled: CompiledCjs) => {
  const { imports, exports, reexports } = compiled;
  const record = { imports, exports, reexports, execute };
  return { record, module: { kind: 'cjs', compiled } } as const;
};

const valueModule = (source: string) =>
  ({
    record: { imports: [], exports: ['default'], execute },
    module: { kind: 'value', source },
  }) as const;

/** The text is checked here, and read where the module runs: of each evaluation its own value. */
const jsonModule = (text: string) =>
  valueModule(`JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(text)))})`);

const READERS: Readonly<Record<string, Reader>> = {
  'pre-mjs-json': text => esModule(JSON.parse(text()) as CompiledEsm),
  'pre-cjs-json': text => cjsModule(JSON.parse(text()) as CompiledCjs),
  mjs: (text, bytes, specifier, ...rest) => {
    const tooDeep = refusedNesting(text());
    if (tooDeep !== undefined) throw SyntaxError(refusalIn(specifier, ...told(tooDeep, '')));
    return esModule(sourceParsers.mjs.parse(bytes, specifier, ...rest).record as CompiledEsm);
  },
  cjs: (_text, bytes, ...rest) => {
    const compiled = sourceParsers.cjs.parse(bytes, ...rest).bytes;
    return cjsModule(JSON.parse(strictTextOf(compiled)) as CompiledCjs);
  },
  json: text => jsonModule(text()),
  text: text => valueModule(JSON.stringify(text())),
  bytes: (_text, bytes) => valueModule(`new Uint8Array([${bytes.join()}]).buffer`),
};

type ParseArchiveOptions = NonNullable<Parameters<typeof parseArchive>[2]>;

/** The key of a module: a compartment and a specifier in it. */
const keyOf = (compartment: string, specifier: string): string => `${compartment}#${specifier}`;

/** A name that stands for itself, by others: who loads the archive would wait for ever. */
const checkAliases = ({ compartments }: ArchivedMap): void => {
  const passed = new Set<string>();
  for (const [of, { modules }] of Object.entries(compartments)) {
    for (const name of Object.keys(modules)) {
      const way = new Set<string>();
      let [compartment, module]: readonly (string | undefined)[] = [of, name];
      while (compartment !== undefined && module !== undefined) {
        const key = keyOf(compartment, module);
        if (way.has(key)) throw Error('the archive has modules that wait for each other');
        if (passed.has(key)) break;
        way.add(key);
        const found: ArchivedModule | undefined = compartments[compartment]?.modules[module];
        [compartment, module] = [found?.compartment, found?.module];
      }
      for (const key of way) passed.add(key);
    }
  }
};

/** Verifies an archive. Gives every module that its entry needs, by key. */
const load = async (
  archive: Uint8Array,
  sha512: string | undefined,
): Promise<ReadonlyMap<string, CompiledModule>> => {
  const loaded = new Map<string, CompiledModule>();
  let length = 0;
  const parserOf = (language: string, read: Reader): Parser => ({
    parse: (bytes, specifier, location, packageLocation, ...rest) => {
      length += bytes.length;
      // A file may be named as many modules.
      if (length > MODULES_BYTES_MAX) throw RangeError('its modules together are too large');
      const text = (): string => strictTextOf(bytes);
      const found = read(text, bytes, specifier, location, packageLocation, ...rest);
      loaded.set(keyOf(packageLocation, specifier), found.module);
      return { parser: language, bytes, record: found.record };
    },
    heuristicImports: language.endsWith('cjs') || language.endsWith('cjs-json'),
    synchronous: true,
  });
  const parsers = Object.entries(READERS).map(([name, read]) => [name, parserOf(name, read)]);
  await parseArchive(archive, 'bundle', {
    computeSha512: sha512Of,
    expectedSha512: sha512,
    parserForLanguage: Object.fromEntries(parsers) as unknown,
  } as unknown as ParseArchiveOptions);
  return loaded;
};

/** `specifier` as seen from the module `referrer` of the same compartment. */
const resolveSpecifier = (specifier: string, referrer: string): string => {
  const parts = specifier.split('/');
  if (parts[0] !== '.' && parts[0] !== '..') return specifier;
  const resolved: string[] = [];
  for (const part of [...referrer.split('/').slice(0, -1), ...parts]) {
    if (part === '..') resolved.pop();
    else if (part !== '.' && part !== '') resolved.push(part);
  }
  return ['.', ...resolved].join('/');
};

/** Follows imports through the compartments of the archive, from the entry. */
class Archive {
  /** What an importer needs comes before it, but for cycles. */
  readonly #modules: LinkedModule[] = [];
  readonly #map: ArchivedMap;
  readonly #loaded: ReadonlyMap<string, CompiledModule>;
  readonly #known = new Map<string, LinkedModule>();

  constructor(map: ArchivedMap, loaded: ReadonlyMap<string, CompiledModule>) {
    for (const { name, policy } of Object.values(map.compartments)) {
      if (policy !== undefined) throw Error(`compartment ${name} has a policy: a vat has none`);
    }
    this.#map = map;
    this.#loaded = loaded;
  }

  get linked(): { readonly modules: readonly LinkedModule[]; readonly entry: LinkedModule } {
    const { compartment, module } = this.#map.entry;
    const entry = this.#find(compartment, module);
    return { modules: this.#modules, entry };
  }

  #find(compartment: string, specifier: string): LinkedModule {
    const key = keyOf(compartment, specifier);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { name, modules } = required(this.#map.compartments[compartment], compartment);
    const found = modules[specifier];
    if (found?.compartment !== undefined && found.module !== undefined) {
      const target = this.#find(found.compartment, found.module);
      this.#known.set(key, target);
      return target;
    }
    const why = found?.deferredError ?? `the archive has no module ${specifier} of ${name}`;
    const module = this.#loaded.get(key) ?? { kind: 'missing', why };
    const requests = new Map<string, LinkedModule>();
    const isOwn = compartment === this.#map.entry.compartment;
    const path = `${name}/${specifier.replace(/^\.\//, '')}`;
    const linked = { name: path, module, isOwn, requests };
    this.#known.set(key, linked);
    for (const imported of this.#importsOf(module)) {
      requests.set(imported, this.#find(compartment, resolveSpecifier(imported, specifier)));
    }
    if (module.kind !== 'missing') this.#modules.push(linked);
    return linked;
  }

  #importsOf(module: CompiledModule): readonly string[] {
    if (module.kind !== 'es' && module.kind !== 'cjs') return [];
    const { imports, reexports } = module.compiled;
    return [...new Set([...imports, ...reexports])];
  }
}

/** What it is wrapped in stands on the line of its beginning. */
const checkCjs = (name: string, { compiled }: { readonly compiled: CompiledCjs }): void => {
  try {
    weave(`(${compiled.source}\n)`);
  } catch (error) {
    const [why, place] = told(error, compiled.source);
    throw SyntaxError(refusalIn(name, why, place), { cause: error });
  }
};

/** Then the hash of the map is that of all code, whatever else may differ between two zips. */
const hasAllHashes = ({ compartments }: ArchivedMap): boolean =>
  Object.values(compartments).every(({ modules }) =>
    Object.values(modules).every(({ parser, sha512 }) => parser === undefined || sha512),
  );

/** Errors: of the weaver, for a module that it refuses, with the module's name. */
const wovenArchive = (modules: readonly LinkedModule[], entry: LinkedModule): string => {
  const script = linkArchive(modules, entry);
  try {
    return weave(script);
  } catch (error) {
    for (const { name, module } of modules) if (module.kind === 'cjs') checkCjs(name, module);
    throw error;
  }
};

/** Errors: an Error that says why the bundle is none. */
export const deriveArchive = async (job: ArchiveJob): Promise<DerivedArchive> => {
  const { endoZipBase64, sha512 } = job;
  const bytes = Buffer.from(endoZipBase64, 'base64');
  if (bytes.toString('base64') !== endoZipBase64) throw Error('endoZipBase64 is not base64');
  const archive = new Uint8Array(bytes);
  const zip = new ZipReader(archive, { name: 'bundle' });
  const mapBytes = zip.read(COMPARTMENT_MAP);
  const map = JSON.parse(strictTextOf(mapBytes)) as ArchivedMap;
  checkAliases(map);
  const loaded = await load(archive, sha512);
  const { modules, entry } = new Archive(map, loaded).linked;
  const script = wovenArchive(modules, entry);
  return hasAllHashes(map) ? { script, sha512: sha512Of(mapBytes) } : { script };
};
