/** `heirloom` as npm installs it: is it found, which version is it, what does a typo give? */
import { accessSync, constants } from 'node:fs';
import { copyFile, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { readDocument, ROOT } from '../support/documents/documents.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { quoted, runLine } from '../support/documents/shell.js';

const pathOf = (path: string): string => fileURLToPath(new URL(path, ROOT));
const STUB = pathOf('packages/kernel/bin/heirloom.js');
const HINT_LINES_MAX = 5;
const COLUMNS = 80;

interface Package {
  readonly version: string;
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
}
const kernel = JSON.parse(readDocument('packages/kernel/package.json')) as Package;

describe('the program', () => {
  test('installed -> a file of the package, executable, in node_modules/.bin', async () => {
    expect(kernel.bin).toEqual({ heirloom: './bin/heirloom.js' });
    expect(kernel.files).toContain('bin');
    accessSync(STUB, constants.X_OK);
    expect(await realpath(pathOf('node_modules/.bin/heirloom'))).toBe(await realpath(STUB));
  });

  test('npx heirloom --version -> the version of the package', async () => {
    const outcome = await runLine('npx heirloom --version');
    expect(outcome).toEqual({ status: 0, stdout: `${kernel.version}\n`, stderr: '' });
  });

  test('not built -> one line that says what to type, exit status 1', async () => {
    const bin = join(await freshDirectory(), 'bin');
    await mkdir(bin);
    await copyFile(STUB, join(bin, 'heirloom.mjs'));
    const stderr = 'heirloom: not built yet; to build it, type: npm run build\n';
    const outcome = await runLine(`node ${quoted(join(bin, 'heirloom.mjs'))} --version`);
    expect(outcome).toEqual({ status: 1, stdout: '', stderr });
  });
});

describe('what is typed', () => {
  test('nothing -> the help, exit status 1', async () => {
    const { status, stdout, stderr } = await heirloom();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Usage: heirloom \[options\] \[command\]\n/);
    expect(stderr).toContain('migrate-store');
  });

  const COMMANDS = 'The commands: purses, run, bundle';
  test.each([
    [['purse'], "unknown command 'purse'", '(Did you mean purses?)', COMMANDS],
    [['nothing'], "unknown command 'nothing'", COMMANDS, 'heirloom COMMAND --help'],
    [['--nothing'], "unknown option '--nothing'", COMMANDS, 'heirloom COMMAND --help'],
    [['purses', '--purse'], "unknown option '--purse'", '(Did you mean --purses?)', '--seed'],
    [['verify', 'a', '--threads', 'x'], 'number', 'heirloom verify [options]', '--vat'],
    [['purses', '--seed'], "option '--seed <number>' argument missing", '--seed', '--help'],
    [['inspect'], "missing required argument 'directory'", 'inspect [options] <dir', '--vat'],
    [['inspect', 'a', 'b'], 'too many arguments', 'inspect [options] <dir', '--vat'],
    [['export', 'a'], "required option '--to <out>' not specified", '--to', 'export --help'],
  ])('%j -> the right ones in a few lines, exit status 1', async (args, ...texts) => {
    const { status, stdout, stderr } = await heirloom(...args);
    expect([status, stdout]).toEqual([1, '']);
    for (const text of texts) expect(stderr).toContain(text);
    // The message itself is commander's, in one line.
    const [, ...hint] = stderr.trimEnd().split('\n');
    expect(hint.length).toBeLessThanOrEqual(HINT_LINES_MAX);
    expect(hint.filter(line => line.length > COLUMNS)).toEqual([]);
  });
});

describe('bundle', () => {
  const ENTRY = pathOf('test/vats/relay.js');

  test('a vat -> the file has what bundleVat gives, the id is that of the bundle', async () => {
    const file = join(await freshDirectory(), 'relay.json');
    const { status, stdout, stderr } = await heirloom('bundle', ENTRY, '--out', file, '--json');
    expect([status, stderr]).toEqual([0, '']);
    const bundle = JSON.parse(await readFile(file, 'utf8')) as { readonly source: string };
    expect(bundle).toEqual(await bundleVat(ENTRY));
    const { bundleId, ...facts } = JSON.parse(stdout) as { readonly bundleId: string };
    const bytes = bundle.source.length;
    expect(facts).toEqual({ moduleFormat: 'endoScript', bytes, file, warnings: [] });
    expect(bundleId).toMatch(/^b1-[0-9a-f]{64}$/);
    const shown = await heirloom('bundle', ENTRY);
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toContain(bundleId);
  });

  test('another format; one that there is not -> which there are', async () => {
    const { status, stdout } = await heirloom('bundle', ENTRY, '--format', 'getExport', '--json');
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ moduleFormat: 'getExport', file: null }),
    ]);
    const refused = await heirloom('bundle', ENTRY, '--format', 'tarball');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('endoZipBase64');
  });

  test('what a vat cannot run, a file that cannot be written -> why, status 1', async () => {
    const directory = await freshDirectory();
    const entry = join(directory, 'vat.js');
    await writeFile(entry, 'export const a = import.meta.url;');
    const why = 'vat.js:1:18: a vat has no import.meta; instead: vat parameters';
    const message = `cannot bundle ${entry}:\n${directory}/${why}`;
    const stderr = `heirloom: BAD_BUNDLE: ${message}\n`;
    expect(await heirloom('bundle', entry)).toEqual({ status: 1, stdout: '', stderr });
    const told = await heirloom('bundle', entry, '--json');
    expect(told).toMatchObject({ status: 1, stderr });
    expect(JSON.parse(told.stdout)).toEqual({ error: { code: 'BAD_BUNDLE', message } });
    const unwritten = await heirloom('bundle', ENTRY, '--out', join(directory, 'no/where'));
    expect([unwritten.status, unwritten.stdout]).toEqual([1, '']);
    expect(unwritten.stderr).toMatch(/^heirloom: BAD_ARGUMENT: cannot write .*\n$/);
  });

  test('no buildRootObject -> bundled, and said so', async () => {
    const outcome = await heirloom('bundle', pathOf('test/vats/faulty/empty.js'));
    const stderr = 'heirloom: no vat starts from it: nothing is named buildRootObject\n';
    expect(outcome).toMatchObject({ status: 0, stderr });
  });

  test('names that nobody declares -> warnings on stderr, and as JSON a list', async () => {
    const directory = await freshDirectory();
    const entry = join(directory, 'vat.js');
    await writeFile(entry, 'export const buildRootObject = () => process.exit(cosnt1);');
    const warnings = [
      `${entry}:1:38: a vat has no process; instead: vat parameters`,
      expect.stringMatching(/vat\.js:1:51: cosnt1 is declared nowhere, so in a vat it is undefined/),
    ];
    const { status, stdout, stderr } = await heirloom('bundle', entry, '--json');
    const told = JSON.parse(stdout) as { readonly warnings: readonly string[] };
    expect([status, told.warnings]).toEqual([0, warnings]);
    expect(stderr).toBe(told.warnings.map(line => `heirloom: ${line}\n`).join(''));
  });

  test('errors -> a line for each, whose place is one from the working directory', async () => {
    const directory = await freshDirectory();
    await mkdir(join(directory, 'src/deep'), { recursive: true });
    await writeFile(join(directory, 'src/vat.js'), "import './deep/b.js';\nimport '../c.js';");
    await writeFile(join(directory, 'src/deep/b.js'), 'export const b = import.meta.url;');
    await writeFile(join(directory, 'c.js'), 'export const c = import.meta.url;');
    const linesOf = async (from: string, entry: string): Promise<string[]> => {
      const line = `cd ${quoted(from)} && node ${quoted(STUB)} bundle ${entry}`;
      return (await runLine(line)).stderr.trim().split('\n').slice(1).sort();
    };
    const why = ':1:18: a vat has no import.meta; instead: vat parameters';
    expect(await linesOf(directory, 'src/vat.js')).toEqual([`c.js${why}`, `src/deep/b.js${why}`]);
    const outside = [`${join(directory, 'c.js')}${why}`, `deep/b.js${why}`];
    expect(await linesOf(join(directory, 'src'), 'vat.js')).toEqual(outside);
  });
});
