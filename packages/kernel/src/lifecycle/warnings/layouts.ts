/** Fields that new states have and stored ones of the same version lack. */
import type { KindFact, VatDescription } from '@heirloom/worker';
import { stateNamesOf } from '@heirloom/worker/state-names';
import type { VatKinds } from '../dry-run-kinds.js';
import { at, listed, type UpgradeWarning } from './warning.js';

type Names = readonly string[];

/** By the text of init, or by the states that the start itself has made. */
const newNames = ([number, , , , init]: KindFact, before: Names[], after: VatKinds): Names => {
  // A kind with a stateShape has none: a field that is new there must allow undefined.
  if (init === '') return [];
  const kind = after.known.find(known => known.number === number);
  const made = kind?.layouts.slice(before.length).flat() ?? [];
  return [...new Set([...(stateNamesOf(init) ?? []), ...made])];
};

/**
 * `present`: of the present code, started beside the new one. Without it nothing is said of kinds
 * with versions: a field may be what migrate gives to all that is stored.
 */
export const undefinedFields = (
  before: VatKinds,
  after: VatKinds,
  [kinds]: VatDescription,
  present?: VatDescription,
): UpgradeWarning[] =>
  kinds.flatMap(fact => {
    const [number, tag, , , , site] = fact;
    const [known] = before.known.filter(kind => kind.number === number);
    const [next] = after.known.filter(kind => kind.number === number);
    if (known === undefined || known.layouts.length === 0) return [];
    if (known.version !== next?.version) return [];
    const layouts = [...known.layouts];
    if (known.version > 0) {
      const [, , , , init = ''] = present?.[0].find(([kind]) => kind === number) ?? [];
      const names = stateNamesOf(init);
      if (names === undefined) return [];
      layouts.push(names);
    }
    const fields = newNames(fact, [...known.layouts], after).filter(
      name => !layouts.some(layout => layout.includes(name)),
    );
    if (fields.length === 0) return [];
    const text =
      `states of kind "${tag}" that are stored have no ${listed(fields)}, which new ones have: ` +
      'code that reads it of those gets undefined. Raise the version and give it by migrate';
    const subject = `${tag}: ${fields.join(', ')}`;
    return [at({ code: 'FIELD_UNDEFINED', subject, text, count: fields.length }, site)];
  });
