/**
 * A vat written against the types of '@heirloom/worker/vat' type-checks: `tsc` is the test.
 */
import type { E as EventualSend } from '@endo/eventual-send';
import { describe, expectTypeOf, test } from 'vitest';
import type {
  AdminNode,
  Baggage,
  BundleCap,
  MapStore,
  TimerService,
  VatAdminService,
  VatPowers,
} from './vat.js';

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

/** As the README has it. */
const _buildAgain = (_powers: VatPowers, { bonus }: { bonus: bigint }, baggage: Baggage) => {
  if (!baggage.has('Purse')) baggage.init('Purse', VatData.makeKindHandle('Purse'));
  const makePurse = VatData.defineDurableKind(
    baggage.get('Purse'),
    (balance: bigint) => ({ balance }),
    {
      deposit: ({ state }, amount: bigint) => {
        state.balance += amount + bonus;
        return state.balance;
      },
    },
  );
  const names: MapStore<string, bigint> = baggage.get('names');
  // @ts-expect-error: what its reader does not ask for is unknown
  baggage.get('names').init('alice', 1n);
  return { makePurse, names };
};

const _watch = (bank: ReturnType<typeof _buildBank>, balance: Promise<bigint>) => {
  const handle = VatData.makeKindHandle('watcher');
  const watcher = VatData.providePromiseWatcher(handle, (value: bigint, label: string) =>
    bank.purses.init(label, bank.makePurse(value)),
  );
  VatData.watchPromise(balance, watcher, 'alice');
  // @ts-expect-error: the watcher takes a label
  VatData.watchPromise(balance, watcher, 7);
  // @ts-expect-error: the watcher takes a bigint
  VatData.watchPromise(Promise.resolve('text'), watcher, 'alice');
  const makeWatcher = VatData.defineDurableKind(handle, () => ({ rejections: 0 }), {
    onRejected: ({ state }, _reason: unknown) => (state.rejections += 1),
  });
  VatData.watchPromise(balance, makeWatcher());
  return watcher;
};

const _thisful = (guard: unknown) => {
  const handle = VatData.makeKindHandle('gauge');
  const makeGauge = VatData.defineDurableKind(
    handle,
    (level: number) => ({ level }),
    {
      raise(by: number): number {
        this.state.level += by;
        return this.self.level();
      },
      level(): number {
        return this.state.level;
      },
    },
    { thisfulMethods: true, interfaceGuard: guard, finish: ({ self }) => void self.raise(1) },
  );
  const makeKit = VatData.defineKindMulti(
    'kit',
    () => ({ names: [] as readonly string[] }),
    {
      writer: {
        add(name: string): number {
          this.state.names = [...this.state.names, name];
          return this.facets.reader.count();
        },
      },
      reader: {
        count(): number {
          return this.state.names.length;
        },
      },
    },
    {
      thisfulMethods: true,
      interfaceGuardKit: { writer: guard },
      receiveAmplifier: amplify => void amplify(handle).writer.add('x'),
      receiveInstanceTester: isInstance => void isInstance(handle, 'reader'),
      stateShape: { names: guard },
    },
  );
  // @ts-expect-error: levels are numbers
  makeGauge('high');
  return harden({ makeGauge, makeKit });
};

/** The module itself needs the globals of a vat. */
declare const E: typeof EventualSend;

const _administer = async (svc: VatAdminService, cap: BundleCap, timer: TimerService) => {
  const { adminNode } = await E(svc).createVat(cap, { name: 'clerk', reapInterval: 'never' });
  const { incarnationNumber } = await E(adminNode).upgrade(cap, { upgradeMessage: 'better' });
  // @ts-expect-error: a vat is made from a cap, not from an id
  await E(svc).createVat('b1-0');
  const { absValue } = await E(timer).delay(5n);
  return { adminNode, incarnationNumber, absValue };
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

  test('vat types: what baggage holds -> has the type that is asked for', () => {
    type Purse = ReturnType<ReturnType<typeof _buildAgain>['makePurse']>;
    expectTypeOf<Parameters<Purse['deposit']>>().toEqualTypeOf<[amount: bigint]>();
    expectTypeOf<ReturnType<Purse['deposit']>>().toEqualTypeOf<bigint>();
  });

  test('vat types: behaviour with the context as this -> the same', () => {
    type Made = ReturnType<typeof _thisful>;
    type Gauge = ReturnType<Made['makeGauge']>;
    expectTypeOf<Parameters<Made['makeGauge']>>().toEqualTypeOf<[number]>();
    expectTypeOf<Parameters<Gauge['raise']>>().toEqualTypeOf<[by: number]>();
    expectTypeOf<ReturnType<Gauge['raise']>>().toEqualTypeOf<number>();
    type Kit = ReturnType<Made['makeKit']>;
    expectTypeOf<Parameters<Kit['writer']['add']>>().toEqualTypeOf<[name: string]>();
    expectTypeOf<ReturnType<Kit['reader']['count']>>().toEqualTypeOf<number>();
  });

  test('vat types: a provided watcher -> has both handlers', () => {
    type Watcher = ReturnType<typeof _watch>;
    expectTypeOf<Parameters<Watcher['onFulfilled']>>().toEqualTypeOf<[bigint, string]>();
    expectTypeOf<Parameters<Watcher['onRejected']>>().toEqualTypeOf<[unknown, string]>();
  });

  test('vat types: the services of the kernel, with E -> as documented', () => {
    type Done = Awaited<ReturnType<typeof _administer>>;
    expectTypeOf<Done['adminNode']>().toEqualTypeOf<AdminNode>();
    expectTypeOf<Done['incarnationNumber']>().toEqualTypeOf<number>();
    expectTypeOf<Done['absValue']>().toEqualTypeOf<bigint>();
  });
});
