/** The files that sessions take, made where there is no test run that has them. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleVat } from '@heirloom/kernel';
import type { Bench } from './session.js';

const FIXTURES = {
  till: 'test/vats/faulty/till.js',
  innocent: 'test/vats/faulty/innocent.js',
  workbench: 'test/vats/workbench.js',
};

const writeImage = async (root: URL, directory: string): Promise<string> => {
  const script = fileURLToPath(new URL('packages/worker/scripts/build-image.mjs', root));
  const supervisor = new URL('packages/worker/src/testing/hostile-supervisor.ts', root);
  const args = [script, '--out', directory, '--supervisor', fileURLToPath(supervisor)];
  await promisify(execFile)(process.execPath, args);
  const source = await readFile(join(directory, 'image.js'), 'utf8');
  const id = createHash('sha256').update(source).digest('hex');
  const image = join(directory, 'image.json');
  await writeFile(image, JSON.stringify({ id, source }));
  return image;
};

/** In `directory`, which the caller removes. */
export const makeBench = async (root: URL, directory: string): Promise<Bench> => {
  const bundles: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(FIXTURES)) {
    bundles[name] = await bundleVat(fileURLToPath(new URL(path, root)));
  }
  const file = join(directory, 'bundles.json');
  await writeFile(file, JSON.stringify(bundles));
  return { root, bundles: file, image: await writeImage(root, directory) };
};
