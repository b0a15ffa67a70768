/**
 * Files of packages as they were published, without what those depend on. The package's tarball
 * comes by npm, once, and is kept in node_modules/.cache; what it must hash to is the caller's.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = path.join(ROOT, 'node_modules/.cache/heirloom-published');
const run = promisify(execFile);

interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  /** Of the tarball, in base64: what stands behind `sha512-` in a lock file. */
  readonly sha512: string;
}

const check = async (file: string, { name, version, sha512 }: PublishedPackage) => {
  const digest = createHash('sha512').update(await readFile(file)).digest('base64');
  if (digest !== sha512) throw Error(`${name}@${version} is another: ${digest}`);
};

/** The tarball. Errors: what npm says when it can be had neither here nor from the registry. */
const tarball = async (wanted: PublishedPackage): Promise<string> => {
  const { name, version } = wanted;
  const file = path.join(CACHE, `${name.replace('/', '-')}-${version}.tgz`);
  const known = await check(file, wanted).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
  if (known) return file;
  await mkdir(CACHE, { recursive: true });
  const place = await mkdtemp(path.join(CACHE, 'fetched-'));
  try {
    const args = ['pack', `${name}@${version}`, '--pack-destination', place, '--json'];
    const { stdout } = await run('npm', [...args, '--prefer-offline'], { cwd: place });
    const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
    const fetched = path.join(place, path.basename(packed!.filename));
    await check(fetched, wanted);
    await rename(fetched, file);
    return file;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
};

/** The text of a file of the package. */
export const publishedFile = async (wanted: PublishedPackage, name: string): Promise<string> => {
  const file = await tarball(wanted);
  const args = ['-xzOf', file, `package/${name}`];
  const { stdout } = await run('tar', args, { maxBuffer: 1 << 28 });
  return stdout;
};
