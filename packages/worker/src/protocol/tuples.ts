/**
 * Tuples of the protocol as they were packed. What they are read from was written by the kernel, or
 * checked by it before: fields are counted, and believed (docs/internals/brands.md). Frames from a
 * worker are read otherwise: kernel/src/vats/worker-frames.ts and merge.
 */
import assert from 'node:assert/strict';
import type { FrameValue } from '@heirloom/store/frame';
import { unpackTuple } from './frame-reader.js';
import type { CrankTuple } from './from-worker.js';
import { Delivery, ToWorker } from './opcodes.js';
import type { ProcessBootTuple } from './process-boot.js';
import type { DeliveryTuple, ToWorkerTuple } from './to-worker.js';
import type { TranscriptTuple } from './transcript.js';

type Tuple = readonly FrameValue[];

/** How many fields there are behind each opcode, itself included. */
type Counts<T extends readonly [number, ...Tuple]> = {
  readonly [Op in T[0]]: Extract<T, readonly [Op, ...unknown[]]>['length'];
};

/** What they tell may follow: see `Told`. */
const DELIVERIES: Counts<DeliveryTuple> = {
  [Delivery.startVat]: 4,
  [Delivery.message]: 5,
  [Delivery.notify]: 2,
  [Delivery.dropExports]: 2,
  [Delivery.retireExports]: 2,
  [Delivery.retireImports]: 2,
  [Delivery.reap]: 4,
  [Delivery.sweep]: 3,
  [Delivery.migrate]: 3,
  [Delivery.fork]: 4,
};
const TO_WORKER: Counts<ToWorkerTuple> = {
  [ToWorker.prepare]: 4,
  [ToWorker.bind]: 9,
  [ToWorker.deliver]: 5,
  [ToWorker.replay]: 3,
  [ToWorker.restack]: 3,
  [ToWorker.bundle]: 4,
  [ToWorker.observe]: 2,
  [ToWorker.describe]: 1,
  [ToWorker.noteSites]: 1,
};
const TELLING: readonly unknown[] = [
  Delivery.startVat,
  Delivery.message,
  Delivery.notify,
  Delivery.fork,
];
const CRANK: CrankTuple['length'] = 4;
const TRANSCRIPT: TranscriptTuple['length'] = 5;
const BOOT: ProcessBootTuple['length'] = 7;

const countOf = (counts: Readonly<Record<number, number>>, [op]: Tuple): number | undefined =>
  typeof op === 'number' ? counts[op] : undefined;

const isDelivery = (tuple: Tuple): tuple is DeliveryTuple => {
  const count = countOf(DELIVERIES, tuple);
  if (tuple.length === count) return true;
  if (count === undefined || !TELLING.includes(tuple[0])) return false;
  return tuple.length === count + 1 || tuple.length === count + 2;
};
const isToWorker = (tuple: Tuple): tuple is ToWorkerTuple =>
  tuple.length === countOf(TO_WORKER, tuple);
const isCrank = (tuple: Tuple): tuple is CrankTuple => tuple.length === CRANK;
const isTranscript = (tuple: Tuple): tuple is TranscriptTuple => tuple.length === TRANSCRIPT;

const isBoot = (tuple: Tuple): tuple is ProcessBootTuple => tuple.length === BOOT;

export const readDelivery = (packed: Uint8Array): DeliveryTuple => {
  const tuple = unpackTuple(packed);
  if (!isDelivery(tuple)) assert.fail('a delivery with other fields');
  return tuple;
};

export const readToWorker = (packed: Uint8Array): ToWorkerTuple => {
  const tuple = unpackTuple(packed);
  if (!isToWorker(tuple)) assert.fail('a message to a worker with other fields');
  return tuple;
};

export const readCrank = (packed: Uint8Array): CrankTuple => {
  const tuple = unpackTuple(packed);
  if (!isCrank(tuple)) assert.fail('a crank with other fields');
  return tuple;
};

export const readTranscript = (packed: Uint8Array): TranscriptTuple => {
  const tuple = unpackTuple(packed);
  if (!isTranscript(tuple)) assert.fail('a wave of a transcript with other fields');
  return tuple;
};

export const readBoot = (packed: Uint8Array): ProcessBootTuple => {
  const tuple = unpackTuple(packed);
  if (!isBoot(tuple)) assert.fail('the boot of a process with other fields');
  return tuple;
};
