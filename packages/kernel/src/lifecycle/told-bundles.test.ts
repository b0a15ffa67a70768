import { FIRST_HEIGHT } from '@heirloom/store';
import {
  bundleIdFrom,
  durableRef,
  FIRST_INCARNATION,
  FIRST_VAT,
  ROOT_VREF,
  spaceOf,
  storedImageId,
} from '@heirloom/worker';
import { beforeEach, expect, test } from 'vitest';
import { activate, nameFor } from '../objects/clist.js';
import { allege, interfaceOf } from '../objects/object-interfaces.js';
import { makeKernelObject, provideBundleCap } from '../objects/kernel-objects.js';
import { makeObject } from '../objects/router.js';
import { provideHostObject } from '../services/host-calls.js';
import { STATIC_VAT } from '../state/kept-options.js';
import { KernelState } from '../state/kernel-state.js';
import { FIRST_VAT_COUNTERS, VatState } from '../state/schema.js';
import { KernelObject } from '../state/service-tables.js';
import { openTestStore } from '../testing/test-store.js';
import { ToldBundles } from './told-bundles.js';

const VAT = FIRST_VAT;
const IDS = ['a', 'b', 'c'].map(digit => bundleIdFrom(digit.repeat(128)));
let state: KernelState;

beforeEach(async () => {
  state = new KernelState(await openTestStore(), { promiseQueueMax: 10, height: FIRST_HEIGHT });
  state.vats.create(VAT, {
    ...{ name: 'v', state: VatState.running, incarnation: FIRST_INCARNATION },
    ...{ parameters: new Uint8Array(), slots: [], spaces: [spaceOf(VAT)], options: STATIC_VAT },
    ...{ bundleId: IDS[0]!, imageId: storedImageId('i'), dismissed: [], previous: null },
  });
  state.vatCounters.create(VAT, FIRST_VAT_COUNTERS);
});

/** An object of the kernel that is no cap. */
const node = () => makeKernelObject(state, [KernelObject.adminNode, VAT, null]);

const toldBy = (knowsBundleCaps: boolean, knowsInterfaces = false): ToldBundles => {
  const unshown = IDS.map(bundleId => {
    return { bundleId, moduleFormat: 'endoZipBase64', source: '' } as const;
  });
  return new ToldBundles(
    state,
    { knowsBundleCaps: () => knowsBundleCaps, knowsInterfaces: () => knowsInterfaces },
    { unshown: () => unshown },
  );
};

test('told: caps among other references -> their names and bundles, each once', () => {
  const caps = IDS.map(id => provideBundleCap(state, id));
  const other = makeObject(state, VAT, ROOT_VREF);
  const mentioned = [node(), caps[1]!, other, caps[0]!, caps[1]!];
  const names = mentioned.map(kref => (kref === other ? '' : nameFor(state, VAT, kref)));
  const told = toldBy(true);
  expect(told.among(VAT, mentioned)).toEqual([
    [
      [names[1], IDS[1]],
      [names[3], IDS[0]],
    ],
  ]);
  expect(told.atStart(VAT, [])).toEqual([
    [
      [names[3], IDS[0]],
      [names[1], IDS[1]],
    ],
  ]);
  expect(told.unshown(VAT).map(({ bundleId }) => bundleId)).toEqual([IDS[0], IDS[1]]);
});

test('told: no caps, or an image that is older -> nothing', () => {
  const cap = provideBundleCap(state, IDS[0]!);
  expect(toldBy(true).among(VAT, [node()])).toEqual([]);
  expect(toldBy(true).atStart(VAT, [])).toEqual([]);
  expect(toldBy(true).unshown(VAT)).toEqual([]);
  nameFor(state, VAT, cap);
  const old = toldBy(false);
  expect([old.among(VAT, [cap]), old.atStart(VAT, []), old.unshown(VAT)]).toEqual([[], [], []]);
});

test('told: interfaces of what no merged crank has mentioned; of all before a reap', () => {
  const own = makeObject(state, VAT, ROOT_VREF);
  allege(state, VAT, [[ROOT_VREF, 'root']]);
  const [met, fresh] = [provideHostObject(state, 'met'), node()];
  const [, ...names] = [own, met, fresh].map(kref => nameFor(state, VAT, kref));
  activate(state, VAT, met);
  const mentioned = [own, met, fresh, fresh];
  expect(toldBy(false, true).among(VAT, mentioned)).toEqual([[], [[names[1], 'adminNode']]]);
  expect(toldBy(false, true).among(VAT, mentioned, true)).toEqual([
    [],
    [
      [names[0], 'met'],
      [names[1], 'adminNode'],
    ],
  ]);
  const cap = provideBundleCap(state, IDS[0]!);
  const caps = [[nameFor(state, VAT, cap), IDS[0]]];
  expect(toldBy(true, true).among(VAT, [cap])).toEqual([caps, [[caps[0]![0], 'bundlecap']]]);
  expect(toldBy(true, true).atStart(VAT, [fresh])).toEqual([caps, [[names[1], 'adminNode']]]);
  expect(toldBy(true, false).among(VAT, mentioned, true)).toEqual([]);
});

test('alleged: an export that has no name -> gets it, once; others keep what they have', () => {
  const own = makeObject(state, VAT, ROOT_VREF);
  const foreign = provideHostObject(state, 'bridge');
  const vref = nameFor(state, VAT, foreign);
  expect(interfaceOf(state, own)).toBe('Alleged: remote');
  allege(state, VAT, [[ROOT_VREF, 'first'], [vref, 'mine'], [durableRef(10, 1), 'unknown']]);
  allege(state, VAT, [[ROOT_VREF, 'second']]);
  expect([own, foreign].map(kref => interfaceOf(state, kref))).toEqual([
    'Alleged: first',
    'Alleged: bridge',
  ]);
});
