/** What fills a wave beside deliveries, in tables made for the purpose. */
import { atOnce, FIRST_HEIGHT } from '@heirloom/store';
import {
  FIRST_INCARNATION,
  FIRST_VAT,
  spaceOf,
  storedBundleId,
  storedImageId,
} from '@heirloom/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { makePromise, send } from '../objects/router.js';
import { SettledRings } from '../objects/settled-rings.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { KernelState } from '../state/kernel-state.js';
import { objectKRef, type KRef } from '../state/krefs.js';
import {
  HOST_OWNS,
  KERNEL_OWNS,
  NOBODY_DECIDES,
  NOBODY_OWNS,
  type Owner,
} from '../state/parties.js';
import { Reach, VatState } from '../state/schema.js';
import { openTestStore } from '../testing/test-store.js';
import { NotifyBatches } from './notify-batch.js';
import { planningWave, type PlannedItem } from './plan.js';

const LIMITS = { waveLimit: 1_024, waveBytesMax: 4 * 2 ** 20, sweepRowsMax: 100 };

let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 400, height: FIRST_HEIGHT });
});

const makeObjectOf = (owner: Owner): KRef => {
  const kref = objectKRef(state.next('nextObject'));
  state.objects.create(kref, [owner, 'o+1', 1, 1, Reach.reachable, '']);
  return kref;
};

/** A message to `target`; so many wait for its answer. */
const sendTo = (target: KRef, slots: readonly KRef[], waiting = 0): void => {
  const body = new Uint8Array();
  const result = makePromise(state, { decider: NOBODY_DECIDES, subscribers: [], references: 1 });
  send(state, { target, body, slots, result });
  for (let n = 0; n < waiting; n += 1) {
    send(state, { target: result, body, slots: [], result: undefined });
  }
};

const plan = (): readonly PlannedItem[] => {
  const told = { among: () => [] as const };
  const batches = new NotifyBatches(state, new SettledRings(state));
  return atOnce(planningWave(state, LIMITS, { told, batches })).items;
};

const OWNERS = [
  ['refused', NOBODY_OWNS],
  ['outside', HOST_OWNS],
  ['outside', KERNEL_OWNS],
] as const;

describe('a plan: messages that no vat is given', () => {
  test.each(OWNERS)('%s (%i), with many references -> a few in each wave', (kind, owner) => {
    const target = makeObjectOf(owner);
    const slots = Array.from({ length: 3_000 }, () => target);
    for (let n = 0; n < 100; n += 1) sendTo(target, slots);
    const items = plan();
    // 3,000 references weigh 198,000 bytes; whoever sends alone has half of a wave.
    expect(items.length).toBe(11);
    expect(new Set(items.map(item => item.kind))).toEqual(new Set([kind]));
  });

  test.each(OWNERS)('%s (%i), many wait for the answers -> a few that are answered', (_, owner) => {
    const target = makeObjectOf(owner);
    for (let n = 0; n < 20; n += 1) sendTo(target, [], 400);
    // 400 messages are 800 KiB. The host's answers are inputs.
    expect(plan().length).toBe(owner === HOST_OWNS ? 20 : 6);
  });

  test('for a vat that does not start, with many references -> likewise', () => {
    const target = makeObjectOf(FIRST_VAT);
    state.vats.create(FIRST_VAT, {
      ...{ name: 'v', state: VatState.running, incarnation: FIRST_INCARNATION },
      ...{ parameters: new Uint8Array(), slots: [], spaces: [spaceOf(FIRST_VAT)] },
      ...{ bundleId: storedBundleId('b1'), imageId: storedImageId('i'), options: STATIC_VAT },
      ...{ dismissed: [], previous: null },
    });
    state.stranded.strand(FIRST_VAT, null);
    const slots = Array.from({ length: 3_000 }, () => target);
    for (let n = 0; n < 100; n += 1) sendTo(target, slots);
    expect(plan().length).toBe(11);
  });
});
