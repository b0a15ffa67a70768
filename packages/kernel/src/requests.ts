/**
 * What a host asks for, checked, as inputs: messages and lifecycle items.
 *
 * Everything that can be refused is refused here, before the input has a number.
 */
import type { KernelCore } from './core.js';
import { holdAll } from './counts.js';
import { KernelError } from './errors.js';
import type { VatReference } from './host-data.js';
import type { ApplyInput } from './inputs.js';
import type { CreateVatOptions } from './kernel-types.js';
import { send } from './router.js';
import type { KRef } from './state/krefs.js';
import {
  KERNEL_DECIDES,
  NOBODY,
  STATIC_VAT,
  type LifecycleItem,
  type VatNumber,
} from './state/schema.js';

/** Errors: KernelError BAD_ARGUMENT, UNKNOWN_REFERENCE. */
export const messageInput = (
  core: KernelCore,
  ...[target, method, args]: [VatReference, string, readonly unknown[]]
): ApplyInput => {
  const to = core.data.krefOf(target);
  if (typeof method !== 'string') {
    throw new KernelError('BAD_ARGUMENT', `a method name must be a string: ${String(method)}`);
  }
  if (!Array.isArray(args)) {
    throw new KernelError('BAD_ARGUMENT', 'arguments must be an array');
  }
  const { body, slots } = core.data.encode([method, [...args]]);
  return input => {
    const result = core.results.create(input, NOBODY);
    send(core.router, { target: to, body, slots, result });
    return result;
  };
};

/** Queues a lifecycle item; its result answers the input. */
export const enqueueLifecycle = (
  { state, results }: KernelCore,
  input: number,
  item: Omit<LifecycleItem, 'result'>,
): KRef => {
  const result = results.create(input, KERNEL_DECIDES);
  holdAll(state, item.slots);
  state.enqueue({ ...item, result } as LifecycleItem);
  return result;
};

/** A creation (`vat` undefined: it gets the next number) or an upgrade. */
export const lifecycleInput = (
  core: KernelCore,
  ...[type, text, given]: [LifecycleItem['type'], string, Omit<CreateVatOptions, 'name'>]
): ((input: number, vat: VatNumber | undefined) => KRef) => {
  const { bundles, data, pool, state } = core;
  const { bundleId, vatParameters, critical } = given;
  const options = critical === undefined ? {} : { options: { ...STATIC_VAT, critical } };
  const script = bundles.scriptOf(bundleId);
  const { body, slots } = data.encode(vatParameters);
  pool.prepare(script);
  return (input, known) => {
    const vat = known ?? state.next('nextVat');
    return enqueueLifecycle(core, input, { type, vat, bundleId, body, slots, text, ...options });
  };
};
