/**
 * Opening a store: the running vats get workers, rebuilt by verified replay, all in parallel; those
 * that do not fit get theirs when they are needed (vats/pager.ts).
 *
 * Invariants: a vat is online only after its transcript replayed to the very position that the
 * kernel has (rules.md#t4). A vat that cannot be replayed is marked and open succeeds
 * (rules.md#h3): only what is this host's alone (its store, its lock) makes open fail.
 */
import type { Store } from '@heirloom/store';
import { FIRST_POSITION, type VatNumber } from '@heirloom/worker';
import { inTurns } from '../base/giving-way.js';
import { WorkerError } from '../base/kernel-errors.js';
import type { Clock } from '../base/kernel-host-powers.js';
import type { InstalledBundles } from '../code/installed.js';
import { causeOf } from '../state/damage.js';
import { handingOver } from '../state/hand-over.js';
import type { KernelState } from '../state/kernel-state.js';
import type { RunningNote } from '../state/running-note.js';
import { runningVats } from '../state/running-vats.js';
import type { OnlineVats } from '../vats/online.js';
import type { Pager } from '../vats/pager.js';
import type { VatWorker } from '../vats/vat-worker.js';
import type { WorkerKind } from '../vats/channel.js';

interface RebuildContext {
  readonly store: Store;
  readonly state: KernelState;
  readonly clock: Clock;
  readonly bundles: InstalledBundles;
  readonly online: OnlineVats;
  readonly note: RunningNote;
  readonly pager: Pager;
  /** Throws why not, if nobody wants the kernel any more. */
  readonly goesOn: () => void;
}

/** What one vat is rebuilt from. */
export type RebuildSource = Pick<
  RebuildContext,
  'store' | 'state' | 'clock' | 'bundles' | 'online'
>;

/**
 * A worker of the vat, as its last merged crank left it; not yet the vat's own. What the vat has
 * done since the last commit is handed over (rules.md#t4).
 */
export const rebuild = async (
  { store, state, clock, bundles, online }: RebuildSource,
  vat: VatNumber,
  kind?: WorkerKind,
): Promise<VatWorker> => {
  const row = state.vats.need(vat);
  const script = bundles.scriptOf(row.bundleId, row.imageId);
  const { height } = store.head;
  const handOver = await inTurns(handingOver(state, vat, row, height), clock);
  const worker = await online.start(vat, row, script, handOver, kind);
  try {
    const { position } = state.vatCounters.need(vat);
    await worker.replay(position, state.recorded(vat, row.incarnation));
    return worker;
  } catch (error) {
    online.discard(worker);
    throw causeOf(store, error);
  }
};

/** A stranded vat gets nothing, and its transcript may be another engine's. */
const replayableVats = (state: KernelState): VatNumber[] =>
  runningVats(state).filter(vat => !state.stranded.has(vat));

/** A worker that died of something may live in a process of its own, which tells exactly where. */
const isWorthAnother = (error: WorkerError): boolean => error.code === 'WORKER_DIED';

const rebuildOrMark = async (context: RebuildContext, vat: VatNumber): Promise<void> => {
  const { online } = context;
  try {
    const worker = await rebuild(context, vat).catch((error: unknown) => {
      if (!(error instanceof WorkerError) || !isWorthAnother(error)) throw error;
      return rebuild(context, vat, 'careful');
    });
    online.install(vat, worker);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    online.markBroken(vat, error);
  }
};

/**
 * Rebuilds the running vats, or as many as may be online. Errors: HostError that is no vat's, or
 * why nobody wants them any more: then no vat is blamed.
 */
export const bringOnline = async (context: RebuildContext): Promise<void> => {
  const { store, state, online, note, pager, goesOn } = context;
  const suspects = note.suspects.map(({ vat }) => vat);
  const vats = pager.chosen(store, replayableVats(state), suspects);
  const replaying = vats.map(vat => {
    return { vat, incarnation: state.vats.need(vat).incarnation, position: FIRST_POSITION };
  });
  if (vats.length === 0) return;
  note.begin(store.head.height, 0, replaying);
  const outcomes = await Promise.allSettled(vats.map(vat => rebuildOrMark(context, vat)));
  note.end();
  goesOn();
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  for (const { vat, incarnation } of replaying) {
    const error = online.brokenBy(vat);
    if (error === undefined) continue;
    note.blame({ vat, incarnation, position: error.position ?? FIRST_POSITION });
  }
};
