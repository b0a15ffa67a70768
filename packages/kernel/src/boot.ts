/**
 * Opening a store: its parameters, its image, its engine.
 *
 * Invariants: the image that new incarnations get is the store's, never the installed release's
 * (rule H4); every table is open before the first worker starts (rule S3).
 */
import { imageKey, metaKey, packFrame, unpackFrame, type RowChange } from '@heirloom/store';
import { HostError, localKey, type Store } from '@heirloom/store';
import { produceWarmCodeCache, readImage } from '@heirloom/worker';
import { engineName, v8Version } from './host-powers.js';
import { checkParameters, packParameters, unpackParameters } from './parameters.js';
import type { KernelParameters } from './parameters.js';
import { ownedRow, PERMANENT_OBJECTS } from './services/objects.js';
import { ranges, spellings } from './state/keys.js';
import { showKRef } from './state/krefs.js';
import { codecs, KERNEL_OWNS, VatState, type VatNumber } from './state/schema.js';
import type { KernelState } from './state/state.js';

export interface Image {
  readonly id: string;
  readonly source: string;
  readonly codeCache: Uint8Array;
}

export interface BootRecord {
  readonly parameters: KernelParameters;
  readonly image: Image;
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const textRow = (name: 'engine' | 'image', text: string): RowChange => ({
  table: 'meta',
  key: metaKey(name),
  value: packFrame([Buffer.from(text, 'utf8')]),
});

/** The text of a `meta` row that every store has. */
const readText = (store: Store, name: 'engine' | 'image'): string => {
  const bytes = store.get('meta', metaKey(name));
  if (bytes === undefined) throw new HostError('STORE_CORRUPT', `the store has no meta ${name}`);
  const [text] = unpackFrame(bytes) as unknown as [Uint8Array];
  return utf8(text);
};

/** The kernel objects of every store. */
const permanentObjects = (): RowChange[] =>
  Object.values(PERMANENT_OBJECTS).flatMap(([kref, row]) => {
    const object = ownedRow(KERNEL_OWNS, showKRef(kref), 1);
    const key = spellings.object.spell(kref);
    return [
      { table: 'kernel', key, value: codecs.object.encode(object) },
      { table: 'kernel', key: spellings.kernelObject.spell(kref), value: packFrame(row) },
    ];
  });

/** Writes the block that makes a fresh store a kernel's. */
const initialize = async (store: Store, parameters: KernelParameters): Promise<void> => {
  const image = readImage();
  await store.commit({
    height: store.head.height + 1,
    changes: [
      { table: 'meta', key: metaKey('parameters'), value: packParameters(parameters) },
      textRow('engine', engineName()),
      textRow('image', image.id),
      ...permanentObjects(),
      { table: 'images', key: imageKey(image.id), value: Buffer.from(image.source, 'utf8') },
    ],
    unhashed: [],
  });
};

const checkEngine = (store: Store): void => {
  const stored = readText(store, 'engine');
  const present = engineName();
  if (stored === present) return;
  throw new HostError(
    'ENGINE_MISMATCH',
    `the store was written under ${stored}; this is ${present}. Open it with that engine: ` +
      'replay under another one may differ.',
  );
};

/** Where the code cache of an image is kept, for the V8 that runs now. */
export const codeCacheKey = (imageId: string): string =>
  localKey(`codeCache/${v8Version()}/${imageId}`);

/** Made once per process and image: a by-product, the same wherever it is made. */
const madeCodeCaches = new Map<string, Promise<Uint8Array>>();

const warmCodeCache = (imageId: string, source: string): Promise<Uint8Array> => {
  const made = madeCodeCaches.get(imageId) ?? produceWarmCodeCache(source);
  madeCodeCaches.set(imageId, made);
  return made;
};

/** Reads what the store says of itself; a fresh one is initialized with `given`. */
export const boot = async (store: Store, given: Partial<KernelParameters>): Promise<BootRecord> => {
  const stored = store.get('meta', metaKey('parameters'));
  if (stored === undefined) await initialize(store, checkParameters(given));
  else checkParameters(given);
  checkEngine(store);
  const packed = store.get('meta', metaKey('parameters'))!;
  const id = readText(store, 'image');
  const source = store.get('images', imageKey(id));
  if (source === undefined) throw new HostError('STORE_CORRUPT', `the store lacks image ${id}`);
  const text = utf8(source);
  const codeCache = store.get('local', codeCacheKey(id)) ?? (await warmCodeCache(id, text));
  return { parameters: unpackParameters(packed), image: { id, source: text, codeCache } };
};

/** Vats that run, in order of their numbers. */
export const runningVats = (state: KernelState): VatNumber[] =>
  [...state.vats.scan(ranges.vats)].filter(vat => state.vats.need(vat).state === VatState.running);
