/**
 * The `meta` rows that the kernel wrote when the store was made (core/boot.ts), and what this host
 * remembers of one of them.
 */
import { createHash } from 'node:crypto';
import { DamageError, localKey, metaKey, textOf, utf8 } from '@heirloom/store';
import type { MetaName, ReadView, RowChange } from '@heirloom/store';
import { storedImageId, type ImageId, type Observations } from '@heirloom/worker';
import { decodeRow, readHint } from './damage.js';
import { frameCodec, single } from './frame-codec.js';
import type { RowCodec } from './kernel-table.js';
import { unpackParameters, type KernelParameters } from './parameters.js';

/** The engine that a store needs. */
export type StoreEngine =
  /** This very one: of a store of schema 3 or before, until it adopts an engine. */
  | { readonly name: string }
  /** Any that shows this to vat code, when the image looks. The store keeps the image. */
  | { readonly imageId: ImageId; readonly observations: Observations };

interface StoreMeta {
  readonly schema: number;
  readonly parameters: KernelParameters;
  readonly engine: StoreEngine;
  readonly image: string;
}

const need = <V>(view: ReadView, name: MetaName, codec: Pick<RowCodec<V>, 'decode'>): V => {
  const key = metaKey(name);
  const bytes = view.get('meta', key);
  if (bytes !== undefined) return decodeRow(codec, 'meta', key, bytes);
  const why = 'it is missing: no kernel has opened the store yet, or it is damaged';
  throw new DamageError({ table: 'meta', key, why });
};

const metaBytes = single<Uint8Array>('a text of the table meta');
const metaNumber = single<number>('a number of the table meta');

const imageCodec = {
  decode: (bytes: Uint8Array): ImageId => storedImageId(textOf(metaBytes.decode(bytes))),
};

/** Errors: HostError STORE_CORRUPT. */
export const storedImage = (view: ReadView): ImageId => need(view, 'image', imageCodec);

export const imageIdRow = (id: string): RowChange => ({
  table: 'meta',
  key: metaKey('image'),
  value: metaBytes.encode(utf8(id)),
});

type EngineTuple =
  | readonly [name: Uint8Array]
  | readonly [imageId: string, observations: Observations];

const engineCodec = frameCodec<StoreEngine, EngineTuple>(
  'the engine of the table meta',
  [1, 2],
  engine =>
    'name' in engine ? [utf8(engine.name)] : [engine.imageId, engine.observations],
  tuple =>
    tuple.length === 1
      ? { name: textOf(tuple[0]) }
      : { imageId: storedImageId(tuple[0]), observations: tuple[1] },
);

/** Errors: HostError STORE_CORRUPT. */
export const storedEngine = (view: ReadView): StoreEngine => need(view, 'engine', engineCodec);

export const engineRow = (engine: StoreEngine): RowChange => ({
  table: 'meta',
  key: metaKey('engine'),
  value: engineCodec.encode(engine),
});

/**
 * The names of the engines that were looked at and found to show what the row `engine` says; `of`:
 * the sha256 of that row, without which they say nothing.
 */
interface KnownEngines {
  readonly of: Uint8Array;
  readonly names: readonly string[];
}

const ENGINES = localKey('engines');
/** The oldest are forgotten. */
const ENGINES_MAX = 20;

const knownCodec = frameCodec<KnownEngines, readonly [Uint8Array, readonly string[]]>(
  'the engines of the table local',
  [2],
  ({ of, names }) => [of, names],
  ([of, names]) => ({ of, names }),
);

const hashOf = (row: Uint8Array): Uint8Array => createHash('sha256').update(row).digest();

/**
 * The engines that are known to show what the store needs: this host need not look again. `tell` is
 * given a sentence if what it knew is damaged.
 */
export const knownEngines = (
  view: ReadView,
  tell: (text: string) => void = () => undefined,
): readonly string[] => {
  const row = view.get('meta', metaKey('engine'));
  const known = readHint(view, ENGINES, knownCodec, tell);
  if (row === undefined || known === undefined) return [];
  const { of, names } = known;
  return Buffer.compare(of, hashOf(row)) === 0 ? names : [];
};

/** Remembers the names of engines, newest last, that show what `engine` says. */
export const knownEnginesRow = (engine: StoreEngine, names: readonly string[]): RowChange => {
  const of = hashOf(engineCodec.encode(engine));
  const value = knownCodec.encode({ of, names: names.slice(-ENGINES_MAX) });
  return { table: 'local', key: ENGINES, value };
};

/** Errors: HostError STORE_CORRUPT. */
export const storedParameters = (view: ReadView): KernelParameters =>
  need(view, 'parameters', { decode: unpackParameters });

/** Errors: HostError STORE_CORRUPT. */
export const readMeta = (view: ReadView): StoreMeta => {
  return {
    schema: need(view, 'schema', metaNumber),
    parameters: storedParameters(view),
    engine: storedEngine(view),
    image: storedImage(view),
  };
};
