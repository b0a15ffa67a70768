/** What a vat chooses the length of is worked off in steps, none of which is as long as that. */
import { FIRST_HEIGHT, packFrame, type FrameValue, type Steps } from '@heirloom/store';
import {
  FIRST_INCARNATION,
  FIRST_VAT,
  ROOT_VREF,
  spaceOf,
  storedBundleId,
  storedImageId,
  Syscall,
} from '@heirloom/worker';
import { beforeEach, expect, test } from 'vitest';
import { resolveName } from '../objects/clist.js';
import { freeing } from '../objects/freeing.js';
import { dataNotCallable, describeData, kernelData } from '../objects/kernel-data.js';
import { refusing } from '../objects/router.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { KernelState } from '../state/kernel-state.js';
import { FIRST_VAT_COUNTERS, VatState } from '../state/schema.js';
import { openTestStore } from '../testing/test-store.js';
import { mergingCrank, NO_RIGHTS, type Verdict } from './cranks.js';

const COUNT = 5_000;
const SPEAKER = { vat: FIRST_VAT, incarnation: FIRST_INCARNATION };
const BODY = new Uint8Array();

let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
  state.vats.create(FIRST_VAT, {
    ...{ name: 'v', state: VatState.running, incarnation: FIRST_INCARNATION },
    ...{ parameters: BODY, slots: [], spaces: [spaceOf(FIRST_VAT)], options: STATIC_VAT },
    ...{ bundleId: storedBundleId('b1'), imageId: storedImageId('i') },
    dismissed: [],
    previous: null,
  });
  state.vatCounters.create(FIRST_VAT, FIRST_VAT_COUNTERS);
  resolveName(state, SPEAKER, ROOT_VREF);
});

const names = Array.from({ length: COUNT }, (_, n) => `o+e0/${n + 1}`);

/** How many steps there are, and what comes of them. */
const counted = <T>(steps: Steps<T>): readonly [number, T] => {
  for (let n = 0; ; n += 1) {
    const step = steps.next();
    if (step.done === true) return [n, step.value];
  }
};

const merge = (...syscalls: readonly FrameValue[]): readonly [number, Verdict] => {
  const { spaces } = state.vats.need(FIRST_VAT);
  const context = { ...SPEAKER, spaces, rights: NO_RIGHTS };
  return counted(mergingCrank(state, context, packFrame([null, syscalls, [], null])));
};

test('a message of many references -> named, counted and refused in steps', () => {
  const [steps, verdict] = merge([Syscall.send, ROOT_VREF, BODY, names, null]);
  expect(verdict.ok).toBe(true);
  // Each is named and counted; reading stops after some dozens.
  expect(steps).toBeGreaterThan(2 * COUNT);
  const [entry] = [...state.queue.entries()];
  const message = { target: 0, body: BODY, slots: [], result: undefined, ...entry!.item };
  expect(message.slots).toHaveLength(COUNT);
  state.queue.remove(entry!.ordinal);
  state.endCrank();
  const [refused] = counted(refusing(state, message as Parameters<typeof refusing>[1]));
  expect(refused).toBeGreaterThanOrEqual(COUNT);
  const [freed] = counted(freeing(state));
  expect(freed).toBeGreaterThanOrEqual(COUNT);
});

test('a crank of many references that is a fault in the end -> undone in steps', () => {
  const before = state.counters.nextObject;
  const send = [Syscall.send, ROOT_VREF, BODY, names, null];
  const [steps, verdict] = merge(send, [Syscall.subscribe, 'p-77']);
  expect(verdict).toMatchObject({ ok: false, code: 'BAD_REFERENCE' });
  expect(steps).toBeGreaterThan(4 * COUNT);
  expect([state.counters.nextObject, state.queue.length]).toEqual([before, 0]);
});

test('a message to data, of more than is read for its name -> refused without the name', () => {
  const refusal = (length: number): string => {
    const { body, slots } = kernelData(['go', ['x'.repeat(length)]]);
    return describeData(dataNotCallable(body, slots));
  };
  expect(refusal(99_000)).toBe('TypeError: data is not callable, has no method go');
  expect(refusal(100_000)).toBe('TypeError: data is not callable, has no method');
});
