/**
 * Vat bundles, checked: in the formats of `@endo/bundle-source`. bundle-vat.ts makes them.
 *
 * What a vat thread evaluates is never a bundle but the *derived script*, one per bundle and image,
 * whose completion value is the module namespace (rules.md#u4).
 */
import { hash } from 'node:crypto';
import { describeError } from '@heirloom/store';
import { required } from '@heirloom/store/types';
import { bundleIdFrom, type BundleId } from '@heirloom/worker';
import { OLDER_WEAVING, weave, WEAVING, type Weaving } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import { advised } from './advice.js';
import type { DerivedArchive } from './archive-script.js';
import { ArchiveRefused, type DerivedScript, type Derives } from './bundling.js';
import { RecentBundles } from './recent-bundles.js';
import { bad, checkScript, checkSize, deriveScript, scriptOf } from './script-bundle.js';
import { mapOf, readSourceMap } from './source-places.js';
import { rememberedRoot } from './source-roots.js';

export const BUNDLE_FORMATS = [
  'endoScript',
  'endoZipBase64',
  'nestedEvaluate',
  'getExport',
] as const;
export type BundleFormat = (typeof BUNDLE_FORMATS)[number];
export type ScriptFormat = Exclude<BundleFormat, 'endoZipBase64'>;

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

/** What cannot be read is told of when it is given, not when something has thrown. */
const checkSourceMap = (sourceMap: unknown): string | undefined => {
  if (typeof sourceMap === 'object') return bad('its source map is an object: give its JSON text');
  if (typeof sourceMap !== 'string') return bad('its source map is no JSON text');
  // Endo's bundler puts an empty text there, or a comment.
  if (!sourceMap.trimStart().startsWith('{')) return undefined;
  checkSize('source map', sourceMap, BUNDLE_BYTES_MAX);
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

/** Of a bundle that is a script. */
export const bundleIdOf = (moduleFormat: BundleFormat, source: string): BundleId =>
  bundleIdFrom(hash('sha256', `${moduleFormat}\n${source}`));

/** What one image runs of a bundle. */
export const scriptFor = (bundle: CheckedBundle, weaving: Weaving | undefined): string => {
  if (weaving !== OLDER_WEAVING) return bundle.script;
  return required(bundle.olderScript, 'a script for the image before');
};

/** How a bundle is checked. */
interface Checking {
  readonly derives: Derives;
  readonly weaving: Weaving;
  /** In the turn in which it is asked for, whatever that takes, unless it is an archive. */
  readonly isNow: boolean;
}

const recent = new RecentBundles();
const keyOf = (key: string, weaving: Weaving): string => `${key} ${weaving}`;

/** In place, a source of so many UTF-16 code units keeps nobody waiting: about ten milliseconds. */
const WOVEN_IN_PLACE_MAX = 25_000;

const checkScriptBundle = (
  moduleFormat: ScriptFormat,
  source: unknown,
  sourceMap: unknown,
  { derives, weaving, isNow }: Checking,
): CheckedBundle | Promise<CheckedBundle> => {
  if (typeof source !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  checkSize('source', source, BUNDLE_BYTES_MAX);
  const bundleId = bundleIdOf(moduleFormat, source);
  const key = keyOf(bundleId, weaving);
  const known = recent.get(key);
  if (known !== undefined) return known;
  const map = typeof sourceMap === 'string' ? sourceMap : undefined;
  const job = { moduleFormat, source, sourceMap: map, older: weaving === OLDER_WEAVING };
  const bundleOf = (derived: DerivedScript): CheckedBundle => {
    const bundle = { bundleId, moduleFormat, source, ...derived };
    recent.add(key, bundle);
    return bundle;
  };
  if (isNow || source.length <= WOVEN_IN_PLACE_MAX) return bundleOf(deriveScript(job));
  return derives.deriveScript(job).then(bundleOf);
};

/** Their scripts are what a way out has derived, so each has its own. */
const recentArchives = new WeakMap<Derives, RecentBundles>();
const archivesOf = (derives: Derives): RecentBundles => {
  const known = recentArchives.get(derives) ?? new RecentBundles();
  recentArchives.set(derives, known);
  return known;
};

const checkZipBundle = async (
  source: unknown,
  sha512: unknown,
  derives: Derives,
  weaving: Weaving,
): Promise<CheckedBundle> => {
  if (typeof source !== 'string') return bad('endoZipBase64 must be a string (see bundleVat)');
  if (sha512 !== undefined && (typeof sha512 !== 'string' || !SHA512_PATTERN.test(sha512))) {
    return bad('endoZipBase64Sha512 must be 128 hexadecimal digits, or left out');
  }
  checkSize('archive', source, BUNDLE_BYTES_MAX);
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
 * Checks shape, format, size, integrity and syntax, and derives the script: in a thread, hence the
 * promise, of an archive always, and of a script unless it is short, known or wanted `isNow`.
 * `weaving`: of the store's image.
 *
 * Errors: KernelError BAD_BUNDLE says what is wrong.
 */
export const checkBundle = (
  bundle: unknown,
  derives: Derives,
  weaving: Weaving = WEAVING,
  isNow = false,
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
  const checked = checkScriptBundle(moduleFormat, source, given, { derives, weaving, isNow });
  return checked instanceof Promise
    ? checked.then(bundle => mapped(bundle, given))
    : mapped(checked, given);
};
