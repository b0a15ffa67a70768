/**
 * Runs programs that must not share the tests' own realm: SES locks a realm down, and the zone of
 * `Date` is a property of the process.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const zygote = fileURLToPath(new URL('..', import.meta.url));
const packageDirectory = path.resolve(zygote, '../..');
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Bundles modules of zygote/ (paths from there, without `.ts`) into one directory of their own. */
export const buildFixtures = async (name: string, modules: readonly string[]): Promise<string> => {
  const outdir = path.join(packageDirectory, 'dist/fixtures', name);
  await build({
    entryPoints: modules.map(module => path.join(zygote, `${module}.ts`)),
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    entryNames: '[name]',
    logLevel: 'warning',
  });
  return outdir;
};

/** Builds the image with the echo supervisor. Returns the directory of image.js. */
export const buildEchoImage = async (name: string): Promise<string> => {
  const out = path.join(packageDirectory, 'dist/fixtures', name);
  const script = path.join(packageDirectory, 'scripts/build-image.mjs');
  const supervisor = path.join(zygote, 'testing/echo-supervisor.ts');
  await run(process.execPath, [script, '--out', out, '--supervisor', supervisor]);
  return out;
};

interface FixtureRun {
  readonly args?: readonly string[];
  readonly timeZone?: string;
}

/** Runs a built fixture in a process of its own; what it prints is JSON. */
export const runFixture = async (file: string, { args, timeZone }: FixtureRun = {}) => {
  const env = { PATH: process.env['PATH'], ...(timeZone === undefined ? {} : { TZ: timeZone }) };
  const flags = ['--expose-gc', file, ...(args ?? [])];
  const { stdout } = await run(process.execPath, flags, { env, maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(stdout) as unknown;
};
