/**
 * The run queue: what the kernel still has to deliver, in order, and who has queued it.
 *
 * Invariants: ordinals only grow, but for what goes to the head; every `send` names an object
 * (rules.md#w2); an item leaves when its crank is merged, so that what a wave defers keeps its
 * place (rules.md#w7). Removal is never undone. What a block has queued is in memory until the
 * commit; of what waits longer, `KEPT_BYTES_MAX` is, and the rest is read when its turn comes. What
 * a block both queues and takes off leaves no trace in the store.
 */
import assert from 'node:assert/strict';
import { atOnce, required, type ReadView, type RowChange, type Steps } from '@heirloom/store';
import { decodeRow, parseKey } from './damage.js';
import type { Journal, Restorable } from './journal.js';
import { ranges, spellings } from './kernel-keys.js';
import { ROW_WEIGHT } from './kernel-table.js';
import { itemWeight, ItemType, type RunQueueItem } from './queue-items.js';
import { rowAt, rowsOf } from './scan.js';
import { codecs } from './schema.js';

export interface QueueEntry {
  readonly ordinal: number;
  readonly item: RunQueueItem;
}

/** Whose items they are: see `laneOf`. */
type Lane = number;
/** What the host and the kernel do. */
const HOST_LANE: Lane = 0;
/**
 * Of two vats below 2^15 the lane is a number of its own; of others it may be that of others. So it
 * is a small integer to V8, of which it makes no object.
 */
const VATS_IN_LANES = 2 ** 15;

/**
 * A vat's messages are one lane. What it has others told is one for each of them: else answers to
 * one who asks too much would hold up those to everybody.
 */
const laneOf = (item: RunQueueItem): Lane => {
  if (item.type === ItemType.send) return item.sender ?? HOST_LANE;
  if (item.type !== ItemType.notify) return HOST_LANE;
  const sender = (item.sender ?? HOST_LANE) % VATS_IN_LANES;
  // Below those of messages.
  return -1 - sender * VATS_IN_LANES - (item.vat % VATS_IN_LANES);
};

/**
 * Who waits for what is in a lane: the vat that has sent it, or that is told; 0 is the host and the
 * kernel. Of vats below 2^15 the number is the vat's own, but for 0.
 */
export const whoseLane = (lane: Lane): number => (lane >= 0 ? lane : -1 - lane) % VATS_IN_LANES;

/** An item's place on the queue. */
export interface Place {
  readonly lane: Lane;
  /** What it counts for in a wave: bytes of its data; a lifecycle item counts for none. */
  readonly weight: number;
  /** About what it takes in memory. */
  readonly bytes: number;
  /** Undefined: it is in the store, and not in memory. */
  item: RunQueueItem | undefined;
}

/** Bytes of items of earlier blocks in memory. Of this host: no rule. */
const KEPT_BYTES_MAX = 16 * 2 ** 20;
/** A frame of cranks that is larger than this is not kept for a smaller body. */
const FRAME_BYTES_KEPT = 4_096;

/** What a place takes of `KEPT_BYTES_MAX`. */
const keptBytesOf = ({ item, bytes }: Place): number => (item === undefined ? 0 : bytes);

const bytesOf = (item: RunQueueItem): number => ROW_WEIGHT + itemWeight(item);

/** The item without the frame that its body came in, if that is much larger. */
const alone = (item: RunQueueItem): RunQueueItem => {
  if (item.type === ItemType.notify) return item;
  const { body } = item;
  const isAlone = body.buffer.byteLength <= 2 * body.length + FRAME_BYTES_KEPT;
  return isAlone ? item : { ...item, body: new Uint8Array(body) };
};

interface RunQueueOptions {
  readonly view: ReadView;
  readonly journal: Journal;
  /** What an item counts for in a wave. The same for as long as it is queued. */
  readonly weigh: (item: RunQueueItem) => number;
}

export class RunQueue implements Restorable {
  readonly #options: RunQueueOptions;
  /** In order of ordinals. */
  #places = new Map<number, Place>();
  /** The same by lane, each in order of ordinals. */
  readonly #lanes = new Map<Lane, Map<number, Place>>();
  #weight = 0;
  /** Those of this block. */
  readonly #fresh = new Set<number>();
  #freshBytes = 0;
  /** The store has items of these that have been taken off, or say something else. */
  readonly #outdated = new Set<number>();
  /** Of those of earlier blocks that are in memory. */
  #keptBytes = 0;

  constructor(options: RunQueueOptions) {
    this.#options = options;
    for (const [key, item] of rowsOf(options.view, ranges.queue.prefix, codecs.item)) {
      this.#keep(this.#add(parseKey(spellings.queue.parse, 'kernel', key), item));
    }
  }

  get length(): number {
    return this.#places.size;
  }

  /** What all items count for. */
  get weight(): number {
    return this.#weight;
  }

  /** Those who have items, and the places of these, in order. */
  get lanes(): ReadonlyMap<Lane, ReadonlyMap<number, Place>> {
    return this.#lanes;
  }

  /** Items that are in memory. */
  get keptCount(): number {
    return [...this.#places.values()].filter(({ item }) => item !== undefined).length;
  }

  append(ordinal: number, item: RunQueueItem): void {
    this.#create(ordinal, item);
    this.#options.journal.recordRow(this, ordinal, undefined);
  }

  /**
   * Puts items at the head, behind the first `after`. `tail`: the next ordinal of `append`. Not to
   * be undone: an input does it, or an item that is carried out.
   */
  insert(items: readonly RunQueueItem[], after: number, tail: number): void {
    if (items.length === 0) return;
    const ahead = [...this.head(after)];
    for (const { ordinal } of ahead) this.remove(ordinal);
    const rest = this.#places;
    const [end = tail] = rest.keys();
    const placed = [...ahead.map(({ item }) => item), ...items];
    const start = end - placed.length;
    assert(start >= 0, 'there is room before the first ordinal');
    const lanes = new Map(this.#lanes);
    this.#lanes.clear();
    this.#places = new Map();
    placed.forEach((item, i) => this.#create(start + i, item));
    for (const [ordinal, place] of rest) this.#places.set(ordinal, place);
    for (const [lane, places] of lanes) {
      this.#lanes.set(lane, new Map([...(this.#lanes.get(lane) ?? []), ...places]));
    }
  }

  /** Called by the journal only. */
  restore(ordinal: number): void {
    this.#leave(ordinal);
  }

  remove(ordinal: number): void {
    this.#leave(ordinal);
  }

  /** A lifecycle item that stays at its place and says something else. Not to be undone. */
  replace(ordinal: number, item: RunQueueItem): void {
    const { lane, weight } = required(this.#places.get(ordinal), 'an item that is queued');
    assert(laneOf(item) === lane && this.#options.weigh(item) === weight);
    this.#outdate(ordinal);
    const place = { lane, weight, bytes: bytesOf(item), item };
    this.#places.set(ordinal, place);
    required(this.#lanes.get(lane), 'the items of a lane').set(ordinal, place);
    this.#refresh(ordinal, place);
  }

  /** The entry at this place, which must be there. */
  entry(ordinal: number): QueueEntry {
    const { item } = required(this.#places.get(ordinal), 'an item that is queued');
    return { ordinal, item: item ?? this.#read(ordinal) };
  }

  /** All items, in order, without removing them. The queue must not change meanwhile. */
  *entries(): Generator<QueueEntry, void> {
    for (const ordinal of this.#places.keys()) yield this.entry(ordinal);
  }

  /** The first `limit` of them. */
  *head(limit: number): Generator<QueueEntry, void> {
    let left = limit;
    for (const ordinal of this.#places.keys()) {
      if (left <= 0) return;
      left -= 1;
      yield this.entry(ordinal);
    }
  }

  /** Rows that the block changes, at most. */
  get dirtyCount(): number {
    return this.#fresh.size + this.#outdated.size;
  }

  get dirtyBytes(): number {
    return this.#freshBytes + this.#outdated.size * ROW_WEIGHT;
  }

  changes(into: RowChange[]): void {
    atOnce(this.changing(into));
  }

  /** The same in steps. The queue must not change meanwhile. */
  *changing(into: RowChange[]): Steps<void> {
    const { spell } = spellings.queue;
    for (const ordinal of this.#outdated) {
      if (this.#fresh.has(ordinal)) continue;
      into.push({ table: 'kernel', key: spell(ordinal), value: undefined });
      yield;
    }
    for (const ordinal of this.#fresh) {
      const value = codecs.item.encode(this.entry(ordinal).item);
      into.push({ table: 'kernel', key: spell(ordinal), value });
      yield;
    }
  }

  committed(): void {
    atOnce(this.committing());
  }

  /** The same in steps. The queue must not change meanwhile, and may be read. */
  *committing(): Steps<void> {
    for (const ordinal of this.#fresh) {
      this.#keep(required(this.#places.get(ordinal), 'an item of this block'));
      yield;
    }
    this.#fresh.clear();
    this.#freshBytes = 0;
    this.#outdated.clear();
  }

  #create(ordinal: number, item: RunQueueItem): void {
    this.#refresh(ordinal, this.#add(ordinal, item));
  }

  /** The place is new, or says something else. */
  #refresh(ordinal: number, { bytes }: Place): void {
    this.#fresh.add(ordinal);
    this.#freshBytes += bytes;
  }

  /** The opposite; what the store has at the place is to go, too. */
  #outdate(ordinal: number): Place {
    const place = required(this.#places.get(ordinal), 'an item that is queued');
    if (this.#fresh.delete(ordinal)) this.#freshBytes -= place.bytes;
    else {
      this.#keptBytes -= keptBytesOf(place);
      this.#outdated.add(ordinal);
    }
    return place;
  }

  #read(ordinal: number): RunQueueItem {
    const key = spellings.queue.spell(ordinal);
    return decodeRow(codecs.item, 'kernel', key, rowAt(this.#options.view, 'kernel', key));
  }

  #add(ordinal: number, item: RunQueueItem): Place {
    const lane = laneOf(item);
    const place = { lane, weight: this.#options.weigh(item), bytes: bytesOf(item), item };
    this.#places.set(ordinal, place);
    const places = this.#lanes.get(lane);
    if (places === undefined) this.#lanes.set(lane, new Map([[ordinal, place]]));
    else places.set(ordinal, place);
    this.#weight += place.weight;
    return place;
  }

  /** What is durable stays in memory as far as there is room. */
  #keep(place: Place): void {
    const hasRoom = this.#keptBytes + place.bytes <= KEPT_BYTES_MAX;
    place.item = hasRoom && place.item !== undefined ? alone(place.item) : undefined;
    this.#keptBytes += keptBytesOf(place);
  }

  #leave(ordinal: number): void {
    const place = this.#outdate(ordinal);
    this.#places.delete(ordinal);
    const places = required(this.#lanes.get(place.lane), 'the items of a lane');
    places.delete(ordinal);
    if (places.size === 0) this.#lanes.delete(place.lane);
    this.#weight -= place.weight;
  }
}
