/**
 * The tables of what the host and the kernel itself offer to vats: host objects and calls of them,
 * kernel objects, promises that the kernel will settle, the clock.
 *
 * Reference counts of the objects stand in `objects`, as for every other. Invariants: a call's row
 * holds what the message held on the queue; a wait's row holds its promise.
 */
import type { BundleId, VatNumber } from '@heirloom/worker';
import { dataWeight, frameCodec, single } from './frame-codec.js';
import { ranges, spellings, waiterOf } from './kernel-keys.js';
import type { Spelling } from './kernel-state.js';
import type { KernelTable, RowCodec } from './kernel-table.js';
import type { KRef } from './krefs.js';
import type { QueuedMessage } from './queue-items.js';
import { codecs } from './schema.js';

/** What a kernel object is. */
export const KernelObject = {
  /** The root that a bootstrap vat gets: makes services, gives the key to critical vats. */
  vatAdmin: 0,
  service: 1,
  criticalKey: 2,
  clock: 3,
  /** The host's alone: sends `bootstrap` once the static vats are there. */
  bootstrapper: 4,
  bundleCap: 5,
  adminNode: 6,
  meter: 7,
} as const;
export type KernelObject = (typeof KernelObject)[keyof typeof KernelObject];

/** What kernel objects are called, in errors and by presences of them. */
export const KERNEL_OBJECT_NAMES: Readonly<Record<KernelObject, string>> = {
  [KernelObject.vatAdmin]: 'vatAdmin',
  [KernelObject.service]: 'vatAdminService',
  [KernelObject.criticalKey]: 'criticalVatKey',
  [KernelObject.clock]: 'clock',
  [KernelObject.bootstrapper]: 'bootstrapper',
  [KernelObject.bundleCap]: 'bundlecap',
  [KernelObject.adminNode]: 'adminNode',
  [KernelObject.meter]: 'meter',
};

/** How a vat ended, for `done()`. */
type EndTuple = readonly [rejected: boolean, body: Uint8Array, slots: readonly KRef[]];

export type KernelObjectRow =
  | readonly [0 | 1 | 2 | 3 | 4]
  | readonly [typeof KernelObject.bundleCap, bundleId: BundleId]
  | readonly [typeof KernelObject.adminNode, vat: VatNumber, end: EndTuple | null]
  /** Decimal; `remaining` null: unlimited. */
  | readonly [typeof KernelObject.meter, remaining: string | null, threshold: string];

export type KernelObjectOf<K extends KernelObject> = Extract<
  KernelObjectRow,
  readonly [K, ...unknown[]]
>;

/** Single numbers. */
type CountName = 'nextHostCall' | 'blockTime';

type MakeTable = <K extends number | string, V>(
  codec: RowCodec<V>,
  spelling: Spelling<K>,
) => KernelTable<K, V>;

/** Fields of each type, itself included. */
const ARITIES: Readonly<Record<KernelObject, readonly KernelObjectRow['length'][]>> = {
  [KernelObject.vatAdmin]: [1],
  [KernelObject.service]: [1],
  [KernelObject.criticalKey]: [1],
  [KernelObject.clock]: [1],
  [KernelObject.bootstrapper]: [1],
  [KernelObject.bundleCap]: [2],
  [KernelObject.adminNode]: [3],
  [KernelObject.meter]: [3],
};

export const kernelObjectCodec = frameCodec<KernelObjectRow, KernelObjectRow>(
  'a kernel object',
  ARITIES,
  row => row,
  row => row,
  row => {
    const end = row[0] === KernelObject.adminNode ? row[2] : null;
    return end === null ? 0 : dataWeight(end[1], end[2]);
  },
);

export class ServiceTables {
  /** Name → the object, which is held for ever. */
  readonly hostObjects: KernelTable<string, KRef>;
  /** Calls that the host has not answered, by number, from 1. */
  readonly hostCalls: KernelTable<number, QueuedMessage>;
  readonly kernelObjects: KernelTable<KRef, KernelObjectRow>;
  /** `subject kref`. */
  readonly waits: KernelTable<string, true>;
  /** `time kref`. */
  readonly alarms: KernelTable<string, true>;
  /** Bundle id → its cap, which is held for ever, as bundles are. */
  readonly bundleCaps: KernelTable<BundleId, KRef>;
  /** Name → bundle id. */
  readonly bundleNames: KernelTable<string, BundleId>;
  readonly #counts: KernelTable<string, number>;

  constructor(make: MakeTable) {
    this.hostObjects = make(codecs.kref, spellings.hostObject);
    this.hostCalls = make(codecs.message, spellings.hostCall);
    this.kernelObjects = make(kernelObjectCodec, spellings.kernelObject);
    this.waits = make(codecs.empty, spellings.wait);
    this.alarms = make(codecs.empty, spellings.alarm);
    this.bundleCaps = make(codecs.kref, spellings.bundleCap);
    this.bundleNames = make(single<BundleId>('the id of a bundle'), spellings.bundleName);
    this.#counts = make(codecs.count, spellings.count);
  }

  count(name: CountName): number | undefined {
    return this.#counts.get(name);
  }

  setCount(name: CountName, value: number): void {
    this.#counts.set(name, value);
  }

  /** The number of the next host call. */
  get nextHostCall(): number {
    return this.count('nextHostCall') ?? 1;
  }

  /** The promises that wait for `subject`, oldest first. */
  waitersFor(subject: string): KRef[] {
    const keys = [...this.waits.scan(ranges.waits(subject))];
    return keys.map(waiterOf);
  }
}
