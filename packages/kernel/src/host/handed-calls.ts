/**
 * Which calls of host objects the host has in its hands: their arguments and answers are in memory,
 * while all others are rows.
 *
 * Invariants: calls of one sender are handed over in order. What is handed over has
 * `HANDED_BYTES_MAX` of data, and one call of each sender besides, so that a sender whose calls the
 * host does not answer holds up nobody but itself. Of this host: no outcome depends on it.
 */
import { required } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';

/** Data of calls that the host has not answered, or whose answers are no inputs yet. */
export const HANDED_BYTES_MAX = 2 ** 26;

/** Absent: the host or the kernel. */
type Sender = VatNumber | undefined;

interface WaitingCall {
  readonly call: number;
  /** Of its arguments. */
  readonly bytes: number;
}

interface HandedCall {
  readonly sender: Sender;
  bytes: number;
}

export class HandedCalls {
  /** Those of each sender that wait, in order. */
  readonly #waiting = new Map<Sender, WaitingCall[]>();
  readonly #handed = new Map<number, HandedCall>();
  /** How many of each sender are handed over. */
  readonly #counts = new Map<Sender, number>();
  #bytes = 0;

  add(sender: Sender, waiting: WaitingCall): void {
    const calls = this.#waiting.get(sender);
    if (calls === undefined) this.#waiting.set(sender, [waiting]);
    else calls.push(waiting);
  }

  /** The oldest call that there is room for; from now on it is handed over. */
  next(): number | undefined {
    const heads = [...this.#waiting].map(([sender, calls]) => {
      return { sender, calls, ...required(calls[0], 'a call of a sender that has calls') };
    });
    for (const { sender, calls, call, bytes } of heads.sort((a, b) => a.call - b.call)) {
      const isFirst = !this.#counts.has(sender);
      if (!isFirst && this.#bytes + bytes > HANDED_BYTES_MAX) continue;
      calls.shift();
      if (calls.length === 0) this.#waiting.delete(sender);
      this.#handed.set(call, { sender, bytes });
      this.#counts.set(sender, (this.#counts.get(sender) ?? 0) + 1);
      this.#bytes += bytes;
      return call;
    }
    return undefined;
  }

  /** The host has answered: its answer is in memory, and the arguments need be no longer. */
  answered(call: number, bytes: number): void {
    const handed = this.#handed.get(call);
    if (handed === undefined) return;
    this.#bytes += bytes - handed.bytes;
    handed.bytes = bytes;
  }

  /** Nothing of it is in memory for the host any more. */
  done(call: number): void {
    const handed = this.#handed.get(call);
    if (handed === undefined) return;
    this.#handed.delete(call);
    this.#bytes -= handed.bytes;
    const left = required(this.#counts.get(handed.sender), 'its sender has a call') - 1;
    if (left === 0) this.#counts.delete(handed.sender);
    else this.#counts.set(handed.sender, left);
  }
}
