/**
 * What objects say that they are: the name that presences of them show, as it is spelled
 * (protocol/interfaces.ts of the worker); empty where there is none.
 *
 * Invariant: an object that has a name keeps it for as long as the kernel knows the object. So
 * whoever imports it, whenever, and again after having let go of it, is told the same.
 */
import {
  isPromiseRef,
  NO_INTERFACE,
  readInterface,
  spellInterface,
  type Interfaces,
  type VatNumber,
} from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { HOST_OWNS, KERNEL_OWNS } from '../state/parties.js';
import { Reach } from '../state/schema.js';
import { KERNEL_OBJECT_NAMES } from '../state/service-tables.js';
import { getObject } from './counts.js';

const alleged = (name: string): string => spellInterface(`Alleged: ${name}`);

/** Of an object, as it is spelled. */
export const spelledInterface = (state: KernelState, kref: KRef): string => {
  const [owner, name, , , , spelled] = getObject(state, kref);
  if (owner === HOST_OWNS) return alleged(name);
  if (owner !== KERNEL_OWNS) return spelled;
  const row = state.services.kernelObjects.get(kref);
  return row === undefined ? '' : alleged(KERNEL_OBJECT_NAMES[row[0]]);
};

/** As `getInterfaceOf` gives it in a vat that imports the object now; of promises undefined. */
export const interfaceOf = (state: KernelState, kref: KRef): string | undefined => {
  if (isPromiseKRef(kref)) return undefined;
  return readInterface(spelledInterface(state, kref)) ?? NO_INTERFACE;
};

/** Syscall: exports of the vat that have no name get theirs; others keep what they have. */
export const allege = (state: KernelState, vat: VatNumber, interfaces: Interfaces): void => {
  const { byVRef } = state.clist(vat);
  for (const [vref, spelled] of interfaces) {
    const kref = isPromiseRef(vref) ? undefined : byVRef.get(vref);
    if (kref === undefined) continue;
    const [owner, name, reachable, recognizable, exported, known] = getObject(state, kref);
    if (owner !== vat || known !== '') continue;
    state.objects.set(kref, [owner, name, reachable, recognizable, exported, spelled]);
  }
};

/**
 * What a delivery tells of the objects that it mentions: the names of those that are new to the
 * vat. New is what no merged crank has mentioned yet, for cranks may be undone; `all` tells of the
 * others too, where the vat may have forgotten them before the delivery reaches it.
 */
export const interfacesOf = (
  state: KernelState,
  vat: VatNumber,
  krefs: readonly KRef[],
  all: boolean,
): Interfaces => {
  const { byKRef } = state.clist(vat);
  const told = new Map<string, Interfaces[number]>();
  for (const kref of krefs) {
    const entry = isPromiseKRef(kref) ? undefined : byKRef.get(kref);
    if (entry === undefined || (!all && entry[1] !== Reach.allocated)) continue;
    const spelled = spelledInterface(state, kref);
    if (spelled !== '') told.set(entry[0], [entry[0], spelled]);
  }
  return [...told.values()];
};
