/** A vat whose errors are those of libraries, of other vats, of sends that fail. */
import type { Baggage, DurableKindHandle, VatPowers } from '@heirloom/worker/vat';
import type {} from '@heirloom/worker/vat-globals';
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { z } from 'zod';

const Order = z.object({ sku: z.string().min(3) });
const order = (sku: string): unknown => Order.parse({ sku });

class Inherited extends Error {
  override get message(): string {
    return 'of the class';
  }
}

const withAccessor = (get: () => unknown): Error =>
  Object.defineProperty(new Error(), 'message', { get, configurable: true });

class OutOfStock extends RangeError {
  override readonly name = 'OutOfStock';
  constructor(readonly sku: string) {
    super(`out of ${sku}`);
  }
}

interface Other {
  take(...args: unknown[]): unknown;
  failAs(text: string): unknown;
}

const thrown = (error: Error): never => {
  throw error;
};

/** A kind's method may throw what can be passed: of other errors a copy is thrown. */
const makeShop = (): { readonly sell: () => never } => {
  const shop = VatData.defineKind('Shop', () => ({}), {
    sell: () => thrown(new OutOfStock('salt')),
  });
  return shop() as { readonly sell: () => never };
};

interface Parameters {
  readonly sku?: string;
  /** Durable kinds that the start defines; of "handle" the handle alone, of "new X" a second X. */
  readonly kinds?: readonly string[];
  /** The state that a kind has. */
  readonly field?: string;
}

const defineTea = (baggage: Baggage, field: string): void => {
  if (!baggage.has('Tea')) baggage.init('Tea', VatData.makeKindHandle('Tea'));
  const handle = baggage.get<DurableKindHandle>('Tea');
  const stateShape = { [field]: 1 };
  VatData.defineDurableKind(handle, () => ({ [field]: 1 }), {}, { stateShape });
};

const defineKinds = (baggage: Baggage, tags: readonly string[]): void => {
  for (const tag of tags) {
    const of = tag.replace('new ', '');
    if (!baggage.has(tag)) baggage.init(tag, VatData.makeKindHandle(of));
    const handle = baggage.get<DurableKindHandle>(tag);
    if (tag === 'handle') continue;
    if (tag === 'Kit') {
      VatData.defineDurableKindMulti(handle, () => ({}), { pour: {}, brew: {} });
    } else VatData.defineDurableKind(handle, () => ({}), {});
  }
};

export const buildRootObject = (_: VatPowers, parameters?: Parameters, baggage?: Baggage) => {
  if (parameters?.sku !== undefined) order(parameters.sku);
  if (parameters?.kinds && baggage) defineKinds(baggage, parameters.kinds);
  if (parameters?.field !== undefined && baggage) defineTea(baggage, parameters.field);
  return Far('root', {
    order: (sku: string) => order(sku),
    orderLater: async (sku: string) => {
      await null;
      return order(sku);
    },
    orderAside: (sku: string) => void Promise.resolve(sku).then(order),
    say: (sku: string) => {
      try {
        order(sku);
      } catch (error) {
        console.error('refused:', error);
      }
    },
    inherited: () => thrown(Object.defineProperty(new Inherited(), 'own', { value: 1 })),
    own: () => thrown(withAccessor(() => 'of its own')),
    noText: () => thrown(withAccessor(() => 7)),
    throwing: () => thrown(withAccessor(() => thrown(Error('never')))),
    failAs: (text: string) => thrown(Error(text)),
    wrap: async (other: Other, text: string) => {
      try {
        await E(other).failAs(text);
      } catch (cause) {
        throw Error('wrapped', { cause });
      }
    },
    tell: async (other: Other, text: string) => {
      try {
        await E(other).failAs(text);
      } catch (error) {
        console.error('other failed:', error);
      }
    },
    forget: (other: Other, text: string) => void E(other).failAs(text),
    nowhere: () => E(undefined as unknown as Other).take(1),
    sendMap: (other: Other) => E(other).take(new Map([[1, 2]])),
    sendDeep: (other: Other) => E(other).take(1, { a: [() => 1] }),
    giveMap: () => new Map(),
    stock: () => thrown(new OutOfStock('tea')),
    sell: () => makeShop().sell(),
    sayStock: () => console.error(new OutOfStock('tea')),
  });
};
