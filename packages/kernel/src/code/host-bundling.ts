/** Bundling as a host does it: from files, in the bundler's thread. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { bundleVat } from './bundle.js';
import { runArchiveJob } from './bundler.js';
import type { Bundling } from './bundling.js';

export const hostBundling: Bundling = {
  deriveArchive: runArchiveJob,
  bundleEntry: path => bundleVat(path),
  readText: path => readFile(path, 'utf8'),
  importDefault: async path =>
    ((await import(pathToFileURL(path).href)) as { readonly default: unknown }).default,
};
