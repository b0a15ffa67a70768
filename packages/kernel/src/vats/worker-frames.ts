/**
 * Frames from a worker, checked: vat code that broke out of its compartment may post anything.
 *
 * A frame that is none of the protocol's is this host's failure (WORKER_PROTOCOL): the worker is
 * killed, nothing of the block counts. What stands inside a crank is checked when it is merged.
 * `unpackTuple` takes memory for what is there, never for what a header promises.
 */
import { isNatural, type FrameValue } from '@heirloom/store';
import {
  FromWorker,
  isObservations,
  isPosition,
  unpackTuple,
  type FromWorkerTuple,
} from '@heirloom/worker';

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const isText = (value: unknown): boolean => typeof value === 'string';
const isListOf = (value: unknown, isElement: (element: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isElement);

/** For every opcode: what its fields are. */
type Checks = readonly ((field: unknown) => boolean)[];
const FIELDS: Readonly<Record<FromWorkerTuple[0], Checks>> = {
  [FromWorker.prepared]: [isText, field => typeof field === 'boolean'],
  [FromWorker.bound]: [],
  [FromWorker.cranks]: [
    isPosition,
    field => isListOf(field, isBytes),
    field => isListOf(field, isNatural),
  ],
  [FromWorker.replayed]: [isPosition],
  [FromWorker.diverged]: [isPosition, isBytes],
  [FromWorker.log]: [isText, isBytes, field => field === null || isPosition(field)],
  [FromWorker.ready]: [],
  [FromWorker.progress]: [isPosition],
  [FromWorker.trace]: [isText, isBytes, isBytes],
  [FromWorker.observed]: [isObservations],
};
/** An older image does not say which crank has written a line. */
const OLD_LOG_LENGTH = 3;

const checksOf = (op: number): Checks | undefined => {
  const table: Readonly<Record<number, Checks>> = FIELDS;
  return table[op];
};

const isFromWorker = (tuple: readonly FrameValue[]): tuple is FromWorkerTuple => {
  const [op] = tuple;
  const checks = typeof op === 'number' ? checksOf(op) : undefined;
  if (checks === undefined) return false;
  const isOldLog = op === FromWorker.log && tuple.length === OLD_LOG_LENGTH;
  if (!isOldLog && tuple.length !== checks.length + 1) return false;
  return tuple.slice(1).every((field, i) => checks[i]?.(field) === true);
};

/** Throws what is wrong with the frame. */
export const readFrame = (frame: Uint8Array): FromWorkerTuple => {
  const tuple = unpackTuple(frame);
  if (isFromWorker(tuple)) return tuple;
  const [op] = tuple;
  const known = typeof op === 'number' && checksOf(op) !== undefined;
  throw new TypeError(known ? `a malformed frame with opcode ${op}` : `a frame with opcode ${op}`);
};
