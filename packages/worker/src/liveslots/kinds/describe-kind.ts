/** What a stored kind says of itself, for those who look into a store from outside. */
import { PassableCodec } from '@heirloom/store/codec';
import { layoutNamesOf, namesOf, textOf } from '../rows/decoded.js';
import { unpackRow } from '../rows/frames.js';

export interface KindDescription {
  readonly tag: string;
  /** Null: a single-facet kind, or one that was never defined. */
  readonly facets: readonly string[] | null;
  /** That its states have now; older ones may be stored. */
  readonly version: number;
  /** Names of properties, of every sort of state that was ever stored. */
  readonly layouts: readonly (readonly string[])[];
}

const refuseReference = (): never => {
  throw TypeError('the text of a kind mentions no reference');
};

const codec = new PassableCodec({
  slotOf: refuseReference,
  valueOf: refuseReference,
  isHardened: () => true,
  bornHardened: value => value,
});

/** Text of vat code as rows have it. */
export const describeText = (body: Uint8Array): string => textOf(codec, body);

/** `bytes`: the row of table `10` without the kernel's header. Throws when it is no such row. */
export const describeKind = (bytes: Uint8Array): KindDescription => {
  const [tag, facets, , , version, layouts] = unpackRow('kind', bytes);
  return {
    tag: describeText(tag),
    facets: facets === null ? null : namesOf(codec, facets),
    version,
    layouts: layoutNamesOf(codec, layouts),
  };
};

/** The version of an instance's state. `bytes`: its row of table `20`, likewise. */
export const stateVersion = (bytes: Uint8Array): number => unpackRow('object', bytes)[0];
