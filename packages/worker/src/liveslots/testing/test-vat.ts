/**
 * One vat through several incarnations, for tests: rows stay, everything else is made anew.
 */
import type { Baggage, VatDataGlobal } from '../../vat.js';
import type { DecidedPromises } from '../promises/durable-promises.js';
import type { WatchablePromises } from '../promises/watched-promises.js';
import { createVatData } from '../vat/vat-data.js';
import type { VatDataPart } from '../vat/vat-data.js';
import { MemoryRows } from './memory-rows.js';
import { makePlainContext } from './plain-context.js';
import type { PlainContext } from './plain-context.js';

const unavailable = (): never => {
  throw Error('a test vat has no promises of the kernel');
};
export const noPromises: WatchablePromises & DecidedPromises = {
  nameOf: unavailable,
  subscribe: unavailable,
  revive: unavailable,
  keep: unavailable,
  askAgain: unavailable,
  beforeNotify: () => undefined,
  onSettled: unavailable,
  makePending: unavailable,
  fire: unavailable,
  adopt: unavailable,
  settleNamed: unavailable,
  useDurable: () => undefined,
};

export interface Incarnation {
  readonly context: PlainContext;
  readonly part: VatDataPart;
  readonly VatData: VatDataGlobal;
  readonly baggage: Baggage;
}

export class TestVat {
  readonly rows = new MemoryRows();
  #incarnation = -1;

  /** Begins the next incarnation with the rows that the last one left. */
  upgrade(): Incarnation {
    this.#incarnation += 1;
    const context = makePlainContext(this.rows, this.#incarnation);
    const part = createVatData(context, noPromises);
    const VatData = part.VatData as VatDataGlobal;
    return { context, part, VatData, baggage: part.baggage() as Baggage };
  }
}

/** A new vat, and its first incarnation after its first crank. */
export const beginVat = (): Incarnation & { vat: TestVat } => {
  const vat = new TestVat();
  const incarnation = vat.upgrade();
  incarnation.part.endCrank();
  vat.rows.take();
  return { vat, ...incarnation };
};

/** Ends a crank and forgets what can be made again. */
export const nextCrank = ({ part, context }: Incarnation): void => {
  part.endCrank();
  context.references.collect();
};
