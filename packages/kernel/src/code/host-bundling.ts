/** Bundling as a host does it: from files, in the bundler's thread. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { bundleVat, type VatBundle } from './bundle.js';
import { runArchiveJob } from './bundler.js';
import type { Bundling } from './bundling.js';

const own = new Map<string, Promise<VatBundle>>();

/** Made once in a process, unless that fails. */
const bundleOwn = (path: string): Promise<VatBundle> => {
  const made = own.get(path) ?? bundleVat(path);
  own.set(path, made);
  made.catch(() => own.delete(path));
  return made;
};

export const hostBundling: Bundling = {
  deriveScript: runArchiveJob,
  bundleEntry: path => bundleVat(path),
  bundleOwn,
  readText: path => readFile(path, 'utf8'),
  importDefault: async path =>
    ((await import(pathToFileURL(path).href)) as { readonly default: unknown }).default,
};
