/** How bundles and configurations come out of files and archives: before an input is one. */
import type { ArchiveJob } from './archive-script.js';
import type { VatBundle } from './bundle.js';

export interface Bundling {
  /** The script of an archive, once that is verified. Rejects with what is wrong with it. */
  deriveScript(job: ArchiveJob): Promise<string>;
  /** The bundle of a vat's entry module. Errors: KernelError BAD_BUNDLE. */
  bundleEntry(path: string): Promise<VatBundle>;
  /** The same of a vat that comes with the kernel: its file does not change. */
  bundleOwn(path: string): Promise<VatBundle>;
  readText(path: string): Promise<string>;
  /** What a module exports as its default. */
  importDefault(path: string): Promise<unknown>;
}
