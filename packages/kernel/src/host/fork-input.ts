/** What a host asks of a fork, with its options checked. */
import type { VatNumber } from '@heirloom/worker';
import { checkFields, checkName } from '../base/arguments.js';
import type { Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { readExports } from '../services/option-reader.js';
import type { InputNumber } from '../state/input-numbers.js';
import type { KRef } from '../state/krefs.js';
import { ItemType } from '../state/queue-items.js';
import { forkedVat } from './answers.js';
import { hostDialect } from './host-dialect.js';
import { checkNameIsFree, enqueueLifecycle } from './inputs.js';
import type { ForkedVat, ForkVatOptions } from './kernel-types.js';
import { checkIsolation } from './isolation-option.js';

/**
 * Errors: KernelError NAME_TAKEN, BAD_ARGUMENT, BAD_OPTION, UNKNOWN_REFERENCE: nothing was queued.
 */
export const forkInput = (
  core: KernelCore,
  vat: VatNumber,
  options: ForkVatOptions,
): Input<ForkedVat> => {
  checkFields('forkVat', options, ['name', 'vatParameters', 'exports', 'isolation', 'first']);
  const { vatParameters, isolation, first = false } = options;
  const name = checkName(options.name);
  checkIsolation(isolation);
  const exports = readExports(options.exports, hostDialect('forkVat'), reference =>
    core.data.krefOf(reference),
  );
  const data = core.data.encode(vatParameters);
  const hasParameters = vatParameters !== undefined;
  const prepare = (): void => {
    const { bundleId, imageId } = core.state.vats.need(vat);
    // A worker begins to evaluate the bundle at once.
    const script = core.bundles.scriptOf(bundleId, imageId);
    core.zygotes.prepare({ kind: core.isolation.kindFor(isolation), script });
  };
  const apply = (input: InputNumber): KRef => {
    const child = core.state.nextVat();
    if (isolation !== undefined) core.isolation.choose(child, isolation);
    const what = { child, name, exports, hasParameters, dynamic: false };
    return enqueueLifecycle(core, input, { type: ItemType.fork, vat, ...data, ...what }, first);
  };
  const check = (): void => checkNameIsFree(core, name);
  const references = [...exports, ...data.slots];
  const bytes = data.body.length;
  return { references, check, prepare, apply, decode: forkedVat, bytes };
};
