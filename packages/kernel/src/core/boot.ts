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
import { imageIdFrom } from '@heirloom/worker';
import type { Engine } from '../code/host-engine.js';
import { imageRows, Images, type ImageSource } from '../code/images.js';
import { ownedRow, PERMANENT_OBJECTS } from '../objects/kernel-objects.js';
import { spellings } from '../state/kernel-keys.js';
import { KernelState } from '../state/kernel-state.js';
import { showKRef } from '../state/krefs.js';
import { packParameters } from '../state/parameters.js';
import type { KernelParameters } from '../state/parameters.js';
import { KERNEL_OWNS } from '../state/parties.js';
import { runningVats } from '../state/running-vats.js';
import { codecs } from '../state/schema.js';
import {
  engineRow,
  knownEnginesRow,
  storedParameters,
  type StoreEngine,
} from '../state/store-meta.js';
import { checkParameters } from './check-parameters.js';
import { engineOf, type EngineFit } from './engine-fit.js';
import type { WaysOut } from './ways-out.js';

export interface BootRecord {
  readonly parameters: KernelParameters;
  readonly images: Images;
  /** Rows of `local` that are for the next block. */
  readonly learnt: readonly RowChange[];
  /** Does this engine fit? Always, unless other engines were allowed. */
  readonly engine: EngineFit;
  /** The row `engine` as this engine shows itself to the image of the installed release. */
  observed(): Promise<StoreEngine>;
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

/** What the row `engine` is to say of an engine: an image older than observations knows a name. */
const engineShownBy = async (image: ImageSource, engine: Engine): Promise<StoreEngine> => {
  const observations = await engine.observe(image);
  if (observations === undefined) return { name: engine.name };
  return { imageId: imageIdFrom(image.id), observations };
};

/** Writes the block that makes a fresh store a kernel's. */
const initialize = async (
  store: Store,
  parameters: KernelParameters,
  { installedImage, engine }: BootWays,
): Promise<void> => {
  const image = installedImage();
  const shown = await engineShownBy(image, engine);
  await store.commit({
    height: heightAfter(store.head.height),
    changes: [
      { table: 'meta', key: metaKey('parameters'), value: packParameters(parameters) },
      engineRow(shown),
      ...permanentObjects(),
      ...imageRows(image),
    ],
    unhashed: [knownEnginesRow(shown, [engine.build])],
  });
};

/** Errors: HostError ENGINE_MISMATCH. */
const refuseEngine = ({ why }: Extract<EngineFit, { readonly fits: false }>): never => {
  throw new HostError(
    'ENGINE_MISMATCH',
    `${why}. Open it with an engine that shows what the store's showed, or have the store adopt ` +
      'this one: heirloom adopt-engine DIR, docs/move-to-another-node.md.',
  );
};

type BootWays = Pick<WaysOut, 'installedImage' | 'makeCodeCache' | 'engine' | 'warn'>;

interface BootOptions {
  /** An engine that does not fit is told of in the record, and not refused. Default: false. */
  readonly allowsOtherEngine?: boolean;
}

/**
 * Reads what the store says of itself; a fresh one is initialized with `given`.
 *
 * Errors: HostError ENGINE_MISMATCH, STORE_CORRUPT; KernelError BAD_OPTION (`given`).
 */
export const boot = async (
  store: Store,
  given: Partial<KernelParameters>,
  ways: BootWays,
  { allowsOtherEngine = false }: BootOptions = {},
): Promise<BootRecord> => {
  const warn = (text: string): void => ways.warn(text);
  const stored = store.get('meta', metaKey('parameters'));
  if (stored === undefined) await initialize(store, checkParameters(given), ways);
  else checkParameters(given);
  const engine = await engineOf(store, ways.engine, { warn });
  if (!engine.fits && !allowsOtherEngine) refuseEngine(engine);
  const parameters = storedParameters(store);
  const state = new KernelState(store);
  const used = runningVats(state).map(vat => state.vats.need(vat).imageId);
  const images = await Images.load(store, used, { ...ways, warn });
  const observed = (): Promise<StoreEngine> =>
    engineShownBy(ways.installedImage(), ways.engine);
  const learnt = engine.fits ? [...engine.learnt] : [];
  images.codeCaches(learnt);
  return { parameters, images, learnt, engine, observed };
};
