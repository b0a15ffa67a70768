/**
 * Vat bundles, checked: in the formats of `@endo/bundle-source`. bundle-vat.ts makes them.
 *
 * What a vat thread evaluates is never a bundle but the *derived script*, one per bundle and image,
 * whose completion value is the module namespace (rules.md#u4).
 */
import { hash } from 'node:crypto';
import { Script } from 'node:vm';
import { describeError } from '@heirloom/store';
import { required } from '@heirloom/store/types';
import { bundleIdFrom, type BundleId } from '@heirloom/worker';
import { OLDER_WEAVING, weave, WEAVING, type Weaving } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import { advised } from './advice.js';
import type { DerivedArchive } from './archive-script.js';
import { ArchiveRefused, type Bundling } from './bundling.js';
import { SOURCE_URL_PREFIX } from './evaluated-places.js';
import { RecentBundles } from './recent-bundles.js';
import { whyRefused, wovenSource } from './refused-source.js';
import { mapOf, readSourceMap } from './source-places.js';
import { rememberedRoot } from './source-roots.js';

export const BUNDLE_FORMATS = [
  'endoScript',
  'endoZipBase64',
  'nestedEvaluate',
  'getExport',
] as const;
export type BundleFormat = (typeof BUNDLE_FORMATS)[number];
type ScriptFormat = Exclude<BundleFormat, 'endoZipBase64'>;

/** A bundle as `bundleVat` and endo's bundler make it. */
export type VatBundle =
  | {
      readonly moduleFormat: ScriptFormat;
      readonly source: string;
      /**
       * JSON, version 3, of `source`, or of the module that it names as `file`: for traces, no part
       * of the bundle's id.
       */
      readonly sourceMap?: string;
    }
  | {
      readonly moduleFormat: 'endoZipBase64';
      readonly endoZipBase64: string;
      /** Hex, of the archive's compartment map, which has the hashes of all modules. */
      readonly endoZipBase64Sha512?: string;
      readonly sourceMap?: string;
    };

/** A bundle that may be installed. */
export interface CheckedBundle {
  /** The same code has the same id everywhere: worker/protocol/code-ids.ts. */
  readonly bundleId: BundleId;
  readonly moduleFormat: BundleFormat;
  readonly source: string;
  readonly script: string;
  /** As the image before this release's runs it, if that is the store's. */
  readonly olderScript?: string | undefined;
  /** JSON, of `source` or of the module that it names, for traces. */
  readonly sourceMap?: string;
  /** A URL of the directory that the map names files from, if it is known: for debuggers. */
  readonly sourceRoot?: string | undefined;
}

const BUNDLE_BYTES_MAX = 12_000_000;
/** With what the weaver adds; one row of the store. */
const SCRIPT_BYTES_MAX = 15_000_000;
const SHA512_PATTERN = /^[0-9a-f]{128}$/;

export const isFormat = (format: unknown): format is BundleFormat =>
  BUNDLE_FORMATS.some(known => known === format);

/** Has it the fields of one? What they hold is checked when it is installed. */
export const isVatBundle = (bundle: object): bundle is VatBundle =>
  'moduleFormat' in bundle &&
  isFormat(bundle.moduleFormat) &&
  (bundle.moduleFormat === 'endoZipBase64' ? 'endoZipBase64' in bundle : 'source' in bundle);

type BundleField =
  | 'moduleFormat'
  | 'source'
  | 'sourceMap'
  | 'endoZipBase64'
  | 'endoZipBase64Sha512';

const bad = (why: string, cause?: unknown): never => {
  throw new KernelError('BAD_BUNDLE', `not a vat bundle: ${why}`, { cause });
};

const checkSize = (what: string, text: string, bytesMax = BUNDLE_BYTES_MAX): void => {
  if (Buffer.byteLength(text) <= bytesMax) return;
  bad(`its ${what} is over ${bytesMax} bytes`);
};

/** What cannot be read is told of when it is given, not when something has thrown. */
const checkSourceMap = (sourceMap: unknown): string | undefined => {
  if (typeof sourceMap === 'object') return bad('its source map is an object: give its JSON text');
  if (typeof sourceMap !== 'string') return bad('its source map is no JSON text');
  // Endo's bundler puts an empty text there, or a comment.
  if (!sourceMap.trimStart().startsWith('{')) return undefined;
  checkSize('source map', sourceMap);
  try {
    readSourceMap(sourceMap);
    const { version }: { readonly version?: unknown } = JSON.parse(sourceMap);
    if (version === 3) return sourceMap;
  } catch (error) {
    return bad(`its source map cannot be read: ${describeError(error)}`, error);
  }
  return bad('its source map is not of version 3');
};

const INLINE_MAP = '\n//# sourceMappingURL=data:application/json;';
const INLINE_BASE64 = /^(?:charset=[^;,]*;)?base64,([\w+/=]+)\s*$/;

/** The map that a source brings in its last line, as bundlers put it there; if it can be read. */
const inlineMap = (source: string): string | undefined => {
  const at = source.lastIndexOf(INLINE_MAP);
  if (at === -1) return undefined;
  const [, data] = INLINE_BASE64.exec(source.slice(at + INLINE_MAP.length)) ?? [];
  const json = data === undefined ? undefined : Buffer.from(data, 'base64').toString();
  return mapOf(json) === undefined ? undefined : json;
};

/**
 * Of what is woven, strict as compartments take it: V8 may be of an older Node than the one that
 * our parser is made for.
 */
const checkSyntax = (script: string): void => {
  try {
    new Script(`'use strict';${script}`, { filename: 'bundle' }); // parses only
  } catch (error) {
    bad(`its source does not parse: ${describeError(error)}`, error);
  }
};

/** Of a bundle that is a script. */
export const bundleIdOf = (moduleFormat: BundleFormat, source: string): BundleId =>
  bundleIdFrom(hash('sha256', `${moduleFormat}\n${source}`));

/**
 * The completion value of the last two formats is a function that gives the namespace, called here
 * as bundle-source documents. They would take a `require` of their surroundings: a vat has none.
 */
const scriptOf = (moduleFormat: ScriptFormat, source: string): string => {
  switch (moduleFormat) {
    case 'endoScript':
      return source;
    case 'getExport':
      return `(${source}\n)()`;
    case 'nestedEvaluate': {
      const prefix = JSON.stringify(SOURCE_URL_PREFIX);
      return `(nestedEvaluate => (${source}\n)(${prefix}))(source => (0, eval)(source))`;
    }
    default:
      throw TypeError(`no script format ${String(moduleFormat satisfies never)}`);
  }
};

/** What one image runs of a bundle. */
export const scriptFor = (bundle: CheckedBundle, weaving: Weaving | undefined): string => {
  if (weaving !== OLDER_WEAVING) return bundle.script;
  return required(bundle.olderScript, 'a script for the image before');
};

/** Errors: KernelError BAD_BUNDLE, which says where in the author's files, if the map does. */
const wovenScript = (moduleFormat: ScriptFormat, source: string, sourceMap: unknown): string => {
  try {
    const woven = wovenSource(moduleFormat, source);
    return moduleFormat === 'endoScript' ? woven : weave(scriptOf(moduleFormat, source));
  } catch (error) {
    // One of a module says nothing of the source.
    const isEvaluated = moduleFormat === 'nestedEvaluate';
    const map = typeof sourceMap === 'string' && !isEvaluated ? mapOf(sourceMap) : undefined;
    return bad(whyRefused(error, source, map), error);
  }
};

const checkScript = (script: string): void => {
  checkSize('woven script', script, SCRIPT_BYTES_MAX);
  checkSyntax(script);
};

const recent = new RecentBundles();
const keyOf = (key: string, weaving: Weaving): string => `${key} ${weaving}`;

const checkScriptBundle = (
  moduleFormat: ScriptFormat,
  source: unknown,
  sourceMap: unknown,
  weaving: Weaving,
): CheckedBundle => {
  if (typeof source !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  checkSize('source', source);
  const bundleId = bundleIdOf(moduleFormat, source);
  const key = keyOf(bundleId, weaving);
  const known = recent.get(key);
  if (known !== undefined) return known;
  const script = wovenScript(moduleFormat, source, sourceMap);
  checkScript(script);
  const olderScript =
    weaving === OLDER_WEAVING ? weave(scriptOf(moduleFormat, source), weaving) : undefined;
  const bundle = { bundleId, moduleFormat, source, script, olderScript };
  recent.add(key, bundle);
  return bundle;
};

type DerivesArchives = Pick<Bundling, 'deriveArchive'>;

/** Their scripts are what a way out has derived, so each has its own. */
const recentArchives = new WeakMap<DerivesArchives, RecentBundles>();
const archivesOf = (derives: DerivesArchives): RecentBundles => {
  const known = recentArchives.get(derives) ?? new RecentBundles();
  recentArchives.set(derives, known);
  return known;
};

const checkZipBundle = async (
  source: unknown,
  sha512: unknown,
  derives: DerivesArchives,
  weaving: Weaving,
): Promise<CheckedBundle> => {
  if (typeof source !== 'string') return bad('endoZipBase64 must be a string (see bundleVat)');
  if (sha512 !== undefined && (typeof sha512 !== 'string' || !SHA512_PATTERN.test(sha512))) {
    return bad('endoZipBase64Sha512 must be 128 hexadecimal digits, or left out');
  }
  checkSize('archive', source);
  const moduleFormat = 'endoZipBase64';
  const sourceId = bundleIdOf(moduleFormat, source);
  // Each archive is verified, though two may have one id; so is what it says of its own hash.
  const key = keyOf(`${sourceId} ${sha512 ?? ''}`, weaving);
  const archives = archivesOf(derives);
  const known = archives.get(key);
  if (known !== undefined) return known;
  const older = weaving === OLDER_WEAVING;
  let derived: DerivedArchive;
  try {
    derived = await derives.deriveArchive({ endoZipBase64: source, sha512, older });
  } catch (error) {
    return bad(advised(describeError(error)), error);
  }
  const { script, olderScript, sha512: mapSha512 } = derived;
  checkScript(script);
  // A map without the hash of a module does not tell one archive from another.
  const bundleId = mapSha512 === undefined ? sourceId : bundleIdFrom(mapSha512);
  const bundle: CheckedBundle = { bundleId, moduleFormat, source, script, olderScript };
  archives.add(key, bundle);
  return bundle;
};

/**
 * The script as it is, whatever its modules have; undefined if the weaver does not take it.
 * Errors: KernelError BAD_BUNDLE where it nests deeper than the stack of this host holds.
 */
const wovenAsItIs = ({ moduleFormat, source }: InstalledSource): string | undefined => {
  if (moduleFormat === 'endoZipBase64') return undefined;
  try {
    const script = weave(scriptOf(moduleFormat, source));
    checkScript(script);
    return script;
  } catch (error) {
    const cause = error instanceof KernelError ? error.cause : error;
    if (cause instanceof RangeError) return bad(describeError(cause), cause);
    return undefined; // it was refused already, for a better reason
  }
};

type InstalledSource = Omit<CheckedBundle, 'script' | 'olderScript' | 'sourceMap'>;

/**
 * The bundle that an older release has installed and this one refuses: it cannot be taken away. If
 * only its modules are refused, which vats of it may never get to, it runs as it did; if not,
 * whoever runs it is told why. `refusal`: of `checkBundle`. Errors: that one, if it is of this
 * host's and not of the bundle's: replicas derive the same.
 */
export const bundleOfBefore = (installed: InstalledSource, refusal: unknown): CheckedBundle => {
  const isOfBundle =
    refusal instanceof KernelError &&
    refusal.code === 'BAD_BUNDLE' &&
    !(refusal.cause instanceof RangeError) &&
    (installed.moduleFormat !== 'endoZipBase64' || refusal.cause instanceof ArchiveRefused);
  if (!isOfBundle) throw refusal;
  const why = `${refusal.message}; an older release has installed it`;
  const script = wovenAsItIs(installed) ?? weave(`throw TypeError(${JSON.stringify(why)});`);
  return { ...installed, script };
};

/** With the source map that came with it. */
const mapped = (checked: CheckedBundle, given: unknown): CheckedBundle => {
  const map = given === undefined ? undefined : checkSourceMap(given);
  if (map === undefined) return checked;
  return { ...checked, sourceMap: map, sourceRoot: rememberedRoot(checked.bundleId) };
};

/**
 * Checks shape, format, size, integrity and syntax, and derives the script; of an archive in a
 * thread, hence the promise. `weaving`: of the store's image.
 *
 * Errors: KernelError BAD_BUNDLE says what is wrong.
 */
export const checkBundle = (
  bundle: unknown,
  derives: DerivesArchives,
  weaving: Weaving = WEAVING,
): CheckedBundle | Promise<CheckedBundle> => {
  if (typeof bundle !== 'object' || bundle === null) return bad('it is no object');
  const fields: Partial<Record<BundleField, unknown>> = bundle;
  const { moduleFormat, source, sourceMap, endoZipBase64, endoZipBase64Sha512 } = fields;
  if (typeof moduleFormat !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  if (!isFormat(moduleFormat)) {
    const formats = BUNDLE_FORMATS.join(', ');
    return bad(`format ${moduleFormat} is not supported; supported: ${formats}`);
  }
  if (moduleFormat === 'endoZipBase64') {
    const checking = checkZipBundle(endoZipBase64, endoZipBase64Sha512, derives, weaving);
    return checking.then(checked => mapped(checked, sourceMap));
  }
  const given = sourceMap ?? (typeof source === 'string' ? inlineMap(source) : undefined);
  return mapped(checkScriptBundle(moduleFormat, source, given, weaving), given);
};
