/**
 * An upgrade tried on live data: everything that an upgrade does, in a thread of its own, and then
 * undone.
 *
 * Invariants: no row of it is written, no promise of the host settles; the vat's own worker is not
 * touched. The host's is no input and changes no hash; a successor whose worker dies is a finding
 * to it, not the end of this kernel. What a vat asks for is an item of the run queue, carried out
 * at its place; its report is part of the state, so nothing in it may depend on this host.
 */
import {
  readCrank,
  vatIdOf,
  type BundleId,
  type ImageId,
  type Site,
  type VatId,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import type { DryRunReport as VatReport } from '@heirloom/worker/vat';
import { inTurns } from '../base/giving-way.js';
import { WorkerError } from '../base/kernel-errors.js';
import type { VatScript } from '../code/vat-script.js';
import type { Verdict } from '../merge/cranks.js';
import { releaseAll } from '../objects/counts.js';
import {
  decodeKernelData,
  kernelData,
  rejection,
  type KernelData,
} from '../objects/kernel-data.js';
import type { Settlement } from '../objects/router.js';
import type { Mark } from '../state/journal.js';
import type { KernelState } from '../state/kernel-state.js';
import type { DryRunItem } from '../state/queue-items.js';
import { VatState } from '../state/schema.js';
import { abandonedExports } from './abandoned-exports.js';
import {
  addedOf,
  fatesOf,
  kindsOf,
  lostOf,
  raised,
  type KindFates,
  type RaisedVersion,
  type VatKinds,
} from './dry-run-kinds.js';
import { NO_SAMPLE, sampleMigrations, type MigrationSample } from './migration-sample.js';
import { notRunning } from './replay-upgrade.js';
import { gatheringAll } from './termination.js';
import { startSuccessor, type Successor } from './upgrade.js';
import type { LifecycleContext, Moment } from './vat-start.js';
import { hasVersions } from './versioned-kinds.js';
import { accepting, type AcceptedWarning, type Acceptance } from './warnings/accepted.js';
import { changedGuards } from './warnings/guard-changes.js';
import {
  failedMigrations,
  goneMethods,
  lostKinds,
  lostWatches,
  raisedVersions,
} from './warnings/kinds.js';
import { undefinedFields } from './warnings/layouts.js';
import { lostAnswers, lostExports, lostNames, unheardAnswers } from './warnings/losses.js';
import { missingKeys, parametersLeftOut } from './warnings/left-out.js';
import {
  deedsOf,
  madeAnew,
  NO_DEEDS,
  repeatedDeeds,
  waitingStart,
} from './warnings/start-deeds.js';
import {
  placed,
  sorted,
  verdictOf,
  type UpgradeVerdict,
  type UpgradeWarning,
} from './warnings/warning.js';

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
  /** `warnings`: it would succeed, and is likely to break what they say. */
  readonly verdict: UpgradeVerdict;
  /** Worst first: docs/upgrade/mistakes.md. */
  readonly warnings: readonly UpgradeWarning[];
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
export interface DryRunReport extends UpgradeFindings, Acceptance {
  /** Where the error was thrown, in the author's files, with nothing redacted; if that is known. */
  readonly trace?: string;
  /** `milliseconds`: to the end of startVat. */
  readonly cost: CrankCost & { readonly milliseconds: number };
}

const EXAMPLES_MAX = 20;
const ERRORS_MAX = 100;
/** How far the exports are counted that a vat is told of: a crank may not cost what it likes. */
const EXPORTS_COUNTED_MAX = 10_000;

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
  const { incarnation } = state.vats.need(vat);
  const abandoned = abandonedExports(state, vat, exportsMax);
  const { warnings: lost, promisesRejected } = await inTurns(losing(state, vat, abandoned), clock);
  return {
    lost,
    vatId: vatIdOf(vat),
    incarnationNumber: incarnation + 1,
    exportsAbandoned: abandoned.length,
    abandonedExamples: abandoned.slice(0, EXAMPLES_MAX),
    promisesRejected,
  };
};

/** What others lose by any upgrade of the vat now, and how many promises it would reject. */
function* losing(state: KernelState, vat: VatNumber, abandoned: readonly VRef[]) {
  const { promises, rejected } = yield* gatheringAll(state, vat);
  const warnings = [
    ...(yield* lostExports(state, vat, abandoned)),
    ...(yield* unheardAnswers(state, vat, promises)),
    ...(yield* lostAnswers(state, vat, rejected)),
  ];
  return { warnings, promisesRejected: rejected.length };
}

/** What is found by comparing alone. */
const COMPARED: readonly UpgradeWarning['code'][] = [
  'START_REPEATS',
  'METHOD_GONE',
  'GUARD_CHANGED',
  'FIELD_UNDEFINED',
];

interface TrialOptions {
  /** Starts the present code, too, and the new code twice, and compares. */
  readonly compares: boolean;
  readonly exportsMax: number;
  /** The end of a worker that migrates is a finding, not a HostError. */
  readonly tellsWorkerEnds: boolean;
  /** startVat is over. */
  readonly onStarted?: () => void;
  /** Warnings that are accepted count for no verdict. */
  readonly accepts: readonly AcceptedWarning[];
  /** The upgrade would fail. */
  readonly onFailed?: (reason: KernelData) => void;
}

/** A start within a trial: what it has made and done, and its worker, which is the caller's. */
const startTried = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
) => {
  const { state } = context;
  const started = await startSuccessor(context, vat, successor, moment);
  const { worker, packed, verdict } = started;
  try {
    const canTell = context.describes(state.vats.need(vat).imageId);
    const description = canTell ? await worker.describe() : undefined;
    const deeds = verdict.ok ? deedsOf(state, vat, packed) : NO_DEEDS;
    return { ...started, description, deeds };
  } catch (error) {
    context.online.discard(worker);
    throw error;
  }
};

/** The same, undone. */
const startAside = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
) => {
  const { state } = context;
  const mark = state.mark();
  try {
    const { worker, ...started } = await startTried(context, vat, successor, moment);
    context.online.discard(worker);
    return started;
  } finally {
    state.journal.rollback(mark);
  }
};

/** What is compared with. */
interface Before {
  readonly mark: Mark;
  readonly present: Successor;
  readonly kinds: VatKinds;
  readonly kindsAfter: VatKinds;
}

/** What the new code does at each start, and what the present code has and the new one has not. */
const compared = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
  first: Pick<Awaited<ReturnType<typeof startTried>>, 'deeds' | 'description'>,
  before: Before,
): Promise<UpgradeWarning[]> => {
  const { state } = context;
  const scripts = [successor, before.present].map(({ bundleId }) =>
    context.scriptOf(bundleId, context.imageId()),
  );
  // The thread of the second gets ready while the first one starts.
  void context.online.reserve(scripts.map(script => ({ vat, script })));
  const again = await startAside(context, vat, successor, moment);
  const repeated = repeatedDeeds(state, vat, first.deeds, again.deeds, again.description);
  state.journal.rollback(before.mark);
  const { verdict, description } = await startAside(context, vat, before.present, moment);
  const { description: next } = first;
  if (next === undefined) return repeated;
  const { kinds, kindsAfter } = before;
  const now = verdict.ok ? description : undefined;
  const fields = undefinedFields(kinds, kindsAfter, next, now);
  if (now === undefined) return [...repeated, ...fields];
  const methods = [...goneMethods(state, vat, now, next), ...changedGuards(state, vat, now, next)];
  return [...repeated, ...fields, ...methods];
};

/** All of an upgrade of a running vat: within a trial. Errors: HostError when the worker dies. */
const upgradeInTrial = async (
  context: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
  { accepts, compares, exportsMax, tellsWorkerEnds, onStarted, onFailed }: TrialOptions,
): Promise<UpgradeFindings & Acceptance> => {
  const { state } = context;
  const { lost, ...losses } = await lossesOf(context, vat, exportsMax);
  const before = kindsOf(state, vat);
  const mark = state.mark();
  const { bundleId, parameters, slots, previous } = state.vats.need(vat);
  const present = { bundleId, parameters, slots, previous, message: 'dry run' };
  const leftOut = await inTurns(parametersLeftOut(state, vat, present, successor), context.clock);
  const first = await startTried(context, vat, successor, moment);
  const { worker, verdict, packed, description, deeds } = first;
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
  const kinds = fatesOf(before, after, description, verdict.ok);
  const raisedKinds = raised(before, after);
  const abandonedNames = verdict.ok ? verdict.effects.abandonedNames : [];
  const code = context.scriptOf(successor.bundleId, state.vats.need(vat).imageId);
  // What is compared says more of it.
  const isAlone = !compares;
  const found = verdict.ok
    ? [
        ...lost,
        ...leftOut,
        ...lostNames(abandonedNames),
        ...madeAnew(state, vat, deeds.rows, description),
        ...missingKeys(state, vat, code),
        ...raisedVersions(raisedKinds, description),
        ...failedMigrations(sample, description),
        ...(description === undefined ? [] : lostWatches(description)),
        ...(isAlone && description ? undefinedFields(before, after, description) : []),
      ]
    : [
        ...lostKinds(lostOf(before, description), addedOf(before, description)),
        ...(description === undefined ? [] : waitingStart(state, vat, errors, description)),
      ];
  if (compares && verdict.ok) {
    const options = { mark, present, kinds: before, kindsAfter: after };
    found.push(...(await compared(context, vat, successor, moment, first, options)));
  }
  const canTell = (code: UpgradeWarning['code']): boolean =>
    verdict.ok && (compares || !COMPARED.includes(code));
  const { left, accepted, unneeded } = accepting(found, accepts, canTell);
  const warnings = sorted(left);
  return {
    ...{ ...losses, accepted: sorted(accepted), unneeded },
    ...{ ok: verdict.ok, verdict: verdictOf(verdict.ok, warnings), warnings, errors },
    kinds,
    migrations: { kinds: raisedKinds, ...sample },
    abandonedNames,
    cost: costOf(packed, verdict),
  };
};

/** The log is not told of what is undone. */
const unlogged = (context: LifecycleContext): LifecycleContext => ({
  ...context,
  log: context.log.silenced(),
});

/** What a dry run is of, where it is not what the store has. */
export interface DryRunCode {
  /** The image of new incarnations. */
  readonly imageId?: ImageId;
  /** Of bundles that are not installed, or not for that image. */
  readonly scripts?: ReadonlyMap<BundleId, VatScript>;
  /** Starts the present code, too, and the new one twice. */
  readonly compares?: boolean;
  /** Warnings that count for no verdict. */
  readonly accepts?: readonly AcceptedWarning[];
}

interface DryRunOptions extends Pick<TrialOptions, 'accepts' | 'compares'> {
  /** Where an error was thrown, if that is known. */
  readonly traceOf: (reason: Uint8Array) => string | undefined;
  /** The place in the author's files, if it is one. */
  readonly placeOf: (site: Site) => string | undefined;
}

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
  { accepts, compares, placeOf, traceOf }: DryRunOptions,
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
  const wants = { accepts, compares, exportsMax: Infinity, tellsWorkerEnds: true };
  const options = { ...wants, onStarted, onFailed };
  try {
    const work = () => upgradeInTrial(unlogged(context), vat, successor, moment, options);
    const findings = await state.trial(work);
    const told = trace === undefined ? {} : { trace };
    const warnings = placed(findings.warnings, placeOf);
    const accepted = placed(findings.accepted, placeOf);
    return { ...findings, ...told, warnings, accepted, cost: timed(findings.cost) };
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    const unbound = kindsOf(state, vat).known.map(({ tag }) => tag);
    const { lost: _lost, ...losses } = await lossesOf(context, vat, Infinity);
    return {
      ...losses,
      ...{ ok: false, verdict: 'refused', warnings: [], accepted: [], unneeded: [] },
      ...{ errors: [`${error.code}: ${error.message}`], abandonedNames: [] },
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
  const wants = { accepts: [], compares: false, tellsWorkerEnds: false };
  const options = { ...wants, exportsMax: EXPORTS_COUNTED_MAX };
  const work = () => upgradeInTrial(unlogged(context), vat, successor, moment, options);
  const { accepted: _accepted, unneeded: _unneeded, ...findings } = await state.trial(work);
  releaseAll(state, slots);
  const warnings = findings.warnings.map(({ code, count }) => ({ code, count }));
  const report: VatReport = { ...findings, warnings };
  return { rejected: false, ...kernelData(report) };
};
