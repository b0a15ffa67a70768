/**
 * The zygote images of a store: the one that new incarnations get, and those that vats are on.
 *
 * Invariants: the image for new incarnations changes by an input only, never by installing a
 * release (rules.md#h4); a vat is started and replayed on the image that its row names, so it stays
 * on an old one until its next upgrade. An image adopted in this block is kept here until it is
 * written.
 */
import { createHash } from 'node:crypto';
import {
  HostError,
  imageKey,
  localKey,
  textOf,
  utf8,
  type ReadView,
  type RowChange,
} from '@heirloom/store';
import {
  BUNDLE_CAPS_MARK,
  DESCRIPTION_MARK,
  SITES_MARK,
  imageIdFrom,
  INTERFACES_MARK,
  PARTS_MARK,
  repairedImage,
  type ImageId,
} from '@heirloom/worker';
import { OLDER_WEAVING, WEAVING, WOVEN_MARK, type Weaving } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import { v8Version } from '../base/kernel-host-powers.js';
import { missingRow } from '../state/damage.js';
import { imageIdRow, storedImage } from '../state/store-meta.js';
import { packCodeCache, storedCodeCache, type MakeCodeCache } from './code-caches.js';

/** The script of an image and the id that its bytes give: sha256, hex. */
export interface ImageSource {
  readonly id: string;
  readonly source: string;
}

/** An image whose id has been checked, or is the store's. */
export interface Image extends ImageSource {
  readonly id: ImageId;
  /** What threads run: the source, repaired if it has a known fault. */
  readonly script: string;
  /** Of that. */
  readonly codeCache: Uint8Array;
  /** The store has it, and it is sound. */
  readonly isCacheStored: boolean;
}

const IMAGE_BYTES_MAX = 12_000_000;

type Script = Pick<Image, 'id' | 'source' | 'script'>;

/** What images need of the outside. */
interface ImageWays {
  readonly makeCodeCache: MakeCodeCache;
  /** Tells the host of a code cache that cannot be used. */
  readonly warn: (text: string) => void;
}

/**
 * Where the code cache of what threads run of an image is kept, for the V8 that runs now. That of a
 * repaired image is not that of the image.
 */
const codeCacheKey = ({ id, source, script }: Script): string => {
  const ran = script === source ? id : `${id}/${createHash('sha256').update(script).digest('hex')}`;
  return localKey(`codeCache/${v8Version()}/${ran}`);
};

/** The rows of a store that say which image new incarnations get. */
export const imageRows = ({ id, source }: ImageSource): RowChange[] => [
  imageIdRow(id),
  { table: 'images', key: imageKey(id), value: utf8(source) },
];

/**
 * Vats of an image that is adopted run scripts that this release derives as its own image needs it.
 * (Only the image that a store has already may be of the release before.) Errors: KernelError
 * BAD_ARGUMENT for an image of a release that weaves in another way.
 */
const checkWeaving = ({ source }: ImageSource): void => {
  if (source.includes(WOVEN_MARK)) return;
  const why = 'the image is of a release that weaves bundles in another way';
  throw new KernelError('BAD_ARGUMENT', why);
};

/**
 * An image with its code cache, which is made if the store has none.
 *
 * Errors: KernelError BAD_ARGUMENT unless the id is the hash of the source, which must be ASCII.
 */
export const prepareImage = async (
  view: ReadView,
  image: ImageSource,
  ways: ImageWays,
): Promise<Image> => {
  const { id, source } = image;
  const isAscii = typeof source === 'string' && Buffer.byteLength(source) === source.length;
  if (!isAscii || source.length > IMAGE_BYTES_MAX) {
    const rule = `the source of an image is ASCII text of at most ${IMAGE_BYTES_MAX} bytes`;
    throw new KernelError('BAD_ARGUMENT', rule);
  }
  const hash = createHash('sha256').update(source).digest('hex');
  if (id !== hash) {
    throw new KernelError('BAD_ARGUMENT', `the image's id is the sha256 of its source, ${hash}`);
  }
  checkWeaving(image);
  const checked = { id: imageIdFrom(hash), source, script: repairedImage(source) };
  return withCache(view, checked, ways);
};

const withCache = async (
  view: ReadView,
  image: Script,
  { makeCodeCache, warn }: ImageWays,
): Promise<Image> => {
  const stored = storedCodeCache(view, codeCacheKey(image), warn);
  const codeCache = stored ?? (await makeCodeCache({ id: image.id, source: image.script }));
  return { ...image, codeCache, isCacheStored: stored !== undefined };
};

/** Errors: HostError STORE_CORRUPT. */
const storedImageText = (view: ReadView, id: ImageId): Script => {
  const text = view.get('images', imageKey(id));
  if (text === undefined) throw missingRow('images', imageKey(id));
  const source = textOf(text);
  return { id, source, script: repairedImage(source) };
};

interface StoredScript extends ImageSource {
  readonly codeCache: Uint8Array | undefined;
}

/** What threads run of an image, and its code cache if there is one. Errors: STORE_CORRUPT. */
export const storedScript = (view: ReadView, id: ImageId): StoredScript => {
  const image = storedImageText(view, id);
  const codeCache = storedCodeCache(view, codeCacheKey(image), () => undefined);
  return { id, source: image.script, codeCache };
};

/** What an image's text says that its vats can run and be told. */
const OLDER_WOVEN_MARK = `heirloom image: woven code ${OLDER_WEAVING}`;
const MARKS = [
  ...[WOVEN_MARK, OLDER_WOVEN_MARK, BUNDLE_CAPS_MARK],
  ...[DESCRIPTION_MARK, INTERFACES_MARK, PARTS_MARK, SITES_MARK],
];

export class Images {
  readonly #view: ReadView;
  readonly #loaded: Map<ImageId, Image>;
  #current: ImageId;
  #adopted: Image | undefined;
  readonly #marks = new Map<ImageId, ReadonlySet<string>>();
  /** Their code caches are on their way to the store: two images may come in one block. */
  readonly #kept = new Set<ImageId>();

  private constructor(view: ReadView, current: ImageId, loaded: readonly Image[]) {
    this.#view = view;
    this.#current = current;
    this.#loaded = new Map(loaded.map(image => [image.id, image]));
  }

  /** The store's image for new incarnations and `used`. Errors: HostError STORE_CORRUPT. */
  static async load(
    view: ReadView,
    used: Iterable<ImageId>,
    ways: ImageWays,
  ): Promise<Images> {
    const current = storedImage(view);
    const loaded: Image[] = [];
    for (const id of new Set([current, ...used])) {
      loaded.push(await withCache(view, storedImageText(view, id), ways));
    }
    return new Images(view, current, loaded);
  }

  /** Of new incarnations. */
  get currentId(): ImageId {
    return this.#current;
  }

  /** How the image of new incarnations needs scripts woven; undefined: in a way of its own. */
  get weaving(): Weaving | undefined {
    const marks = this.#marksOf(this.#current);
    if (marks.has(WOVEN_MARK)) return WEAVING;
    return marks.has(OLDER_WOVEN_MARK) ? OLDER_WEAVING : undefined;
  }

  /**
   * A store may have been written by an older release: vats stay on its image, and what this one
   * derives of a new bundle may not run there. Errors: KernelError BAD_BUNDLE.
   */
  checkInstallable(): void {
    if (this.weaving !== undefined) return;
    const why = 'new vats of this store get an image of a release that weaves bundles otherwise';
    throw new KernelError('BAD_BUNDLE', `${why}: call adoptImage first`);
  }

  need(id: ImageId): Image {
    const image = this.#loaded.get(id);
    if (image === undefined) throw new HostError('STORE_CORRUPT', `no vat was on image ${id}`);
    return image;
  }

  /** Can vats on it be told what bundle caps stand for? */
  knowsBundleCaps(id: ImageId): boolean {
    return this.#marksOf(id).has(BUNDLE_CAPS_MARK);
  }

  /** Can they be told of interfaces? */
  knowsInterfaces(id: ImageId): boolean {
    return this.#marksOf(id).has(INTERFACES_MARK);
  }

  /** Do they leave for the next wave what comes behind large cranks? */
  holdsBack(id: ImageId): boolean {
    return this.#marksOf(id).has(PARTS_MARK);
  }

  /** Can workers on it be asked what a start has made? */
  describes(id: ImageId): boolean {
    return this.#marksOf(id).has(DESCRIPTION_MARK);
  }

  /** Can they be told to note where a start makes things? */
  notesSites(id: ImageId): boolean {
    return this.#marksOf(id).has(SITES_MARK);
  }

  #marksOf(id: ImageId): ReadonlySet<string> {
    const known = this.#marks.get(id);
    if (known !== undefined) return known;
    const { source } = this.need(id);
    const marks = new Set(MARKS.filter(mark => source.includes(mark)));
    this.#marks.set(id, marks);
    return marks;
  }

  /** For dry runs: no incarnation gets it. */
  lend(image: Image): void {
    if (!this.#loaded.has(image.id)) this.#loaded.set(image.id, image);
  }

  /** From now on new incarnations get it. */
  adopt(image: Image): void {
    this.#loaded.set(image.id, image);
    if (image.id === this.#current) return;
    this.#adopted = image;
    this.#current = image.id;
  }

  /** What this block writes. */
  changes(into: RowChange[]): void {
    if (this.#adopted !== undefined) into.push(...imageRows(this.#adopted));
  }

  /** Code caches that the store lacks or has damaged: written with the next block, in no hash. */
  codeCaches(into: RowChange[]): void {
    for (const image of this.#loaded.values()) {
      const { id, codeCache, isCacheStored } = image;
      if (this.#kept.has(id) || isCacheStored) continue;
      this.#kept.add(id);
      into.push({ table: 'local', key: codeCacheKey(image), value: packCodeCache(codeCache) });
    }
  }

  committed(): void {
    this.#adopted = undefined;
  }
}
