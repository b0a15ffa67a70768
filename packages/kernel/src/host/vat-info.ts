/** The vats that run, as a host asks for them. Nothing here changes the state. */
import { ROOT_VREF, vatIdOf, vatNumberOf, type VatNumber } from '@heirloom/worker';
import { KernelError } from '../base/kernel-errors.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { KernelState } from '../state/kernel-state.js';
import { runningVats } from '../state/running-vats.js';
import { VatState } from '../state/schema.js';
import type { VatInfo } from './kernel-types.js';

const infoOf = (core: KernelCore, vat: VatNumber): VatInfo => {
  const { state, data } = core;
  const { name, incarnation, bundleId, imageId } = state.vats.need(vat);
  const root = data.reference(state.clist(vat).byVRef.need(ROOT_VREF));
  const error = core.brokenBy(vat);
  const replayable = error === undefined;
  const vatId = vatIdOf(vat);
  const reason = state.stranded.reasonOf(vat);
  const stranded = reason === undefined ? undefined : { reason };
  return { vatId, name, incarnation, bundleId, imageId, root, replayable, error, stranded };
};

/** In order of creation. */
export const vatInfos = (core: KernelCore): VatInfo[] =>
  runningVats(core.state).map(vat => infoOf(core, vat));

/** The vat of a name or an id. Errors: KernelError UNKNOWN_VAT. */
export const findVat = (core: KernelCore, nameOrId: string): VatInfo => {
  // Names that vats gave to vats are labels: they never hide a vat of the host's.
  const named = core.state.names.get(nameOrId);
  if (named !== undefined) return infoOf(core, named);
  const vats = vatInfos(core);
  const found = vats.find(({ vatId }) => vatId === nameOrId);
  if (found !== undefined) return found;
  const names = vats.map(({ name }) => name);
  const known = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new KernelError('UNKNOWN_VAT', `no vat ${JSON.stringify(nameOrId)}: ${known}`);
};

/** The number of a vat that runs. Errors: KernelError UNKNOWN_VAT. */
export const runningVat = (state: KernelState, vatId: unknown): VatNumber => {
  const vat = typeof vatId === 'string' ? vatNumberOf(vatId) : undefined;
  if (vat !== undefined && state.vats.get(vat)?.state === VatState.running) return vat;
  throw new KernelError('UNKNOWN_VAT', `no vat ${String(vatId)} runs`);
};
