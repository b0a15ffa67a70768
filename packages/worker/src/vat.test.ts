/**
 * A vat written against the types of '@heirloom/worker/vat' type-checks: `tsc` is the test.
 */
import { describe, expectTypeOf, test } from 'vitest';
import type { Baggage, MapStore, VatPowers } from './vat.js';

const _buildBank = (_powers: VatPowers, _parameters: unknown, baggage: Baggage) => {
  const handle = VatData.makeKindHandle('purse');
  const makePurse = VatData.defineDurableKind(
    handle,
    (balance: bigint) => ({ balance, label: 'new' }),
    {
      getBalance: ({ state }) => state.balance,
      deposit: ({ state }, amount: bigint) => {
        state.balance += amount;
      },
    },
    { finish: ({ self }) => self.deposit(1n) },
  );
  const makeCounter = VatData.defineKindMulti('counter', () => ({ count: 0 }), {
    up: { increment: ({ state }, by: number) => (state.count += by) },
    read: { get: ({ state, facets }) => [state.count, facets] as const },
  });
  const purses = VatData.makeScalarBigMapStore<string, ReturnType<typeof makePurse>>('purses', {
    durable: true,
  });
  baggage.init('purses', purses);
  return harden({ makePurse, makeCounter, purses });
};

describe('vat types', () => {
  test('vat types: makers -> arguments and results are inferred', () => {
    type Bank = ReturnType<typeof _buildBank>;
    type Purse = ReturnType<Bank['makePurse']>;
    expectTypeOf<Parameters<Bank['makePurse']>>().toEqualTypeOf<[bigint]>();
    expectTypeOf<Parameters<Purse['deposit']>>().toEqualTypeOf<[amount: bigint]>();
    expectTypeOf<ReturnType<Purse['getBalance']>>().toEqualTypeOf<bigint>();
    type Counter = ReturnType<Bank['makeCounter']>;
    expectTypeOf<Parameters<Counter['up']['increment']>>().toEqualTypeOf<[by: number]>();
    expectTypeOf<Bank['purses']>().toEqualTypeOf<MapStore<string, Purse>>();
  });
});
