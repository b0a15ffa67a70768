/** The vats that run, as a host asks for them. Nothing here changes the state. */
import { ROOT_VREF, vatIdOf, vatNumberOf, type VatNumber } from '@heirloom/worker';
import { KernelError } from '../base/kernel-errors.js';
import { checkedInput, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import { runningVats } from '../state/running-vats.js';
import { VatState } from '../state/schema.js';
import type { Suspect, VatInfo } from './kernel-types.js';

const infoOf = (core: KernelCore, vat: VatNumber): VatInfo => {
  const { state, data } = core;
  const { name, incarnation, bundleId, imageId } = state.vats.need(vat);
  const root = data.reference(state.clist(vat).byVRef.need(ROOT_VREF));
  const error = core.brokenBy(vat);
  const replayable = error === undefined;
  const vatId = vatIdOf(vat);
  const reason = state.stranded.reasonOf(vat);
  const stranded = reason === undefined ? undefined : { reason };
  const isolation = core.isolation.kindOf(vat) === 'thread' ? 'thread' : 'process';
  const where = { isolation, replayable, error, stranded } as const;
  return { vatId, name, incarnation, bundleId, imageId, root, ...where };
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

const runsNot = (vatId: unknown): never => {
  throw new KernelError('UNKNOWN_VAT', `no vat ${String(vatId)} runs`);
};

/** The number of a vat, be it there or not. Errors: KernelError UNKNOWN_VAT for what is no id. */
export const vatGiven = (vatId: unknown): VatNumber =>
  (typeof vatId === 'string' ? vatNumberOf(vatId) : undefined) ?? runsNot(vatId);

/** Errors: KernelError UNKNOWN_VAT. */
export const checkRuns = ({ state }: KernelCore, vat: VatNumber): void => {
  if (state.vats.get(vat)?.state !== VatState.running) runsNot(vatIdOf(vat));
};

/** An input to a vat, if it is to one, that must run where the input is taken. */
export const toRunning = <T>(
  core: KernelCore,
  vat: VatNumber | undefined,
  input: Input<T>,
): Input<T> => (vat === undefined ? input : checkedInput(input, () => checkRuns(core, vat)));

/** What an unclean end left when the store was opened. */
export const suspectInfos = ({ state, suspects }: KernelCore): Suspect[] =>
  suspects.map(({ vat, ...rest }) => {
    return { vatId: vatIdOf(vat), name: state.vats.get(vat)?.name, ...rest };
  });
