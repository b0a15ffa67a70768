/** The `meta` rows that the kernel wrote when the store was made: see core/boot.ts. */
import { HostError, metaKey, textOf, utf8 } from '@heirloom/store';
import type { MetaName, ReadView, RowChange } from '@heirloom/store';
import { single } from './frame-codec.js';
import { unpackParameters, type KernelParameters } from './parameters.js';

interface StoreMeta {
  readonly schema: number;
  readonly parameters: KernelParameters;
  readonly engine: string;
  readonly image: string;
}

const need = (view: ReadView, name: MetaName): Uint8Array => {
  const bytes = view.get('meta', metaKey(name));
  if (bytes !== undefined) return bytes;
  const why = `the store has no meta ${name}: no kernel has opened it yet, or it is damaged`;
  throw new HostError('STORE_CORRUPT', why);
};

const metaBytes = single<Uint8Array>('a text of the table meta');
const metaNumber = single<number>('a number of the table meta');

type MetaText = 'engine' | 'image';

/** Errors: HostError STORE_CORRUPT when it is missing. */
export const metaText = (view: ReadView, name: MetaText): string =>
  textOf(metaBytes.decode(need(view, name)));

export const metaTextRow = (name: MetaText, text: string): RowChange => ({
  table: 'meta',
  key: metaKey(name),
  value: metaBytes.encode(utf8(text)),
});

/** Errors: HostError STORE_CORRUPT when a row is missing. */
export const readMeta = (view: ReadView): StoreMeta => {
  return {
    schema: metaNumber.decode(need(view, 'schema')),
    parameters: unpackParameters(need(view, 'parameters')),
    engine: metaText(view, 'engine'),
    image: metaText(view, 'image'),
  };
};
