/**
 * May this engine run the vats of a store? It may if it shows to vat code what the store's engine
 * showed, whatever the two are called (rules.md#h4, docs/engines.md).
 */
import type { ReadView, RowChange } from '@heirloom/store';
import { differingObservations } from '@heirloom/worker';
import type { Engine } from '../code/host-engine.js';
import { storedScript } from '../code/images.js';
import { knownEngines, knownEnginesRow, storedEngine } from '../state/store-meta.js';

export type EngineFit =
  | {
      readonly fits: true;
      /** Rows of `local`: what this host need not look at another time. */
      readonly learnt: readonly RowChange[];
    }
  | {
      readonly fits: false;
      /** A sentence: what the store needs, what this engine is. */
      readonly why: string;
      /** The names of the observations that differ; empty where the store knows a name alone. */
      readonly differing: readonly string[];
    };

const NAMES_TOLD = 3;

const listed = (names: readonly string[]): string => {
  const more = names.length - NAMES_TOLD;
  const told = names.slice(0, NAMES_TOLD).join(', ');
  return more > 0 ? `${told} and ${more} more` : told;
};

interface FitOptions {
  /** Looks also if this build is known to fit. Default: no. */
  readonly looksAgain?: boolean;
  /** Told of a damaged row that this host can do without. */
  readonly warn?: (text: string) => void;
}

/**
 * The one check of engines: at opening, after an import, before an engine is adopted. Looks only if
 * this build of an engine is not known to fit.
 *
 * Errors: HostError STORE_CORRUPT (a row is missing), WORKER_DIED.
 */
export const engineOf = async (
  view: ReadView,
  engine: Engine,
  { looksAgain = false, warn = () => undefined }: FitOptions = {},
): Promise<EngineFit> => {
  const needed = storedEngine(view);
  if ('name' in needed) {
    if (needed.name === engine.name) return { fits: true, learnt: [] };
    const why = `the store was written under ${needed.name}; this is ${engine.name}`;
    return { fits: false, why, differing: [] };
  }
  const present = engine.build;
  const known = knownEngines(view, warn);
  if (!looksAgain && known.includes(present)) return { fits: true, learnt: [] };
  const { imageId, observations } = needed;
  const shown = await engine.observe(storedScript(view, imageId));
  const by = known.length === 0 ? 'another engine' : known.join(' or ');
  if (shown === undefined) {
    const why = `the store was written under ${by}; its image ${imageId} cannot say what differs`;
    return { fits: false, why: `${why} under this one, ${present}`, differing: [] };
  }
  const differing = differingObservations(observations, shown);
  if (differing.length > 0) {
    const why =
      `the store was written under ${by}; this is ${present}, which shows vat code other things: ` +
      listed(differing);
    return { fits: false, why, differing };
  }
  return { fits: true, learnt: [knownEnginesRow(needed, [...known, present])] };
};
