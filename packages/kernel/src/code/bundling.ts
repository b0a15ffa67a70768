/** How bundles and configurations come out of files and archives: before an input is one. */
import type { ArchiveJob, DerivedArchive } from './archive-script.js';
import type { VatBundle } from './bundle.js';

/** What is wrong with an archive, on every host. */
export class ArchiveRefused extends Error {}

export interface Bundling {
  /** What comes of an archive, once that is verified. Errors: ArchiveRefused; those of a thread. */
  deriveArchive(job: ArchiveJob): Promise<DerivedArchive>;
  /** The bundle of a vat's entry module. Errors: KernelError BAD_BUNDLE. */
  bundleEntry(path: string): Promise<VatBundle>;
  /** The same of a vat that comes with the kernel: its file does not change. */
  bundleOwn(path: string): Promise<VatBundle>;
  readText(path: string): Promise<string>;
  /** The path of a file of `directory`, or of a package that is found from there. */
  findFile(specifier: string, directory: string): Promise<string | undefined>;
  /** What a module exports as its default. */
  importDefault(path: string): Promise<unknown>;
}
