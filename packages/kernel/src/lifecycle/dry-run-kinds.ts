/** What an upgrade makes of a vat's durable kinds: part of the report of a dry run. */
import { readU32, ROW_KIND_PREFIX } from '@heirloom/store';
import { describeKind, readTag, type KindDescription, type VatNumber } from '@heirloom/worker';
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

const NOT_CALLED = /^defineDurableKind not called for tags: \[(.*)\]$/s;

type NumberedKind = KindDescription & { readonly number: number };

/** The durable kinds of a vat at a moment. */
interface VatKinds {
  /** In order of their numbers; none that it has dismissed. */
  readonly known: readonly NumberedKind[];
  readonly dismissed: readonly DismissedKind[];
}

/** Undefined: only a worker gone wrong has written it. */
const describeRow = (row: Uint8Array): KindDescription | undefined => {
  try {
    return describeKind(row);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
};

export const kindsOf = (state: KernelState, vat: VatNumber): VatKinds => {
  const { spaces, dismissed } = state.vats.need(vat);
  const known = state.rows.keysWith(spaces, ROW_KIND_PREFIX).flatMap(key => {
    const number = readU32(key, ROW_KIND_PREFIX.length);
    const description = describeRow(state.rows.need(spaces, key));
    const isGone = description === undefined || dismissed.some(([kind]) => kind === number);
    return isGone ? [] : [{ ...description, number }];
  });
  return { known, dismissed };
};

/** The kinds of `before` whose version is higher in `after`. */
export const raised = (before: VatKinds, after: VatKinds): RaisedVersion[] => {
  const versions = new Map(after.known.map(({ number, version }) => [number, version]));
  return before.known.flatMap(({ number, tag, version: from }) => {
    const to = versions.get(number) ?? from;
    return to > from ? [{ kind: tag, from, to }] : [];
  });
};

/** The tags that the text of a failure says were not defined again; `known` is in their order. */
const unboundIn = (errors: readonly string[], known: readonly string[]): string[] => {
  const unbound: string[] = [];
  for (const error of errors) {
    let [, rest = ''] = NOT_CALLED.exec(error.replace(/^\w+: /, '')) ?? [];
    for (const tag of known) {
      if (rest !== tag && !rest.startsWith(`${tag},`)) continue;
      unbound.push(tag);
      rest = rest.slice(tag.length + 1);
    }
  }
  return unbound;
};

/** `errors`: why the start failed, if it did. */
export const fatesOf = (
  before: VatKinds,
  after: VatKinds,
  errors: readonly string[],
): KindFates => {
  const tags = new Map(before.known.map(({ number, tag }) => [number, tag]));
  const isLeft = new Set(after.known.map(({ number }) => number));
  const unbound = unboundIn(errors, [...tags.values()]);
  const wasDismissed = new Set(before.dismissed.map(([number]) => number));
  const dismissed = after.dismissed.filter(([number]) => !wasDismissed.has(number));
  return {
    bound: [...tags].flatMap(([number, tag]) =>
      isLeft.has(number) && !unbound.includes(tag) ? [tag] : [],
    ),
    unbound,
    dismissed: dismissed.map(([number, tag]) => tags.get(number) ?? readTag(tag) ?? '?'),
    added: after.known.flatMap(({ number, tag }) => (tags.has(number) ? [] : [tag])),
  };
};
