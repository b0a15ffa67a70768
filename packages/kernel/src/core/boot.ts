/**
 * Opening a store: its parameters, its image, its engine.
 *
 * Invariants: the image that new incarnations get is the store's, never the installed release's
 * (rules.md#h4); every table is open before the first worker starts (rules.md#s3).
 */
import {
  heightAfter,
  HostError,
  metaKey,
  packFrame,
  type RowChange,
  type Store,
} from '@heirloom/store';
import { engineName } from '../base/kernel-host-powers.js';
import { imageRows, Images, type ImageSource } from '../code/images.js';
import { ownedRow, PERMANENT_OBJECTS } from '../objects/kernel-objects.js';
import { spellings } from '../state/kernel-keys.js';
import { KernelState } from '../state/kernel-state.js';
import { showKRef } from '../state/krefs.js';
import { packParameters, unpackParameters } from '../state/parameters.js';
import type { KernelParameters } from '../state/parameters.js';
import { KERNEL_OWNS } from '../state/parties.js';
import { runningVats } from '../state/running-vats.js';
import { rowAt } from '../state/scan.js';
import { codecs } from '../state/schema.js';
import { metaText, metaTextRow } from '../state/store-meta.js';
import { checkParameters } from './check-parameters.js';
import type { WaysOut } from './ways-out.js';

export interface BootRecord {
  readonly parameters: KernelParameters;
  readonly images: Images;
}

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
const initialize = async (
  store: Store,
  parameters: KernelParameters,
  image: ImageSource,
): Promise<void> => {
  await store.commit({
    height: heightAfter(store.head.height),
    changes: [
      { table: 'meta', key: metaKey('parameters'), value: packParameters(parameters) },
      metaTextRow('engine', engineName()),
      ...permanentObjects(),
      ...imageRows(image),
    ],
    unhashed: [],
  });
};

/** Errors: HostError ENGINE_MISMATCH unless the store was written under this very engine. */
export const checkEngine = (store: Store): void => {
  const stored = metaText(store, 'engine');
  const present = engineName();
  if (stored === present) return;
  throw new HostError(
    'ENGINE_MISMATCH',
    `the store was written under ${stored}; this is ${present}. Open it with that engine: ` +
      'replay under another one may differ.',
  );
};

/** Reads what the store says of itself; a fresh one is initialized with `given`. */
export const boot = async (
  store: Store,
  given: Partial<KernelParameters>,
  { installedImage, makeCodeCache }: Pick<WaysOut, 'installedImage' | 'makeCodeCache'>,
): Promise<BootRecord> => {
  const stored = store.get('meta', metaKey('parameters'));
  if (stored === undefined) await initialize(store, checkParameters(given), installedImage());
  else checkParameters(given);
  checkEngine(store);
  const packed = rowAt(store, 'meta', metaKey('parameters'));
  const state = new KernelState(store);
  const used = runningVats(state).map(vat => state.vats.need(vat).imageId);
  const images = await Images.load(store, used, makeCodeCache);
  return { parameters: unpackParameters(packed), images };
};
