/** The `meta` rows that the kernel wrote when the store was made: see core/boot.ts. */
import { HostError, metaKey, textOf, type MetaName, type ReadView } from '@heirloom/store';
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

/** Of `engine` and `image`. */
export const metaBytes = single<Uint8Array>('a text of the table meta');
const metaNumber = single<number>('a number of the table meta');

const text = (view: ReadView, name: 'engine' | 'image'): string =>
  textOf(metaBytes.decode(need(view, name)));

/** Errors: HostError STORE_CORRUPT when a row is missing. */
export const readMeta = (view: ReadView): StoreMeta => {
  return {
    schema: metaNumber.decode(need(view, 'schema')),
    parameters: unpackParameters(need(view, 'parameters')),
    engine: text(view, 'engine'),
    image: text(view, 'image'),
  };
};
