/**
 * From a vat's source files to a bundle. A bundle of the default format is what esbuild makes of
 * them (module-bundler.ts); of the others, what endo's bundler makes of that, as of one module: so
 * all formats take the same modules, and all mean the same.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeError } from '@heirloom/store';
import { bundleIdFrom, type BundleId } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { warnHost } from '../base/kernel-host-powers.js';
import { KernelError } from '../base/kernel-errors.js';
import { BUNDLE_FORMATS, bundleIdOf, isFormat, isVatBundle } from './bundle.js';
import type { BundleFormat, VatBundle } from './bundle.js';
import { BundleFailure } from './bundle-failures.js';
import { runBundleJob } from './bundler.js';
import { ModuleBundler, type ModuleBundle } from './module-bundler.js';
import { movedDown, withFile } from './module-maps.js';
import { rememberRoot } from './source-roots.js';

export interface BundleVatOptions {
  /** Default `endoScript`, the one that needs no work when it is installed. */
  readonly format?: BundleFormat;
  /**
   * Is told what a vat can run and its author will hardly want: names that nobody declares, each
   * with file, line and column. Default: a warning of this process.
   */
  readonly warn?: (warning: string) => void;
}

/** Bundles one vat again and again: it keeps what it has read and reads what has changed. */
export interface VatBundler {
  /** Errors: as of `bundleVat`; BAD_OPTION when it is closed. */
  bundle(): Promise<VatBundle>;
  /** Ends it, once what was begun is done. */
  close(): Promise<void>;
}

const ENTRY_PATTERN = /\.[cm]?[jt]s$/;

const FILE_URL = /^file:/i;

/** The path of what a host names as an entry. */
const pathOf = (entry: unknown): string => {
  if (typeof entry === 'string' && !FILE_URL.test(entry)) return path.resolve(entry);
  if (typeof entry !== 'string' && !(entry instanceof URL)) {
    throw new KernelError('BAD_ARGUMENT', `a vat's entry is a path or a URL, not ${typeof entry}`);
  }
  try {
    return fileURLToPath(entry);
  } catch (error) {
    const why = `a vat's entry is a file, not ${String(entry)}: ${describeError(error)}`;
    throw new KernelError('BAD_ARGUMENT', why);
  }
};

/** With those that are left out. */
const readOptions = (options: BundleVatOptions): Required<BundleVatOptions> => {
  checkFields('bundleVat', options, ['format', 'warn'] satisfies (keyof BundleVatOptions)[]);
  const { format = 'endoScript', warn = warnHost } = options;
  if (!isFormat(format)) {
    const formats = BUNDLE_FORMATS.join(', ');
    throw new KernelError('BAD_OPTION', `no bundle format ${String(format)}; there are ${formats}`);
  }
  if (typeof warn !== 'function') {
    throw new KernelError('BAD_OPTION', `option warn must be a function, not ${typeof warn}`);
  }
  return { format, warn };
};

const checkEntry = async (entry: string): Promise<void> => {
  if (!ENTRY_PATTERN.test(entry)) {
    throw new KernelError('BAD_BUNDLE', `a vat's entry is a .js or .ts file, not ${entry}`);
  }
  try {
    await stat(entry);
  } catch (error) {
    throw new KernelError('BAD_BUNDLE', `cannot read the vat's entry: ${describeError(error)}`);
  }
};

/**
 * Of what endo's bundler has made of one module, whose lines it keeps: in a bundle of `getExport`
 * they stand as they are, further down.
 */
const movedMap = (source: string, module: ModuleBundle): string | undefined => {
  const [first = ''] = module.source.split('\n', 1);
  const at = source.indexOf(`${first}\n`);
  if (at === -1) return undefined;
  return movedDown(module.sourceMap, source.slice(0, at).split('\n').length - 1);
};

/** How endo's bundler names the module: the directory and the file that it is in. */
const MODULE = { directory: 'vat', file: 'vat.js' } as const;

/** The map of a bundle that endo's bundler has made of one module. */
const endoMap = (bundle: VatBundle, module: ModuleBundle): string | undefined =>
  bundle.moduleFormat === 'getExport'
    ? movedMap(bundle.source, module)
    : withFile(module.sourceMap, `${MODULE.directory}/${MODULE.file}`);

/** Endo's bundler reads files: the module lies in a directory of its own while it does. */
const bundleModule = async (module: ModuleBundle, format: BundleFormat): Promise<VatBundle> => {
  const made = await mkdtemp(path.join(tmpdir(), 'heirloom-bundle-'));
  try {
    const directory = path.join(made, MODULE.directory);
    await mkdir(directory);
    const entry = path.join(directory, MODULE.file);
    const description = { name: MODULE.directory, version: '0.0.0', type: 'module' };
    await writeFile(path.join(directory, 'package.json'), JSON.stringify(description));
    await writeFile(entry, module.source);
    const bundle: object = { ...(await runBundleJob({ entry, format })) };
    if (!isVatBundle(bundle)) assert.fail('the bundler makes bundles');
    const sourceMap = endoMap(bundle, module);
    return sourceMap === undefined ? bundle : { ...bundle, sourceMap };
  } finally {
    await rm(made, { recursive: true, force: true });
  }
};

/** As `installBundle` gives it; undefined for an archive that does not say what it hashes to. */
const idOf = (bundle: VatBundle): BundleId | undefined => {
  if (bundle.moduleFormat !== 'endoZipBase64') {
    return bundleIdOf(bundle.moduleFormat, bundle.source);
  }
  const { endoZipBase64Sha512: sha512 } = bundle;
  return sha512 === undefined ? undefined : bundleIdFrom(sha512);
};

type Made = Pick<ModuleBundle, 'warnings'> & { readonly bundle: VatBundle };

const scriptBundle = ({ source, sourceMap }: ModuleBundle): VatBundle => ({
  moduleFormat: 'endoScript',
  source,
  sourceMap,
});

const bundleWith = async (bundler: ModuleBundler, format: BundleFormat): Promise<Made> => {
  const isScript = format === 'endoScript';
  const module = isScript ? await bundler.script() : await bundler.module();
  const bundle = isScript ? scriptBundle(module) : await bundleModule(module, format);
  const id = idOf(bundle);
  if (id !== undefined) rememberRoot(id, pathToFileURL(`${module.root}${path.sep}`).href);
  return { bundle, warnings: module.warnings };
};

/**
 * Begins to bundle the vat whose entry module is `entry`, as often as it is asked to.
 *
 * Errors: as of `bundleVat`.
 */
export const openVatBundler = async (
  entry: string | URL,
  options: BundleVatOptions = {},
): Promise<VatBundler> => {
  const { format, warn } = readOptions(options);
  const file = pathOf(entry);
  await checkEntry(file);
  const bundler = new ModuleBundler(file);
  const shown = String(entry);
  let isClosed = false;
  const make = async (): Promise<Made> => {
    if (isClosed) throw new KernelError('BAD_OPTION', `the bundler of ${shown} is closed`);
    try {
      return await bundleWith(bundler, format);
    } catch (error) {
      const space = error instanceof BundleFailure ? '\n' : ' ';
      const message = `cannot bundle ${shown}:${space}${describeError(error)}`;
      throw new KernelError('BAD_BUNDLE', message, { cause: error });
    }
  };
  const bundle = async (): Promise<VatBundle> => {
    const made = await make();
    for (const warning of made.warnings) warn(warning);
    return Object.freeze(made.bundle);
  };
  const close = (): Promise<void> => {
    isClosed = true;
    return bundler.close();
  };
  return { bundle, close };
};

/**
 * Bundles the vat whose entry module is `entry`: a path, relative to the working directory, or a
 * `file:` URL; .js or .ts.
 *
 * Errors: KernelError BAD_ARGUMENT for an entry that is neither; BAD_OPTION for an option or format
 * that there is not; BAD_BUNDLE when the file is missing, does not parse, imports what cannot be
 * found, or uses what a vat cannot run: a line for each error, with file, line and column.
 */
export const bundleVat = async (
  entry: string | URL,
  options: BundleVatOptions = {},
): Promise<VatBundle> => {
  const bundler = await openVatBundler(entry, options);
  try {
    return await bundler.bundle();
  } finally {
    await bundler.close();
  }
};
