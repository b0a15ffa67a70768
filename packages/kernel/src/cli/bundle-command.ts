/**
 * `heirloom bundle ENTRY`: bundles a vat, says under which id it would be installed, and writes it
 * where it is told to. Exit status 1 if a vat cannot run it.
 */
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { KernelError } from '../base/kernel-errors.js';
import { bundleVat } from '../code/bundle-vat.js';
import { BUNDLE_FORMATS, checkBundle, type BundleFormat } from '../code/bundle.js';
import { hostBundling } from '../code/host-bundling.js';
import { factsOf, print, showBytes, warn } from './output.js';

interface Flags {
  readonly format: BundleFormat;
  readonly out?: string;
  readonly json?: true;
}

/** A bundle need not have it: that of a contract has not. */
const ROOT_BUILDER = 'buildRootObject';

const write = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new KernelError('BAD_ARGUMENT', `cannot write ${path}: ${String(error)}`);
  }
};

const run = async (entry: string, { format, out, json }: Flags): Promise<void> => {
  const warnings: string[] = [];
  const bundle = await bundleVat(entry, { format, warn: warning => warnings.push(warning) });
  const { bundleId, moduleFormat, source } = await checkBundle(bundle, hostBundling);
  if (out !== undefined) await write(out, `${JSON.stringify(bundle)}\n`);
  if (moduleFormat !== 'endoZipBase64' && !source.includes(ROOT_BUILDER)) {
    warnings.push(`no vat starts from it: nothing is named ${ROOT_BUILDER}`);
  }
  for (const warning of warnings) warn(warning);
  const bytes = Buffer.byteLength(source);
  if (json === true) {
    print(JSON.stringify({ bundleId, moduleFormat, bytes, file: out ?? null, warnings }));
    return;
  }
  const facts = [
    ['bundle', bundleId],
    ['format', moduleFormat],
    ['size', showBytes(bytes)],
    ['written to', out ?? 'no file: see --out'],
  ] as const;
  print(factsOf(facts));
};

const DESCRIPTION =
  'Bundles the modules of a vat, from its entry on, and checks that a vat can run them: what it ' +
  'cannot run is told with file, line and column. The file that --out names holds the bundle as ' +
  'JSON, for `bundleSpec` of a configuration, `heirloom check-upgrade` and `installBundle`. Of ' +
  'names that nobody declares it warns. The same sources give the same bundle, wherever they are.';

export const addBundleCommand = (program: Command): void => {
  program
    .command('bundle')
    .summary('bundle a vat, and check that a vat can run it')
    .description(DESCRIPTION)
    .argument('<entry>', 'the entry module of the vat (.js, .ts)')
    .addOption(
      new Option('--format <format>', 'the format of the bundle')
        .choices(BUNDLE_FORMATS)
        .default('endoScript'),
    )
    .option('--out <file>', 'write the bundle here, as JSON')
    .option('--json', 'print one JSON object instead of a table')
    .action(run);
};
