/** `@agoric/ertp`, unmodified, in a durable zone: the vats of `examples/ertp`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CreatedVat, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const EXAMPLES = '../../examples';
const RUN = fileURLToPath(new URL(`${EXAMPLES}/run.mjs`, import.meta.url));
const name = 'Ducats';

describe('the example', () => {
  const run = async (...args: string[]): Promise<[code: number, text: string]> => {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args]);
      return [0, stdout];
    } catch (error) {
      const { code, stdout, stderr } = error as Record<'code' | 'stdout' | 'stderr', unknown>;
      return [code as number, `${String(stdout)}${String(stderr)}`];
    }
  };

  test('ertp -> every amount is right, exit code 0', { tags: ['thorough'] }, async () => {
    const [code, text] = await run('ertp');
    expect(text).toMatch(/Every amount is right\.\n$/);
    expect(text).toContain('     all together             975  as it should be\n');
    expect(text).not.toContain('WRONG');
    expect(code).toBe(0);
  });

  // The same run again, with an amount that the ledger of the example does not know of.
  test('an amount that is off -> said so, exit code 1', { tags: ['thorough'] }, async () => {
    const [code, text] = await run('ertp', '--robbery');
    expect(text).toMatch(/all together +1001 {2}WRONG: it should be 1000\n/);
    expect(code).toBe(1);
  });

  test('no such example -> those that there are, exit code 1', async () => {
    const [code, text] = await run('etrp');
    expect(text).toMatch(/no example "etrp"\. The examples: depths, ertp, factory, mistakes, purse\n/);
    expect(code).toBe(1);
  });
});

describe('the bank', () => {
  const shared = useSharedKernel();
  let bank: CreatedVat;
  let issuer: VatReference;
  let brand: VatReference;
  let teller: VatReference;
  let treasury: VatReference;

  const call = async (target: VatReference, method: string, ...args: unknown[]) =>
    (await shared.kernel.call(target, method, args)) as VatReference;
  const amount = (value: bigint) => ({ brand, value });
  const upgrade = async (file: string): Promise<void> => {
    const bundleId = await shared.install(`${EXAMPLES}/ertp/${file}`);
    await shared.kernel.upgradeVat(bank.vatId, { bundleId, vatParameters: { name } });
  };

  beforeEach(async () => {
    bank = await shared.create(`${EXAMPLES}/ertp/bank.js`, { vatParameters: { name } });
    teller = await call(bank.root, 'getTeller');
    treasury = await call(bank.root, 'getTreasury');
    issuer = await call(teller, 'getIssuer');
    brand = await call(teller, 'getBrand');
  });

  test('issuer, brand, purses, payments -> the same references after an upgrade', async () => {
    const purse = await call(teller, 'openPurse');
    const payment = await call(treasury, 'issue', 10n);
    expect(await call(purse, 'deposit', payment)).toEqual(amount(10n));
    const facet = await call(purse, 'getDepositFacet');
    const outstanding = await call(purse, 'withdraw', amount(3n));
    await upgrade('bank-v2.js');
    expect(await call(bank.root, 'getTreasury')).toBe(treasury);
    expect(await call(teller, 'getIssuer')).toBe(issuer);
    expect(await call(teller, 'getBrand')).toBe(brand);
    expect(await call(brand, 'getAllegedName')).toBe(name);
    expect(await call(brand, 'isMyIssuer', issuer)).toBe(true);
    expect(await call(purse, 'getCurrentAmount')).toEqual(amount(7n));
    expect(await call(issuer, 'isLive', outstanding)).toBe(true);
    expect(await call(facet, 'receive', outstanding)).toEqual(amount(3n));
    expect(await call(issuer, 'isLive', outstanding)).toBe(false);
    expect(await call(purse, 'getDepositFacet')).toBe(facet);
  });

  test('recovery sets -> a payment that was never deposited comes back', async () => {
    const purse = await call(teller, 'openPurse');
    await call(purse, 'deposit', await call(treasury, 'issue', 10n));
    const lost = await call(purse, 'withdraw', amount(4n));
    await upgrade('bank-v2.js');
    expect(await call(purse, 'recoverAll')).toEqual(amount(4n));
    expect(await call(purse, 'getCurrentAmount')).toEqual(amount(10n));
    expect(await call(issuer, 'isLive', lost)).toBe(false);
  });

  test('what must not be -> refused before and after an upgrade, nothing changes', async () => {
    const purse = await call(teller, 'openPurse');
    await call(purse, 'deposit', await call(treasury, 'issue', 10n));
    const spent = await call(purse, 'withdraw', amount(4n));
    await call(purse, 'deposit', spent);
    const notLive = '(an object) was not a live payment for brand "[Alleged: Ducats brand]".';
    const withdraw = 'In "withdraw" method of (Ducats Purse purse): arg 0: ';
    const overdrawn = 'Withdrawal of (an object) failed because the purse only contained';
    const amountOf = 'In "getAmountOf" method of (Ducats issuer): arg 0: (a bigint) - Must be a ';
    const refusals = [
      [purse, 'deposit', [spent], notLive],
      [purse, 'deposit', [purse], notLive],
      [purse, 'withdraw', [amount(11n)], overdrawn],
      [purse, 'withdraw', [{ brand: issuer, value: 1n }], `${withdraw}brand: (an object) - Must`],
      [purse, 'withdraw', [amount(-1n)], `${withdraw}value: (a bigint) - Must be non-negative`],
      [issuer, 'burn', [spent], notLive],
      [issuer, 'getAmountOf', [1n], `${amountOf}remotable Payment, not bigint`],
    ] as const;
    for (const edition of [1, 2]) {
      if (edition === 2) await upgrade('bank-v2.js');
      for (const [target, method, args, message] of refusals) {
        await expect(shared.kernel.call(target, method, args)).rejects.toThrow(message);
      }
      expect(await call(purse, 'getCurrentAmount')).toEqual(amount(10n));
    }
  });

  test('an upgrade to code without its kinds -> fails, the bank goes on', async () => {
    const payment = await call(treasury, 'issue', 10n);
    const bundleId = await shared.install('relay.js');
    await expect(shared.kernel.upgradeVat(bank.vatId, { bundleId })).rejects.toThrow(
      /defineDurableKind not called for tags: \[.*Ducats payment.*\]/,
    );
    const purse = await call(teller, 'openPurse');
    expect(await call(purse, 'deposit', payment)).toEqual(amount(10n));
    expect(shared.kernel.vat(bank.vatId).incarnation).toBe(0);
  });

  test('a notifier -> tells of a deposit', async () => {
    const purse = await call(teller, 'openPurse');
    const notifier = await call(purse, 'getCurrentAmountNotifier');
    const first = (await shared.kernel.call(notifier, 'getUpdateSince')) as {
      readonly value: unknown;
      readonly updateCount: unknown;
    };
    expect(first.value).toEqual(amount(0n));
    const next = shared.kernel.send(notifier, 'getUpdateSince', [first.updateCount]);
    await call(purse, 'deposit', await call(treasury, 'issue', 10n));
    expect(await next.result).toMatchObject({ value: amount(10n) });
  });

  const archived = 'the bank as an endoZipBase64 -> takes over from the endoScript';
  test(archived, { tags: ['thorough'] }, async () => {
    const purse = await call(teller, 'openPurse');
    await call(purse, 'deposit', await call(treasury, 'issue', 10n));
    const path = fileURLToPath(new URL(`${EXAMPLES}/ertp/bank-v2.js`, import.meta.url));
    const bundleId = await shared.kernel.installBundle(await bundleOf(path, 'endoZipBase64'));
    await shared.kernel.upgradeVat(bank.vatId, { bundleId, vatParameters: { name } });
    await call(purse, 'deposit', await call(treasury, 'issue', 5n));
    expect(await call(purse, 'getCurrentAmount')).toEqual(amount(15n));
  });
});
