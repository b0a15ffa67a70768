/**
 * An upgrade tried on live data: everything that an upgrade does, in a thread of its own, and then
 * undone.
 *
 * Invariants: no row of it is written, no promise of the host settles; the vat's own worker is not
 * touched. The host's is no input and changes no hash; a successor whose worker dies is a finding
 * to it, not the end of this kernel. What a vat asks for is an item of the run queue, carried out
 * at its place; its report is part of the state, so nothing in it may depend on this host.
 */
import type { Steps } from '@heirloom/store';
import { readCrank, vatIdOf, type Spaces, type VatId, type VatNumber } from '@heirloom/worker';
import type { DryRunReport as VatReport } from '@heirloom/worker/vat';
import { inTurns } from '../base/giving-way.js';
import { WorkerError } from '../base/kernel-errors.js';
import type { Verdict } from '../merge/cranks.js';
import { releaseAll } from '../objects/counts.js';
import {
  decodeKernelData,
  kernelData,
  rejection,
  type KernelData,
} from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import { ranges } from '../state/kernel-keys.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { DryRunItem } from '../state/queue-items.js';
import { VatState } from '../state/schema.js';
import {
  fatesOf,
  kindsOf,
  raised,
  type KindFates,
  type RaisedVersion,
} from './dry-run-kinds.js';
import { NO_SAMPLE, sampleMigrations, type MigrationSample } from './migration-sample.js';
import { notRunning } from './replay-upgrade.js';
import { choosingRejected, gatheringPromises, watchesIn } from './termination.js';
import { startSuccessor, type Successor } from './upgrade.js';
import type { LifecycleContext, Moment } from './vat-start.js';
import { hasVersions } from './versioned-kinds.js';

/** What a crank counts. */
export interface CrankCost {
  readonly rowsWritten: number;
  readonly syscalls: number;
  readonly bytes: number;
}

/** What an upgrade would do: the same on every host. */
export interface UpgradeFindings {
  readonly vatId: VatId;
  readonly ok: boolean;
  /** Why it would fail: what the requester of the upgrade would be told, a text for each cause. */
  readonly errors: readonly string[];
  /** Of the successor. */
  readonly incarnationNumber: number;
  readonly kinds: KindFates;
  /** What would have to be migrated, tried on the first rows: nothing stays of that, either. */
  readonly migrations: MigrationSample & { readonly kinds: readonly RaisedVersion[] };
  /** Remotables and merely-virtual objects that others hold. */
  readonly exportsAbandoned: number;
  /** What they are called inside the vat: the first few. */
  readonly abandonedExamples: readonly string[];
  /** Names of exports that the successor did not reconnect. */
  readonly abandonedNames: readonly string[];
  /** Unresolved promises that the vat decides. */
  readonly promisesRejected: number;
  /** Of the crank of startVat. */
  readonly cost: CrankCost;
}

/** What the host gets to know. */
export interface DryRunReport extends UpgradeFindings {
  /** Where the error was thrown, in the author's files, with nothing redacted; if that is known. */
  readonly trace?: string;
  /** `milliseconds`: to the end of startVat. */
  readonly cost: CrankCost & { readonly milliseconds: number };
}

const EXAMPLES_MAX = 20;
const ERRORS_MAX = 100;
/** How far the exports are counted that a vat is told of: a crank may not cost what it likes. */
const EXPORTS_COUNTED_MAX = 10_000;

/** At most `limit`: what they are called inside the vat. */
const abandonedExports = (state: KernelState, vat: VatNumber, limit: number): string[] => {
  const { byVRef } = state.clist(vat);
  const found: string[] = [];
  for (const range of ranges.mortalExports(vat, state.vats.need(vat).incarnation)) {
    for (const vref of byVRef.scan(range)) {
      if (found.length === limit) return found;
      found.push(vref);
    }
  }
  return found;
};

/** An error, and the errors that it is made of. */
const textsOf = (error: unknown): string[] => {
  if (!(error instanceof Error)) return [String(error)];
  const errors = 'errors' in error ? error.errors : undefined;
  const parts = Array.isArray(errors) ? errors.flatMap(textsOf) : [];
  return (parts.length > 0 ? parts : [`${error.name}: ${error.message}`]).slice(0, ERRORS_MAX);
};

const reasonsOf = (reason: KernelData): string[] => {
  try {
    return textsOf(decodeKernelData(reason));
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return ['(no data)'];
    throw error;
  }
};

/** A crank that is undone wrote nothing; one that was too dear for a meter shows how dear. */
const costOf = (packed: Uint8Array, verdict: Verdict): CrankCost => {
  const bytes = packed.length;
  const isSound = verdict.ok || verdict.code === 'METER_UNDERFLOW';
  if (!isSound) return { rowsWritten: 0, syscalls: 0, bytes };
  const [, syscalls, rows] = readCrank(packed);
  return { rowsWritten: rows.length, syscalls: syscalls.length, bytes };
};

/** What the vat stands to lose, whatever the new code does. */
const lossesOf = async (
  { state, clock }: LifecycleContext,
  vat: VatNumber,
  exportsMax: number,
) => {
  const { incarnation, spaces } = state.vats.need(vat);
  const abandoned = abandonedExports(state, vat, exportsMax);
  const rejected = await inTurns(rejecting(state, vat, spaces), clock);
  return {
    vatId: vatIdOf(vat),
    incarnationNumber: incarnation + 1,
    exportsAbandoned: abandoned.length,
    abandonedExamples: abandoned.slice(0, EXAMPLES_MAX),
    promisesRejected: rejected.length,
  };
};

/** The promises that an upgrade would reject. */
function* rejecting(state: KernelState, vat: VatNumber, spaces: Spaces): Steps<KRef[]> {
  const promises = yield* gatheringPromises(state, vat);
  return yield* choosingRejected(state, vat, promises, watchesIn(state, spaces));
}

interface TrialOptions {
  readonly exportsMax: number;
  /** The end of a worker that migrates is a finding, not a HostError. */
  readonly tellsWorkerEnds: boolean;
  /** startVat is over. */
  readonly onStarted?: () => void;
  /** The upgrade would fail. */
  readonly onFailed?: (reason: KernelData) => void;
}

/** All of an upgrade of a running vat: within a trial. Errors: HostError when the worker dies. */
const upgradeInTrial = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
  { exportsMax, tellsWorkerEnds, onStarted, onFailed }: TrialOptions,
): Promise<UpgradeFindings> => {
  const { state } = context;
  const losses = await lossesOf(context, vat, exportsMax);
  const before = kindsOf(state, vat);
  const { worker, verdict, packed } = await startSuccessor(context, vat, successor, moment);
  onStarted?.();
  if (!verdict.ok) onFailed?.(verdict.reason);
  const migrates = verdict.ok && hasVersions(state, vat);
  let sample = NO_SAMPLE;
  try {
    if (migrates) sample = await sampleMigrations(worker, moment, { tellsWorkerEnds });
  } finally {
    context.online.discard(worker);
  }
  const errors = verdict.ok ? [] : reasonsOf(verdict.reason);
  const after = kindsOf(state, vat);
  return {
    ...losses,
    ...{ ok: verdict.ok, errors },
    kinds: fatesOf(before, after, errors),
    migrations: { kinds: raised(before, after), ...sample },
    abandonedNames: verdict.ok ? verdict.effects.abandonedNames : [],
    cost: costOf(packed, verdict),
  };
};

/** The log is not told of what is undone. */
const unlogged = (context: LifecycleContext): LifecycleContext => ({
  ...context,
  log: context.log.silenced(),
});

/**
 * Tries an upgrade of a running vat for the host. Between waves only.
 *
 * Errors: HostError when this host fails in another way than by the successor's worker.
 */
export const dryRun = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
  traceOf: (reason: Uint8Array) => string | undefined,
): Promise<DryRunReport> => {
  const { state } = context;
  let trace: string | undefined;
  const onFailed = ({ body }: KernelData): void => {
    trace = traceOf(body);
  };
  const began = context.clock.nowMs();
  let started: number | undefined;
  const onStarted = (): void => {
    started = context.clock.nowMs();
  };
  const timed = (cost: CrankCost): DryRunReport['cost'] => ({
    milliseconds: (started ?? context.clock.nowMs()) - began,
    ...cost,
  });
  const options = { exportsMax: Infinity, tellsWorkerEnds: true, onStarted, onFailed };
  try {
    const work = () => upgradeInTrial(unlogged(context), vat, successor, moment, options);
    const findings = await state.trial(work);
    const told = trace === undefined ? {} : { trace };
    return { ...findings, ...told, cost: timed(findings.cost) };
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    const unbound = kindsOf(state, vat).known.map(({ tag }) => tag);
    return {
      ...(await lossesOf(context, vat, Infinity)),
      ...{ ok: false, errors: [`${error.code}: ${error.message}`], abandonedNames: [] },
      kinds: { bound: [], unbound, dismissed: [], added: [] },
      migrations: { kinds: [], ...NO_SAMPLE },
      cost: timed({ rowsWritten: 0, syscalls: 0, bytes: 0 }),
    };
  }
};

/** Carries out what a vat asked for; its report is data. Errors: HostError, as of any upgrade. */
export const carryOutDryRun = async (
  context: LifecycleContext,
  item: DryRunItem,
  moment: Moment,
): Promise<Settlement> => {
  const { state } = context;
  const { vat, bundleId, body: parameters, slots, message } = item;
  if (state.vats.get(vat)?.state !== VatState.running) {
    releaseAll(state, slots);
    return rejection(notRunning(vat));
  }
  const successor = { bundleId, parameters, slots, message };
  const options = { exportsMax: EXPORTS_COUNTED_MAX, tellsWorkerEnds: false };
  const work = () => upgradeInTrial(unlogged(context), vat, successor, moment, options);
  const report: VatReport = await state.trial(work);
  releaseAll(state, slots);
  return { rejected: false, ...kernelData(report) };
};
