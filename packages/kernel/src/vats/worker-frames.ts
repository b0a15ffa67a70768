/**
 * Frames from a worker, read by their shape: vat code that broke out of its compartment may post
 * anything.
 *
 * A frame that is none of the protocol's is this host's failure (WORKER_PROTOCOL): the worker is
 * killed, nothing of the block counts. What stands inside a crank is checked when it is merged
 * (merge/crank-reader.ts). Invariant: nothing is made of what the opcode does not ask for, and a
 * list is counted before its first element is read.
 */
import {
  FrameCursor,
  FromWorker,
  isPosition,
  storedBundleId,
  VREF_LENGTH_MAX,
  type FromWorkerTuple,
  type Position,
} from '@heirloom/worker';

type TupleOf<Op extends FromWorkerTuple[0]> = Extract<FromWorkerTuple, readonly [Op, ...unknown[]]>;

/** What is read of a frame: of cranks not their times, of observations nothing. */
export type WorkerFrame =
  | readonly [op: typeof FromWorker.cranks, firstPosition: Position, cranks: readonly Uint8Array[]]
  | readonly [
      op: typeof FromWorker.log,
      level: LineLevel,
      text: Uint8Array,
      position: Position | null,
    ]
  | TupleOf<typeof FromWorker.prepared>
  | TupleOf<typeof FromWorker.bound>
  | TupleOf<typeof FromWorker.replayed>
  | TupleOf<typeof FromWorker.diverged>
  | TupleOf<typeof FromWorker.ready>
  | TupleOf<typeof FromWorker.progress>
  | TupleOf<typeof FromWorker.trace>
  | TupleOf<typeof FromWorker.described>;

const LINE_LEVELS = ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const;
/** Of what vat code says: `fault` is the kernel's own. */
type LineLevel = (typeof LINE_LEVELS)[number];

/** `b1-` and a sha512, hex. */
const BUNDLE_ID_CHARS_MAX = 131;
const LEVEL_CHARS_MAX = 5;

/** An older image does not say which crank has written a line. */
const OLD_LOG_LENGTH = 3;

/** How many fields each frame has, its opcode included. */
const LENGTHS: Readonly<Record<number, number>> = {
  [FromWorker.prepared]: 3,
  [FromWorker.bound]: 1,
  [FromWorker.cranks]: 4,
  [FromWorker.replayed]: 2,
  [FromWorker.diverged]: 3,
  [FromWorker.log]: 4,
  [FromWorker.ready]: 1,
  [FromWorker.progress]: 2,
  [FromWorker.trace]: 4,
  [FromWorker.observed]: 2,
  [FromWorker.described]: 2,
};

const malformed = (what: string): never => {
  throw new TypeError(what);
};

const positionAt = (cursor: FrameCursor): Position => {
  const position = cursor.integer();
  return isPosition(position) ? position : malformed(`a position of ${position}`);
};

const levelAt = (cursor: FrameCursor): LineLevel => {
  const level = cursor.text(LEVEL_CHARS_MAX);
  return LINE_LEVELS.find(known => known === level) ?? malformed('a line of another level');
};

/** At least one and at most `countMax` of them. Their times are passed over. */
const cranksAt = (cursor: FrameCursor, countMax: number): Uint8Array[] => {
  const count = cursor.list();
  if (count === 0) malformed('no cranks');
  if (count > countMax) malformed(`${count} cranks, of which ${countMax} are due`);
  const cranks: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1) cranks.push(cursor.bytes());
  const times = cursor.list();
  if (times !== count) malformed(`times of ${times} cranks, which are ${count}`);
  for (let i = 0; i < count; i += 1) cursor.integer();
  return cranks;
};

const fieldsAt = (
  cursor: FrameCursor,
  op: number,
  isOldLog: boolean,
  cranksMax: number,
): WorkerFrame => {
  switch (op) {
    case FromWorker.prepared:
      return [op, storedBundleId(cursor.text(BUNDLE_ID_CHARS_MAX)), cursor.boolean()];
    case FromWorker.bound:
    case FromWorker.ready:
      return [op];
    case FromWorker.cranks:
      return [op, positionAt(cursor), cranksAt(cursor, cranksMax)];
    case FromWorker.replayed:
    case FromWorker.progress:
      return [op, positionAt(cursor)];
    case FromWorker.diverged:
      return [op, positionAt(cursor), cursor.bytes()];
    case FromWorker.log: {
      const level = levelAt(cursor);
      const text = cursor.bytes();
      const isOutside = isOldLog || cursor.takesNull();
      return [op, level, text, isOutside ? null : positionAt(cursor)];
    }
    case FromWorker.described:
      return [op, cursor.bytes()];
    case FromWorker.trace:
      return [op, cursor.text(VREF_LENGTH_MAX), cursor.bytes(), cursor.bytes()];
    default:
      return malformed('observations that nobody asked for');
  }
};

/** `cranksMax`: how many are due. Throws what is wrong with the frame. */
export const readFrame = (frame: Uint8Array, cranksMax: number): WorkerFrame => {
  const cursor = new FrameCursor(frame);
  const length = cursor.list();
  const op = length === 0 ? malformed('an empty frame') : cursor.integer();
  const known = LENGTHS[op] ?? malformed(`a frame with opcode ${op}`);
  const isOldLog = op === FromWorker.log && length === OLD_LOG_LENGTH;
  if (length !== known && !isOldLog) malformed(`a malformed frame with opcode ${op}`);
  const read = fieldsAt(cursor, op, isOldLog, cranksMax);
  cursor.end();
  return read;
};
