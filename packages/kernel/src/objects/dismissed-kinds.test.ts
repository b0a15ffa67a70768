/** What kernels say of exports whose kind was dismissed, whatever a worker says. */
import { FIRST_HEIGHT, packFrame, rowExportName } from '@heirloom/store';
import {
  asciiTag,
  DISMISSED_KINDS_MAX,
  FIRST_INCARNATION,
  FIRST_VAT,
  NAMED_EXPORTS_MAX,
  spaceOf,
  storedBundleId,
  storedImageId,
  storedVRef,
} from '@heirloom/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { LIFECYCLE_RIGHTS, mergeCrank, type Verdict } from '../merge/cranks.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { FIRST_VAT_COUNTERS, Sweep, VatState } from '../state/schema.js';
import { openTestStore } from '../testing/test-store.js';
import { resolveName } from './clist.js';
import { freeUnreferenced } from './freeing.js';
import { hold, release } from './counts.js';
import { dismissKind, hasRevokedNames, revokeStep } from './dismissed-kinds.js';
import { describeData } from './kernel-data.js';
import { ownerOf, refusalOf } from './orphans.js';

const VAT = FIRST_VAT;
const KIND = 10;
const SPEAKER = { vat: VAT, incarnation: FIRST_INCARNATION };
let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
  state.vats.create(VAT, {
    ...{ name: 'v', state: VatState.running, incarnation: FIRST_INCARNATION },
    ...{ parameters: new Uint8Array(), slots: [], spaces: [spaceOf(VAT)], options: STATIC_VAT },
    ...{ bundleId: storedBundleId('b1'), imageId: storedImageId('i') },
    dismissed: [],
    previous: null,
  });
  state.vatCounters.create(VAT, FIRST_VAT_COUNTERS);
});

/** An export that somebody holds. */
const makeExport = (vref: string): KRef => {
  const kref = resolveName(state, SPEAKER, storedVRef(vref));
  hold(state, kref);
  return kref;
};
const reasonOf = (kref: KRef): string => describeData(refusalOf(state, kref));
const dismiss = (kind = KIND, tag = 'Purse'): void =>
  dismissKind(state, VAT, kind, asciiTag(tag));

describe('dismissals', () => {
  test('a kind is dismissed -> its exports have no owner, others have', () => {
    const purse = makeExport('o+d10/1');
    const facet = makeExport('o+d10/2:1');
    const others = ['o+0', 'o+d1/10', 'o+d100/1', 'o+d6/10', 'o+e0/10', 'o+n10'].map(makeExport);
    dismiss();
    expect([purse, facet].map(kref => ownerOf(state, kref))).toEqual([undefined, undefined]);
    expect(others.map(kref => ownerOf(state, kref))).toEqual(others.map(() => VAT));
    expect(reasonOf(facet)).toBe('Error: object revoked: its kind "Purse" was dismissed');
    expect(state.vatCounters.need(VAT).sweep).toBe(Sweep.due);
  });

  test('names -> go in steps; the answer stays, also when the vat has gone', () => {
    const purses = [1, 2, 3, 4, 5].map(n => makeExport(`o+d10/${n}`));
    dismiss();
    expect([revokeStep(state, 2), hasRevokedNames(state)]).toEqual([2, true]);
    expect([revokeStep(state, 2), hasRevokedNames(state)]).toEqual([2, true]);
    expect([revokeStep(state, 2), hasRevokedNames(state)]).toEqual([1, false]);
    state.vats.delete(VAT);
    for (const purse of purses) {
      expect(ownerOf(state, purse)).toBeUndefined();
      expect(reasonOf(purse)).toBe('Error: object revoked: its kind "Purse" was dismissed');
    }
    for (const purse of purses) release(state, purse);
    freeUnreferenced(state);
    expect(purses.map(purse => state.objects.get(purse))).toEqual(purses.map(() => undefined));
  });

  test('the vat mentions a revoked object -> the one it was while it has a name', () => {
    const purse = makeExport('o+d10/1');
    dismiss();
    expect(resolveName(state, SPEAKER, storedVRef('o+d10/1'))).toBe(purse);
    revokeStep(state, 10);
    const fresh = resolveName(state, SPEAKER, storedVRef('o+d10/1'));
    expect(fresh).not.toBe(purse);
    expect(reasonOf(fresh)).toBe(reasonOf(purse));
    expect(state.clist(VAT).byVRef.get(storedVRef('o+d10/1'))).toBeUndefined();
  });

  test('twice, or more kinds than a vat may dismiss -> a fault', () => {
    for (let i = 0; i < DISMISSED_KINDS_MAX; i += 1) dismiss(KIND + i);
    expect(() => dismiss()).toThrow(expect.objectContaining({ code: 'BAD_SYSCALL' }) as Error);
    expect(() => dismiss(KIND + DISMISSED_KINDS_MAX)).toThrow(
      expect.objectContaining({ code: 'LIMIT' }) as Error,
    );
  });
});

describe('names of exports that a start abandons', () => {
  const merge = (rows: readonly (readonly [Uint8Array, Uint8Array | null])[]): Verdict => {
    const context = { ...SPEAKER, spaces: [spaceOf(VAT)] as const, rights: LIFECYCLE_RIGHTS };
    return mergeCrank(state, context, packFrame([null, [], rows, null]));
  };
  const keys = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => `n${String(i).padStart(4, '0')}`).map(name =>
      Buffer.from(rowExportName(name), 'latin1'),
    );

  test('rows that there are -> told by name; others -> nobody hears of them', () => {
    merge(keys(2).map(key => [key, new Uint8Array(1)]));
    const verdict = merge(keys(4).map(key => [key, null]));
    expect(verdict.ok && verdict.effects.abandonedNames).toEqual(['n0000', 'n0001']);
  });

  test('more than a vat can have named -> a fault', () => {
    const all = keys(NAMED_EXPORTS_MAX + 1);
    expect(merge(all.map(key => [key, new Uint8Array(1)])).ok).toBe(true);
    expect(merge(all.map(key => [key, null]))).toMatchObject({ ok: false, code: 'LIMIT' });
  });
});
