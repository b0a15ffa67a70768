/**
 * Vat bundles: made from source files, and checked, in the formats of `@endo/bundle-source`.
 *
 * What a vat thread evaluates is never a bundle but the *derived script*, one per bundle and image,
 * whose completion value is the module namespace (rules.md#u4).
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import { bundleIdFrom, type BundleId } from '@heirloom/worker';
import { weave } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import { runBundleJob } from './bundler.js';
import type { Bundling } from './bundling.js';
import { RecentBundles } from './recent-bundles.js';

const BUNDLE_FORMATS = [
  'endoScript',
  'endoZipBase64',
  'nestedEvaluate',
  'getExport',
] as const;
export type BundleFormat = (typeof BUNDLE_FORMATS)[number];
type ScriptFormat = Exclude<BundleFormat, 'endoZipBase64'>;

/** A bundle as endo's bundler makes it. */
export type VatBundle =
  | { readonly moduleFormat: ScriptFormat; readonly source: string }
  | {
      readonly moduleFormat: 'endoZipBase64';
      readonly endoZipBase64: string;
      /** Hex, of the archive's compartment map, which has the hashes of all modules. */
      readonly endoZipBase64Sha512?: string;
    };

export interface BundleVatOptions {
  /** Default `endoScript`, the one that needs no work when it is installed. */
  readonly format?: BundleFormat;
}

/** A bundle that may be installed. */
export interface CheckedBundle {
  /** `b1-` and the sha256 of format and source: the same code has the same id everywhere. */
  readonly bundleId: BundleId;
  readonly moduleFormat: BundleFormat;
  readonly source: string;
  readonly script: string;
}

const BUNDLE_BYTES_MAX = 12_000_000;
/** With what the weaver adds; one row of the store. */
const SCRIPT_BYTES_MAX = 15_000_000;
const ENTRY_PATTERN = /\.[cm]?[jt]s$/;
const SHA512_PATTERN = /^[0-9a-f]{128}$/;
const SOURCE_URL_PREFIX = '/bundled-source/.../';

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const isFormat = (format: unknown): format is BundleFormat =>
  BUNDLE_FORMATS.some(known => known === format);

/** Has it the fields of one? What they hold is checked when it is installed. */
const isVatBundle = (bundle: object): bundle is VatBundle =>
  'moduleFormat' in bundle &&
  isFormat(bundle.moduleFormat) &&
  (bundle.moduleFormat === 'endoZipBase64' ? 'endoZipBase64' in bundle : 'source' in bundle);

const checkEntry = async (entry: string): Promise<void> => {
  if (!ENTRY_PATTERN.test(entry)) {
    throw new KernelError('BAD_BUNDLE', `a vat's entry is a .js or .ts file, not ${entry}`);
  }
  try {
    await stat(entry);
  } catch (error) {
    throw new KernelError('BAD_BUNDLE', `cannot read the vat's entry: ${describe(error)}`);
  }
};

/**
 * Bundles the vat whose entry module is `path` (.js or .ts, relative to the working directory).
 *
 * Errors: KernelError BAD_OPTION for a format that there is not; BAD_BUNDLE when the file is
 * missing or does not parse, or imports what cannot be found.
 */
export const bundleVat = async (
  path: string,
  options: BundleVatOptions = {},
): Promise<VatBundle> => {
  const { format = 'endoScript' } = options;
  if (!isFormat(format)) {
    const formats = BUNDLE_FORMATS.join(', ');
    throw new KernelError('BAD_OPTION', `no bundle format ${String(format)}; there are ${formats}`);
  }
  const entry = resolve(path);
  await checkEntry(entry);
  try {
    const bundle = await runBundleJob({ entry, format });
    const made: object = Object.freeze({ ...bundle });
    if (!isVatBundle(made)) assert.fail('the bundler makes bundles');
    return made;
  } catch (error) {
    const message = `cannot bundle ${path}: ${describe(error)}`;
    throw new KernelError('BAD_BUNDLE', message, { cause: error });
  }
};

type BundleField = 'moduleFormat' | 'source' | 'endoZipBase64' | 'endoZipBase64Sha512';

const bad = (why: string, cause?: unknown): never => {
  throw new KernelError('BAD_BUNDLE', `not a vat bundle: ${why}`, { cause });
};

const checkSize = (what: string, text: string, bytesMax = BUNDLE_BYTES_MAX): void => {
  if (Buffer.byteLength(text) <= bytesMax) return;
  bad(`its ${what} is over ${bytesMax} bytes`);
};

const checkSyntax = (source: string): void => {
  try {
    new Script(source, { filename: 'bundle' }); // parses only
  } catch (error) {
    bad(`its source does not parse: ${describe(error)}`, error);
  }
};

/** Errors: KernelError BAD_BUNDLE, also for a name that woven code reserves. */
const wovenScript = (script: string): string => {
  try {
    return weave(script);
  } catch (error) {
    return bad(`its source cannot be woven: ${describe(error)}`, error);
  }
};

const bundleIdOf = (moduleFormat: BundleFormat, source: string): BundleId =>
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

const recent = new RecentBundles();

const checkScriptBundle = (moduleFormat: ScriptFormat, source: unknown): CheckedBundle => {
  if (typeof source !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  checkSize('source', source);
  const bundleId = bundleIdOf(moduleFormat, source);
  const known = recent.get(bundleId);
  if (known !== undefined) return known;
  checkSyntax(source);
  const script = wovenScript(scriptOf(moduleFormat, source));
  checkSize('woven script', script, SCRIPT_BYTES_MAX);
  checkSyntax(script);
  const bundle = { bundleId, moduleFormat, source, script };
  recent.add(bundleId, bundle);
  return bundle;
};

type DerivesScripts = Pick<Bundling, 'deriveScript'>;

/** Their scripts are what a way out has derived, so each has its own. */
const recentArchives = new WeakMap<DerivesScripts, RecentBundles>();
const archivesOf = (derives: DerivesScripts): RecentBundles => {
  const known = recentArchives.get(derives) ?? new RecentBundles();
  recentArchives.set(derives, known);
  return known;
};

const checkZipBundle = async (
  source: unknown,
  sha512: unknown,
  derives: DerivesScripts,
): Promise<CheckedBundle> => {
  if (typeof source !== 'string') return bad('endoZipBase64 must be a string (see bundleVat)');
  if (sha512 !== undefined && (typeof sha512 !== 'string' || !SHA512_PATTERN.test(sha512))) {
    return bad('endoZipBase64Sha512 must be 128 hexadecimal digits, or left out');
  }
  checkSize('archive', source);
  const moduleFormat = 'endoZipBase64';
  const bundleId = bundleIdOf(moduleFormat, source);
  // What the bundle says of its own hash is checked too, and is no part of its id.
  const key = `${bundleId} ${sha512 ?? ''}`;
  const archives = archivesOf(derives);
  const known = archives.get(key);
  if (known !== undefined) return known;
  let script: string;
  try {
    script = await derives.deriveScript({ endoZipBase64: source, sha512 });
  } catch (error) {
    return bad(describe(error), error);
  }
  checkSize('woven script', script, SCRIPT_BYTES_MAX);
  checkSyntax(script);
  const bundle: CheckedBundle = { bundleId, moduleFormat, source, script };
  archives.add(key, bundle);
  return bundle;
};

/**
 * Checks shape, format, size, integrity and syntax, and derives the script; of an archive in a
 * thread, hence the promise.
 *
 * Errors: KernelError BAD_BUNDLE says what is wrong.
 */
export const checkBundle = (
  bundle: unknown,
  derives: DerivesScripts,
): CheckedBundle | Promise<CheckedBundle> => {
  if (typeof bundle !== 'object' || bundle === null) return bad('it is no object');
  const given: Partial<Record<BundleField, unknown>> = bundle;
  const { moduleFormat, source, endoZipBase64, endoZipBase64Sha512 } = given;
  if (typeof moduleFormat !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  if (!isFormat(moduleFormat)) {
    const formats = BUNDLE_FORMATS.join(', ');
    return bad(`format ${moduleFormat} is not supported; supported: ${formats}`);
  }
  if (moduleFormat === 'endoZipBase64') {
    return checkZipBundle(endoZipBase64, endoZipBase64Sha512, derives);
  }
  return checkScriptBundle(moduleFormat, source);
};
