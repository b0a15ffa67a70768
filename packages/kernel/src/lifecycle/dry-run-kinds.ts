/** What an upgrade makes of a vat's durable kinds: part of the report of a dry run. */
import { readU32, ROW_KIND_PREFIX, rowKind, rowResolverKind } from '@heirloom/store';
import {
  describeKind,
  describeOwnKind,
  readTag,
  type KindDescription,
  type Site,
  type Spaces,
  type VatDescription,
  type VatNumber,
} from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { DismissedKind } from '../state/schema.js';

/** A durable kind whose states get a higher version. */
export interface RaisedVersion {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** Tags of durable kinds. */
export interface KindFates {
  /** Defined again; of an upgrade that fails, as far as its start came. */
  readonly bound: readonly string[];
  /** Of the predecessor, and not defined again. */
  readonly unbound: readonly string[];
  /** Given up on purpose, by the start. */
  readonly dismissed: readonly string[];
  readonly added: readonly string[];
}

type NumberedKind = KindDescription & { readonly number: number };

/** The durable kinds of a vat at a moment. */
export interface VatKinds {
  /** In order of their numbers; none that it has dismissed. */
  readonly known: readonly NumberedKind[];
  readonly dismissed: readonly DismissedKind[];
  /** Of liveslots, if the vat has it: no kind of the author's, and told nowhere. */
  readonly own: number | undefined;
}

/** Undefined: only a worker gone wrong has written it. */
export const described = <T>(describe: (row: Uint8Array) => T, row: Uint8Array): T | undefined => {
  try {
    return describe(row);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
};

/** The row of a durable kind, if the vat has it. */
export const kindRowOf = (
  state: KernelState,
  spaces: Spaces,
  kind: number,
): Uint8Array | undefined => {
  const key = rowKind(kind);
  return state.rows.has(spaces, key) ? state.rows.need(spaces, key) : undefined;
};

const ownKindOf = (state: KernelState, spaces: Spaces): number | undefined => {
  const key = rowResolverKind();
  const has = state.rows.has(spaces, key);
  return has ? described(describeOwnKind, state.rows.need(spaces, key)) : undefined;
};

export const kindsOf = (state: KernelState, vat: VatNumber): VatKinds => {
  const { spaces, dismissed } = state.vats.need(vat);
  const own = ownKindOf(state, spaces);
  const known = state.rows.keysWith(spaces, ROW_KIND_PREFIX).flatMap(key => {
    const number = readU32(key, ROW_KIND_PREFIX.length);
    const description = described(describeKind, state.rows.need(spaces, key));
    const isGone = description === undefined || dismissed.some(([kind]) => kind === number);
    return isGone || number === own ? [] : [{ ...description, number }];
  });
  return { known, dismissed, own };
};

/** The kinds of `before` whose version is higher in `after`. */
export const raised = (before: VatKinds, after: VatKinds): RaisedVersion[] => {
  const versions = new Map(after.known.map(({ number, version }) => [number, version]));
  return before.known.flatMap(({ number, tag, version: from }) => {
    const to = versions.get(number) ?? from;
    return to > from ? [{ kind: tag, from, to }] : [];
  });
};

type Described = Pick<VatDescription, 0>;

/** Kinds of the predecessor that the start has not defined; undefined: nobody can tell. */
const definedIn = (description: Described | undefined): ReadonlySet<number> | undefined =>
  description && new Set(description[0].map(([number]) => number));

export const lostOf = (
  before: VatKinds,
  description: Described | undefined,
): readonly NumberedKind[] => {
  const defined = definedIn(description);
  return defined === undefined ? [] : before.known.filter(({ number }) => !defined.has(number));
};

/** Kinds that the start has made. */
export const addedOf = (
  before: VatKinds,
  description: Described | undefined,
): readonly { readonly number: number; readonly tag: string; readonly site: Site }[] => {
  const known = new Set(before.known.map(({ number }) => number));
  const gone = new Set(before.dismissed.map(([number]) => number));
  const defined = description?.[0] ?? [];
  return defined
    .filter(([number]) => !known.has(number) && !gone.has(number))
    .map(([number, tag, , , , site]) => ({ number, tag, site }));
};

const tagsOf = (kinds: readonly { readonly tag: string }[]): string[] =>
  kinds.map(({ tag }) => tag);

/** `isOk`: the start went well, and all that it has not dismissed is bound. */
export const fatesOf = (
  before: VatKinds,
  after: VatKinds,
  description: Described | undefined,
  isOk: boolean,
): KindFates => {
  const tags = new Map(before.known.map(({ number, tag }) => [number, tag]));
  const isLeft = new Set(after.known.map(({ number }) => number));
  const defined = definedIn(description);
  const isBound = ({ number }: NumberedKind): boolean =>
    isOk ? isLeft.has(number) : defined?.has(number) === true;
  const wasDismissed = new Set(before.dismissed.map(([number]) => number));
  const dismissed = after.dismissed.filter(([number]) => !wasDismissed.has(number));
  return {
    bound: tagsOf(before.known.filter(isBound)),
    unbound: isOk ? [] : tagsOf(lostOf(before, description)),
    dismissed: dismissed.map(([number, tag]) => tags.get(number) ?? readTag(tag) ?? '?'),
    added: tagsOf(after.known.filter(({ number }) => !tags.has(number))),
  };
};
