/**
 * An upgrade of a vat that never prepared for one: its incarnation goes on, its transcript is
 * replayed by the new code.
 *
 * Every crank must come out as it was recorded, syscalls and rows alike: then nobody outside can
 * tell, the transcript stays the vat's own, and whatever rebuilds the vat later replays the new
 * code. If one does not, the predecessor goes on, its heap intact, and the requester is told where.
 * Invariant: the vat has no crank in this wave (wave/plan.ts): its transcript is whole.
 */
import { vatIdOf, type BundleId, type VatNumber } from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import { WorkerError } from '../base/kernel-errors.js';
import { holdAll, releaseAll } from '../objects/counts.js';
import { kernelData } from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import { handingOver } from '../state/hand-over.js';
import type { LifecycleContext, Moment } from './vat-start.js';

const failure = ({ position, message }: WorkerError): Error =>
  Error(`the new code does otherwise at delivery ${position}: ${message}`);

/** Upgrades a running vat by replay. Errors: HostError when its new worker dies. */
export const replayUpgrade = async (
  { state, online, scriptOf, clock }: LifecycleContext,
  vat: VatNumber,
  bundleId: BundleId,
  { height }: Moment,
): Promise<Settlement> => {
  const before = state.vats.need(vat);
  const { incarnation, imageId } = before;
  const row = { ...before, bundleId };
  const handOver = await inTurns(handingOver(state, vat, row, height), clock);
  const worker = await online.start(vat, row, scriptOf(bundleId, imageId), handOver);
  try {
    await worker.replay(state.vatCounters.need(vat).position, state.recorded(vat, incarnation));
  } catch (error) {
    online.discard(worker);
    if (!(error instanceof WorkerError) || error.code !== 'REPLAY_DIVERGED') throw error;
    return { rejected: true, ...kernelData(failure(error)) };
  }
  const { bundleId: oldBundleId, parameters, slots, previous } = before;
  holdAll(state, slots);
  if (previous !== null) releaseAll(state, previous.slots);
  state.vats.set(vat, { ...row, previous: { bundleId: oldBundleId, parameters, slots } });
  online.install(vat, worker);
  return { rejected: false, ...kernelData({ incarnationNumber: incarnation }) };
};

export const notRunning = (vat: VatNumber): Error => Error(`vat ${vatIdOf(vat)} is not running`);

/** Of what needs the heap of a stranded vat. */
export const needsStart = (vat: VatNumber): Error =>
  Error(`vat ${vatIdOf(vat)} has no heap on this engine: upgrade it with mode 'swap'`);
