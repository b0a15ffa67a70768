/** Where a warning of a dry run leads to: the line of the author's file that does it. */
import { readFile } from 'node:fs/promises';
import type { Kernel, VatId } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { fixture, install, kernelOver } from '../support/kernels/fresh-kernels.js';

/** A code, and where it leads to: `fair-refused.js:8`. */
type Led = readonly [code: string, place: string | undefined];

/** By the codes that stand in comments. */
const marked = async (name: string): Promise<Led[]> => {
  const text = await readFile(new URL(`../vats/${name}`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line, i): Led[] => {
    const codes = /\/\/ ([A-Z_ ]+)$/.exec(line)?.[1]?.split(' ') ?? [];
    return codes.map(code => [code, `${name}:${i + 1}`]);
  });
};

const sorted = (led: readonly Led[]): string[] => led.map(it => it.join(' at ')).sort();

/** A place without its column, and of a path what follows the room of fixtures. */
const lineOf = (place: string | undefined): string | undefined =>
  place?.replace(/^.*(?=upgrade\/)/, '').replace(/:\d+$/, '');

const openFair = async (): Promise<{ kernel: Kernel; vatId: VatId }> => {
  const kernel = await kernelOver();
  const benchId = await install(kernel, 'workbench.js');
  const relay = await kernel.createVat({ name: 'relay', bundleId: benchId });
  const bundleId = await install(kernel, 'upgrade/fair.js');
  const vatParameters = { directory: relay.root };
  const { vatId, root } = await kernel.createVat({ name: 'fair', bundleId, vatParameters });
  // The host holds a ticket and a ride.
  await kernel.call(root, 'get');
  return { kernel, vatId };
};

test('a dry run: mistakes of a release that starts -> each at its line', async () => {
  const { kernel, vatId } = await openFair();
  const bundle = await fixture('upgrade/fair-mistaken.js');
  const { warnings } = await kernel.checkUpgrade(vatId, { bundle, compare: true });
  const placed = warnings.filter(({ code }) => code !== 'PARAMETER_LEFT_OUT');
  const led = placed.map(({ code, place }): Led => [code, lineOf(place)]);
  expect(sorted(led)).toEqual(sorted(await marked('upgrade/fair-mistaken.js')));
});

test.each([
  ['HANDLE_NOT_KEPT', 'renames'],
  ['KIND_RENAMED', 'renames the kind'],
  ['START_WAITS', 'waits'],
])('a dry run: %s -> at its line', async (code, how) => {
  const { kernel, vatId } = await openFair();
  const bundle = await fixture('upgrade/fair-refused.js');
  const given = { bundle, vatParameters: { how } };
  const { warnings } = await kernel.checkUpgrade(vatId, given);
  const led = warnings.map(({ code: found, place }): Led => [found, lineOf(place)]);
  const all = await marked('upgrade/fair-refused.js');
  expect(led).toContainEqual(all.find(([given]) => given === code));
});

test('an upgrade that is carried out -> no places', async () => {
  const { kernel, vatId } = await openFair();
  const bundleId = await install(kernel, 'upgrade/fair-mistaken.js');
  const { warnings = [] } = await kernel.upgradeVat(vatId, { bundleId });
  expect(warnings.map(({ code }) => code)).toEqual(['MADE_ANEW', 'VERSION_RAISED']);
  expect(warnings.filter(({ place }) => place !== undefined)).toEqual([]);
});
