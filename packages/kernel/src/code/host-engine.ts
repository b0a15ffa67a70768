/** The engine of this process: what it is called, and what it shows to vat code. */
import { describeError, HostError } from '@heirloom/store';
import {
  observeEngine,
  readBuiltObservations,
  type Observations,
  type ObservingOptions,
} from '@heirloom/worker';
import { engineBuild, engineName } from '../base/kernel-host-powers.js';
import type { ImageSource } from './images.js';

/** An image that is to look; with V8's code cache it starts sooner. */
interface ObservingImage extends ImageSource {
  readonly codeCache?: Uint8Array | undefined;
}

export interface Engine {
  /** V8, ICU, Unicode and architecture: all that stores of schemas before 4 know (rules.md#h4). */
  readonly name: string;
  /** The name and the release of Node: what was seen of a build is not looked at again. */
  readonly build: string;
  /**
   * What the engine shows to vat code (docs/engines.md): a choice of observations, which takes
   * 0.2 s of CPU. Undefined: the image is older than observations. Errors: HostError WORKER_DIED.
   */
  observe(image: ObservingImage): Promise<Observations | undefined>;
}

/** Errors: HostError WORKER_DIED. */
export const observeBy = async (
  image: ObservingImage,
  options?: ObservingOptions,
): Promise<Observations | undefined> => {
  try {
    return await observeEngine(image, options);
  } catch (error) {
    const why = `the worker that looks at the engine died: ${describeError(error)}`;
    throw new HostError('WORKER_DIED', why, { cause: error });
  }
};

/** By image: an engine shows the same as long as a process lasts. */
const observed = new Map<string, Promise<Observations | undefined>>();

const build = engineBuild();

/** Whoever built this release has looked, if it was this engine. */
const seenAtBuild = ({ id }: ImageSource): Promise<Observations> | undefined => {
  const built = readBuiltObservations();
  if (built === undefined || built.build !== build || built.imageId !== id) return undefined;
  return Promise.resolve(built.observations);
};

export const hostEngine: Engine = {
  name: engineName(),
  build,
  observe(image) {
    const known = observed.get(image.id) ?? seenAtBuild(image) ?? observeBy(image);
    observed.set(image.id, known);
    known.catch(() => observed.delete(image.id));
    return known;
  },
};
