/**
 * The durable kinds that the vat has dismissed: their instances are revoked, and nobody has to
 * define them again.
 *
 * Theory of operation. A dismissal is a row, and a syscall tells the kernel, which answers for the
 * instances from then on. Their rows go in sweeps (dismissal-sweeper.ts); until then they count for
 * what they hold, but nothing counts for them: they are no things any more (things.ts). What still
 * holds a reference to one can be read: it is the representative of old where the incarnation has
 * defined the kind before, else it stands for itself like an import; whatever is sent to it, or
 * called, fails.
 *
 * Invariant: the set is a function of the rows, so when it is first read makes no difference.
 */
import { ROW_DISMISSED_PREFIX, prefixEnd, readU32, rowDismissed } from '@heirloom/store/keys';
import type { CrankSink } from '../../contracts/crank-sink.js';
import { Syscall } from '../../protocol/opcodes.js';
import { parseVRef, type VRef } from '../../protocol/refs.js';
import {
  DISMISSED_KINDS_MAX,
  asciiTag,
  revocationText,
  suspensionText,
} from '../../protocol/revocation.js';
import type { LiveslotsContext } from '../contract/context.js';
import { textOf } from '../rows/decoded.js';
import { packRow, rowAt } from '../rows/frames.js';

export class Dismissals {
  readonly #context: LiveslotsContext;
  #tags: Map<number, string> | undefined;
  /** Kinds that an emergency start has left undefined: of this incarnation only. */
  readonly #suspended = new Map<number, string>();

  constructor(context: LiveslotsContext) {
    this.#context = context;
  }

  /** To be called before anything is decoded without a look at what is defined. */
  load(): void {
    this.#tags ??= this.#read();
  }

  has(kind: number): boolean {
    return (this.#tags ??= this.#read()).has(kind);
  }

  /** Sorted. */
  kinds(): number[] {
    return [...(this.#tags ??= this.#read()).keys()].sort((a, b) => a - b);
  }

  /** The tag of a kind that was dismissed, else undefined. */
  tagOf(kind: number): string | undefined {
    return (this.#tags ??= this.#read()).get(kind);
  }

  /** What calls of `vref` are rejected with, if it is an instance of a dismissed kind. */
  revocationOf(vref: VRef): string | undefined {
    const tags = (this.#tags ??= this.#read());
    if (tags.size + this.#suspended.size === 0 || !vref.startsWith('o+d')) return undefined;
    const parsed = parseVRef(vref);
    if (parsed?.type !== 'durable') return undefined;
    const suspended = this.#suspended.get(parsed.kind);
    if (suspended !== undefined) return suspensionText(suspended);
    const tag = tags.get(parsed.kind);
    return tag === undefined ? undefined : revocationText(tag);
  }

  /** An instance of a kind that some later incarnation may define. */
  isSuspended(vref: VRef): boolean {
    const parsed = this.#suspended.size === 0 ? undefined : parseVRef(vref);
    return parsed?.type === 'durable' && this.#suspended.has(parsed.kind);
  }

  /** Its instances stand for themselves, and answer nothing, until an incarnation defines it. */
  suspend(kind: number, tag: string): void {
    this.#suspended.set(kind, tag);
    this.#standIn(kind);
  }

  /** A kind that is in use, by its number and tag. Throws past the limit. */
  add(crank: CrankSink, kind: number, tag: string, isDefined: boolean): void {
    const tags = (this.#tags ??= this.#read());
    if (tags.size >= DISMISSED_KINDS_MAX) {
      throw Error(`a vat dismisses at most ${DISMISSED_KINDS_MAX} kinds`);
    }
    tags.set(kind, tag);
    const { codec, rows } = this.#context;
    rows.set(rowDismissed(kind), packRow('dismissed', [codec.encode(tag).body]));
    if (!isDefined) this.#standIn(kind);
    crank.syscall([Syscall.dismissKind, kind, asciiTag(tag)]);
  }

  #read(): Map<number, string> {
    const { codec, rows } = this.#context;
    const tags = new Map<number, string>();
    const end = prefixEnd(ROW_DISMISSED_PREFIX);
    let key = rows.nextKey(ROW_DISMISSED_PREFIX, end);
    while (key !== undefined) {
      const kind = readU32(key, ROW_DISMISSED_PREFIX.length);
      tags.set(kind, textOf(codec, rowAt('dismissed', rows, key)[0]));
      this.#standIn(kind);
      key = rows.nextKey(key, end);
    }
    return tags;
  }

  #standIn(kind: number): void {
    this.#context.references.registerRevoked(kind);
  }
}
