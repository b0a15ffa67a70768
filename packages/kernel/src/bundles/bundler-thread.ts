/**
 * Bundles one vat, in a thread of its own: endo's bundler needs the globals of SES, which must not
 * leak into a host's process.
 */
import '@endo/init';
import bundleSource from '@endo/bundle-source';

export interface BundleJob {
  readonly entry: string;
  readonly format: 'endoScript';
}

export interface BundleSource {
  readonly moduleFormat: string;
  readonly source: string;
}

const bundle = async ({ entry, format }: BundleJob): Promise<BundleSource> => {
  const { moduleFormat, source } = await bundleSource(entry, { format });
  return { moduleFormat, source };
};

export default bundle;
