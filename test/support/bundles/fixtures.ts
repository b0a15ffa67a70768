/** Bundles of fixtures, each made once however many test files ask for it: bundle-server.ts. */
import { fileURLToPath } from 'node:url';
import type { BundleFormat, VatBundle } from '@heirloom/kernel';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where bundle-server.ts listens. */
    bundleServer: string;
    /** Removed when the run ends. */
    runDirectory: string;
  }
}

/** What a test asks the server for. */
export interface BundleRequest {
  /** The absolute path of the entry module. */
  readonly entry: string;
  readonly format: BundleFormat;
}

const known = new Map<string, Promise<VatBundle>>();

const ask = async (request: BundleRequest): Promise<VatBundle> => {
  const body = JSON.stringify(request);
  const response = await fetch(inject('bundleServer'), { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw Error(`cannot bundle ${request.entry}: ${text}`);
  return Object.freeze(JSON.parse(text)) as VatBundle;
};

/** The same as `bundleVat`, from the run's bundle server. `path` is absolute. */
export const bundleOf = (path: string, format: BundleFormat = 'endoScript'): Promise<VatBundle> => {
  const key = `${format} ${path}`;
  const asked = known.get(key);
  if (asked !== undefined) return asked;
  const bundle = ask({ entry: path, format });
  known.set(key, bundle);
  // Who asks again after a failure is not given the old one.
  bundle.catch(() => known.delete(key));
  return bundle;
};

/** The bundle of `test/vats/NAME`. */
export const fixture = (name: string): Promise<VatBundle> =>
  bundleOf(fileURLToPath(new URL(`../../vats/${name}`, import.meta.url)));
