/** Bundles as endo's own bundler makes them, without a look at whether a vat can run them. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BundleFormat, VatBundle } from '@heirloom/kernel';

/** It needs a process with SES. */
const BUNDLE = `
import '@endo/init';
import bundleSource from '@endo/bundle-source';
const bundles = [];
for (const { entry, ...options } of JSON.parse(process.argv[1])) {
  bundles.push(await bundleSource(entry, options));
}
process.stdout.write(JSON.stringify(bundles));
`;

interface EndoBundleRequest {
  /** An absolute path. */
  readonly entry: string;
  readonly format: BundleFormat;
  /** An archive of sources that nothing has compiled yet. */
  readonly noTransforms?: true;
}

export const endoBundles = async (
  requests: readonly EndoBundleRequest[],
): Promise<readonly VatBundle[]> => {
  const args = ['--input-type=module', '--eval', BUNDLE, JSON.stringify(requests)];
  const cwd = path.join(import.meta.dirname, '../../..');
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, args, { cwd, maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as VatBundle[];
};
