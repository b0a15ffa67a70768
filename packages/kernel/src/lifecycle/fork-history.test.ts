/** What a fork may have of its parent's history: both sides of each limit. */
import { FIRST_HEIGHT, preimagePrefix, transcriptKey } from '@heirloom/store';
import { FIRST_INCARNATION, FIRST_VAT, vatNumberAfter } from '@heirloom/worker';
import { expect, test } from 'vitest';
import { ranges } from '../state/kernel-keys.js';
import { KernelState } from '../state/kernel-state.js';
import { openTestStore } from '../testing/test-store.js';
import { copyHistory, HISTORY_MAX, NoFork, type Family } from './fork-history.js';

const [PARENT, CHILD] = [FIRST_VAT, vatNumberAfter(FIRST_VAT)];
const ROW_BYTES = 100;
const ROW = new Uint8Array(ROW_BYTES);

/** A vat of two transcript rows and one pre-image. */
const familyOf = async (): Promise<Family> => {
  const options = { promiseQueueMax: 10, height: FIRST_HEIGHT };
  const state = new KernelState(await openTestStore(), options);
  for (const position of [0, 1]) {
    state.transcript.add(transcriptKey(PARENT, FIRST_INCARNATION, position), ROW);
  }
  state.rows.preImages.add(`${preimagePrefix(PARENT, FIRST_INCARNATION)}key`, ROW);
  return { state, parent: PARENT, child: CHILD, incarnation: FIRST_INCARNATION };
};

test('1,000,000 rows and 512 MiB -> what a history may have', () => {
  expect(HISTORY_MAX).toEqual({ rows: 1_000_000, bytes: 512 * 2 ** 20 });
});

test('a history as long as it may be -> copied, transcript and pre-images', async () => {
  const family = await familyOf();
  const { transcript, rows } = family.state;
  copyHistory(family, { rows: 3, bytes: 3 * ROW_BYTES });
  expect([...transcript.all(ranges.transcript(CHILD, FIRST_INCARNATION))]).toEqual([
    [transcriptKey(CHILD, FIRST_INCARNATION, 0), ROW],
    [transcriptKey(CHILD, FIRST_INCARNATION, 1), ROW],
  ]);
  expect([...rows.preImages.all(ranges.preImages(CHILD, FIRST_INCARNATION))]).toEqual([
    [`${preimagePrefix(CHILD, FIRST_INCARNATION)}key`, ROW],
  ]);
});

test.each([
  ['a row', { rows: 2, bytes: 3 * ROW_BYTES }],
  ['a byte', { rows: 3, bytes: 3 * ROW_BYTES - 1 }],
])('%s more than that -> no fork', async (_what, max) => {
  const family = await familyOf();
  const why = 'vat v1 has too long a history to be forked: upgrade it, or have it refreshed, first';
  expect(() => copyHistory(family, max)).toThrow(new NoFork(why));
});
