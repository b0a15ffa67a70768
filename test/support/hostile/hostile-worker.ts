/**
 * A kernel whose workers do what vat code tells them: the image of its store has another
 * supervisor (packages/worker/src/testing/hostile-supervisor.ts).
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ImageSource } from '@heirloom/kernel';
import { heightAfter, imageKey, metaKey, packFrame, Store } from '@heirloom/store';
import { freshDirectory, kernelOver } from '../kernels/fresh-kernels.js';

const worker = fileURLToPath(new URL('../../../packages/worker', import.meta.url));
let image: Promise<Buffer> | undefined;

const buildImage = async (): Promise<Buffer> => {
  const out = await freshDirectory();
  const script = join(worker, 'scripts/build-image.mjs');
  const supervisor = join(worker, 'src/testing/hostile-supervisor.ts');
  await promisify(execFile)(process.execPath, [script, '--out', out, '--supervisor', supervisor]);
  return readFile(join(out, 'image.js'));
};

/** As `kernel.prepareImage` takes it. */
export const hostileImage = async (): Promise<ImageSource> => {
  image ??= buildImage();
  const source = await image;
  const id = createHash('sha256').update(source).digest('hex');
  return { id, source: source.toString('utf8') };
};

/** Makes a store without vats, all of whose workers can be taken over. Gives its directory. */
export const hostileDirectory = async (place?: string): Promise<string> => {
  image ??= buildImage();
  const source = await image;
  const directory = place ?? (await freshDirectory());
  await (await kernelOver({ directory })).close();
  const store = await Store.open({ directory, readersMax: 8 });
  const id = createHash('sha256').update(source).digest('hex');
  await store.commit({
    height: heightAfter(store.head.height),
    changes: [
      { table: 'images', key: imageKey(id), value: source },
      { table: 'meta', key: metaKey('image'), value: packFrame([Buffer.from(id, 'ascii')]) },
    ],
    unhashed: [],
  });
  await store.close();
  return directory;
};
