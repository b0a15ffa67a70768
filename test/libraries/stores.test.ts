/**
 * `@agoric/store`, `@agoric/vat-data` and `@endo/patterns`, unmodified: a store behaves the same in
 * the heap, where the library itself carries it out, as a virtual and as a durable collection.
 */
import type { CreatedVat, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const FILE = 'libraries/stores.js';

const shared = useSharedKernel();
let vat: CreatedVat;

beforeEach(async () => {
  vat = await shared.create(FILE);
});

const root = (method: string, ...args: unknown[]) => shared.kernel.call(vat.root, method, args);

type Step = readonly [store: string, method: string, ...args: unknown[]];

const stepsOver = (key: VatReference, other: VatReference): Step[] => [
  ['map', 'init', 'b', 2n],
  ['map', 'init', 'a', [1n]],
  ['map', 'init', key, 'object'],
  ['map', 'init', 'a', 3n],
  ['map', 'get', 'a'],
  ['map', 'get', 'none'],
  ['map', 'set', 'none', 1n],
  ['map', 'set', 'b', 20n],
  ['map', 'has', key],
  ['map', 'has', other],
  ['map', 'init', 5n, 'not of the key shape'],
  ['map', 'getSize'],
  ['map', 'delete', 'none'],
  ['map', 'delete', 'a'],
  ['set', 'add', 'x'],
  ['set', 'add', 'x'],
  ['set', 'add', 7n],
  ['set', 'keys'],
  ['set', 'has', 'y'],
  ['set', 'delete', 'x'],
  ['set', 'delete', 'x'],
  ['set', 'getSize'],
  ['weakMap', 'init', key, 1n],
  ['weakMap', 'init', key, 2n],
  ['weakMap', 'get', key],
  ['weakMap', 'get', other],
  ['weakMap', 'delete', key],
  ['weakMap', 'has', key],
  ['weakSet', 'add', key],
  ['weakSet', 'has', key],
  ['weakSet', 'has', other],
  ['weakSet', 'delete', other],
  ['weakSet', 'delete', key],
];

const runSteps = async (sort: string, steps: readonly Step[]): Promise<unknown[]> => {
  const outcomes: unknown[] = [];
  for (const [store, method, ...args] of steps) {
    outcomes.push([store, method, await root('run', sort, store, method, ...args)]);
  }
  return outcomes;
};

describe('stores', () => {
  test('heap, virtual, durable -> the same results; the same steps fail', async () => {
    /** The texts of collections are those of liveslots, not of `@agoric/store`. */
    const withoutTexts = (outcomes: readonly unknown[]) =>
      outcomes.map(outcome => {
        const [store, method, [what]] = outcome as [string, string, [string]];
        return what === 'threw' ? [store, method, what] : outcome;
      });
    const key = (await root('makeKey')) as VatReference;
    const other = (await root('makeKey')) as VatReference;
    const steps = stepsOver(key, other);
    const heap = await runSteps('heap', steps);
    const virtual = await runSteps('virtual', steps);
    expect(withoutTexts(virtual)).toEqual(withoutTexts(heap));
    expect(withoutTexts(await runSteps('durable', steps))).toEqual(withoutTexts(heap));
    expect(virtual[3]).toEqual([
      'map',
      'init',
      ['threw', 'Error', 'key (a string) already registered in collection "store"'],
    ]);
  });

  test('provide, provideLazy, legacy maps -> as documented', async () => {
    for (const [i, sort] of ['heap', 'virtual', 'durable'].entries()) {
      expect(await root('provideLazy', sort, 'key')).toBe(i + 1);
      expect(await root('provideLazy', sort, 'key')).toBe(i + 1);
    }
    expect(await root('provideBaggage', 'thing')).toBe('first thing');
    expect(await root('legacy')).toBe(1n);
  });

  test('an upgrade -> durable stores as they were, the others empty', async () => {
    const key = (await root('makeKey')) as VatReference;
    for (const sort of ['heap', 'virtual', 'durable']) {
      await root('run', sort, 'map', 'init', 'a', 1n);
      await root('run', sort, 'set', 'add', 'x');
    }
    await root('provideBaggage', 'thing');
    await root('provideLazy', 'durable', 'lazy');
    await shared.kernel.upgradeVat(vat.vatId, { bundleId: await shared.install(FILE) });
    for (const [sort, found] of Object.entries({ heap: false, virtual: false, durable: true })) {
      expect(await root('run', sort, 'map', 'has', 'a')).toEqual(['returned', found]);
      expect(await root('run', sort, 'set', 'has', 'x')).toEqual(['returned', found]);
    }
    expect(await root('provideBaggage', 'thing')).toBe('first thing');
    expect(await root('provideLazy', 'durable', 'lazy')).toBe(1);
    await expect(root('run', 'durable', 'weakMap', 'has', key)).resolves.toBeDefined();
  });
});

describe('patterns', () => {
  test('patterns, copies and matching -> cross between vat and host and back', async () => {
    const nat = await root('pattern', 'nat');
    const set = await root('copy', 'makeCopySet', ['b', 'a']);
    expect(await root('matches', 3n, nat)).toBe(true);
    expect(await root('matches', -3n, nat)).toBe(false);
    const setOfStrings = await root('pattern', 'setOf', await root('pattern', 'string'));
    expect(await root('matches', set, setOfStrings)).toBe(true);
    expect(await root('mustMatch', [1n], setOfStrings)).toEqual([
      'threw',
      'Error',
      expect.stringMatching(/Must be a (copySet|remotable)|copyArray/),
    ]);
    const bag = await root('copy', 'makeCopyBag', [['a', 2n]]);
    const map = await root('copy', 'makeCopyMap', [['k', bag]]);
    expect(await root('copy', 'getCopyMapEntries', map)).toBeDefined();
    expect(await root('copy', 'keyEQ', bag, bag)).toBe(true);
    const union = await root('copy', 'setUnion', set, await root('copy', 'makeCopySet', ['c']));
    expect(await root('copy', 'getCopySetKeys', union)).toEqual(['c', 'b', 'a']);
  });
});
