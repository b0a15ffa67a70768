import { Far } from '@endo/far';
import type { Baggage, VatPowers } from '@heirloom/worker/vat';

interface Account {
  balance: bigint;
}

/** A vat in TypeScript: `VatData`, `vatPowers` and `baggage` are typed. */
export const buildRootObject = (_powers: VatPowers, _parameters: unknown, baggage: Baggage) => {
  if (!baggage.has('Account')) baggage.init('Account', VatData.makeKindHandle('Account'));
  const handle = baggage.get('Account') as ReturnType<typeof VatData.makeKindHandle>;
  const makeAccount = VatData.defineDurableKind(
    handle,
    (balance: bigint): Account => ({ balance }),
    {
      deposit: ({ state }: { state: Account }, amount: bigint): bigint => {
        state.balance += amount;
        return state.balance;
      },
    },
  );
  return Far('root', { open: (balance: bigint) => makeAccount(balance) });
};
