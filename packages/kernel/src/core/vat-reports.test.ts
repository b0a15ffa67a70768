/** What a host is told must not cost it more than the vat took to say it. */
import { packFrame } from '@heirloom/store';
import {
  Delivery,
  FIRST_INCARNATION,
  FIRST_POSITION,
  vatIdOf,
  vatNumberFrom,
} from '@heirloom/worker';
import { expect, test } from 'vitest';
import { SourcePlaces } from '../code/source-places.js';
import type { KernelLogEntry } from '../log/vat-lines.js';
import { KernelState } from '../state/kernel-state.js';
import { openTestStore } from '../testing/test-store.js';
import { HostData } from './host-data.js';
import { VatReports } from './vat-reports.js';

test('vat reports: many lines of one crank -> its delivery is read once', async () => {
  const told: KernelLogEntry[] = [];
  const store = await openTestStore();
  const reports = new VatReports({
    state: new KernelState(store, { promiseQueueMax: 1, height: store.head.height }),
    data: new HostData(() => undefined),
    places: new SourcePlaces({
      scriptTextOf: () => undefined,
      bundleOf: () => undefined,
    sourceMapOf: () => undefined,
      sourceRootOf: () => undefined,
    }),
    log: entry => told.push(entry),
  });
  const delivery = packFrame([Delivery.notify, []]);
  const crank = { incarnation: FIRST_INCARNATION, position: FIRST_POSITION, delivery };
  const line = { vatId: vatIdOf(vatNumberFrom(1)), level: 'log', text: 'x', crank };
  reports.line(line);
  delivery.fill(0xc1); // no frame any more
  reports.line(line);
  expect(told.map(entry => entry.crank?.method)).toEqual(['notify', 'notify']);
});
