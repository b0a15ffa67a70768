/**
 * Objects that their vat no longer answers for: who would answer, and what is said instead.
 *
 * An export ends with its vat, with its incarnation, when its vat abandons it, or when its vat has
 * dismissed its kind. By then the object's row may still name the vat: such names are taken away in
 * bounded steps, so what decides is what the vat's row says. Of a revoked object the row keeps its
 * kind's tag in place of its name, so that what is said of it never changes.
 */
import assert from 'node:assert/strict';
import {
  isVatNumber,
  parseVRef,
  readTag,
  revocationText,
  spellInterface,
  type VatNumber,
} from '@heirloom/worker';
import type { KeyRange } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import { objectKRef, isPromiseKRef, type KRef } from '../state/krefs.js';
import { NOBODY_OWNS, REVOKED, type Owner } from '../state/parties.js';
import { Reach, VatState, type VatRow } from '../state/schema.js';
import { getObject } from './counts.js';
import { rejection, VAT_TERMINATED } from './kernel-data.js';
import type { Settlement } from './router.js';

/** Does this name die with an incarnation? (`o+e…`, `o+v…`) */
const isMortal = (vref: string): boolean => vref.startsWith('o+e') || vref.startsWith('o+v');

const KIND_AT = 'o+d'.length;

/** The tag, as ASCII, of the kind of an export, if its vat has dismissed the kind. */
export const dismissedTag = ({ dismissed }: VatRow, vref: string): string | undefined => {
  if (dismissed.length === 0 || !vref.startsWith('o+d')) return undefined;
  const kind = Number(vref.slice(KIND_AT, vref.indexOf('/')));
  return dismissed.find(([number]) => number === kind)?.[1];
};

/**
 * The vat that would receive a message to this object now, HOST_OWNS or KERNEL_OWNS; `undefined`
 * when nobody would.
 */
export const ownerOf = (state: KernelState, kref: KRef): Owner | undefined => {
  const [owner, vref] = getObject(state, kref);
  if (owner === NOBODY_OWNS || owner === REVOKED) return undefined;
  if (!isVatNumber(owner)) return owner;
  const vat = state.vats.need(owner);
  if (vat.state === VatState.terminated) return undefined;
  if (!isMortal(vref)) return dismissedTag(vat, vref) === undefined ? owner : undefined;
  const parsed = parseVRef(vref);
  if (parsed === undefined || !('incarnation' in parsed)) assert.fail(`stored vref ${vref}`);
  return parsed.incarnation < vat.incarnation ? undefined : owner;
};

/** What a message to an object that nobody answers for is rejected with. */
export const refusalOf = (state: KernelState, kref: KRef): Settlement => {
  const [owner, vref] = getObject(state, kref);
  const vat = isVatNumber(owner) ? state.vats.get(owner) : undefined;
  const tag = owner === REVOKED ? vref : vat && dismissedTag(vat, vref);
  return tag === undefined ? VAT_TERMINATED : revocation(tag);
};

const revocation = (ascii: string): Settlement => {
  const tag = readTag(ascii);
  assert(tag !== undefined, 'a tag that was checked');
  return rejection(Error(revocationText(tag)));
};

/** The vat's name of an object is gone: the object is nobody's, or revoked. */
export const orphan = (state: KernelState, kref: KRef): void => {
  const [owner, vref, reachable, recognizable, exported, spelled] = getObject(state, kref);
  const vat = isVatNumber(owner) ? state.vats.get(owner) : undefined;
  const tag = vat && dismissedTag(vat, vref);
  state.objects.set(
    kref,
    tag === undefined
      ? [NOBODY_OWNS, vref, reachable, recognizable, exported, spelled]
      : [REVOKED, tag, reachable, recognizable, exported, spelled],
  );
  state.maybeFree.add(kref);
};

/** What a vat calls by the name of a revoked object that the kernel has forgotten. */
export const makeRevoked = (state: KernelState, tag: string): KRef => {
  const kref = objectKRef(state.next('nextObject'));
  const spelled = spellInterface(`Alleged: ${readTag(tag) ?? ''}`);
  state.objects.create(kref, [REVOKED, tag, 0, 0, Reach.recognizable, spelled]);
  state.maybeFree.add(kref);
  return kref;
};

/** Takes up to `limit` exports of a range out of a vat's c-list; their objects are orphaned. */
export const removeExports = (
  state: KernelState,
  vat: VatNumber,
  range: KeyRange,
  limit: number,
): number => {
  const { byVRef } = state.clist(vat);
  const exports = byVRef.keys(range, limit);
  for (const vref of exports) {
    const kref = byVRef.need(vref);
    byVRef.delete(vref);
    if (!isPromiseKRef(kref)) orphan(state, kref);
  }
  return exports.length;
};
