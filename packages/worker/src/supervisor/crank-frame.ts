/** A crank as the supervisor has it, and its frame: a packed `CrankTuple`. */
import { FrameWriter } from '@heirloom/store/frame-writer';
import type { CrankReport, Outcome, SyscallTuple } from '../protocol/from-worker.js';
import type { KeyedRow } from './row-overlay.js';

export interface FinishedCrank {
  readonly outcome: Outcome;
  readonly syscalls: readonly SyscallTuple[];
  /** In key order, each key once. */
  readonly rows: readonly KeyedRow[];
  readonly report: CrankReport;
  /** Of syscalls and rows: about how many they take in the frame, rather more. */
  readonly bytes: number;
}

const FIELDS_COUNT = 4;

export const writeCrank = (
  writer: FrameWriter,
  { outcome, syscalls, rows, report, bytes }: FinishedCrank,
): void => {
  writer.reserve(bytes);
  writer.arrayHeader(FIELDS_COUNT);
  writer.value(outcome);
  writer.value(syscalls);
  writer.arrayHeader(rows.length);
  for (const row of rows) {
    writer.arrayHeader(2);
    writer.binaryKey(row[0]);
    writer.value(row[1]);
  }
  writer.value(report);
};

const writer = new FrameWriter();

export const packCrank = (crank: FinishedCrank): Uint8Array => {
  writer.clear();
  writeCrank(writer, crank);
  return writer.take();
};
