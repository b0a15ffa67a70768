/** What a host gives to a kernel's methods, and what it gets. */
import type { BundleId, ImageId, Incarnation, Position, VatId } from '@heirloom/worker';
import type { HostError } from '../base/kernel-errors.js';
import type { VatReference } from '../core/host-data.js';
import type { UpgradeWarning } from '../lifecycle/warnings/warning.js';
import type { InputNumber } from '../state/input-numbers.js';
import type { DrainOptions, RefreshOptions } from '../state/upgrade-options.js';
import type { Isolation } from '../vats/channel.js';

export interface CreateVatOptions {
  /** Unique among running vats. */
  readonly name: string;
  readonly bundleId: string;
  readonly vatParameters?: unknown;
  /** When it ends, the kernel stops with HostError CRITICAL_VAT and commits nothing. */
  readonly critical?: boolean;
  /**
   * After so many deliveries an incarnation gives way to the next, with the same code: see
   * docs/upgrade/refresh.md.
   */
  readonly refresh?: RefreshOptions | 'never';
  /** Where it runs on this host, if not where the kernel's vats usually do. Changes no outcome. */
  readonly isolation?: Isolation;
}

export interface CreatedVat {
  readonly vatId: VatId;
  readonly root: VatReference;
}

export interface ForkVatOptions {
  /** Of the new vat; unique among running vats. */
  readonly name: string;
  /** What handlers of `vatPowers.onFork` get; without it, what the vat has itself. */
  readonly vatParameters?: unknown;
  /** Objects of the vat whose counterparts in the new one are wanted. */
  readonly exports?: readonly VatReference[];
  /** As in `CreateVatOptions`. */
  readonly isolation?: Isolation;
  /** As in `UpgradeVatOptions`. */
  readonly first?: boolean;
}

export interface ForkedVat extends CreatedVat {
  /** For each of the exports asked for, in the same order. */
  readonly exports: readonly VatReference[];
}

export interface UpgradeVatOptions {
  readonly bundleId: string;
  readonly vatParameters?: unknown;
  /** Part of the object that the predecessor's promises are rejected with. */
  readonly upgradeMessage?: string;
  /**
   * `swap`, the default: a new incarnation begins. `replay`: the incarnation goes on, with its
   * heap, promises and exports, if the new code repeats its whole transcript; for vats that never
   * prepared. Takes no vatParameters.
   */
  readonly mode?: 'swap' | 'replay';
  /**
   * The new code gets `vatPowers.estate`, with which it can look at what it does not define, and
   * the start does not fail for kinds that it does not define.
   */
  readonly emergency?: boolean;
  /**
   * First lets the vat's promises settle, for at most so many waves, while messages wait: see
   * docs/upgrade/drain.md.
   */
  readonly drain?: DrainOptions;
  /**
   * The item goes before everything that is queued: only as one of the first inputs of a block
   * (rules.md#h3).
   */
  readonly first?: boolean;
  readonly dryRun?: false;
}

/** All as in `UpgradeVatOptions`. */
export type RollbackVatOptions = Pick<UpgradeVatOptions, 'upgradeMessage' | 'drain' | 'first'>;

/** What a successful upgrade resolves to. */
export interface UpgradeResult {
  readonly incarnationNumber: number;
  /** Exports whose names the new code did not reconnect; absent if there are none. */
  readonly abandonedNames?: readonly string[];
  /** How many promises that the vat decided the upgrade rejected; absent if there are none. */
  readonly rejectedPromises?: number;
  /**
   * What it has broken, as far as that is known without a second start (docs/upgrade/dry-run.md),
   * worst first; absent if there is nothing. This process's knowledge: `resultOf` has none of it.
   */
  readonly warnings?: readonly UpgradeWarning[];
}

export interface TerminateVatOptions {
  /** What `done()` of its adminNode rejects with. */
  readonly reason?: unknown;
  /** As in `UpgradeVatOptions`. */
  readonly first?: boolean;
}

export interface VatInfo extends CreatedVat {
  readonly name: string;
  readonly incarnation: Incarnation;
  readonly bundleId: BundleId;
  /** The zygote image that it is on. */
  readonly imageId: ImageId;
  /** Where it runs on this host: docs/isolation.md. */
  readonly isolation: Isolation;
  /** False: its worker could not be rebuilt here; `error` says why. Upgrade or terminate it. */
  readonly replayable: boolean;
  readonly error: HostError | undefined;
  /**
   * It gets nothing until code of it starts: upgrade or terminate it; docs/move-to-another-node.md.
   * `reason`: what its start on this engine failed with; null: none has been tried yet. Undefined:
   * it gets what is sent.
   */
  readonly stranded: { readonly reason: string | null } | undefined;
}

/** A vat that was running when a worker, or the whole process, ended without warning. */
export interface Suspect {
  readonly vatId: VatId;
  /** Undefined: the vat was only being created. */
  readonly name: string | undefined;
  readonly incarnation: Incarnation;
  /** The first delivery that is not known to have ended. */
  readonly position: Position;
  /** How many such ends it was part of. */
  readonly deaths: number;
}

/** A message that was queued. */
export interface SentMessage {
  /** The number of the host input: after a crash, `resultOf(input)` tells what became of it. */
  readonly input: InputNumber;
  /** Settles after the block that settles it is durable. */
  readonly result: Promise<unknown>;
}
