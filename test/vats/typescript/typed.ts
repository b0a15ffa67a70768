import { Far } from '@endo/far';
import { M } from '@endo/patterns';
import type { Baggage, DurableKindHandle, VatPowers } from '@heirloom/worker/vat';
import type {} from '@heirloom/worker/vat-globals';

interface Account {
  balance: bigint;
}

const AccountI = M.interface('Account', { deposit: M.call(M.nat()).returns(M.nat()) });

const provide = <T>(baggage: Baggage, name: string, make: () => T): T => {
  if (!baggage.has(name)) baggage.init(name, make());
  return baggage.get(name) as T;
};

/** A vat in TypeScript: `VatData`, `vatPowers`, `baggage` and the globals of a vat are typed. */
export const buildRootObject = (powers: VatPowers, _parameters: unknown, baggage: Baggage) => {
  const isFirst = !baggage.has('Account');
  const handleOf = (name: string): DurableKindHandle =>
    provide(baggage, name, () => VatData.makeKindHandle(name));
  const makeAccount = VatData.defineDurableKind(
    handleOf('Account'),
    (balance: bigint): Account => ({ balance }),
    {
      deposit({ state }: { state: Account }, amount: bigint): bigint {
        state.balance += amount;
        return state.balance;
      },
    },
    { stateShape: { balance: M.nat() }, interfaceGuard: AccountI },
  );
  const makeCounter = powers.VatData.defineKindMulti(
    'Counter',
    () => ({ count: 0 }),
    {
      up: { increment(): number { return (this.state.count += 1); } },
      read: { count(): number { return this.state.count; } },
    },
    { thisfulMethods: true, finish: ({ facets }) => void facets.up.increment() },
  );
  const names = VatData.makeScalarBigSetStore<string>('names', { keyShape: M.string() });
  const watcher = VatData.providePromiseWatcher(handleOf('Watcher'), (name: string) =>
    names.add(name));
  const makeNote = (isFirst ? powers.makeKind : powers.replaceKind)(
    'Note',
    (text: string) => ({ text }),
    { read: ({ state }: { state: { text: string } }): string => state.text },
  );
  const desk = Far('desk', { read: (text: string) => makeNote(text).read() });
  (isFirst ? powers.nameExport : powers.reconnectExport)('desk', desk);
  powers.finishedUpgrade();
  return Far('root', {
    desk: () => desk,
    dismiss: () => powers.dismissKind('Note'),
    open: (balance: bigint) => makeAccount(balance),
    count: () => makeCounter().read.count(),
    note: (name: string) => VatData.watchPromise(Promise.resolve(name), watcher),
    names: () => {
      console.log('names', names.getSize(M.gte('')));
      return harden([...names.keys()].map(name => new TextEncoder().encode(name).length));
    },
  });
};
