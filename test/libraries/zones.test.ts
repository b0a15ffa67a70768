/** `@agoric/zone`, unmodified: what each zone keeps through an upgrade. */
import type { CreatedVat, VatReference } from '@heirloom/kernel';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const FILE = 'libraries/zones.js';

const shared = useSharedKernel();
let vat: CreatedVat;

const tell = (target: VatReference, method: string, args: readonly unknown[] = []) =>
  shared.kernel.call(target, method, args);
const call = (method: string, ...args: unknown[]) => tell(vat.root, method, args);
const upgrade = async (version = 2) => {
  const bundleId = await shared.install(FILE);
  return shared.kernel.upgradeVat(vat.vatId, { bundleId, vatParameters: { version } });
};

const SORTS = ['heap', 'virtual', 'durable'] as const;

/** `errorTaming: 'safe'` takes what was not quoted out of messages. */
const GUARD_TEXTS = [
  'Error: In "add" method of (Counter): arg 0: (a bigint) - Must be non-negative',
  'Error: In "add" method of (Counter): arg 0: string (a string) - Must be a bigint',
  'Error: In "add" method of (Counter): Expected at least 1 arguments: (an object)',
  'Error: "In \\"read\\" method of (Counter)" accepts at most 0 arguments, not 1: (an object)',
  'TypeError: target has no method "set", ' +
    'has ["__getInterfaceGuard__","__getMethodNames__","get"]',
];
const USED = 'Error: key (a string) has already been used in this zone and incarnation';
const REFUSALS = [USED, USED, 'Error: maker return value (an object) is not storable'];
/** Of a bigint, a string, a list of an exo, a `Far` object, a promise. */
const STORABLE = {
  heap: [true, true, true, true, true],
  virtual: [true, true, true, true, true],
  durable: [true, true, true, false, false],
};

describe.each(SORTS)('zone: %s', sort => {
  beforeAll(async () => {
    vat = await shared.create(FILE, { vatParameters: { version: 1 } });
  });

  test('exos, kits, stores, subzones -> work', async () => {
    const counter = (await call('makeCounter', sort, 5n)) as VatReference;
    expect(await tell(counter, 'add', [2n])).toBe(7n);
    const { reader, writer } = (await call('makeCell', sort, 'a')) as Record<string, VatReference>;
    expect(await tell(writer!, 'set', ['b'])).toBe(reader);
    expect(await tell(reader!, 'get')).toBe('b');
    expect(await tell((await call('greeter', sort)) as VatReference, 'hello')).toBe(
      'hello from 1',
    );
    for (const store of ['map', 'set', 'weakMap', 'weakSet', 'sub']) {
      const key = store.startsWith('weak') ? counter : 'key';
      expect(await call('find', sort, store, key)).toBe(false);
      await call('put', sort, store, key, 3n);
      expect(await call('find', sort, store, key)).toBe(store.endsWith('et') ? true : 3n);
    }
    expect(await call('entries', sort)).toEqual([['key', 3n]]);
    expect(await call('detached', sort)).toEqual(['a']);
  });

  test('a guard that fails -> the same text in every zone', async () => {
    const counter = (await call('makeCounter', sort, 5n)) as VatReference;
    const { reader } = (await call('makeCell', sort, 'a')) as Record<string, VatReference>;
    const refusals = [
      [counter, 'add', [-1n]],
      [counter, 'add', ['1']],
      [counter, 'add', []],
      [counter, 'read', [1n]],
      [reader!, 'set', [1n]],
    ] as const;
    const texts: unknown[] = [];
    for (const [target, method, args] of refusals) {
      texts.push(await tell(target, method, args).catch((error: unknown) => String(error)));
    }
    expect(texts).toEqual(GUARD_TEXTS);
    expect(await tell(counter, 'read')).toBe(5n);
  });

  test('keys used twice, and what cannot be stored -> the texts of the library', async () => {
    expect(await call('refusals', sort)).toEqual(REFUSALS);
    expect(await call('isStorable', sort)).toEqual(STORABLE[sort]);
  });
});

describe('zone: an upgrade', () => {
  beforeEach(async () => {
    vat = await shared.create(FILE, { vatParameters: { version: 1 } });
  });

  test('durable -> everything is there, with new behaviour', async () => {
    const counter = (await call('makeCounter', 'durable', 5n)) as VatReference;
    await tell(counter, 'add', [2n]);
    const cell = (await call('makeCell', 'durable', counter)) as Record<string, VatReference>;
    const greeter = (await call('greeter', 'durable')) as VatReference;
    const first = (await call('first', 'durable')) as VatReference;
    await tell(first, 'add', [1n]);
    for (const store of ['map', 'set', 'weakMap', 'weakSet', 'sub']) {
      await call('put', 'durable', store, store.startsWith('weak') ? counter : 'key', counter);
    }
    for (const version of [2, 3]) {
      await upgrade(version);
      expect(await tell(counter, 'getVersion')).toBe(version);
      expect(await tell(counter, 'add', [1n])).toBe(6n + BigInt(version));
      expect(await tell(cell['reader']!, 'get')).toBe(counter);
      expect(await tell(greeter, 'hello')).toBe(`hello from ${version}`);
      expect(await call('greeter', 'durable')).toBe(greeter);
      expect(await call('first', 'durable')).toBe(first);
      expect(await tell(first, 'read')).toBe(1001n);
      expect(await call('subFirst', 'durable')).toBe('first of 1');
      for (const store of ['map', 'set', 'weakMap', 'weakSet', 'sub']) {
        const key = store.startsWith('weak') ? counter : 'key';
        const found = await call('find', 'durable', store, key);
        expect(found).toBe(store.endsWith('et') ? true : counter);
      }
      await expect(tell(counter, 'add', [-1n])).rejects.toThrow(/Must be non-negative/);
    }
    await tell(cell['writer']!, 'set', ['late']);
    expect(await tell(cell['reader']!, 'get')).toBe('late');
  });

  test.each(['heap', 'virtual'])('%s -> gone, and made anew', async sort => {
    const counter = (await call('makeCounter', sort, 5n)) as VatReference;
    await call('put', sort, 'map', 'key', 1n);
    await upgrade();
    await expect(tell(counter, 'read')).rejects.toThrow('vat terminated');
    expect(await call('find', sort, 'map', 'key')).toBe(false);
    expect(await call('subFirst', sort)).toBe('first of 2');
    const fresh = (await call('makeCounter', sort, 5n)) as VatReference;
    expect(await tell(fresh, 'getVersion')).toBe(2);
  });
});

test('zones: a restart -> the same entries in all zones, the heap by replay', async () => {
  const directory = await freshDirectory();
  const parameters = { name: 'zones', vatParameters: { version: 1 } };
  const first = await kernelOver({ directory });
  const id = await install(first, 'libraries/zones.js');
  const { root } = await first.createVat({ ...parameters, bundleId: id });
  for (const sort of SORTS) await first.call(root, 'put', [sort, 'map', 'key', sort]);
  await first.close();
  const second = await kernelOver({ directory });
  for (const sort of SORTS) {
    const found = second.call(second.vat('zones').root, 'find', [sort, 'map', 'key']);
    expect(await found).toBe(sort);
  }
});
