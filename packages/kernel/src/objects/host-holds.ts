/**
 * What the host holds: the references that it was told of, until it releases them, and those that
 * it has bound to names.
 *
 * A pin is a row with a number: 1 if the host was told and has not released it, and 2 for each
 * name.
 * Invariants: the row is there iff that number is not nil, and it holds the reference once. Whether
 * the host may use a reference follows from the state alone: held-references.ts, rules.md#s5.
 */
import { atOnce, heightAfter, type Steps } from '@heirloom/store';
import type { Untold } from '../state/host-tellings.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { PromiseRow } from '../state/schema.js';
import { hold, release } from './counts.js';

const TOLD = 1;
const PER_NAME = 2;

export const isTold = (pin: number): boolean => pin % PER_NAME === TOLD;
/** How many names are bound to it. */
export const namesOfPin = (pin: number): number => Math.floor(pin / PER_NAME);
const pinOf = ({ pins }: KernelState, kref: KRef): number => pins.get(kref) ?? 0;

const setPin = (state: KernelState, kref: KRef, pin: number): void => {
  const isNew = state.pins.get(kref) === undefined;
  if (pin > 0) {
    state.pins.set(kref, pin);
    if (isNew) hold(state, kref);
    return;
  }
  state.pins.delete(kref);
  release(state, kref);
};

/** The host will be told of `kref`, in a result or in a call, and holds it until it releases it. */
export const pin = (state: KernelState, kref: KRef, by: 'results' | 'calls'): void => {
  const before = pinOf(state, kref);
  state.hostTellings.add(by, kref, isTold(before));
  if (!isTold(before)) setPin(state, kref, before + TOLD);
};

/**
 * The host lets go of what it had been told when it called; `untold` is what it was then still to
 * be told of, and what it has been told since is not let go.
 */
export const letGo = (state: KernelState, kref: KRef, untold: Untold): void => {
  const before = pinOf(state, kref);
  if (!isTold(before) || untold.wasTold(kref)) return;
  if (state.hostTellings.has(kref)) state.hostTellings.released(kref);
  else setPin(state, kref, before - TOLD);
};

/** Takes a name away. False: it was not bound. */
export const unbindName = (state: KernelState, name: string): boolean => {
  const kref = state.boundNames.get(name);
  if (kref === undefined) return false;
  state.boundNames.delete(name);
  setPin(state, kref, pinOf(state, kref) - PER_NAME);
  return true;
};

/** Binds a name to what the host holds, instead of what it was bound to. */
export const bindName = (state: KernelState, name: string, kref: KRef): void => {
  if (state.boundNames.get(name) === kref) return;
  setPin(state, kref, pinOf(state, kref) + PER_NAME);
  unbindName(state, name);
  state.boundNames.set(name, kref);
};

/** The host will be told of a promise that has settled, and holds what it settled to. */
export function* tellingHost(state: KernelState, promise: KRef, row: PromiseRow): Steps<void> {
  for (const kref of row.slots) {
    pin(state, kref, 'results');
    yield;
  }
  state.hostSettlements.add(promise, row, heightAfter(state.height));
}

/** The same at a stretch. */
export const tellHost = (state: KernelState, promise: KRef, row: PromiseRow): void =>
  atOnce(tellingHost(state, promise, row));
