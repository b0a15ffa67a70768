/**
 * Runs one delivery as one crank.
 *
 * Waves and replays use it alike, so that both do the same. The crank that comes of it, packed, is
 * what the digest of the transcript covers (rules.md#t3).
 */
import assert from 'node:assert/strict';
import type { Continuation } from '../liveslots/contract/delivery-handlers.js';
import type { Liveslots } from '../liveslots/vat/liveslots.js';
import { VatFault } from '../protocol/faults.js';
import type { Outcome } from '../protocol/from-worker.js';
import { hasWeightMax } from '../protocol/parts.js';
import { readDelivery } from '../protocol/tuples.js';
import type { FinishedCrank } from './crank-frame.js';
import type { Crank, RaisedFault } from './crank.js';
import type { VatRows } from './rows.js';

const NO_ROWS: FinishedCrank['rows'] = [];

/** What the engine calls of liveslots: another worker may play it. */
type Driven = Pick<Liveslots, 'deliver' | 'endCrank' | 'afterCrank' | 'encodeError'>;

interface EngineOptions {
  readonly beforeCrank: () => void;
  /** Of the store's parameters; 0: there is none. */
  readonly crankWeightMax?: number | undefined;
}

export class Engine {
  readonly #crank: Crank;
  readonly #rows: VatRows;
  readonly #liveslots: Driven;
  readonly #beforeCrank: () => void;
  readonly #crankWeightMax: number;
  #rest: Continuation | undefined;

  constructor(
    crank: Crank,
    rows: VatRows,
    liveslots: Driven,
    { beforeCrank, crankWeightMax = 0 }: EngineOptions,
  ) {
    this.#beforeCrank = beforeCrank;
    this.#crankWeightMax = crankWeightMax === 0 ? Infinity : crankWeightMax;
    this.#crank = crank;
    this.#rows = rows;
    this.#liveslots = liveslots;
  }

  begin(delivery: Uint8Array): void {
    this.#beforeCrank();
    this.#crank.begin(hasWeightMax(delivery) ? this.#crankWeightMax : Infinity);
    this.#run(() => this.#liveslots.deliver(readDelivery(delivery)));
  }

  /** True if the delivery went on for another turn. */
  proceed(): boolean {
    const rest = this.#rest;
    if (rest === undefined || this.#crank.fault !== undefined) return false;
    this.#run(rest);
    return true;
  }

  /** `height`: the block that will commit the crank's rows. */
  end(height: number): FinishedCrank {
    const crank = this.#crank;
    this.#rest = undefined;
    if (crank.fault === undefined) crank.guard(() => this.#liveslots.endCrank());
    const report = this.#liveslots.afterCrank();
    const rows = crank.fault === undefined ? this.#rows.writes() : NO_ROWS;
    const { fault } = crank;
    const bytes = crank.syscallBytes + this.#rows.writtenBytes;
    const syscalls = crank.end();
    if (fault === undefined) this.#rows.keepCrank(height);
    else this.#rows.dropCrank();
    if (fault === undefined) return { outcome: null, syscalls, rows, report, bytes };
    return { outcome: this.#outcomeOf(fault), syscalls, rows, report: null, bytes: 0 };
  }

  #run(job: Continuation): void {
    this.#rest = undefined;
    this.#crank.guard(() => {
      this.#rest = job();
    });
  }

  /** What vat code threw, if it can be told without references; else the fault's own message. */
  #outcomeOf(raised: RaisedFault | undefined): Outcome {
    if (raised === undefined) return null;
    const { fault, reason } = raised;
    if (reason !== undefined && !VatFault.isOn(reason)) {
      try {
        const { body, slots } = this.#liveslots.encodeError(reason);
        if (slots.length === 0) return [fault.code, body];
      } catch {
        // It is no data, or a proxy of the vat's has thrown, whatever that was.
      }
    }
    const { body, slots } = this.#liveslots.encodeError(Error(fault.message));
    assert.equal(slots.length, 0);
    return [fault.code, body];
  }
}
