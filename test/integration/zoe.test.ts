/**
 * Vats of SwingSet as they are: the vat of every Zoe contract as it was published, and bundles as
 * `@endo/bundle-source` makes them for production. They start unmodified and are upgraded with live
 * objects.
 */
import path from 'node:path';
import { verifyStore, type Kernel, type VatBundle, type VatReference } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { endoBundles } from '../support/bundles/endo-bundles.js';
import { publishedFile } from '../support/bundles/published.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const ZOE = {
  name: '@agoric/zoe',
  version: '0.27.0',
  sha512:
    'BC9CpLPJyH8nsgw62UXZ3oAwe0OdnoFLaEWsAVvFOKqT4gorlapRQBhSbJ0CEHD9tsg6XTLYvJ7xAEQTjua97Q==',
};
const ZCF = 'bundles/bundle-contractFacet.js';

const CONTRACTS = ['contract.js', 'contract-next.js'].map(
  name => `test/vats/libraries/zoe/${name}`,
);
const BANKS = ['examples/ertp/bank.js', 'examples/ertp/bank-v2.js', 'examples/ertp/client.js'];

const ROOT = path.join(import.meta.dirname, '../..');
const bundlesOf = (names: readonly string[]): Promise<readonly VatBundle[]> =>
  endoBundles(names.map(name => ({ entry: path.join(ROOT, name), format: 'endoZipBase64' })));

const published = async (): Promise<VatBundle> => {
  const text = await publishedFile(ZOE, ZCF);
  const from = 'export default ';
  if (!text.startsWith(from)) throw Error(`${ZCF} is written in another way`);
  return JSON.parse(text.slice(from.length).trim().replace(/;$/, '')) as VatBundle;
};

const idOf = (bundle: VatBundle): string => {
  if (!('endoZipBase64Sha512' in bundle)) throw Error('an archive says what it hashes to');
  return `b1-${String(bundle.endoZipBase64Sha512)}`;
};

// The package comes by npm: what `npm test` runs needs no network.
describe('the published vat of Zoe contracts', { tags: ['thorough'] }, () => {
  let zcf: VatBundle;
  let contract: VatBundle;
  let next: VatBundle;
  beforeAll(async () => {
    zcf = await published();
    [contract, next] = (await bundlesOf(CONTRACTS)) as [VatBundle, VatBundle];
  }, 300_000);

  const zoeIn = async (kernel: Kernel): Promise<VatReference> => {
    for (const bundle of [zcf, contract, next]) {
      expect(await kernel.installBundle(bundle)).toBe(idOf(bundle));
    }
    const bundleId = await install(kernel, 'libraries/zoe/service.js');
    const { vatAdmin } = kernel.services;
    return (await kernel.createVat({ name: 'zoe', bundleId, vatParameters: { vatAdmin } })).root;
  };
  const startIn = async (kernel: Kernel, zoe: VatReference): Promise<VatReference> => {
    const args = ['contract', idOf(zcf), idOf(contract), { by: 'start' }];
    const facets = await kernel.call(zoe, 'startInstance', args);
    return (facets as { publicFacet: VatReference }).publicFacet;
  };
  const upgradeIn = (kernel: Kernel, zoe: VatReference, to: VatBundle) =>
    kernel.call(zoe, 'upgradeContract', [idOf(zcf), idOf(to), { by: 'upgrade' }]);

  test.each(['thread', 'process'] as const)(
    '%s: starts, is upgraded by a bundle cap with live objects, and replayed',
    async isolation => {
      const directory = await freshDirectory();
      let kernel = await kernelOver({ directory, isolation });
      const zoe = await zoeIn(kernel);
      const facet = await startIn(kernel, zoe);
      expect(facet.iface).toBe('Alleged: Public facet');
      expect(await kernel.call(facet, 'getVersion')).toEqual({
        version: 'first', privateArgs: { by: 'start' },
      });
      const counter = (await kernel.call(facet, 'makeCounter')) as VatReference;
      expect(await kernel.call(counter, 'add')).toBe(1n);
      expect(await kernel.call(counter, 'add')).toBe(2n);
      expect(await kernel.call(counter, 'getTally')).toBe(2);
      const invitation = await kernel.call(facet, 'invite');
      expect(await kernel.call(zoe, 'offer', [invitation, 'one'])).toEqual({
        hasExited: false, offerArgs: 'one', version: 'first',
      });

      expect(await upgradeIn(kernel, zoe, next)).toMatchObject({ incarnationNumber: 1 });
      expect(await kernel.call(counter, 'add')).toBe(102n);
      expect(await kernel.call(counter, 'getTally')).toBe(1);
      expect(await kernel.call(facet, 'getVersion')).toEqual({
        version: 'next', privateArgs: { by: 'upgrade' },
      });
      const second = await kernel.call(facet, 'invite');
      expect(await kernel.call(zoe, 'offer', [second, 'two'])).toEqual({
        hasExited: false, offerArgs: 'two', version: 'next',
      });
      await kernel.call(zoe, 'startInstance', ['again', idOf(zcf), idOf(next), { by: 'x' }]);
      await kernel.idle();
      await kernel.close();

      kernel = await kernelOver({ directory, isolation });
      expect(kernel.vats().map(({ name, incarnation }) => [name, incarnation])).toEqual([
        ['zoe', 0], ['contract', 1], ['again', 0],
      ]);
      expect(kernel.vats().every(({ replayable }) => replayable)).toBe(true);
      await kernel.close();
      expect((await verifyStore({ directory })).ok).toBe(true);
    },
    300_000,
  );

  test('upgradeAll, tried before -> a contract that was never upgraded says why not', async () => {
    const kernel = await kernelOver();
    const zoe = await zoeIn(kernel);
    const facet = await startIn(kernel, zoe);
    const tried = await kernel.upgradeAll({ dryRun: true });
    expect(tried.map(({ name, ok, errors }) => [name, ok, errors])).toEqual([
      ['zoe', true, []],
      ['contract', false, ['Error: On restart zoeService must not be in vatParameters']],
    ]);
    expect(kernel.vats().map(({ incarnation }) => incarnation)).toEqual([0, 0]);
    const done = await kernel.upgradeAll();
    expect(done.map(({ name, succeeded }) => [name, succeeded])).toEqual([
      ['zoe', true], ['contract', false],
    ]);
    // Once it has been upgraded, its parameters are those of a restart.
    await upgradeIn(kernel, zoe, contract);
    expect((await kernel.upgradeAll({ dryRun: true })).map(({ ok }) => ok)).toEqual([true, true]);
    expect((await kernel.upgradeAll()).map(({ succeeded }) => succeeded)).toEqual([true, true]);
    expect(await kernel.call(facet, 'getVersion')).toEqual({
      version: 'first', privateArgs: { by: 'upgrade' },
    });
  });
});

describe('bundles for production', () => {
  test('a bank on ERTP and its customer -> start, are upgraded with live purses', async () => {
    const directory = await freshDirectory();
    let kernel = await kernelOver({ directory });
    const bundles = await bundlesOf(BANKS);
    const ids: string[] = [];
    for (const bundle of bundles) {
      expect(bundle.moduleFormat).toBe('endoZipBase64');
      ids.push(await kernel.installBundle(bundle));
    }
    expect(ids).toEqual(bundles.map(idOf));
    const [first, second, customer] = ids as [string, string, string];
    const vatParameters = { name: 'Ducats' };
    const bank = await kernel.createVat({ name: 'bank', bundleId: first, vatParameters });
    const client = await kernel.createVat({ name: 'client', bundleId: customer });
    const call = (method: string, ...args: unknown[]) => kernel.call(client.root, method, args);
    const treasury = (await kernel.call(bank.root, 'getTreasury')) as VatReference;
    await call('join', await kernel.call(bank.root, 'getTeller'));
    await call('open', 'savings');
    await call('keep', 'wages', await kernel.call(treasury, 'issue', [10n]));
    expect(await call('deposit', 'savings', 'wages')).toBe(10n);
    await call('withdraw', 'savings', 4n, 'rent');
    await kernel.upgradeVat(bank.vatId, { bundleId: second, vatParameters });
    await kernel.upgradeVat(client.vatId, { bundleId: customer });
    expect([await call('balance', 'savings'), await call('worth', 'rent')]).toEqual([6n, 4n]);
    const payment = (await call('pay', 'rent')) as VatReference;
    expect(payment.iface).toBe('Alleged: Ducats payment');
    expect(await kernel.call(treasury, 'burn', [payment])).toMatchObject({ value: 4n });
    await kernel.idle();
    await kernel.close();
    kernel = await kernelOver({ directory });
    const { root } = kernel.vat('client');
    expect(await kernel.call(root, 'total')).toBe(6n);
  }, 300_000);
});
