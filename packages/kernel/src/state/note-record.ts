/**
 * The record in the file of a running note.
 *
 *   state u8 ‖ length u32 ‖ CRC-32 of the frame u32 ‖ frame [height, wave, running, kept]
 *
 * `state` is 3 while a wave or a replay runs, else 2; both lists hold
 * `[vat, incarnation, position, deaths]`. `running` counts only behind a 3; `kept` are suspects
 * that have not been cleared. Earlier releases wrote 1 and 0, and no CRC.
 *
 * Invariant: a record that was not written whole reads as damaged, or as the one before it: the
 * state is one byte, and all else is under the CRC.
 */
import { crc32 } from 'node:zlib';
import { packFrame, unpackFrame, type FrameValue, type Height } from '@heirloom/store';
import {
  incarnationFrom,
  positionFrom,
  vatNumberFrom,
  type Incarnation,
  type Position,
  type VatNumber,
} from '@heirloom/worker';

/** A delivery that was about to run: the vat's first of the wave, or where its replay began. */
export interface Running {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly position: Position;
}

export interface Suspicion extends Running {
  /** Ends of a worker, or of the whole process, that it was part of. */
  readonly deaths: number;
}

export interface NoteRecord {
  readonly isRunning: boolean;
  readonly height: Height;
  readonly wave: number;
  readonly running: readonly Suspicion[];
  readonly kept: readonly Suspicion[];
}

const RUNNING = 3;
const RESTING = 2;
const EARLIER_RUNNING = 1;
const EARLIER_RESTING = 0;
const LENGTH_AT = 1;
const EARLIER_HEAD_BYTES = 5;
const CRC_AT = EARLIER_HEAD_BYTES;
const HEAD_BYTES = 9;

/** What is written over the first byte when all that ran has ended. */
export const RESTING_BYTE: Uint8Array = Uint8Array.of(RESTING);

const tupleOf = ({ vat, incarnation, position, deaths }: Suspicion): FrameValue => [
  vat,
  incarnation,
  position,
  deaths,
];

export const encodeNote = ({ isRunning, height, wave, running, kept }: NoteRecord): Buffer => {
  const frame = packFrame([height, wave, running.map(tupleOf), kept.map(tupleOf)]);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + frame.length);
  bytes.writeUInt8(isRunning ? RUNNING : RESTING, 0);
  bytes.writeUInt32BE(frame.length, LENGTH_AT);
  bytes.writeUInt32BE(crc32(frame), CRC_AT);
  bytes.set(frame, HEAD_BYTES);
  return bytes;
};

const naturalFrom = (value: FrameValue | undefined): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error('no natural number');
};

const listFrom = (value: FrameValue | undefined): readonly FrameValue[] => {
  if (Array.isArray(value)) return value;
  throw new Error('no list');
};

const suspicionFrom = (value: FrameValue): Suspicion => {
  const [vat, incarnation, position, deaths] = listFrom(value);
  return {
    vat: vatNumberFrom(naturalFrom(vat)),
    incarnation: incarnationFrom(naturalFrom(incarnation)),
    position: positionFrom(naturalFrom(position)),
    deaths: naturalFrom(deaths),
  };
};

/** The frame of a record, once its head and CRC are seen to be right. */
const frameIn = (bytes: Buffer): Uint8Array => {
  const isEarlier = bytes[0] === EARLIER_RUNNING || bytes[0] === EARLIER_RESTING;
  if (!isEarlier && bytes[0] !== RUNNING && bytes[0] !== RESTING) throw new Error('no state');
  const start = isEarlier ? EARLIER_HEAD_BYTES : HEAD_BYTES;
  if (bytes.length < start) throw new Error('cut short');
  const end = start + bytes.readUInt32BE(LENGTH_AT);
  if (bytes.length < end) throw new Error('cut short');
  const frame = bytes.subarray(start, end);
  if (!isEarlier && bytes.readUInt32BE(CRC_AT) !== crc32(frame)) throw new Error('wrong CRC');
  return frame;
};

const isUnwritten = (bytes: Buffer): boolean =>
  bytes.length === 0 ||
  // A process that had nothing to note, and closed.
  (bytes.length === 1 && (bytes[0] === RESTING || bytes[0] === EARLIER_RESTING));

/**
 * Who is suspect after what a process has left, by vat.
 *
 * Errors: an Error that says what is wrong with the bytes, whatever they are.
 */
export const suspectsIn = (bytes: Buffer): Map<VatNumber, Suspicion> => {
  const suspects = new Map<VatNumber, Suspicion>();
  if (isUnwritten(bytes)) return suspects;
  const [, , running, kept] = listFrom(unpackFrame(frameIn(bytes)));
  for (const one of listFrom(kept).map(suspicionFrom)) suspects.set(one.vat, one);
  const ran = listFrom(running).map(suspicionFrom);
  if (bytes[0] !== RUNNING && bytes[0] !== EARLIER_RUNNING) return suspects;
  for (const one of ran) suspects.set(one.vat, { ...one, deaths: one.deaths + 1 });
  return suspects;
};
