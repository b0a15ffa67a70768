/**
 * The `kernel` table, row by row: c-lists, queues, promises. What an open kernel counts for
 * `stats()` and metrics: host/table-counts.ts.
 */
import {
  ALARM_PREFIX,
  BOUND_NAME_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  CLIST_KREF_PREFIX,
  CLIST_VREF_PREFIX,
  COLLECT_PREFIX,
  COUNT_PREFIX,
  countersKey,
  DISMISSAL_PREFIX,
  DUE_PREFIX,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  HOST_RESULT_PREFIX,
  KERNEL_OBJECT_PREFIX,
  OBJECT_PREFIX,
  PARKED_PREFIX,
  PIN_PREFIX,
  PROMISE_PREFIX,
  PROMISE_QUEUE_PREFIX,
  readU48,
  REMAINDER_PREFIX,
  RUN_QUEUE_PREFIX,
  SPACE_COPY_PREFIX,
  SPACE_USERS_PREFIX,
  STRANDED_PREFIX,
  SUSPECT_PREFIX,
  TANGLE_PREFIX,
  textOfKey,
  VAT_COUNTERS_PREFIX,
  VAT_NAME_PREFIX,
  VAT_PREFIX,
  WAIT_PREFIX,
  type StoredRow,
} from '@heirloom/store';
import { isAllocatedByVat, isPromiseRef, type VatNumber } from '@heirloom/worker';
import { decodeRow } from '../state/damage.js';
import { NO_INPUT } from '../state/input-numbers.js';
import { readVat } from '../state/kernel-keys.js';
import type { RowCodec } from '../state/kernel-table.js';
import { promiseKRef, showKRef, type KRef } from '../state/krefs.js';
import { ItemType } from '../state/queue-items.js';
import { codecs, PromiseState, type VatRow } from '../state/schema.js';
import type { BoundName, QueueInspection, TableSize, VatInspection } from './report.js';
import { Sizes } from './sizes.js';

const LONGEST_QUEUES = 10;

const PARTS: ReadonlyMap<string, string> = new Map([
  [countersKey(), 'counters'],
  [OBJECT_PREFIX, 'objects'],
  [PROMISE_PREFIX, 'promises'],
  [PROMISE_QUEUE_PREFIX, 'messages on promises'],
  [RUN_QUEUE_PREFIX, 'run queue'],
  [VAT_PREFIX, 'vats'],
  [VAT_COUNTERS_PREFIX, 'vat counters'],
  [SPACE_USERS_PREFIX, 'shared spaces'],
  [SPACE_COPY_PREFIX, 'spaces that are copied'],
  [STRANDED_PREFIX, 'stranded vats'],
  [CLIST_VREF_PREFIX, 'c-lists, by vref'],
  [CLIST_KREF_PREFIX, 'c-lists, by kref'],
  [VAT_NAME_PREFIX, 'vat names'],
  [PIN_PREFIX, 'pins of the host'],
  [BOUND_NAME_PREFIX, 'names of the host'],
  [HOST_RESULT_PREFIX, 'results for the host'],
  [COLLECT_PREFIX, 'garbage to tell of'],
  [PARKED_PREFIX, 'parked for stranded vats'],
  [REMAINDER_PREFIX, 'ended incarnations'],
  [DISMISSAL_PREFIX, 'dismissed kinds'],
  [DUE_PREFIX, 'garbage to look at'],
  [SUSPECT_PREFIX, 'garbage to search'],
  [TANGLE_PREFIX, 'garbage that is searched'],
  [HOST_OBJECT_PREFIX, 'host objects'],
  [HOST_CALL_PREFIX, 'calls of the host'],
  [KERNEL_OBJECT_PREFIX, 'objects of the kernel'],
  [WAIT_PREFIX, 'promises that wait'],
  [ALARM_PREFIX, 'alarms'],
  [BUNDLE_CAP_PREFIX, 'bundle caps'],
  [BUNDLE_NAME_PREFIX, 'bundle names'],
  [COUNT_PREFIX, 'counts'],
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Clist = Mutable<VatInspection['clist']>;

export class KernelPart {
  readonly vats = new Map<VatNumber, VatRow>();
  readonly stranded = new Set<VatNumber>();
  readonly positions = new Map<VatNumber, number>();
  readonly clists = new Map<VatNumber, Clist>();
  readonly promises = { unresolved: 0, fulfilled: 0, rejected: 0 };
  /** In order of their bytes. */
  readonly boundNames: BoundName[] = [];
  lastInput = NO_INPUT;
  readonly #sizes = new Sizes<string>();
  readonly #queue = { messages: 0, notifies: 0, lifecycle: 0 };
  readonly #waiting = new Map<KRef, number>();

  visit({ key, value }: StoredRow): void {
    const prefix = key.slice(0, 1);
    const read = <V>(codec: RowCodec<V>): V => decodeRow(codec, 'kernel', key, value);
    this.#sizes.add(PARTS.get(prefix) ?? 'unknown', key.length + value.length);
    switch (prefix) {
      case countersKey():
        this.lastInput = read(codecs.counters).lastInput;
        break;
      case VAT_PREFIX:
        this.vats.set(readVat(key, 1), read(codecs.vat));
        break;
      case STRANDED_PREFIX:
        this.stranded.add(readVat(key, 1));
        break;
      case VAT_COUNTERS_PREFIX:
        this.positions.set(readVat(key, 1), read(codecs.vatCounters).position);
        break;
      case CLIST_VREF_PREFIX:
        this.#addName(readVat(key, 1), key.slice(5));
        break;
      case PROMISE_PREFIX:
        this.#addPromise(read(codecs.promise).state);
        break;
      case PROMISE_QUEUE_PREFIX: {
        const promise = promiseKRef(readU48(key, 1));
        this.#waiting.set(promise, (this.#waiting.get(promise) ?? 0) + 1);
        break;
      }
      case BOUND_NAME_PREFIX: {
        const name = textOfKey(key, BOUND_NAME_PREFIX.length);
        this.boundNames.push({ name, kref: showKRef(read(codecs.kref)) });
        break;
      }
      case RUN_QUEUE_PREFIX:
        this.#addItem(read(codecs.item).type);
        break;
      default:
        break;
    }
  }

  get objects(): number {
    return this.#sizes.of('objects').rows;
  }

  get pins(): number {
    return this.#sizes.of('pins of the host').rows;
  }

  queues(): QueueInspection {
    const longest = [...this.#waiting].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return {
      ...this.#queue,
      waiting: longest.reduce((sum, [, messages]) => sum + messages, 0),
      longest: longest
        .slice(0, LONGEST_QUEUES)
        .map(([kref, messages]) => ({ promise: showKRef(kref), messages })),
      toCollect: this.#sizes.of('garbage to tell of').rows,
    };
  }

  tables(): TableSize[] {
    return this.#sizes.entries().map(([part, size]) => ({ table: 'kernel', part, ...size }));
  }

  #addName(vat: VatNumber, vref: string): void {
    let clist = this.clists.get(vat);
    if (clist === undefined) {
      clist = { exports: 0, imports: 0, promises: 0 };
      this.clists.set(vat, clist);
    }
    if (isPromiseRef(vref)) clist.promises += 1;
    else if (isAllocatedByVat(vref)) clist.exports += 1;
    else clist.imports += 1;
  }

  #addPromise(state: PromiseState): void {
    if (state === PromiseState.unresolved) this.promises.unresolved += 1;
    else if (state === PromiseState.fulfilled) this.promises.fulfilled += 1;
    else this.promises.rejected += 1;
  }

  #addItem(type: number): void {
    if (type === ItemType.send) this.#queue.messages += 1;
    else if (type === ItemType.notify) this.#queue.notifies += 1;
    else this.#queue.lifecycle += 1;
  }
}
