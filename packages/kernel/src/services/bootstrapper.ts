/**
 * Sends `bootstrap(vats, devices)` to the bootstrap vat's root when the static vats are there.
 *
 * Only the host knows this object. It is a kernel object because roots are known only when the
 * merge has made the vats, which the items before it on the run queue ask for.
 */
import { ROOT_VREF } from '@heirloom/worker';
import { kernelData, SlotMark } from '../objects/kernel-data.js';
import { VAT_ADMIN } from '../objects/kernel-objects.js';
import { send } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { DEFERRED, refuseCall, type KernelCall, type KernelMethods } from './calls.js';

const rootOf = (state: KernelState, name: string): KRef => {
  const vat = state.names.get(name);
  if (vat === undefined) return refuseCall(`static vat ${JSON.stringify(name)} did not start`);
  return state.clist(vat).byVRef.need(ROOT_VREF);
};

const bootstrap = (call: KernelCall): typeof DEFERRED => {
  const { state, args } = call;
  const [name, vatNames, hostObjects] = args as readonly [string, readonly string[], object];
  const vats = Object.fromEntries(vatNames.map(vat => [vat, new SlotMark(rootOf(state, vat))]));
  const vatAdmin = new SlotMark(VAT_ADMIN);
  const { body, slots } = kernelData([
    'bootstrap',
    [
      { ...vats, vatAdmin },
      { ...hostObjects, vatAdmin },
    ],
  ]);
  // The result of this call is that of the message: its reference goes on with it.
  send(state, { target: rootOf(state, name), body, slots, result: call.result });
  return DEFERRED;
};

export const BOOTSTRAPPER_METHODS: KernelMethods = { bootstrap };
