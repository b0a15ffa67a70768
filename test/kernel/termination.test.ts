/** The end of a vat: at once for whoever talks to it, in bounded steps for what it leaves (1.1). */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { openReader } from '@heirloom/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

const THINGS = amount({ quick: 500, thorough: 2_000 });
const STEP = amount({ quick: 60, thorough: 150 });
const SIZED = { tags: ['sized'] };
const TERMINATED = Error('vat terminated');

let directory: string;
let kernel: Kernel;

/** Keys of a table, hex, of a closed store. */
const keysOf = async (table: 'kernel' | 'vatstore' | 'transcript' | 'preimage') => {
  const reader = openReader({ directory, readersMax: 8 });
  const snapshot = reader.begin();
  const keys = snapshot.keysAfter(table, '', '\xff\xff', 100_000);
  snapshot.done();
  await reader.close();
  return keys.map(key => Buffer.from(key, 'latin1').toString('hex'));
};
const settle = async (): Promise<void> => {
  await kernel.run();
  await kernel.commit();
};
const call = async (target: VatReference, method: string, ...args: unknown[]) => {
  const { result } = kernel.send(target, method, args);
  await settle();
  return result;
};
const make = async (name: string): Promise<VatReference> => {
  const bundle = await fixture('services/worker.js');
  const installing = kernel.installBundle(bundle);
  await settle();
  const making = kernel.createVat({ name, bundleId: await installing });
  await settle();
  return (await making).root;
};
const vatstoreOf = (space: number, keys: readonly string[]): string[] =>
  keys.filter(key => key.startsWith(space.toString(16).padStart(8, '0')));

const open = async (place: string): Promise<void> => {
  directory = place;
  const parameters = { cleanupRowsMax: STEP };
  kernel = await kernelOver({ directory, blocks: 'host', parameters });
};

describe('a big vat', SIZED, () => {
  let big: VatReference;
  let other: VatReference;
  const setStage = preparedStore(async place => {
    await open(place);
    await make('other');
    const filled = await make('big');
    for (let from = 0; from < THINGS; from += 500) await call(filled, 'fill', from, 500);
    await kernel.close();
  });
  beforeEach(async () => {
    directory = await setStage();
    kernel = await kernelOver({ directory, blocks: 'host' });
    other = kernel.vat('other').root;
    big = kernel.vat('big').root;
  });

  test('terminated -> refused at once; removed in steps of the budget; others go on', async () => {
    const things = (await call(big, 'export', 0, 3)) as VatReference[];
    const hanging = kernel.send(big, 'hang');
    await settle();
    const terminating = kernel.terminateVat(kernel.vat('big').vatId, {
      reason: Error('too big'),
    });
    await kernel.run({ waves: 1 });
    await kernel.commit();
    await terminating;
    await expect(hanging.result).rejects.toEqual(TERMINATED);
    const steps: number[] = [];
    for (let wave = 0; wave < 1000; wave += 1) {
      const refused = kernel.send(things[wave % 3]!, 'read');
      const served = kernel.send(other, 'count');
      const { cleanups } = await kernel.run({ waves: 1 });
      await kernel.commit();
      await expect(refused.result).rejects.toEqual(TERMINATED);
      expect(await served.result).toBe(wave + 1);
      expect(cleanups).toBeLessThanOrEqual(STEP);
      steps.push(cleanups);
      if (cleanups === 0) break;
    }
    // An object and an entry each, and what the vat had beside them.
    expect(steps.reduce((sum, step) => sum + step, 0)).toBeGreaterThan(2 * THINGS - STEP);
    expect(steps.at(-1)).toBe(0);
  });

  test('terminated, then run to the end -> nothing of it is left', async () => {
    const terminating = kernel.terminateVat(kernel.vat('big').vatId);
    const { cleanups, waves } = await kernel.run();
    await kernel.commit();
    await terminating;
    expect(cleanups).toBeGreaterThan(2 * THINGS);
    expect(waves).toBeGreaterThan((2 * THINGS) / STEP);
    expect(await kernel.run()).toMatchObject({ waves: 0, cleanups: 0 });
    await kernel.close();
    const [kernelKeys, vatstore, transcript, preimage] = await Promise.all(
      (['kernel', 'vatstore', 'transcript', 'preimage'] as const).map(keysOf),
    );
    const mine = '00000002';
    expect(vatstoreOf(1, vatstore!).length).toBeGreaterThan(0);
    expect(vatstoreOf(2, vatstore!)).toEqual([]);
    expect(transcript!.filter(key => key.startsWith(mine))).toEqual([]);
    expect(preimage!.filter(key => key.startsWith(mine))).toEqual([]);
    const byVat = ['30', '31', '40', '41', '62', '80'].map(table => table + mine);
    expect(kernelKeys!.filter(key => byVat.some(prefix => key.startsWith(prefix)))).toEqual([]);
  });

  test('a limit on cleanups -> the run ends after the wave that reached it', async () => {
    void kernel.terminateVat(kernel.vat('big').vatId);
    const { waves, cleanups } = await kernel.run({ cleanups: 2 * STEP + 1 });
    expect(waves).toBe(3);
    expect(cleanups).toBe(3 * STEP);
    await kernel.commit();
  });

  test('closed in the middle of its removal, opened again -> it goes on', async () => {
    const hashes: string[] = [];
    void kernel.terminateVat(kernel.vat('big').vatId);
    await kernel.run({ waves: 4 });
    await kernel.commit();
    const { height } = kernel;
    await kernel.close();
    for (let life = 0; life < 2; life += 1) {
      kernel = await kernelOver({ directory, blocks: 'host' });
      expect(kernel.vats().map(({ name }) => name)).toEqual(['other']);
      if (life === 0) await kernel.run({ waves: 2 }); // not committed
      else {
        await settle();
        hashes.push(kernel.blockHash);
      }
      await kernel.close();
    }
    kernel = await kernelOver({ directory, blocks: 'host' });
    expect(kernel.height).toBe(height + 1);
    expect(kernel.blockHash).toBe(hashes[0]);
    expect(await kernel.run()).toMatchObject({ waves: 0 });
  });
});

describe('messages and promises of an ended vat', () => {
  beforeEach(async () => open(await freshDirectory()));

  test('what it decided, what waits on that, what it was sent -> rejected, in order', async () => {
    const worker = await make('worker');
    const hang = kernel.send(worker, 'hang').result;
    await settle();
    const waiting = kernel.send(worker, 'ping', ['queued']).result;
    const terminating = kernel.terminateVat(kernel.vat('worker').vatId);
    const late = kernel.send(worker, 'ping', ['late']).result;
    await settle();
    await terminating;
    await expect(hang).rejects.toEqual(TERMINATED);
    // Queued before the end: the vat still answered.
    expect(await waiting).toBe('queued');
    await expect(late).rejects.toEqual(TERMINATED);
  });

  test('terminated twice -> the second is rejected', async () => {
    await make('worker');
    const { vatId } = kernel.vat('worker');
    const [first, second] = [kernel.terminateVat(vatId), kernel.terminateVat(vatId)];
    await settle();
    await first;
    await expect(second).rejects.toEqual(Error(`vat ${vatId} is not running`));
  });

  test('its name -> free for another vat, with another id', async () => {
    await make('worker');
    const { vatId } = kernel.vat('worker');
    const terminating = kernel.terminateVat(vatId);
    await settle();
    await terminating;
    expect(() => kernel.vat('worker')).toThrow('no vat "worker"');
    const again = await make('worker');
    expect(await call(again, 'count')).toBe(1);
    expect(kernel.vat('worker').vatId).not.toBe(vatId);
  });
});
