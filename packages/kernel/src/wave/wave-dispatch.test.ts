import { FIRST_VAT, vatNumberAfter, type VatNumber } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { Deferred } from '../base/deferred.js';
import type { VatWorker } from '../vats/vat-worker.js';
import {
  AHEAD_BYTES_MAX,
  Dispatch,
  type DispatchPager,
  type DispatchPart,
} from './wave-dispatch.js';

const A = FIRST_VAT;
const B = vatNumberAfter(A);
const C = vatNumberAfter(B);
const D = vatNumberAfter(C);
const VATS = [A, B, C, D];

const turns = async (): Promise<void> => {
  for (let n = 0; n < 4; n += 1) await undefined;
};

/** Vats whose cranks arrive when they are told to, and who has begun. */
const scene = (threads: number) => {
  const begun: VatNumber[] = [];
  const ends = new Map(VATS.map(vat => [vat, new Deferred<void>()]));
  const workers = new Map(
    VATS.map(vat => {
      const worker = {
        unmergedBytes: 0,
        hand: () => undefined,
        deliver: () => void begun.push(vat),
        delivered: () => ends.get(vat)!.promise,
        nextCrank: () => {
          worker.unmergedBytes = 0;
          return new Uint8Array([vat]);
        },
      };
      return [vat, worker] as const;
    }),
  );
  const pager: DispatchPager = {
    acquire: vat => workers.get(vat) as unknown as VatWorker,
    release: () => undefined,
  };
  const parts = VATS.map(vat => ({ vat, bundles: [] }) as unknown as DispatchPart);
  const dispatch = new Dispatch(pager, parts, threads);
  const arrive = async (vat: VatNumber, bytes: number): Promise<void> => {
    workers.get(vat)!.unmergedBytes = bytes;
    ends.get(vat)!.resolve();
    await turns();
  };
  return { begun, dispatch, arrive };
};

describe('parts of a wave', () => {
  test('more vats than threads -> in order, as others end', async () => {
    const { begun, arrive } = scene(2);
    expect(begun).toEqual([A, B]);
    await arrive(B, 0);
    expect(begun).toEqual([A, B, C]);
  });

  test('many bytes wait to be merged -> nobody begins until they are', async () => {
    const { begun, dispatch, arrive } = scene(1);
    await arrive(A, AHEAD_BYTES_MAX);
    expect(begun).toEqual([A]);
    void dispatch.nextCrank(A);
    void dispatch.nextCrank(A);
    expect(begun).toEqual([A, B]);
  });

  test('many bytes wait, another is to be merged next -> that one begins', async () => {
    const { begun, dispatch, arrive } = scene(1);
    await arrive(A, AHEAD_BYTES_MAX);
    expect(await dispatch.nextCrank(C)).toEqual(new Uint8Array([C]));
    expect(begun).toEqual([A, C]);
    await arrive(C, 0);
    expect(begun).toEqual([A, C]);
    const last = dispatch.nextCrank(D);
    expect(begun).toEqual([A, C, D]);
    expect(await last).toEqual(new Uint8Array([D]));
  });
});
