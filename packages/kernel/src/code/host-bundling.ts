/** Bundling as a host does it: from files, in the bundler's thread. */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { VatBundle } from './bundle.js';
import { bundleVat } from './bundle-vat.js';
import { runArchiveJob } from './bundler.js';
import type { Bundling } from './bundling.js';
import { runScriptJob } from './weaver.js';

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // whatever keeps it from being read as a file
  }
};

const findFile = async (specifier: string, directory: string): Promise<string | undefined> => {
  const path = resolve(directory, specifier);
  if (await isFile(path)) return path;
  try {
    return createRequire(join(resolve(directory), 'package.json')).resolve(specifier);
  } catch {
    return undefined; // no package has it
  }
};

const own = new Map<string, Promise<VatBundle>>();

/** Made once in a process, unless that fails. */
const bundleOwn = (path: string): Promise<VatBundle> => {
  const made = own.get(path) ?? bundleVat(path);
  own.set(path, made);
  made.catch(() => own.delete(path));
  return made;
};

export const hostBundling: Bundling = {
  deriveArchive: runArchiveJob,
  deriveScript: runScriptJob,
  bundleEntry: path => bundleVat(path),
  bundleOwn,
  findFile,
  readText: path => readFile(path, 'utf8'),
  importDefault: async path =>
    ((await import(pathToFileURL(path).href)) as { readonly default: unknown }).default,
};
