/**
 * Bundles one vat, or makes a script of an archive, in a thread of its own: endo's bundler and
 * compartment mapper need the globals of SES, which must not leak into a host's process.
 */
import '@endo/init';
import bundleSource from '@endo/bundle-source';
import { deriveArchive, type ArchiveJob, type DerivedArchive } from './archive-script.js';
import type { BundleFormat } from './bundle.js';

export interface BundleJob {
  readonly entry: string;
  readonly format: BundleFormat;
}

export type BundlerJob = BundleJob | ArchiveJob;

/** What is wrong with an archive: how deep a host's stack is makes no archive wrong. */
export interface RefusedArchive {
  readonly refused: string;
}

/** A bundle with everything that endo puts in it, or what comes of an archive. */
export type BundlerResult = Readonly<Record<string, string>> | DerivedArchive | RefusedArchive;

const derive = async (job: ArchiveJob): Promise<DerivedArchive | RefusedArchive> => {
  try {
    return await deriveArchive(job);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    return { refused: error.message };
  }
};

const work = async (job: BundlerJob): Promise<BundlerResult> => {
  if ('endoZipBase64' in job) return derive(job);
  const { entry, format } = job;
  return { ...(await bundleSource(entry, { format })) };
};

export default work;
