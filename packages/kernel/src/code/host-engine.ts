/** The engine of this process: its name, and what it shows to vat code. */
import { observeEngine, type Observations } from '@heirloom/worker';
import { describeError, HostError } from '@heirloom/store';
import { engineName } from '../base/kernel-host-powers.js';
import type { ImageSource } from './images.js';

/** An image that is to look; with V8's code cache it starts sooner. */
interface ObservingImage extends ImageSource {
  readonly codeCache?: Uint8Array | undefined;
}

export interface Engine {
  /** V8, ICU, Unicode and architecture (rules.md#h4). */
  readonly name: string;
  /**
   * What the engine shows to vat code (docs/engines.md): a choice of observations, which takes
   * 0.2 s of CPU. Undefined: the image is older than observations. Errors: HostError WORKER_DIED.
   */
  observe(image: ObservingImage): Promise<Observations | undefined>;
}

/** By image: an engine shows the same as long as a process lasts. */
const observed = new Map<string, Promise<Observations | undefined>>();

const look = async (image: ObservingImage): Promise<Observations | undefined> => {
  try {
    return await observeEngine(image);
  } catch (error) {
    const why = `the worker that looks at the engine died: ${describeError(error)}`;
    throw new HostError('WORKER_DIED', why, { cause: error });
  }
};

export const hostEngine: Engine = {
  name: engineName(),
  observe(image) {
    const known = observed.get(image.id) ?? look(image);
    observed.set(image.id, known);
    return known;
  },
};
