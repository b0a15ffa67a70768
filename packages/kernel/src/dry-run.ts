/**
 * An upgrade tried on live data: everything that an upgrade does, in a thread of its own, and then
 * undone.
 *
 * Invariants: no input is numbered, no row is written, no promise of the host settles, no hash
 * changes; the vat's own worker is not touched. A successor whose worker dies is a finding, not the
 * end of this kernel.
 */
import { ROW_KIND_PREFIX } from '@heirloom/store';
import {
  describeKind,
  unpackTuple,
  vatIdOf,
  type CrankTuple,
  type KindDescription,
  type VatId,
} from '@heirloom/worker';
import { WorkerError } from './errors.js';
import { nowMs } from './host-powers.js';
import { decodeKernelData, type KernelData } from './kernel-data.js';
import { KernelLog } from './log/kernel-log.js';
import { NO_SAMPLE, sampleMigrations, type MigrationSample } from './migration-sample.js';
import { ranges } from './state/keys.js';
import type { VatNumber } from './state/schema.js';
import type { Spaces } from './state/row-table.js';
import type { KernelState } from './state/state.js';
import { promisesToReject, watchesIn } from './termination.js';
import { startSuccessor, type Successor } from './upgrades.js';
import type { LifecycleContext, Moment } from './vat-start.js';
import { hasVersions } from './versioned-kinds.js';

/** A durable kind whose states get a higher version. */
export interface RaisedVersion {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** What an upgrade would do. */
export interface DryRunReport {
  readonly vatId: VatId;
  readonly ok: boolean;
  /** Why it would fail: what the requester of the upgrade would be told, a text for each cause. */
  readonly errors: readonly string[];
  /** Of the successor. */
  readonly incarnationNumber: number;
  /** Tags of durable kinds. */
  readonly kinds: {
    /** Defined again; of an upgrade that fails, as far as its start came. */
    readonly bound: readonly string[];
    /** Of the predecessor, and not defined again. */
    readonly unbound: readonly string[];
    readonly added: readonly string[];
  };
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
  readonly cost: {
    /** To the end of startVat. */
    readonly milliseconds: number;
    readonly rowsWritten: number;
    readonly syscalls: number;
    readonly bytes: number;
  };
}

const EXAMPLES_MAX = 20;
const ERRORS_MAX = 100;
const NOT_CALLED = /^defineDurableKind not called for tags: \[(.*)\]$/s;

/** A vat's durable kinds, by their numbers. */
const kindsOf = (state: KernelState, spaces: Spaces): KindDescription[] =>
  state.rows
    .keysWith(spaces, ROW_KIND_PREFIX)
    .map(key => describeKind(state.rows.need(spaces, key)));

/** The kinds of `before` whose version is higher in `after`, in which they come first. */
const raised = (
  before: readonly KindDescription[],
  after: readonly KindDescription[],
): RaisedVersion[] =>
  before.flatMap(({ tag, version: from }, i) => {
    const to = after[i]?.version ?? from;
    return to > from ? [{ kind: tag, from, to }] : [];
  });

const abandonedExports = (state: KernelState, vat: VatNumber, incarnation: number): string[] => {
  const { byVRef } = state.clist(vat);
  return ranges.mortalExports(vat, incarnation).flatMap(range => [...byVRef.scan(range)]);
};

/** An error, and the errors that it is made of. */
const textsOf = (error: unknown): string[] => {
  if (!(error instanceof Error)) return [String(error)];
  const { errors } = error as { readonly errors?: readonly unknown[] };
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

/** The tags that the text of a failure says were not defined again; `known` is in their order. */
const unboundIn = (errors: readonly string[], known: readonly string[]): string[] => {
  const unbound: string[] = [];
  for (const error of errors) {
    let [, rest = ''] = NOT_CALLED.exec(error.replace(/^\w+: /, '')) ?? [];
    for (const tag of known) {
      if (rest !== tag && !rest.startsWith(`${tag},`)) continue;
      unbound.push(tag);
      rest = rest.slice(tag.length + 1);
    }
  }
  return unbound;
};

const costOf = (packed: Uint8Array, milliseconds: number): DryRunReport['cost'] => {
  const [outcome, syscalls, rows] = unpackTuple(packed) as unknown as CrankTuple;
  const counts = outcome === null ? [rows.length, syscalls.length] : [0, 0];
  const [rowsWritten, calls] = counts as [number, number];
  return { milliseconds, rowsWritten, syscalls: calls, bytes: packed.length };
};

/**
 * Tries an upgrade of a running vat. Between waves only.
 *
 * Errors: HostError when this host fails in another way than by the successor's worker.
 */
export const dryRun = async (
  given: LifecycleContext,
  vat: VatNumber,
  successor: Successor,
  moment: Moment,
): Promise<DryRunReport> => {
  const { state } = given.router;
  const router = { ...given.router, hostSettled: () => undefined };
  const context = { ...given, router, log: new KernelLog() };
  const { incarnation, spaces } = state.vats.need(vat);
  const kindsBefore = kindsOf(state, spaces);
  const before = kindsBefore.map(({ tag }) => tag);
  const abandoned = abandonedExports(state, vat, incarnation);
  const common = {
    vatId: vatIdOf(vat),
    incarnationNumber: incarnation + 1,
    exportsAbandoned: abandoned.length,
    abandonedExamples: abandoned.slice(0, EXAMPLES_MAX),
    promisesRejected: promisesToReject(state, vat, watchesIn(state, spaces)).length,
  };
  const began = nowMs();
  return state.trial(async () => {
    try {
      const { worker, verdict, packed } = await startSuccessor(context, vat, successor, moment);
      const cost = costOf(packed, nowMs() - began);
      const migrates = verdict.ok && hasVersions(state, vat);
      const sample = migrates ? await sampleMigrations(worker, moment) : NO_SAMPLE;
      context.online.discard(worker);
      const errors = verdict.ok ? [] : reasonsOf(verdict.reason);
      const unbound = unboundIn(errors, before);
      const isKept = (tag: string): boolean => !unbound.includes(tag);
      const kindsAfter = kindsOf(state, spaces);
      const added = kindsAfter.slice(before.length).map(({ tag }) => tag);
      const kinds = { bound: before.filter(isKept), unbound, added };
      const migrations = { kinds: raised(kindsBefore, kindsAfter), ...sample };
      const abandonedNames = verdict.ok ? verdict.effects.abandonedNames : [];
      const found = { errors, kinds, migrations, abandonedNames, cost };
      return { ...common, ok: verdict.ok, ...found };
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      const cost = { milliseconds: nowMs() - began, rowsWritten: 0, syscalls: 0, bytes: 0 };
      const kinds = { bound: [], unbound: before, added: [] };
      const errors = [`${error.code}: ${error.message}`];
      const migrations = { kinds: [], ...NO_SAMPLE };
      const found = { errors, kinds, migrations, abandonedNames: [], cost };
      return { ...common, ok: false, ...found };
    }
  });
};
