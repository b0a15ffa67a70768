/** A store may have the image of an older release, which does not run what this one weaves. */
import { imageKey, utf8, type ReadView } from '@heirloom/store';
import { OLDER_WEAVING, WEAVING, WOVEN_MARK } from '@heirloom/worker/weave';
import { describe, expect, test } from 'vitest';
import { Images } from './images.js';
import { imageIdRow } from '../state/store-meta.js';

const ID = 'a'.repeat(64);

/** The images of a store whose own is `source`. */
const imagesOf = (source: string): Promise<Images> => {
  const rows = [
    imageIdRow(ID),
    { table: 'images', key: imageKey(ID), value: utf8(source) },
  ] as const;
  const get: ReadView['get'] = (table, key) =>
    rows.find(row => row.table === table && row.key === key)?.value;
  const makeCodeCache = () => Promise.resolve(new Uint8Array(0));
  return Images.load({ get } as ReadView, [], { makeCodeCache, warn: () => undefined });
};

describe('images: bundles of this release', () => {
  test('an image that runs what it weaves -> installed', async () => {
    const images = await imagesOf(`({ marks: ['${WOVEN_MARK}'] })`);
    expect(() => images.checkInstallable()).not.toThrow();
  });

  test('an image of the weaver before -> installed, as it needs scripts woven', async () => {
    const images = await imagesOf("({ marks: ['heirloom image: woven code 2'] })");
    expect(() => images.checkInstallable()).not.toThrow();
    expect(images.weaving).toBe(OLDER_WEAVING);
    expect((await imagesOf(`'${WOVEN_MARK}'`)).weaving).toBe(WEAVING);
  });

  test('an image of another weaver -> refused, and what to do', async () => {
    const images = await imagesOf("({ marks: ['heirloom image: woven code 1'] })");
    expect(() => images.checkInstallable()).toThrow(
      expect.objectContaining({ code: 'BAD_BUNDLE', message: expect.stringMatching(/adoptImage/) }),
    );
  });
});
