/** What a kill amid a state sync leaves, copied at every step of one, and what it is taken for. */
import { cpSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exportState, importState, type Kernel } from '@heirloom/kernel';
import { HostError } from '@heirloom/store';
import { expect, test } from 'vitest';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { exportOf, placeAfter, remainsOf, removeAllBut } from './sync-places.js';

const makeStore = async (directory: string): Promise<void> => {
  const kernel: Kernel = await kernelOver({ directory });
  await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
  await kernel.idle();
  await kernel.close();
};

const steps = 'endurance: a state sync, killed at each step -> half of it is told from all of it';
test(steps, async () => {
  const root = await freshDirectory();
  const from = join(root, 'live', 'store-1.7');
  await mkdir(dirname(from));
  await makeStore(from);
  const next = placeAfter(from, 31);
  const copies: string[] = [];
  /** What the disk holds now, as a kill would leave it. */
  const kill = (): void => {
    const copy = join(root, `killed-${copies.length}`);
    cpSync(dirname(from), copy, { recursive: true });
    copies.push(copy);
  };
  kill();
  const { stateRoot } = await exportState({ directory: from, to: exportOf(next), progress: kill });
  kill();
  await importState({ from: exportOf(next), directory: next, root: stateRoot, progress: kill });
  kill();
  const remains = copies.map(copy => remainsOf(join(copy, basename(next))));
  const inOrder = ['nothing', 'half an export', 'an export', 'half a store', 'a store'];
  expect(remains.filter((it, i) => it !== remains[i - 1])).toEqual(inOrder);
  for (const [i, copy] of copies.entries()) {
    const place = join(copy, basename(next));
    if (remains[i] !== 'an export' && remains[i] !== 'half a store') continue;
    const again = await importState({ from: exportOf(place), directory: `${place}.again` });
    expect(again.stateRoot).toBe(stateRoot);
  }
});

test('endurance: the name of a whole store, no data in it -> told, not passed over', async () => {
  const root = await freshDirectory();
  const from = join(root, 'store-1');
  await makeStore(from);
  const next = placeAfter(from, 31);
  cpSync(from, next, { recursive: true });
  await rm(join(next, 'data.mdb'));
  expect(() => remainsOf(next)).toThrow(HostError);
});

test('endurance: places of many syncs -> names of one length, and only one stays', async () => {
  const root = await freshDirectory();
  let place = join(root, 'store-1');
  for (let height = 10; height < 100; height += 1) place = placeAfter(place, height);
  expect(basename(place)).toBe('store-1.99');
  const others = ['store-1', 'store-1.98', 'store-1.99.export', 'store-1.99.partial-7-1'];
  const kept = ['store-1.99', 'store-10', 'store-10.99'];
  for (const name of [...others, ...kept]) await mkdir(join(root, name));
  await removeAllBut(place);
  expect(readdirSync(root).sort()).toEqual(kept);
});
