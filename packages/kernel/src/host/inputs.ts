/** What the calls of a host become when they are taken: inputs. */
import type { BundleId, VatNumber } from '@heirloom/worker';
import { checkFields, checkName } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { VatReference } from '../core/host-data.js';
import { silentInput, vatsInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { cancelEntry, findItem, type ItemChoice } from '../objects/cancel.js';
import { getPromise, holdAll } from '../objects/counts.js';
import { tellHost } from '../objects/host-holds.js';
import type { KernelData } from '../objects/kernel-data.js';
import { send, subscribe } from '../objects/router.js';
import { readRefresh } from '../services/option-reader.js';
import type { InputNumber } from '../state/input-numbers.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { isPromiseKRef, type KRef } from '../state/krefs.js';
import { HOST_SUBSCRIBES, KERNEL_DECIDES, NOBODY_DECIDES } from '../state/parties.js';
import { heldBy, ItemType, type LifecycleRequest } from '../state/queue-items.js';
import { runningVats } from '../state/running-vats.js';
import { PromiseState, Reap, Sweep } from '../state/schema.js';
import type { WorkerKind } from '../vats/channel.js';
import { createdVat } from './answers.js';
import { hostDialect, readCritical } from './host-dialect.js';
import type { CreatedVat, CreateVatOptions, TerminateVatOptions } from './kernel-types.js';
import { checkIsolation } from './isolation-option.js';

/** A message. Errors: KernelError BAD_ARGUMENT, UNKNOWN_REFERENCE: nothing was queued. */
export const messageInput = (
  core: KernelCore,
  target: VatReference,
  method: string,
  args: readonly unknown[],
): Input<unknown> => {
  const to = core.data.krefOf(target);
  if (typeof method !== 'string') {
    throw new KernelError('BAD_ARGUMENT', `a method name must be a string: ${String(method)}`);
  }
  const given: unknown = args;
  if (!Array.isArray(given)) throw new KernelError('BAD_ARGUMENT', 'arguments must be an array');
  const { body, slots } = core.data.encode([method, [...args]]);
  const apply = (input: InputNumber): KRef => {
    const result = core.results.create(input, NOBODY_DECIDES);
    send(core.state, { target: to, body, slots, result });
    return result;
  };
  return vatsInput(apply, [to, ...slots], body.length);
};

/** Queues a lifecycle item; gives the promise of its result. */
export const enqueueLifecycle = (
  core: KernelCore,
  input: InputNumber,
  request: LifecycleRequest,
  first: boolean,
): KRef => {
  const { state, results } = core;
  const result = results.create(input, KERNEL_DECIDES);
  holdAll(state, heldBy(request));
  const item = { ...request, result };
  if (first) core.takeFirst([item]);
  else state.enqueue(item);
  return result;
};

/** New code and its parameters. Errors: KernelError UNKNOWN_BUNDLE for what is no bundle's id. */
export const codeOf = (
  { bundles, data }: KernelCore,
  { bundleId, vatParameters }: Pick<CreateVatOptions, 'bundleId' | 'vatParameters'>,
): KernelData & { readonly bundleId: BundleId } => ({
  bundleId: bundles.named(bundleId),
  ...data.encode(vatParameters),
});

/** A worker begins to evaluate a bundle at once. */
export const prepareWorker = (core: KernelCore, bundleId: BundleId, kind: WorkerKind): void =>
  core.zygotes.prepare({ kind, script: core.bundles.scriptOf(bundleId) });

/** Errors: KernelError NAME_TAKEN. */
export const checkNameIsFree = ({ state }: KernelCore, name: string): void => {
  if (state.names.get(name) === undefined) return;
  throw new KernelError('NAME_TAKEN', `there is a vat named ${JSON.stringify(name)}`);
};

/** The creation of a static vat. Errors: KernelError NAME_TAKEN, BAD_ARGUMENT, BAD_OPTION, ... */
export const createInput = (core: KernelCore, options: CreateVatOptions): Input<CreatedVat> => {
  const known = ['name', 'bundleId', 'vatParameters', 'critical', 'refresh', 'isolation'];
  checkFields('createVat', options, known);
  const name = checkName(options.name);
  const { isolation } = options;
  checkIsolation(isolation);
  const dialect = hostDialect('createVat');
  const critical = readCritical(options.critical, dialect);
  const refresh = readRefresh(options.refresh, dialect);
  const isUsual = !critical && refresh === 0;
  const kept = isUsual ? {} : { options: { ...STATIC_VAT, critical, refresh } };
  const code = codeOf(core, options);
  const { bundleId, body } = code;
  const check = (): void => {
    checkNameIsFree(core, name);
    core.bundles.scriptOf(bundleId);
  };
  const prepare = (): void => prepareWorker(core, bundleId, core.isolation.kindFor(isolation));
  const apply = (input: InputNumber): KRef => {
    const vat = core.state.nextVat();
    if (isolation !== undefined) core.isolation.choose(vat, isolation);
    const item = { type: ItemType.create, vat, name, ...code, ...kept };
    return enqueueLifecycle(core, input, item, false);
  };
  const bytes = body.length;
  return { references: code.slots, check, prepare, apply, decode: createdVat, bytes };
};

const HOST_TERMINATES = Error('vat terminated by the host');

/** The end of a vat. Errors: KernelError BAD_OPTION, BAD_ARGUMENT. */
export const terminateInput = (
  core: KernelCore,
  vat: VatNumber,
  options: TerminateVatOptions,
): Input<void> => {
  checkFields('terminateVat', options, ['reason', 'first']);
  const { reason = HOST_TERMINATES, first = false } = options;
  const data = core.data.encode(reason);
  const item = { type: ItemType.terminate, vat, ...data };
  return {
    references: data.slots,
    apply: input => enqueueLifecycle(core, input, item, first),
    decode: () => undefined,
    bytes: data.body.length,
  };
};

/** A search of one vat, or every, for stored things that only hold each other. */
export const collectCyclesInput = (
  { state }: KernelCore,
  vat: VatNumber | undefined,
): Input<void> =>
  silentInput(() => {
    for (const running of vat === undefined ? runningVats(state) : [vat]) {
      const counters = state.vatCounters.get(running);
      if (counters === undefined || counters.position === 0) continue;
      state.vatCounters.set(running, { ...counters, sweep: Sweep.cycles });
      state.dueVats.add(running);
    }
  });

/** A full reap of every vat in the next wave. Errors: KernelError BAD_OPTION in consensus mode. */
export const reapAllInput = ({ state, parameters }: KernelCore): Input<void> => {
  if (parameters.gc !== 'engine') {
    throw new KernelError('BAD_OPTION', "reapAll: the store's gc mode is consensus");
  }
  return silentInput(() => {
    for (const vat of runningVats(state)) {
      state.vatCounters.set(vat, { ...state.vatCounters.need(vat), reap: Reap.full });
      state.dueVats.add(vat);
    }
  });
};

/** What a promise settles to is told. Errors: KernelError UNKNOWN_REFERENCE, BAD_ARGUMENT. */
export const settlementInput = (core: KernelCore, promise: VatReference): Input<unknown> => {
  const kref = core.data.krefOf(promise);
  if (!isPromiseKRef(kref)) {
    throw new KernelError('BAD_ARGUMENT', `${promise.kref} is no promise`);
  }
  const apply = (): KRef => {
    const { state } = core;
    const row = getPromise(state, kref);
    if (row.state === PromiseState.unresolved) subscribe(state, HOST_SUBSCRIBES, kref);
    else tellHost(state, kref, row);
    return kref;
  };
  return vatsInput(apply, [kref]);
};

/** An item is taken off the run queue. Errors: KernelError UNKNOWN_ITEM. */
export const cancelInput = (core: KernelCore, choice: ItemChoice): Input<void> => {
  findItem(core.state, choice);
  return silentInput(() => {
    core.takeFirst([]);
    cancelEntry(core.state, findItem(core.state, choice));
  });
};
