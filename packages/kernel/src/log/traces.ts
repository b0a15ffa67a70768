/**
 * Where the errors of vats were thrown: told by their workers, for the host alone.
 *
 * What a vat rejects or ends with is data, and stays what it is: a trace is found by the promise
 * that is rejected, or else by the error's bytes, which pass from vat to vat unchanged; so are the
 * errors of other vats that a text mentions. Of two errors with the same bytes it is the later
 * one's then. Nothing here decides an outcome, and only the last few are kept.
 */
import { isReference, PASSED_LINE, passedMark, type VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';

/** Of each sort. */
const TRACES_MAX = 200;
/** Errors of other vats that one text tells of. */
const PASSED_MAX = 20;
/** How far the frames of the outermost error are indented. */
const FRAME_INDENT = 4;

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

interface KeptTrace {
  readonly body: Uint8Array;
  /** As the worker says it. */
  readonly text: string;
  /** In the author's files, once somebody has asked. */
  located?: string;
}

/** What stands below the head of a trace, whose message may have lines of its own. */
const BELOW_HEAD = /\n +(?:at |(?:note|cause|error|noted): )[^]*$/;

/** Notes of the outermost error, and the errors that it comes of. */
const BELOW_FRAMES = /^ {2}(?:note|cause|error|noted): /;

/** `line`: of a trace, below its head. Does it come behind all frames of the outermost error? */
export const isBelowFrames = (line: string): boolean => BELOW_FRAMES.test(line);

export class Traces {
  readonly #locate: (text: string) => string;
  readonly #byPromise = new Map<KRef, KeptTrace>();
  /** By the mark of the error's bytes. */
  readonly #byMark = new Map<string, KeptTrace>();

  /** `locate`: places in scripts as places in the author's files. */
  constructor(locate: (text: string) => string) {
    this.#locate = locate;
  }

  told(state: KernelState, { vat, vpid, body, text }: ToldTrace): void {
    const mark = passedMark(body);
    // A vat that passes an error on knows nothing of it: it stays where it was thrown.
    const known = text.includes(`\n    ${mark}`) ? this.#byMark.get(mark) : undefined;
    const trace: KeptTrace = known ?? { body, text };
    keep(this.#byMark, mark, trace);
    if (!isReference(vpid)) return;
    // A promise of the vat's own making has no name yet: no host waits for it.
    const promise = state.clist(vat).byVRef.get(vpid);
    if (promise !== undefined) keep(this.#byPromise, promise, trace);
  }

  /** Of what a promise was rejected with; of an error that no promise is known of. */
  of(body: Uint8Array, promise?: KRef): string | undefined {
    // Most kernels are told of none.
    if (this.#byMark.size === 0) return undefined;
    const told = promise === undefined ? undefined : this.#byPromise.get(promise);
    if (told !== undefined && Buffer.compare(told.body, body) === 0) return this.#told(told);
    const trace = this.#byMark.get(passedMark(body));
    return trace && this.#told(trace);
  }

  /** The same text, with the author's files, and with the places of errors of other vats. */
  complete(text: string, seen = new Set<string>()): string {
    return this.#locate(text).replace(PASSED_LINE, (_line, indent: string, mark: string) => {
      const trace = this.#byMark.get(mark);
      if (trace === undefined || seen.has(mark) || seen.size >= PASSED_MAX) return '';
      seen.add(mark);
      const [below = ''] = BELOW_HEAD.exec(this.complete(trace.text, seen)) ?? [];
      return below.replaceAll('\n', `\n${indent.slice(FRAME_INDENT)}`);
    });
  }

  #told(trace: KeptTrace): string {
    trace.located ??= this.complete(trace.text, new Set([passedMark(trace.body)]));
    return trace.located;
  }
}
