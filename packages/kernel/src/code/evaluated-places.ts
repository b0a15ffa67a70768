/**
 * Places in the modules of `nestedEvaluate`: these are texts that the bundle evaluates, so V8 names
 * them by the URL that the bundle gives them, which does not say of which bundle they are.
 *
 * A worker's texts are told with the bundle that it runs in place of how that URL begins.
 * For traces alone.
 */
import { SCRIPT_SCHEME, type BundleId } from '@heirloom/worker';
import { PlainPlaces, type Place } from '@heirloom/worker/plain-places';
import { weave, type Weaving } from '@heirloom/worker/weave';
import { partsOf } from './endo-parts.js';
import { describePlace } from './told-places.js';

/** What all of them begin with. */
export const SOURCE_URL_PREFIX = '/bundled-source/.../';

const EVALUATED = /\/bundled-source\/\.{3}\/(?=[^\s():]+:\d+:\d+)/g;

/** `text`: of a worker that runs the bundle. */
export const toldOf = (bundleId: BundleId, text: string): string =>
  text.includes(SOURCE_URL_PREFIX)
    ? text.replace(EVALUATED, `${SCRIPT_SCHEME}${bundleId}/`)
    : text;

/** A place as V8 says it. */
export const evaluatedPlace = (module: string, place: Place): string =>
  describePlace(`${SOURCE_URL_PREFIX}${module}`, place);

export class EvaluatedPlaces {
  readonly #source: string;
  readonly #weaving: Weaving | undefined;
  readonly #plain = new Map<string, PlainPlaces | undefined>();

  /** `weaving`: of the image that evaluates them; default: of this release. */
  constructor(source: string, weaving?: Weaving) {
    this.#source = source;
    this.#weaving = weaving;
  }

  /** The place in the module as the bundle has it; undefined if there is no such module. */
  plain(module: string, place: Place): Place | undefined {
    if (!this.#plain.has(module)) this.#plain.set(module, this.#read(module));
    return this.#plain.get(module)?.plain(place);
  }

  #read(module: string): PlainPlaces | undefined {
    const part = partsOf('nestedEvaluate', this.#source).find(({ name }) => name === module);
    if (part === undefined) return undefined;
    try {
      return new PlainPlaces(weave(part.text, this.#weaving));
    } catch (error) {
      // An older release has installed what this one refuses, or it nests too deep for this stack.
      if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}
