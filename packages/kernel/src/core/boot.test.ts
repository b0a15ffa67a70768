/** What an opening says of an engine that does not fit, when it may go on. */
import { heightAfter, MemoryPlace, Store } from '@heirloom/store';
import type { Observations } from '@heirloom/worker';
import { WOVEN_MARK } from '@heirloom/worker/weave';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Engine } from '../code/host-engine.js';
import type { ImageSource } from '../code/images.js';
import { knownEngines, storedEngine } from '../state/store-meta.js';
import { boot, type BootRecord } from './boot.js';

const imageOf = (text: string): ImageSource => {
  const source = `${text} ${WOVEN_MARK}`;
  return { id: createHash('sha256').update(source).digest('hex'), source };
};
const OLD = imageOf('old');
const NEW = imageOf('new');

/** Digests of an engine: of two observations, by the image that looks. */
const engineOf = (build: string, digit: string): Engine => ({
  name: 'a name',
  build,
  observe: async ({ id }): Promise<Observations> => [
    ['by.image', id.slice(0, 16)],
    ['by.engine', digit.repeat(16)],
  ],
});

const openStore = (place: MemoryPlace): Promise<Store> => Store.openAt(place, { readersMax: 4 });

const bootWith = (
  store: Store,
  engine: Engine,
  image: ImageSource,
  allowsOtherEngine: boolean,
): Promise<BootRecord> =>
  boot(
    store,
    {},
    {
      engine,
      installedImage: () => image,
      makeCodeCache: async () => new Uint8Array(1),
      warn: () => undefined,
    },
    { allowsOtherEngine },
  );

/** A store that an engine made, which shows `1`. */
const freshStore = async (): Promise<Store> => {
  const store = await openStore(new MemoryPlace());
  await bootWith(store, engineOf('first', '1'), OLD, false);
  return store;
};

test('boot: an engine that does not fit, not allowed -> ENGINE_MISMATCH', async () => {
  const store = await freshStore();
  const opening = bootWith(store, engineOf('second', '2'), NEW, false);
  await expect(opening).rejects.toMatchObject({ code: 'ENGINE_MISMATCH' });
  await store.close();
});

test('boot: another engine, allowed -> the record says so, nothing is learnt', async () => {
  const store = await freshStore();
  const { engine, learnt } = await bootWith(store, engineOf('second', '2'), NEW, true);
  expect(engine).toMatchObject({ fits: false, differing: ['by.engine'] });
  expect(learnt.filter(({ key }) => key === 'engines')).toEqual([]);
  expect(knownEngines(store)).toEqual(['first']);
  await store.close();
});

test('boot: what the row would be -> by the image of the installed release', async () => {
  const store = await freshStore();
  const second = engineOf('second', '2');
  const { observed } = await bootWith(store, second, NEW, true);
  expect(await observed()).toEqual({ imageId: NEW.id, observations: await second.observe(NEW) });
  expect(storedEngine(store)).toMatchObject({ imageId: OLD.id });
  await store.close();
});

test('boot: another release installed -> the image that looked before looks again', async () => {
  const store = await freshStore();
  const { engine, learnt } = await bootWith(store, engineOf('third', '1'), NEW, false);
  expect(engine.fits).toBe(true);
  const height = heightAfter(store.head.height);
  await store.commit({ height, changes: [], unhashed: [...learnt] });
  expect(knownEngines(store)).toEqual(['first', 'third']);
  await store.close();
});
