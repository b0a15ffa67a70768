/** Where a block of the kernel's own ends: both sides of each reason. */
import { describe, expect, test } from 'vitest';
import {
  AWAITED_BLOCK_MS,
  COLLECTING_BLOCK_WAVES,
  endsOwnBlock,
  LARGE_BLOCK_BYTES,
  LARGE_BLOCK_MS,
  OWN_BLOCK_BYTES,
  OWN_BLOCK_DELIVERIES,
  OWN_BLOCK_MS,
} from './block-ends.js';

const NOTHING = {
  ...{ collectsOnly: false, waves: 1, deliveries: 0, bytes: 0, milliseconds: 0 },
  hostWaits: false,
};

describe('a block of the kernel:', () => {
  test.each([
    ['deliveries', 'deliveries', OWN_BLOCK_DELIVERIES, {}],
    ['bytes', 'bytes', OWN_BLOCK_BYTES, {}],
    ['its age, nobody waits', 'milliseconds', OWN_BLOCK_MS, {}],
    ['its age, it writes much', 'milliseconds', LARGE_BLOCK_MS, { bytes: LARGE_BLOCK_BYTES }],
    ['its age, the host waits', 'milliseconds', AWAITED_BLOCK_MS, { hostWaits: true }],
    ['waves, it only collects', 'waves', COLLECTING_BLOCK_WAVES, { collectsOnly: true }],
  ] as const)('%s -> ends there and not before', (_name, what, end, given) => {
    expect(endsOwnBlock({ ...NOTHING, ...given, [what]: end - 1 })).toBe(false);
    expect(endsOwnBlock({ ...NOTHING, ...given, [what]: end })).toBe(true);
  });

  test('its age, it writes little less -> it goes on', () => {
    const block = { ...NOTHING, milliseconds: LARGE_BLOCK_MS, bytes: LARGE_BLOCK_BYTES - 1 };
    expect(endsOwnBlock(block)).toBe(false);
  });

  test('many waves, something queued -> waves end nothing', () => {
    expect(endsOwnBlock({ ...NOTHING, waves: 1_000 })).toBe(false);
  });
});
