/** What a host asks of a fork, with its options checked. */
import { checkFields, checkName } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { KRef } from '../state/krefs.js';
import { FORK_EXPORTS_MAX, ItemType } from '../state/queue-items.js';
import type { VatNumber } from '../state/schema.js';
import { forkedVat } from './answers.js';
import { enqueueLifecycle } from './inputs.js';
import type { ForkedVat, ForkVatOptions } from './kernel-types.js';
import { checkIsolation } from './options.js';

/** Errors: KernelError NAME_TAKEN, BAD_ARGUMENT, BAD_OPTION, BAD_REFERENCE: nothing was queued. */
export const forkInput = (
  core: KernelCore,
  vat: VatNumber,
  options: ForkVatOptions,
): Input<ForkedVat> => {
  checkFields('forkVat', options, ['name', 'vatParameters', 'exports', 'isolation', 'first']);
  const { vatParameters, exports: wanted = [], isolation, first = false } = options;
  const name = checkName(options.name);
  if (core.state.names.get(name) !== undefined) {
    throw new KernelError('NAME_TAKEN', `there is a vat named ${JSON.stringify(name)}`);
  }
  if (!Array.isArray(wanted) || wanted.length > FORK_EXPORTS_MAX) {
    const rule = `exports must be an array of at most ${FORK_EXPORTS_MAX} references`;
    throw new KernelError('BAD_OPTION', `forkVat: ${rule}`);
  }
  checkIsolation(isolation);
  const exports = wanted.map(reference => core.data.krefOf(reference));
  const data = core.data.encode(vatParameters);
  const hasParameters = vatParameters !== undefined;
  const parent = core.state.vats.get(vat);
  if (parent !== undefined) {
    // A worker begins to evaluate the bundle at once.
    const script = core.bundles.scriptOf(parent.bundleId, parent.imageId);
    core.zygotes.prepare({ kind: core.isolation.kindFor(isolation), script });
  }
  const apply = (input: number): KRef => {
    const child = core.state.next('nextVat');
    if (isolation !== undefined) core.isolation.choose(child, isolation);
    const what = { child, name, exports, hasParameters, dynamic: false };
    return enqueueLifecycle(core, input, { type: ItemType.fork, vat, ...data, ...what }, first);
  };
  return { apply, decode: forkedVat };
};
