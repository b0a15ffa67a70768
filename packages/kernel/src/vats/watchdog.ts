/**
 * Notices workers that are silent for too long while they have something to do (rules.md#w5).
 *
 * Workers post what they have at least every 50 ms, so silence is the run time of one crank.
 * Theory of operation. Silence is counted in ticks of one timer. A tick comes after the messages
 * that waited, so a kernel that is busy for long counts one tick, not the time: it never takes its
 * own slowness for a vat's. Nothing here enters a hash: what comes of it is a HostError.
 */
import assert from 'node:assert/strict';
import type { Repeat } from '../base/kernel-host-powers.js';

/** A worker is given up when it was silent for so many ticks: timeout to timeout + one tick. */
const TICKS = 8;

/** One worker, while it works. */
interface Watched {
  silentTicks: number;
  readonly onSilent: () => void;
}

export interface Watch {
  /** The worker has said something. */
  heard(): void;
  stop(): void;
}

export class Watchdog {
  readonly #timeoutMs: number;
  readonly #repeat: Repeat;
  readonly #watched = new Set<Watched>();
  #stopTicking: (() => void) | undefined;

  /** `timeoutMs` Infinity: watches nothing. */
  constructor(timeoutMs: number, repeat: Repeat) {
    assert(timeoutMs > 0, 'a timeout is positive');
    this.#timeoutMs = timeoutMs;
    this.#repeat = repeat;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** `onSilent` is called once, unless the watch stops before. */
  watch(onSilent: () => void): Watch {
    const watched: Watched = { silentTicks: 0, onSilent };
    if (this.#timeoutMs !== Infinity) this.#watched.add(watched);
    this.#ensureTicking();
    return {
      heard: () => {
        watched.silentTicks = 0;
      },
      stop: () => {
        this.#watched.delete(watched);
        this.#ensureTicking();
      },
    };
  }

  #ensureTicking(): void {
    if (this.#watched.size === 0) {
      this.#stopTicking?.();
      this.#stopTicking = undefined;
    } else {
      this.#stopTicking ??= this.#repeat(this.#timeoutMs / TICKS, () => this.#tick());
    }
  }

  #tick(): void {
    for (const watched of [...this.#watched]) {
      watched.silentTicks += 1;
      if (watched.silentTicks <= TICKS) continue;
      this.#watched.delete(watched);
      watched.onSilent();
    }
    this.#ensureTicking();
  }
}
