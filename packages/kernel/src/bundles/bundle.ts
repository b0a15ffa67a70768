/**
 * Vat bundles: made from source files, checked, and named by what they are.
 *
 * A bundle id is `b1-` and the sha256 of the bundle's format and source, so the same code has the
 * same id everywhere. What a vat thread evaluates is the *derived script*, one per bundle and image.
 */
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import { Piscina } from 'piscina';
import { KernelError } from '../errors.js';
import type { BundleJob, BundleSource } from './bundler-thread.js';

/** A bundle as endo's bundler makes it. */
export interface VatBundle {
  readonly moduleFormat: string;
  readonly source: string;
}

export const BUNDLE_BYTES_MAX = 12_000_000;
const SUPPORTED_FORMATS: readonly string[] = ['endoScript'];
const ENTRY_PATTERN = /\.[cm]?[jt]s$/;

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

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
 * Errors: KernelError BAD_BUNDLE when the file is missing or does not parse.
 */
export const bundleVat = async (path: string): Promise<VatBundle> => {
  const entry = resolve(path);
  await checkEntry(entry);
  const filename = new URL('./bundler-thread.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, env: {} });
  try {
    const job: BundleJob = { entry, format: 'endoScript' };
    const { moduleFormat, source } = (await pool.run(job)) as BundleSource;
    return Object.freeze({ moduleFormat, source });
  } catch (error) {
    const message = `cannot bundle ${path}: ${describe(error)}`;
    throw new KernelError('BAD_BUNDLE', message, { cause: error });
  } finally {
    await pool.destroy();
  }
};

const bad = (why: string): never => {
  throw new KernelError('BAD_BUNDLE', `not a vat bundle: ${why}`);
};

/** Checks shape, format, size and syntax. Throws KernelError BAD_BUNDLE. */
export const checkBundle = (bundle: unknown): VatBundle => {
  if (typeof bundle !== 'object' || bundle === null) return bad('it is no object');
  const { moduleFormat, source } = bundle as Partial<VatBundle>;
  if (typeof moduleFormat !== 'string' || typeof source !== 'string') {
    return bad('moduleFormat and source must be strings (see bundleVat)');
  }
  if (!SUPPORTED_FORMATS.includes(moduleFormat)) {
    const formats = SUPPORTED_FORMATS.join(', ');
    return bad(`format ${moduleFormat} is not supported; supported: ${formats}`);
  }
  if (Buffer.byteLength(source) > BUNDLE_BYTES_MAX) {
    return bad(`its source is over ${BUNDLE_BYTES_MAX} bytes`);
  }
  try {
    new Script(source, { filename: 'bundle' }); // parses only
  } catch (error) {
    return bad(`its source does not parse: ${describe(error)}`);
  }
  return { moduleFormat, source };
};

export const bundleIdOf = ({ moduleFormat, source }: VatBundle): string =>
  `b1-${hash('sha256', `${moduleFormat}\n${source}`)}`;

/** The script that a thread evaluates; its completion value is the module namespace. */
export const deriveScript = ({ source }: VatBundle): Uint8Array => Buffer.from(source, 'utf8');
