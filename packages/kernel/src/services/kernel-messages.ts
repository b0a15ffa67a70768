/**
 * Messages to the kernel's own objects, carried out when the merge reaches them.
 *
 * A call is all or nothing: what is refused is undone, its result is rejected. The message's
 * references are let go last, so that what it mentions is there while it is carried out.
 */
import type { Steps } from '@heirloom/store';
import { release, releasingAll } from '../objects/counts.js';
import { decodingKernelData, kernelData, rejection } from '../objects/kernel-data.js';
import { answering, takeResult } from '../objects/replies.js';
import type { Settlement } from '../objects/router.js';
import type { KernelState } from '../state/kernel-state.js';
import type { QueuedMessage } from '../state/queue-items.js';
import {
  KERNEL_OBJECT_NAMES,
  KernelObject,
  type KernelObjectRow,
} from '../state/service-tables.js';
import { BOOTSTRAPPER_METHODS } from './bootstrapper.js';
import { Answered, DEFERRED, Refusal, type KernelMethod, type KernelMethods } from './calls.js';
import { CLOCK_METHODS } from './clock.js';
import { METER_METHODS } from './meters.js';
import {
  ADMIN_METHODS,
  BUNDLE_CAP_METHODS,
  ROOT_METHODS,
  SERVICE_METHODS,
} from './vat-admin.js';

/** By `KernelObject`: each kind's methods see rows of that kind alone. */
const METHODS: Readonly<Record<KernelObject, KernelMethods>> = {
  [KernelObject.vatAdmin]: ROOT_METHODS,
  [KernelObject.service]: SERVICE_METHODS,
  [KernelObject.criticalKey]: {},
  [KernelObject.clock]: CLOCK_METHODS,
  [KernelObject.bootstrapper]: BOOTSTRAPPER_METHODS,
  [KernelObject.bundleCap]: BUNDLE_CAP_METHODS as KernelMethods,
  [KernelObject.adminNode]: ADMIN_METHODS as KernelMethods,
  [KernelObject.meter]: METER_METHODS as KernelMethods,
};

interface Spoken {
  readonly method: KernelMethod;
  readonly args: readonly unknown[];
}

/** Errors: Refusal for what is no call of one of the kind's methods. */
function* reading(kind: KernelObject, message: QueuedMessage): Steps<Spoken> {
  const methods = METHODS[kind];
  let spoken: unknown;
  try {
    spoken = yield* decodingKernelData(message);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    throw new Refusal(TypeError('the message is no data'));
  }
  const [name, args]: readonly unknown[] = Array.isArray(spoken) ? spoken : [];
  if (!Array.isArray(args)) throw new Refusal(TypeError('the message is no call'));
  const known = typeof name === 'string' && Object.hasOwn(methods, name);
  const method = known ? methods[name] : undefined;
  if (method !== undefined) return { method, args };
  const shown = typeof name === 'string' ? JSON.stringify(name) : 'that is no string';
  const names = `[${Object.keys(methods).join(', ')}] (${KERNEL_OBJECT_NAMES[kind]})`;
  throw new Refusal(TypeError(`target has no method ${shown}, has ${names}`));
}

/** Carries the message out, or undoes what it did. Undefined: its result is seen to. */
function* carryingOut(
  state: KernelState,
  row: KernelObjectRow,
  message: QueuedMessage,
): Steps<Settlement | undefined> {
  const { target: kref, result } = message;
  const mark = state.mark();
  try {
    const { method, args } = yield* reading(row[0], message);
    const value = method({ state, kref, row, args, result });
    if (value === DEFERRED) return undefined;
    return value instanceof Answered ? value.settlement : { rejected: false, ...kernelData(value) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    state.journal.rollback(mark);
    return rejection(error.reason);
  }
}

/** Carries out one message to a kernel object. */
export function* acceptingKernelCall(state: KernelState, message: QueuedMessage): Steps<void> {
  const { target: kref, result, slots } = message;
  const row = state.services.kernelObjects.need(kref);
  const settlement = yield* carryingOut(state, row, message);
  if (settlement !== undefined && result !== undefined) {
    takeResult(state, result);
    yield* answering(state, result, settlement);
  }
  release(state, kref);
  yield* releasingAll(state, slots);
}
