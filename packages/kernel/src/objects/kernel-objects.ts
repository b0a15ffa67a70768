/**
 * Objects that no vat owns: the kernel's own and the host's. They are named, counted and sent to
 * like any other; a message to one leaves the run queue here instead of in a vat.
 *
 * Theory of operation: five objects are there from the first block on, under the numbers below.
 * The others are made on demand and go when nobody reaches them, with the row that says what they
 * are.
 */
import type { BundleId } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { objectKRef, showKRef, type KRef } from '../state/krefs.js';
import { KERNEL_OWNS, type Owner } from '../state/parties.js';
import { Reach, type ObjectRow } from '../state/schema.js';
import {
  KernelObject,
  type KernelObjectOf,
  type KernelObjectRow,
} from '../state/service-tables.js';
import { hold, releaseAll } from './counts.js';
import { SlotMark } from './kernel-data.js';
import { forgetWaits, waitSubject } from './replies.js';

/** Objects that every store has. Numbers below the first of `nextObject`. */
export const PERMANENT_OBJECTS = {
  vatAdmin: [objectKRef(1), [KernelObject.vatAdmin]],
  service: [objectKRef(2), [KernelObject.service]],
  criticalKey: [objectKRef(3), [KernelObject.criticalKey]],
  clock: [objectKRef(4), [KernelObject.clock]],
  bootstrapper: [objectKRef(5), [KernelObject.bootstrapper]],
} as const satisfies Readonly<Record<string, readonly [KRef, KernelObjectRow]>>;

export const VAT_ADMIN = PERMANENT_OBJECTS.vatAdmin[0];
export const SERVICE = PERMANENT_OBJECTS.service[0];
export const CRITICAL_KEY = PERMANENT_OBJECTS.criticalKey[0];
export const CLOCK = PERMANENT_OBJECTS.clock[0];
export const BOOTSTRAPPER = PERMANENT_OBJECTS.bootstrapper[0];

/** The row of an object without a vat; `holders` 1: the kernel itself holds it, for good. */
export const ownedRow = (owner: Owner, name: string, holders: 0 | 1): ObjectRow => [
  owner,
  name,
  holders,
  holders,
  Reach.reachable,
  '',
];

/** An object of the kernel's own. It goes when the wave ends unless something holds it. */
export const makeKernelObject = (state: KernelState, row: KernelObjectRow): KRef => {
  const kref = objectKRef(state.next('nextObject'));
  state.objects.create(kref, ownedRow(KERNEL_OWNS, showKRef(kref), 0));
  state.maybeFree.add(kref);
  state.services.kernelObjects.create(kref, row);
  return kref;
};

const isOfKind = <K extends KernelObject>(
  row: KernelObjectRow,
  kind: K,
): row is KernelObjectOf<K> => row[0] === kind;

/** What `value` is, if it stands for a kernel object of this kind. */
export const kernelObjectOf = <K extends KernelObject>(
  state: KernelState,
  value: unknown,
  kind: K,
): { readonly kref: KRef; readonly row: KernelObjectOf<K> } | undefined => {
  if (!(value instanceof SlotMark)) return undefined;
  const row = state.services.kernelObjects.get(value.kref);
  return row !== undefined && isOfKind(row, kind) ? { kref: value.kref, row } : undefined;
};

/** The cap of a bundle: made when the bundle is installed, and there for good. */
export const provideBundleCap = (state: KernelState, bundleId: BundleId): KRef => {
  const known = state.services.bundleCaps.get(bundleId);
  if (known !== undefined) return known;
  const cap = makeKernelObject(state, [KernelObject.bundleCap, bundleId]);
  hold(state, cap);
  state.services.bundleCaps.create(bundleId, cap);
  return cap;
};

/** Nobody reaches a kernel object any more: what says what it is goes. */
export const forgetKernelObject = (state: KernelState, kref: KRef): void => {
  const { kernelObjects } = state.services;
  const row = kernelObjects.get(kref);
  if (row === undefined) return;
  if (row[0] === KernelObject.adminNode && row[2] !== null) releaseAll(state, row[2][2]);
  // Nobody can use up this meter any more: what waits for that never settles.
  if (row[0] === KernelObject.meter) forgetWaits(state, waitSubject.threshold(kref));
  kernelObjects.delete(kref);
};
