/** How bundles and configurations come out of files and archives: before an input is one. */
import type { ArchiveJob, DerivedArchive } from './archive-script.js';
import type { VatBundle } from './bundle.js';

export interface Bundling {
  /** What comes of an archive, once that is verified. Rejects with what is wrong with it. */
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
