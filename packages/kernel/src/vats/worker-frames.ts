/**
 * Frames from a worker, checked: vat code that broke out of its compartment may post anything.
 *
 * A frame that is none of the protocol's is this host's failure (WORKER_PROTOCOL): the worker is
 * killed, nothing of the block counts. What stands inside a crank is checked when it is merged.
 * `unpackTuple` takes memory for what is there, never for what a header promises.
 */
import { FromWorker, isPosition, unpackTuple, type FromWorkerTuple } from '@heirloom/worker';

/** A time, like a position, is a natural number. */
const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const isText = (value: unknown): boolean => typeof value === 'string';
const isListOf = (value: unknown, isElement: (element: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isElement);

/** For every opcode: what its fields are. */
const FIELDS: Readonly<Record<FromWorkerTuple[0], readonly ((field: unknown) => boolean)[]>> = {
  [FromWorker.prepared]: [isText, field => typeof field === 'boolean'],
  [FromWorker.bound]: [],
  [FromWorker.cranks]: [
    isPosition,
    field => isListOf(field, isBytes),
    field => isListOf(field, isTime),
  ],
  [FromWorker.replayed]: [isPosition],
  [FromWorker.diverged]: [isPosition, isBytes],
  [FromWorker.log]: [isText, isBytes],
  [FromWorker.ready]: [],
  [FromWorker.progress]: [isPosition],
};

/** Throws what is wrong with the frame. */
export const readFrame = (frame: Uint8Array): FromWorkerTuple => {
  const [op, ...fields] = unpackTuple(frame);
  const checks = FIELDS[op as FromWorkerTuple[0]] as (typeof FIELDS)[0] | undefined;
  if (typeof op !== 'number' || checks === undefined) {
    throw new TypeError(`a frame with opcode ${String(op)}`);
  }
  const isRight = fields.length === checks.length && checks.every((isOne, i) => isOne(fields[i]));
  if (!isRight) throw new TypeError(`a malformed frame with opcode ${op}`);
  return [op, ...fields] as unknown as FromWorkerTuple;
};
