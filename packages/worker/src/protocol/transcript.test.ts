/** The sums of cranks, made at a stretch or in steps. */
import { createHash } from 'node:crypto';
import { atOnce } from '@heirloom/store/steps';
import { expect, test } from 'vitest';
import { TranscriptDigest, transcriptCheck, transcriptSums } from './transcript.js';

const MIB = 1024 * 1024;
const crankOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 251);

test('cranks of any length, at a stretch or in steps -> the check of each, one digest', () => {
  const cranks = [0, 9, 65_536, 65_537, 3, 2 * MIB + 1, 7, 524_288].map(crankOf);
  const hash = createHash('sha256');
  for (const crank of cranks) {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(crank.length);
    hash.update(head).update(crank);
  }
  const inSteps = new TranscriptDigest();
  const given = cranks.map(crank => atOnce(inSteps.adding(crank)));
  expect(given).toEqual(cranks.map(crank => transcriptCheck(crank)));
  const sums = inSteps.finish();
  expect(Buffer.from(sums.digest)).toEqual(hash.digest());
  expect(transcriptSums(cranks)).toEqual(sums);
});

test('a long crank -> a step for every half megabyte; a short one -> none', () => {
  const steps = (length: number): number =>
    [...new TranscriptDigest().adding(crankOf(length))].length;
  expect([steps(1_000), steps(2 * MIB), steps(2 * MIB + 1)]).toEqual([0, 4, 5]);
});
