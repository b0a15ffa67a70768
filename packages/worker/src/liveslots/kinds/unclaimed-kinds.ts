/**
 * What the author of a start is told of durable kinds that it has not defined: each kind as its
 * row describes it, and what to do. Where an earlier start has defined it, nobody here knows: the
 * row does not say, and the code of that start is not in this thread.
 *
 * It is told in notes, which no vat sees and nothing hashes; the error's message stays as it is.
 */
import { noteText } from '../contract/fail.js';

export interface UnclaimedKind {
  readonly kind: number;
  readonly tag: string;
  /** Undefined for a kind of one facet, and for one that was never defined. */
  readonly facets: readonly string[] | undefined;
  /** False: its handle was made, and that is all. */
  readonly isDefined: boolean;
  /** This start has defined a new kind of the same tag. */
  readonly hasTwin: boolean;
}

/** Kinds that are described one by one. */
const DESCRIBED_MAX = 10;

const ADVICE =
  'a start defines every durable kind before what buildRootObject returns has resolved: give the ' +
  'handle, from where the code before keeps it in baggage, to VatData.defineDurableKind (of ' +
  'facets: defineDurableKindMulti), or call prepareExoClass with that baggage and tag. A kind ' +
  'that is given up: vatPowers.dismissKind(handle)';

const TWIN =
  '. It has defined a new kind of the same tag: the handle was not taken from baggage. Was the ' +
  'key of the handle renamed?';

const describe = ({ tag, facets, isDefined, hasTwin }: UnclaimedKind): string => {
  const name = `durable kind ${JSON.stringify(tag)}`;
  if (!isDefined) return `${name}: makeKindHandle has made its handle, and no start defined it`;
  const of = facets === undefined ? '' : `, of facets ${facets.join(', ')}`;
  const twin = hasTwin ? TWIN : '';
  return `${name}${of}: an earlier start defined it, and this one did not${twin}`;
};

/** One error of all of them. */
export const unclaimedError = (kinds: readonly UnclaimedKind[]): Error => {
  const tags = kinds.map(({ tag }) => tag);
  const error = Error(`defineDurableKind not called for tags: [${tags.join(',')}]`);
  for (const kind of kinds.slice(0, DESCRIBED_MAX)) noteText(error, describe(kind));
  noteText(error, ADVICE);
  return error;
};
