/** What becomes of kinds: handles that were not taken over, methods and watchers that are gone. */
import type { Site, VatDescription, VatNumber } from '@heirloom/worker';
import { ranges } from '../../state/kernel-keys.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { RaisedVersion } from '../dry-run-kinds.js';
import type { MigrationSample } from '../migration-sample.js';
import { at, listed, plural, type UpgradeWarning } from './warning.js';

/** By its number. */
interface KnownKind {
  readonly number: number;
  readonly tag: string;
}
type AddedKind = KnownKind & { readonly site: Site };

const warning = (
  code: UpgradeWarning['code'],
  subject: string,
  text: string,
  count = 1,
): UpgradeWarning => ({ code, subject, text, count });

/** Kinds that were lost beside kinds that are new. */
export const lostKinds = (
  lost: readonly KnownKind[],
  added: readonly AddedKind[],
): UpgradeWarning[] => {
  const warnings: UpgradeWarning[] = [];
  const [onlyLost] = lost;
  const [onlyAdded] = added;
  for (const { tag } of lost) {
    const twin = added.find(kind => kind.tag === tag);
    if (twin === undefined) continue;
    const text =
      `a new kind "${tag}" is defined beside the lost one of the same name: its handle was not ` +
      'taken from baggage. Was the key of the handle renamed? Give the old handle to the kind';
    warnings.push(at(warning('HANDLE_NOT_KEPT', tag, text), twin.site));
  }
  const isPair = lost.length === 1 && added.length === 1;
  if (isPair && onlyLost !== undefined && onlyAdded !== undefined && warnings.length === 0) {
    const text =
      `kind "${onlyLost.tag}" is lost and "${onlyAdded.tag}" is new: was it renamed? Define it ` +
      `with the handle of "${onlyLost.tag}"; the name of a kind may differ from its handle's tag`;
    warnings.push(at(warning('KIND_RENAMED', onlyLost.tag, text), onlyAdded.site));
  }
  return warnings;
};

export const facetLabel = (tag: string, facet: string): string =>
  facet === '' ? `"${tag}"` : `"${tag}" (${facet})`;

/** Letters that two names have in common, in order, of all that they have. */
const likeness = (a: string, b: string): number => {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  let common = 0;
  while (common < left.length && left[common] === right[common]) common += 1;
  let tail = 0;
  while (tail < left.length - common && left.at(-1 - tail) === right.at(-1 - tail)) tail += 1;
  return (common + tail) / Math.max(left.length, right.length);
};
const LIKE_ENOUGH = 0.5;

const nearest = (gone: string, names: readonly string[]): string => {
  const found = names.find(name => likeness(gone, name) >= LIKE_ENOUGH);
  return found === undefined ? '' : `; nearest: ${found}`;
};

const goneFrom = (
  what: string,
  before: readonly string[],
  after: readonly string[],
): UpgradeWarning[] => {
  const gone = before.filter(name => !after.includes(name));
  if (gone.length === 0) return [];
  const added = after.filter(name => !before.includes(name));
  const near = gone.length === 1 ? nearest(gone[0] ?? '', added) : '';
  const text =
    `${what} has no ${listed(gone)} any more${near}: whoever calls that, in this vat or another, ` +
    'is rejected. Keep the method, or upgrade the callers first';
  return [warning('METHOD_GONE', `${what}: ${gone.join(', ')}`, text, gone.length)];
};

export const isKnownOutside = (state: KernelState, vat: VatNumber, kind: number): boolean =>
  state.clist(vat).byVRef.has(ranges.exportsOfKind(vat, kind));

/** Methods of the root, and of kinds whose instances others have, that the new code lacks. */
export const goneMethods = (
  state: KernelState,
  vat: VatNumber,
  present: VatDescription,
  next: VatDescription,
): UpgradeWarning[] => {
  const [kindsBefore, rootBefore] = present;
  const [kindsAfter, rootAfter] = next;
  const after = new Map(kindsAfter.map(kind => [kind[0], kind]));
  const ofKinds = kindsBefore.flatMap(([number, tag, , facets]) => {
    const [, , , facetsAfter, , site] = after.get(number) ?? [];
    if (facetsAfter === undefined || !isKnownOutside(state, vat, number)) return [];
    const methods = new Map(facetsAfter.map(([facet, names]) => [facet, names]));
    return facets.flatMap(([facet, names]) =>
      goneFrom(facetLabel(tag, facet), names, methods.get(facet) ?? []).map(it => at(it, site)),
    );
  });
  return [...goneFrom('the root', rootBefore, rootAfter), ...ofKinds];
};

export const lostWatches = ([kinds, , lost]: VatDescription): UpgradeWarning[] => {
  const facts = new Map(kinds.map(fact => [fact[0], fact]));
  return lost.map(([number, handler, count]) => {
    const [, tag = '?', , , , site] = facts.get(number) ?? [];
    const text =
      `${plural(count, 'watch', 'watches')} would tell ${handler} of kind "${tag}", which the ` +
      'new code does not have: the settlements wait until code that has it starts';
    return at(warning('WATCHER_LOST', `${tag}.${handler}`, text, count), site);
  });
};

/** Where the start has defined the kind, of those of one tag the first. */
const siteOfTag = (description: VatDescription | undefined, tag: string): Site | undefined =>
  description?.[0].find(([, name]) => name === tag)?.[5];

export const raisedVersions = (
  raised: readonly RaisedVersion[],
  description?: VatDescription,
): UpgradeWarning[] =>
  raised.map(({ kind, from, to }) => {
    const text =
      `kind "${kind}" goes from version ${from} to ${to}: from then on no code with version ` +
      `${from} starts any more, so there is no way back to the present code`;
    const raise = warning('VERSION_RAISED', `${kind} ${from}-${to}`, text);
    return at(raise, siteOfTag(description, kind));
  });

export const failedMigrations = (
  { failed, fault }: MigrationSample,
  description: VatDescription | undefined,
): UpgradeWarning[] => {
  const byKind = new Map<string, MigrationSample['failed'][number][]>();
  for (const one of failed) byKind.set(one.kind, [...(byKind.get(one.kind) ?? []), one]);
  const warnings = [...byKind].map(([kind, all]) => {
    const [first] = all;
    const text =
      `${plural(all.length, 'state')} of kind "${kind}" cannot be migrated (of those that were ` +
      `tried), as that of ${first?.instance ?? ''}: ${first?.reason ?? ''}. Whoever touches one ` +
      'is rejected: mend migrate for states that old code has written';
    return at(warning('MIGRATION_FAILS', kind, text, all.length), siteOfTag(description, kind));
  });
  if (fault === null) return warnings;
  const text = `migrating its states would end the vat: ${fault}`;
  return [...warnings, warning('MIGRATION_FAILS', fault, text)];
};
