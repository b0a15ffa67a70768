/** How bundles and configurations come out of files and archives: before an input is one. */
import type { ArchiveJob, DerivedArchive } from './archive-script.js';
import type { ScriptFormat, VatBundle } from './bundle.js';

/** What is wrong with an archive, on every host. */
export class ArchiveRefused extends Error {}

/** A bundle that is a script, whose form has been checked. */
export interface ScriptJob {
  readonly moduleFormat: ScriptFormat;
  readonly source: string;
  /** For places in what is said of errors; JSON, if it can be read. */
  readonly sourceMap: string | undefined;
  /** As the image before this release's runs it, too. */
  readonly older: boolean;
}

export interface DerivedScript {
  readonly script: string;
  readonly olderScript: string | undefined;
}

/** How scripts are derived of bundles, beside the kernel's thread. */
export type Derives = Pick<Bundling, 'deriveArchive' | 'deriveScript'>;

export interface Bundling {
  /** What comes of an archive, once that is verified. Errors: ArchiveRefused; those of a thread. */
  deriveArchive(job: ArchiveJob): Promise<DerivedArchive>;
  /** What is woven of a script. Errors: KernelError BAD_BUNDLE; those of a thread. */
  deriveScript(job: ScriptJob): Promise<DerivedScript>;
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
