/**
 * An import says whether this engine may open the store; of an image that nobody vouches for, which
 * would have to look, it runs nothing.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { exportState, importState, readImage } from '@heirloom/kernel';
import { hostWays, openKernelOver, type WaysOut } from '@heirloom/kernel/over';
import { expect, test } from 'vitest';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

/** As the release's, under another id. */
const strangeImage = (): ReturnType<typeof readImage> => {
  const source = `(0, ${readImage().source.trimEnd()})\n`;
  return { source, id: createHash('sha256').update(source).digest('hex') };
};

/** Exports a store that begins with these ways; where it is, and what there is to trust. */
const exportedWith = async (change: Partial<WaysOut>) => {
  const directory = await freshDirectory();
  const ways = { ...hostWays(directory), ...change };
  const kernel = await openKernelOver(ways, { blocks: 'host', spareThreads: 0 });
  await kernel.close();
  const out = join(await freshDirectory(), 'out');
  const { stateRoot, engine } = await exportState({ directory, to: out });
  const to = async (): Promise<string> => join(await freshDirectory(), 'copy');
  return { out, stateRoot, engine, to };
};

test('import: by the image of this release, trusted or not -> it fits, and opens', async () => {
  const { out, engine, to } = await exportedWith({});
  const directory = await to();
  expect(engine).toMatchObject({ image: readImage().id });
  expect(await importState({ from: out, directory })).toMatchObject({ engineFits: true });
  await kernelOver({ directory });
});

test('import: by another image -> null, unless the state is trusted', async () => {
  const { out, stateRoot: root, engine, to } = await exportedWith({ installedImage: strangeImage });
  expect(engine).toMatchObject({ image: strangeImage().id });
  const untrusted = await importState({ from: out, directory: await to() });
  expect(untrusted).toMatchObject({ engineFits: null, stateVerified: false });
  const trusted = await importState({ from: out, directory: await to(), root });
  expect(trusted).toMatchObject({ engineFits: true, stateVerified: true });
});

test('import: of an engine that shows other things -> false, and a kernel refuses it', async () => {
  const { engine } = hostWays(await freshDirectory());
  const other: WaysOut['engine'] = {
    ...engine,
    observe: async image =>
      (await engine.observe(image))?.map(([name]) => [name, '0'.repeat(16)] as const),
  };
  const { out, to } = await exportedWith({ engine: other });
  const directory = await to();
  expect(await importState({ from: out, directory })).toMatchObject({ engineFits: false });
  await expect(kernelOver({ directory })).rejects.toMatchObject({ code: 'ENGINE_MISMATCH' });
});
