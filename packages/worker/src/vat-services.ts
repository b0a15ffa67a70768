/**
 * Types of what the kernel and its own vats offer to vats: docs/vat-admin.md, docs/host-objects.md.
 * All of these are reached with `E()`; what a method is said to return is what its promise gives.
 */

declare const brand: unique symbol;

/** A bundle that is installed. */
export interface BundleCap {
  readonly getBundleID: () => string;
}

/** What a bundle cap stands for, as it was installed. */
export type InstalledBundle =
  | {
      readonly moduleFormat: 'endoZipBase64';
      readonly endoZipBase64: string;
      /** Hex, of the compartment map; absent if that lacks the hash of a module. */
      readonly endoZipBase64Sha512?: string;
    }
  | { readonly moduleFormat: string; readonly source: string };

/** What makes a vat critical: its end stops the kernel. */
export interface CriticalVatKey {
  readonly [brand]: 'CriticalVatKey';
}

/** What the vats under it may still do: a crank costs 1, each syscall, row and KiB one more. */
export interface Meter {
  readonly get: () => {
    readonly remaining: bigint | 'unlimited';
    readonly threshold: bigint;
  };
  readonly addRemaining: (delta: bigint) => void;
  readonly setThreshold: (threshold: bigint) => void;
  /** What is left, when that has next fallen below the threshold. */
  readonly whenBelowThreshold: () => bigint;
}

export interface CreateVatOptions {
  /** A label, for the host's eyes; need not be unique. */
  readonly name?: string;
  readonly vatParameters?: unknown;
  readonly meter?: Meter;
  readonly critical?: CriticalVatKey;
  readonly reapInterval?: number | bigint | 'never';
  readonly refresh?: Refresh;
}

/** After so many deliveries an incarnation gives way to the next, with the same code. */
export type Refresh = { readonly deliveries: number | bigint } | 'never';

export interface UpgradeOptions {
  readonly dryRun?: false;
  readonly vatParameters?: unknown;
  readonly upgradeMessage?: string;
  /** `replay`: the incarnation goes on, if the new code repeats its transcript. */
  readonly mode?: 'swap' | 'replay';
  /** The new code gets `vatPowers.estate`, and need not define every kind. */
  readonly emergency?: boolean;
  /** First lets the vat's promises settle, for at most so many waves, while messages wait. */
  readonly drain?: { readonly waves: number | bigint };
}

/** Tries the upgrade, of which nothing stays: docs/upgrade/dry-run.md. */
export interface DryRunOptions {
  readonly dryRun: true;
  readonly vatParameters?: unknown;
}

/** What an upgrade would do. */
export interface DryRunReport {
  readonly vatId: string;
  readonly ok: boolean;
  readonly verdict: 'ok' | 'warnings' | 'refused';
  /**
   * What it is likely to break, worst first: docs/upgrade/mistakes.md. Texts are for the host: they
   * name other vats.
   */
  readonly warnings: readonly { readonly code: string; readonly count: number }[];
  /** Why it would fail. */
  readonly errors: readonly string[];
  readonly incarnationNumber: number;
  /** Tags of durable kinds. */
  readonly kinds: {
    readonly bound: readonly string[];
    readonly unbound: readonly string[];
    readonly dismissed: readonly string[];
    readonly added: readonly string[];
  };
  readonly migrations: {
    readonly kinds: readonly {
      readonly kind: string;
      readonly from: number;
      readonly to: number;
    }[];
    readonly sampled: number;
    readonly failed: readonly {
      readonly kind: string;
      readonly instance: string;
      readonly version: number;
      readonly reason: string;
    }[];
    readonly fault: string | null;
  };
  /** Counted to 10,000. */
  readonly exportsAbandoned: number;
  readonly abandonedExamples: readonly string[];
  readonly abandonedNames: readonly string[];
  readonly promisesRejected: number;
  readonly cost: {
    readonly rowsWritten: number;
    readonly syscalls: number;
    readonly bytes: number;
  };
}

export interface UpgradeResult {
  readonly incarnationNumber: number;
  /** Exports whose names the new code did not reconnect; absent if there are none. */
  readonly abandonedNames?: readonly string[];
  /** How many promises that the vat decided were rejected; absent if there are none. */
  readonly rejectedPromises?: number;
}

export type AdminData =
  | { readonly vatID: string; readonly running: false }
  | {
      readonly vatID: string;
      readonly running: true;
      readonly name: string;
      readonly incarnationNumber: number;
      readonly bundleID: string;
    };

/** The power over one vat. It outlives the vat. */
export interface AdminNode {
  /**
   * Rejects with the reason if it fails; the vat then goes on as it was. (Promises, since `E` knows
   * overloads of no other methods.)
   */
  readonly upgrade: {
    (bundle: BundleCap, options: DryRunOptions): Promise<DryRunReport>;
    (bundle: BundleCap, options?: UpgradeOptions): Promise<UpgradeResult>;
  };
  /** An upgrade to the code and the parameters that the vat had before its present code. */
  readonly rollback: (
    options?: Pick<UpgradeOptions, 'upgradeMessage' | 'drain'>,
  ) => UpgradeResult;
  /** A vat from the state of this one, which is told nothing. Rejects if it fails. */
  readonly fork: (options?: ForkOptions) => ForkedVat;
  readonly terminateWithFailure: (reason: unknown) => void;
  /** Fulfils with what the vat said when it left, else rejects with the reason of its end. */
  readonly done: () => unknown;
  readonly changeOptions: (options: {
    readonly reapInterval?: number | bigint | 'never';
    /** Counts from now on. */
    readonly refresh?: Refresh;
  }) => void;
  readonly adminData: () => AdminData;
}

export interface CreatedVat<Root = unknown> {
  readonly root: Root;
  readonly adminNode: AdminNode;
}

export interface ForkOptions {
  /** For humans. */
  readonly name?: string;
  /** What handlers of `vatPowers.onFork` get; without it, what the vat has itself. */
  readonly vatParameters?: unknown;
  /** Objects of the vat whose counterparts in the fork are wanted. */
  readonly exports?: readonly unknown[];
}

export interface ForkedVat<Root = unknown> extends CreatedVat<Root> {
  /** For each of the exports asked for, in the same order. */
  readonly exports: readonly unknown[];
}

export interface VatAdminService {
  readonly createVat: (bundle: BundleCap, options?: CreateVatOptions) => CreatedVat;
  readonly createVatByName: (bundleName: string, options?: CreateVatOptions) => CreatedVat;
  /** Rejects if it is not installed. */
  readonly getBundleCap: (bundleID: string) => BundleCap;
  /** Pends until it is installed. */
  readonly waitForBundleCap: (bundleID: string) => BundleCap;
  readonly getNamedBundleCap: (name: string) => BundleCap;
  readonly getBundleIDByName: (name: string) => string;
  readonly createMeter: (remaining: bigint, threshold: bigint) => Meter;
  readonly createUnlimitedMeter: () => Meter;
}

/** What a bootstrap vat gets as `vats.vatAdmin`. */
export interface VatAdmin {
  readonly createVatAdminService: (device?: unknown) => VatAdminService;
  readonly getCriticalVatKey: () => CriticalVatKey;
}

/** Block time: what the host said at the beginning of the block. */
export interface Clock {
  readonly getTime: () => bigint;
  /** The time of the first block that is not before `time`. */
  readonly wakeAt: (time: bigint) => bigint;
}

export interface TimerBrand {
  readonly isMyTimerService: (alleged: unknown) => boolean;
  readonly isMyClock: (alleged: unknown) => boolean;
}
export interface Timestamp {
  readonly timerBrand: TimerBrand;
  readonly absValue: bigint;
}
export interface RelativeTime {
  readonly timerBrand: TimerBrand;
  readonly relValue: bigint;
}
export type TimestampLike = Timestamp | bigint | number;
export type RelativeTimeLike = RelativeTime | bigint | number;

/** Durable, for its wake to survive an upgrade of its vat. */
export interface WakeHandler {
  readonly wake: (time: Timestamp) => unknown;
}
/** Any object: what it was given with can be cancelled by it. */
export type CancelToken = object;

export interface TimerRepeater {
  readonly schedule: (handler: WakeHandler) => void;
  readonly disable: () => void;
}
export interface TimerNotifier {
  readonly getUpdateSince: (updateCount?: bigint) => {
    readonly value: Timestamp;
    readonly updateCount: bigint | undefined;
  };
}
export interface TimerClock {
  readonly getCurrentTimestamp: () => Timestamp;
  readonly getTimerBrand: () => TimerBrand;
}

/** The root of the timer vat. */
export interface TimerService extends TimerClock {
  readonly setWakeup: (
    when: TimestampLike,
    handler: WakeHandler,
    cancelToken?: CancelToken,
  ) => TimestampLike;
  readonly wakeAt: (when: TimestampLike, cancelToken?: CancelToken) => Timestamp;
  readonly delay: (delay: RelativeTimeLike, cancelToken?: CancelToken) => Timestamp;
  readonly makeRepeater: (
    delay: RelativeTimeLike,
    interval: RelativeTimeLike,
    cancelToken?: CancelToken,
  ) => TimerRepeater;
  readonly repeatAfter: (
    delay: RelativeTimeLike,
    interval: RelativeTimeLike,
    handler: WakeHandler,
    cancelToken?: CancelToken,
  ) => void;
  readonly makeNotifier: (
    delay: RelativeTimeLike,
    interval: RelativeTimeLike,
    cancelToken?: CancelToken,
  ) => TimerNotifier;
  readonly cancel: (cancelToken: CancelToken) => void;
  readonly getClock: () => TimerClock;
}

/** One peer of the mailbox, for the vats that talk to it. */
export interface MailboxChannel {
  /** The number of the message. */
  readonly send: (body: string) => number;
  readonly setReceiver: (receiver: {
    readonly receive: (body: string, number: number) => unknown;
  }) => void;
  readonly setAcknowledger: (acknowledger: {
    readonly acknowledged: (number: number) => unknown;
  }) => void;
}

/** What the network does with the mailbox: for the host, or a vat that stands for it. */
export interface MailboxNetwork {
  /** Whether anything has changed. */
  readonly deliverInbound: (
    peer: string,
    messages: readonly (readonly [number: number, body: string])[],
    ack: number,
  ) => boolean;
  readonly setTransmitter: (transmitter: object) => void;
  readonly getState: () => Readonly<
    Record<
      string,
      {
        readonly outbox: readonly (readonly [number: number, body: string])[];
        readonly inboundAck: number;
      }
    >
  >;
}

/** The root of the mailbox vat. */
export interface Mailbox {
  readonly getChannel: (peer: string) => MailboxChannel;
  readonly getNetwork: () => MailboxNetwork;
}
