/**
 * Where the errors of vats were thrown: told by their workers, for the host alone.
 *
 * What a vat rejects or ends with is data, and stays what it is: a trace is found by the promise
 * that is rejected, or else by the error's bytes, which pass from vat to vat unchanged. Of two
 * errors with the same bytes it is the later one's then. Nothing here decides an outcome, and only
 * the last few are kept.
 */
import { isReference, type VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';

/** Of each sort. */
const TRACES_MAX = 200;
/** A longer error is found by its promise alone. */
const KEY_BYTES_MAX = 4096;

interface ToldTrace {
  readonly vat: VatNumber;
  /** Empty for the fault of a crank. */
  readonly vpid: string;
  readonly body: Uint8Array;
  readonly text: string;
}

/** The oldest goes when there are too many. */
const keep = <K, V>(map: Map<K, V>, key: K, value: V): void => {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= TRACES_MAX) return;
    map.delete(oldest);
  }
};

const keyOf = (body: Uint8Array): string | undefined =>
  body.length > KEY_BYTES_MAX ? undefined : Buffer.from(body).toString('latin1');

interface KeptTrace {
  readonly body: Uint8Array;
  /** As the worker says it. */
  readonly text: string;
  /** In the author's files, once somebody has asked. */
  located?: string;
}

export class Traces {
  readonly #locate: (text: string) => string;
  readonly #byPromise = new Map<KRef, KeptTrace>();
  readonly #byBody = new Map<string, KeptTrace>();

  /** `locate`: places in scripts as places in the author's files. */
  constructor(locate: (text: string) => string) {
    this.#locate = locate;
  }

  told(state: KernelState, { vat, vpid, body, text }: ToldTrace): void {
    const key = keyOf(body);
    const trace: KeptTrace = { body, text };
    if (key !== undefined) keep(this.#byBody, key, trace);
    if (!isReference(vpid)) return;
    // A promise of the vat's own making has no name yet: no host waits for it.
    const promise = state.clist(vat).byVRef.get(vpid);
    if (promise !== undefined) keep(this.#byPromise, promise, trace);
  }

  /** Of what a promise was rejected with; of an error that no promise is known of. */
  of(body: Uint8Array, promise?: KRef): string | undefined {
    const trace = this.#find(body, promise);
    if (trace === undefined) return undefined;
    trace.located ??= this.#locate(trace.text);
    return trace.located;
  }

  #find(body: Uint8Array, promise: KRef | undefined): KeptTrace | undefined {
    // Most kernels are told of none.
    if (this.#byBody.size === 0 && this.#byPromise.size === 0) return undefined;
    const told = promise === undefined ? undefined : this.#byPromise.get(promise);
    if (told !== undefined && Buffer.compare(told.body, body) === 0) return told;
    const key = keyOf(body);
    return key === undefined ? undefined : this.#byBody.get(key);
  }
}
