/**
 * What the zygote image gives the supervisor and liveslots: the locked-down world of one vat.
 *
 * Types only, so that it may be imported from anywhere. See docs/environment.md.
 */
import type { StoreReader } from '@heirloom/store';
import type { Observations } from '../protocol/observations.js';
import type { HandledPromises } from './handled-promises.js';
import type { Hardening } from './hardening.js';

/** What the thread (or child process) hands to the image that it runs. */
export interface ImageHost {
  readonly reader: StoreReader;
  post(frame: Uint8Array, transfer: readonly ArrayBuffer[]): void;
  /** Forces V8's collector, of this thread alone. */
  collectGarbage(): void;
  /** Does so before every crank: what V8 has collected must change no outcome (rules.md#o1). */
  readonly collectsEveryCrank?: boolean;
  /** What makes a crank of a message or a notify heavier ends it (protocol/parts.ts); 0: none. */
  readonly crankWeightMax?: number;
  /** The vat is suspected: every crank is posted before the next one begins (rules.md#h3). */
  readonly isCareful?: boolean;
}

/** What the image hands back. */
export interface ImageInstance {
  /** What the kernel may tell an image of that it could not tell older ones. */
  readonly marks?: readonly string[];
  onMessage(frame: Uint8Array): void;
  /** Of an error that ends the thread: vat code has seen an empty one. Older images know none. */
  readonly stackOf?: (error: unknown) => string;
  /** Logs it as a console line of the vat; false if there is no vat yet. */
  onUnhandledRejection(reason: unknown): boolean;
}

/** What `new Supervisor(options)` takes. */
export interface SupervisorOptions {
  readonly host: ImageHost;
  readonly environment: VatEnvironment;
}

export type LogLevel = 'debug' | 'log' | 'info' | 'warn' | 'error' | 'trace';
/** Takes a line of vat code's console. Must not throw, must not call vat code. */
export type LogSink = (level: LogLevel, text: string) => void;

export interface VatCompartment {
  /**
   * Evaluates a script (a program, not a module) as `installBundle` wove it, and returns its
   * completion value.
   */
  evaluate(source: string): unknown;
}

/** Told in the middle of vat code. */
export interface CallDepthObserver {
  /** Calls of vat code nest too deep. Throws what vat code is to see. */
  exceeded(): never;
  /** Vat code may have seen an error that says that this host has no stack or memory left. */
  hostFailed(error: unknown): void;
  /** Vat code has added private members to an object which it may not have made. */
  stamped(value: object): void;
}

/** What woven code tells, above all how deep its calls nest: see call-depth.ts. */
export interface CallDepth {
  watch(observer: CallDepthObserver): void;
  /** A crank begins: no call of vat code is in progress. */
  begin(): void;
}

export interface VatEnvironment {
  readonly hardening: Hardening;
  readonly callDepth: CallDepth;
  readonly handledPromises: HandledPromises;
  /**
   * For the host alone: an error with where it was thrown, what it comes of and what its message
   * redacts; '' where nothing of that is known. Runs no vat code.
   */
  traceOf(error: unknown): string;
  /** What the engine shows to vat code; `whole`: see `ToWorker.observe`. `made`: so many so far. */
  observe(whole: boolean, made: (count: number) => void): Promise<Observations>;
  /**
   * A compartment with the globals of a vat and, in addition, `globals`: VatData, WeakMap, WeakSet
   * and, under `Symbol.for('@endo passStyleOf')`, passStyleOf. Of these, all but VatData are set in
   * every child compartment that vat code makes, too (rules.md#o1). An entry that is undefined is
   * left out. Console output goes to `log`.
   */
  makeCompartment(globals: Readonly<Record<PropertyKey, unknown>>, log: LogSink): VatCompartment;
}
