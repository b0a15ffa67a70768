/** The `meta` rows that the kernel wrote when the store was made: see core/boot.ts. */
import {
  HostError, metaKey, textOf, unpackFrame, type MetaName, type ReadView,
} from '@heirloom/store';
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

const text = (view: ReadView, name: 'engine' | 'image'): string => {
  const [bytes] = unpackFrame(need(view, name)) as unknown as [Uint8Array];
  return textOf(bytes);
};

/** Errors: HostError STORE_CORRUPT when a row is missing. */
export const readMeta = (view: ReadView): StoreMeta => {
  const [schema] = unpackFrame(need(view, 'schema')) as readonly [number];
  return {
    schema,
    parameters: unpackParameters(need(view, 'parameters')),
    engine: text(view, 'engine'),
    image: text(view, 'image'),
  };
};
