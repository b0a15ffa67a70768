/**
 * Which items of the run queue a wave takes, where there are many (rules.md#w8).
 *
 * Theory of operation. Items of one sender, in order, are a *lane* (state/run-queue.ts). A short
 * queue is taken in its order. Of a longer one that has several lanes, each gets a share,
 * counted in items and in bytes, still in the order of the queue; items with much data come behind
 * all others, and one of them, the oldest, comes in any case. Invariants: no item overtakes another
 * of its lane; every lane gets something in every wave, unless those before it fill the wave with
 * what each may have at least.
 */
import type { Steps } from '@heirloom/store';
import { ItemType } from '../state/queue-items.js';
import { whoseLane, type Place, type QueueEntry, type RunQueue } from '../state/run-queue.js';

export type SharedQueue = Pick<RunQueue, 'length' | 'weight' | 'lanes' | 'entry' | 'entries'>;

export interface ShareLimits {
  readonly waveLimit: number;
  readonly waveBytesMax: number;
}

/** The wave that is being planned. */
export interface Taker {
  /** False: the item stays on the queue, and counts for nothing. In steps if it takes many. */
  add(entry: QueueEntry): boolean | Steps<boolean>;
  /** Items taken off the queue. */
  readonly taken: number;
  /** Of packed deliveries, and what else counts beside them (rules.md#w5). */
  readonly bytes: number;
}

/** So many lanes at least share a wave, if they are not all of one vat. */
const SHARES_LEAST = 8;
/** A wave of fewer items is filled, whoever has sent what is left: small waves cost too much. */
const FILLED_LEAST = 64;
/** A queue of more than this part of a wave is shared: a full wave takes a tenth of a second. */
const SHORT_PART = 4;
/** An item of more than this part of a wave's bytes comes behind those with less. */
const HEAVY_PART = 16;
/** What the others may have together: half of a wave's bytes. */
const LIGHT_PART = 2;

/** What a lane has left, and what it has had of this wave. */
class LaneCursor {
  readonly #rest: Iterator<readonly [number, Place], void>;
  #next: readonly [number, Place] | undefined;
  taken = 0;
  bytes = 0;

  /** From the first item behind `after` on. */
  constructor(places: ReadonlyMap<number, Place>, after: number) {
    this.#rest = places.entries();
    this.advance();
    while (this.ordinal <= after) this.advance();
  }

  /** Of the next item; Infinity: there is none. */
  get ordinal(): number {
    return this.#next?.[0] ?? Infinity;
  }

  get weight(): number {
    return this.#next?.[1].weight ?? 0;
  }

  advance(): void {
    const step = this.#rest.next();
    this.#next = step.done === true ? undefined : step.value;
  }
}

/** The cursor whose next item is the oldest, if there is a cursor. */
const oldestOf = (cursors: readonly LaneCursor[]): LaneCursor | undefined => {
  let oldest: LaneCursor | undefined;
  for (const cursor of cursors) {
    if (oldest === undefined || cursor.ordinal < oldest.ordinal) oldest = cursor;
  }
  return oldest;
};

function* adding(taker: Taker, entry: QueueEntry): Steps<boolean> {
  const added = taker.add(entry);
  return typeof added === 'boolean' ? added : yield* added;
}

function* takingInOrder(queue: SharedQueue, limits: ShareLimits, taker: Taker): Steps<void> {
  for (const entry of queue.entries()) {
    const added = taker.add(entry);
    if (typeof added !== 'boolean') yield* added;
    if (taker.bytes >= limits.waveBytesMax) return;
    yield;
  }
}

/**
 * Lifecycle items that the queue begins with come first, whoever has sent what is behind them
 * (rules.md#h3). Gives the ordinal of the last that was looked at; -1: there is none.
 */
function* takingHead(
  queue: SharedQueue,
  { waveLimit }: ShareLimits,
  taker: Taker,
): Steps<number> {
  let last = -1;
  for (const entry of queue.entries()) {
    const { type } = entry.item;
    if (type === ItemType.send || type === ItemType.notify || taker.taken >= waveLimit) break;
    yield* adding(taker, entry);
    last = entry.ordinal;
    yield;
  }
  return last;
}

/** What is taken at most while one goes around. */
interface Round {
  /** Of the wave so far, with the place of a heavy one. */
  readonly items: number;
  readonly bytes: number;
  /** Of each lane in this wave. */
  readonly share: number;
  readonly shareBytes: number;
  /** Items of more bytes are not taken. */
  readonly lightBytes: number;
}

/** Lanes that go on, and those that stand before a heavy item. */
interface Lanes {
  open: LaneCursor[];
  readonly heavy: LaneCursor[];
}

/** Takes light items in the order of the queue. Those that have had their share stay open. */
function* goingAround(
  queue: SharedQueue,
  lanes: Lanes,
  taker: Taker,
  round: Round,
): Steps<void> {
  const { heavy } = lanes;
  let going = lanes.open;
  lanes.open = [];
  const leave = (cursor: LaneCursor): void => {
    going = going.filter(each => each !== cursor);
  };
  // The oldest heavy one has a place.
  const hasRoom = (): boolean => taker.taken < round.items - Math.min(1, heavy.length);
  while (hasRoom() && taker.bytes < round.bytes) {
    const cursor = oldestOf(going);
    if (cursor === undefined) return;
    if (cursor.ordinal === Infinity) leave(cursor);
    else if (cursor.weight > round.lightBytes) {
      heavy.push(cursor);
      leave(cursor);
    } else {
      const before = taker.bytes;
      const added = taker.add(queue.entry(cursor.ordinal));
      if (typeof added === 'boolean' ? added : yield* added) {
        cursor.taken += 1;
        cursor.bytes += taker.bytes - before;
      }
      cursor.advance();
      if (cursor.taken >= round.share || cursor.bytes >= round.shareBytes) {
        lanes.open.push(cursor);
        leave(cursor);
      }
    }
    yield;
  }
}

/** Takes what light items each lane may have. Gives the cursors that stand before a heavy one. */
function* takingLight(
  queue: SharedQueue,
  limits: ShareLimits,
  taker: Taker,
): Steps<LaneCursor[]> {
  const { waveLimit, waveBytesMax } = limits;
  const after = yield* takingHead(queue, limits, taker);
  const cursors = [...queue.lanes.values()].map(places => new LaneCursor(places, after));
  const lanes: Lanes = { open: cursors, heavy: [] };
  // Who sends and waits for the answers holds up nobody else.
  const isAlone = new Set([...queue.lanes.keys()].map(whoseLane)).size <= 1;
  const shares = isAlone ? cursors.length : Math.max(SHARES_LEAST, cursors.length);
  const bytes = waveBytesMax / LIGHT_PART;
  const lightBytes = waveBytesMax / HEAVY_PART;
  yield* goingAround(queue, lanes, taker, {
    ...{ items: waveLimit, share: Math.max(1, Math.floor(waveLimit / shares)) },
    ...{ bytes, shareBytes: bytes / shares, lightBytes },
  });
  yield* goingAround(queue, lanes, taker, {
    ...{ items: Math.min(waveLimit, FILLED_LEAST), share: Infinity },
    ...{ bytes, shareBytes: Infinity, lightBytes },
  });
  return lanes.heavy;
}

/** Lighter ones as far as they fit, and the oldest that does not have to stay. */
function* takingHeavy(
  queue: SharedQueue,
  limits: ShareLimits,
  taker: Taker,
  heads: readonly LaneCursor[],
): Steps<void> {
  const { waveLimit, waveBytesMax } = limits;
  const [oldest, ...others] = [...heads].sort((a, b) => a.ordinal - b.ordinal);
  if (oldest === undefined) return;
  const left = [oldest];
  for (const head of others.sort((a, b) => a.weight - b.weight || a.ordinal - b.ordinal)) {
    const { ordinal, weight } = head;
    const hasRoom = taker.taken + 1 < waveLimit && taker.bytes + weight < waveBytesMax;
    if (!hasRoom || !(yield* adding(taker, queue.entry(ordinal)))) left.push(head);
    yield;
  }
  if (taker.bytes >= waveBytesMax) return;
  for (const { ordinal } of left.sort((a, b) => a.ordinal - b.ordinal)) {
    if (yield* adding(taker, queue.entry(ordinal))) return;
  }
}

const isShort = (queue: SharedQueue, { waveLimit, waveBytesMax }: ShareLimits): boolean => {
  const few = Math.min(waveLimit, Math.max(FILLED_LEAST, waveLimit / SHORT_PART));
  return queue.length <= few && queue.weight <= waveBytesMax;
};

/** Adds items of the queue to a wave, until it is full or each lane has had its share. */
export function* takingShares(
  queue: SharedQueue,
  limits: ShareLimits,
  taker: Taker,
): Steps<void> {
  if (isShort(queue, limits)) return yield* takingInOrder(queue, limits, taker);
  const heavy = yield* takingLight(queue, limits, taker);
  return yield* takingHeavy(queue, limits, taker, heavy);
}
