/** What the core takes of the host's options: host/options.ts adds the others, and checks all. */
import type { LogOptions } from '../log/log-records.js';
import type { KernelLogEntry } from '../log/vat-lines.js';
import type { KernelParameters } from '../state/parameters.js';
import type { Isolation } from '../vats/channel.js';
import type { ZygotesOptions } from '../vats/zygotes.js';

export interface CoreOptions {
  /** Consensus parameters, for a store that does not exist yet. */
  readonly parameters?: Partial<KernelParameters>;
  /** How many vats run at a time; default: all that have work. Changes no outcome. */
  readonly threads?: number;
  /**
   * Vats that keep a worker; default 50. The others, those unused longest, are rebuilt by replay
   * when they are needed. Changes no outcome.
   */
  readonly maxVatsOnline?: number;
  /**
   * Opens a store under an engine that is not its own, to adopt it: `kernel.adoptEngine()`.
   * Default: false. docs/move-to-another-node.md.
   */
  readonly adoptEngine?: boolean;
  /** Warm threads kept ready beyond those of the vats; default 1. */
  readonly spareThreads?: number;
  /**
   * Forces V8's collector before every crank, to show that it decides nothing: slow. In consensus
   * mode it changes no outcome; in engine mode reaps may find other things dead.
   */
  readonly collectsEveryCrank?: boolean;
  /**
   * Where vats run: `thread` (default), or `process`, a child process each, which can do this
   * process no harm. A vat may be created with another choice. Changes no outcome.
   */
  readonly isolation?: Isolation;
  /** Of V8's heap for one vat; default: what V8 takes. What needs more dies: WORKER_DIED. */
  readonly heapMiBMax?: number;
  /** How long one crank may run; default 600,000 (10 minutes), Infinity: for ever. */
  readonly deliveryTimeoutMs?: number;
  /** Aborted while the kernel opens: it is not opened, whatever its vats do. */
  readonly signal?: AbortSignal;
  /** Takes console lines of vats and faults; default: warnings, errors, faults go to stderr. */
  readonly log?: (entry: KernelLogEntry) => void;
  /** As `kernel.setLog`, from the first wave on: docs/observability.md. */
  readonly structuredLog?: LogOptions;
}

/** What every worker starts with. */
export const workerHost = (
  options: CoreOptions,
  { crankWeightMax }: KernelParameters,
): ZygotesOptions['host'] => ({
  heapMiBMax: options.heapMiBMax,
  crankWeightMax,
  collectsEveryCrank: options.collectsEveryCrank ?? false,
});
