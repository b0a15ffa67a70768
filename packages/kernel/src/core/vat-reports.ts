/**
 * What vats tell the host beside their outcomes: console lines, the reasons of faults, and where
 * errors were thrown, in the author's files.
 *
 * Invariant: nothing here decides an outcome, is hashed, or comes back to a vat. A trace counts for
 * no more than a console line: a worker may have made it up.
 */
import { types } from 'node:util';
import { describeError } from '@heirloom/store';
import { vatNumberOf, type Site, type VatId } from '@heirloom/worker';
import { WorkerError } from '../base/kernel-errors.js';
import type { SourcePlaces } from '../code/source-places.js';
import { Traces } from '../log/traces.js';
import { methodOfDelivery, type KernelLogEntry } from '../log/vat-lines.js';
import { isTooLongForText, longData } from '../objects/kernel-data.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import type { VatLine, VatLog, VatTrace } from '../vats/vat-worker.js';
import type { HostData } from './host-data.js';

interface VatReportsOptions {
  readonly state: KernelState;
  readonly data: HostData;
  readonly places: SourcePlaces;
  readonly log: (entry: KernelLogEntry) => void;
}

type VatCrank = NonNullable<VatLine['crank']>;
type LoggedCrank = NonNullable<KernelLogEntry['crank']>;

/** As an error's causes stand in its trace. */
const causeLines = (cause: unknown): string[] => {
  if (!(cause instanceof Error) || cause instanceof WorkerError) return [];
  const [head, ...frames] = (cause.stack ?? describeError(cause)).split('\n');
  return [`  cause: ${head}`, ...frames.map(frame => `  ${frame}`)];
};

/**
 * `    at make (shop.js:41:12)`, with a name or without; `eval` has no file. Vat code names its
 * functions as it likes, also with what a terminal obeys.
 */
const placeOfFrame = (line: string): string[] => {
  const [, named, alone] = /^\s*at (?:.*\((.+:\d+)\)|(?:async )?(\S+:\d+))$/.exec(line) ?? [];
  const place = named ?? alone;
  if (place === undefined || place.startsWith('<anonymous>')) return [];
  return /\p{Cc}/u.test(place) ? [] : [place];
};

export class VatReports implements VatLog {
  readonly #options: VatReportsOptions;
  readonly #traces: Traces;
  /** Of deliveries; to find one takes as long as the delivery is large, and lines are many. */
  readonly #methods = new WeakMap<Uint8Array, string>();

  constructor(options: VatReportsOptions) {
    this.#options = options;
    this.#traces = new Traces(text => options.places.locate(text));
  }

  line({ vatId, level, text, crank }: VatLine): void {
    const { log } = this.#options;
    const name = this.#nameOf(vatId);
    log({
      ...{ vatId, level, text: this.#traces.complete(text) },
      ...(name === undefined ? {} : { name }),
      ...(crank === undefined ? {} : { crank: this.#described(crank) }),
    });
  }

  trace({ vatId, vpid, body, text }: VatTrace): void {
    const vat = vatNumberOf(vatId);
    if (vat !== undefined) this.#traces.told(this.#options.state, { vat, vpid, body, text });
  }

  /** Why a vat was ended, did not start, or was not upgraded. */
  end(level: 'fault' | 'error', vatId: VatId, code: string, reason: Uint8Array): void {
    const name = this.#nameOf(vatId);
    const text = this.traceOf(reason) ?? this.#textOf(reason);
    const named = name === undefined ? {} : { name };
    this.#options.log({ vatId, level, text: `${code}: ${text}`, ...named });
  }

  /** The worker of a vat has failed, and the kernel stops. Its cause has the author's files. */
  died(error: WorkerError): void {
    this.#worker('fault', error);
  }

  /** A thread was left behind, and the kernel goes on. */
  left(error: WorkerError): void {
    this.#worker('error', error);
  }

  #worker(level: 'fault' | 'error', error: WorkerError): void {
    const { code, why, cause, vat: vatId, incarnation, position, method } = error;
    const name = this.#nameOf(vatId);
    const isPlaced = incarnation !== undefined && position !== undefined && method !== undefined;
    this.#options.log({
      ...{ vatId, level, text: [`${code}: ${why}`, ...causeLines(cause)].join('\n') },
      ...(name === undefined ? {} : { name }),
      ...(isPlaced ? { crank: { incarnation, position, method } } : {}),
    });
  }

  /** Where an error was thrown that is data now; `promise`: the one that it rejects. */
  traceOf(body: Uint8Array, promise?: KRef): string | undefined {
    return this.#traces.of(body, promise);
  }

  /** The innermost of its lines that is in no library of the author's. */
  placeOf(site: Site): string | undefined {
    const places = this.#options.places.locate(site).split('\n').flatMap(placeOfFrame);
    return places.find(place => !place.includes('node_modules/')) ?? places[0];
  }

  #described({ incarnation, position, delivery }: VatCrank): LoggedCrank {
    const method = this.#methods.get(delivery) ?? methodOfDelivery(delivery);
    this.#methods.set(delivery, method);
    return { incarnation, position, method };
  }

  #nameOf(vatId: VatId | undefined): string | undefined {
    const vat = vatId === undefined ? undefined : vatNumberOf(vatId);
    return vat === undefined ? undefined : this.#options.state.vats.get(vat)?.name;
  }

  /** A fault's reason comes from a worker, and need be no data. */
  #textOf(reason: Uint8Array): string {
    if (isTooLongForText(reason)) return longData(reason);
    try {
      const value = this.#options.data.decode(reason, []);
      return types.isNativeError(value) ? `${value.name}: ${value.message}` : String(value);
    } catch (error) {
      return `(unreadable: ${String(error)})`;
    }
  }
}
